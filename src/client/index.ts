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
  NavixyApiError,
  type ParameterFault,
  UnexpectedAnswerError,
} from './errors.js';
