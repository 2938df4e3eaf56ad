/**
 * `milepost/client`: what other programs import.
 */
export type {
  AdminAccount,
  AdminAnswer,
  AdminCommand,
  AdminPage,
  AdminRefusedUnit,
  AdminRequest,
  AdminRoute,
  AdminSetupReport,
  AdminSource,
  AdminUser,
} from './admin-types.js';
export type { CallAnswer, CallName, CallParams } from './call-types.js';
export { type ClientOptions, type Fetch, type FetchInit, type FetchResponse, NavixyClient } from './client.js';
export {
  AdminApiError,
  type AdminProblem,
  HereApiError,
  LicenseApiError,
  NavixyApiError,
  type ParameterFault,
  UnexpectedAnswerError,
} from './errors.js';
export { HereClient, type HereClientOptions } from './here.js';
export type { HereAnswered, HereRequest, HereRoute } from './here-types.js';
export type { LicenseAnswer, LicenseCallName, LicenseParams } from './license-types.js';
export {
  LicenseClient,
  type LicenseClientOptions,
  type LicenseFetch,
  type LicenseFetchResponse,
} from './licensespring.js';
