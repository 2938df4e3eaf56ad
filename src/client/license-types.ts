/**
 * The licence API as types: what each call takes and answers, and the operator's routes about it, from the declarations that the gateway
 * works by. Nothing here exists at run time.
 */
import type { Static } from '@sinclair/typebox';
import type { licensingBodies } from '../http/admin/licensespring.js';
import type { outcomeSchema } from '../http/admin/licensespring-route.js';
import type { TypedLicenseCall } from '../http/licensespring/call.js';
import type { DeclaredLicenseCall } from '../http/licensespring/dialect.js';
import type * as setup from '../store/setup/licensespring-schema.js';
import type { Given, ParamsOfObject } from './call-types.js';

type Facts<C> = C extends TypedLicenseCall<infer N, infer P, infer R> ? { name: N; params: P; response: R } : never;
type FactsByName = { [F in Facts<DeclaredLicenseCall> as F['name']]: F };

/** Name of a call: the last part of its path. */
export type LicenseCallName = keyof FactsByName;

/** Parameters of a call, in the query or in the body. */
export type LicenseParams<N extends LicenseCallName> = ParamsOfObject<FactsByName[N]['params']['properties']>;

/** A good answer of a call. */
export type LicenseAnswer<N extends LicenseCallName> = Static<FactsByName[N]['response']>;

type Id = number | string;
type ById = { readonly id: Id };
type Shown<K extends keyof typeof licensingBodies> = Static<(typeof licensingBodies)[K]>;
type Paged = { readonly limit?: number | undefined; readonly offset?: number | undefined };
type Listing<K extends keyof typeof licensingBodies, Q = unknown> = {
  readonly query?: Paged & Q;
  readonly answer: { list: Shown<K>[]; total: number };
};
type Made = { readonly answer: Static<typeof outcomeSchema> };
type Done = { readonly answer: { done: true } };

/** What the operator keeps for the licence API. */
export interface LicenseAdminRoutes {
  'GET /licensespring/api-keys': Listing<'apiKey'>;
  'POST /licensespring/api-keys': { readonly body: Given<Static<typeof setup.licenseApiKeySchema>> } & Made;
  'DELETE /licensespring/api-keys/:id': { readonly params: ById } & Done;
  'GET /licensespring/products': Listing<'product'>;
  'POST /licensespring/products': { readonly body: Given<Static<typeof setup.licenseProductSchema>> } & Made;
  'DELETE /licensespring/products/:id': { readonly params: ById } & Done;
  'POST /licensespring/products/:id/licenses': {
    readonly params: ById;
    readonly body: Given<Static<typeof setup.licenseSchema>>;
  } & Made;
  'GET /licensespring/licenses': Listing<'license'>;
  'DELETE /licensespring/licenses/:id': { readonly params: ById } & Done;
  'GET /licensespring/users': Listing<'user'>;
  'DELETE /licensespring/users/:id': { readonly params: ById } & Done;
  'GET /licensespring/devices': Listing<
    'device',
    { readonly hardware_id?: string | undefined; readonly license_id?: Id | undefined }
  >;
  'GET /licensespring/devices/:id/variables': { readonly params: ById } & Listing<'variable'>;
  'POST /licensespring/devices/:id/blacklist': { readonly params: ById; readonly answer: Shown<'device'> };
  'POST /licensespring/devices/:id/unblacklist': { readonly params: ById; readonly answer: Shown<'device'> };
  'DELETE /licensespring/devices/:id': { readonly params: ById } & Done;
  'GET /licensespring/blacklist': Listing<'blacklistEntry'>;
  'POST /licensespring/blacklist': { readonly body: Given<Static<typeof setup.blacklistEntrySchema>> } & Made;
  'DELETE /licensespring/blacklist': {
    readonly query: { readonly hardware_id: string; readonly product?: string | undefined };
  } & Done;
}
