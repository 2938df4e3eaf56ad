/**
 * The operator's API as types: what each route takes and answers, from the schemas that the gateway checks with. Nothing here exists at
 * run time.
 */
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import type { accountBodySchema, accountChange } from '../http/admin/accounts.js';
import type { commandBodySchema } from '../http/admin/commands.js';
import type { hereBodies, newDevice } from '../http/admin/here.js';
import type { backupMade, backupRequest, refusedSchema, tallySchema } from '../http/admin/operation.js';
import type { sourceBodySchema } from '../http/admin/sources.js';
import type { outcomeSchema, stockBodies } from '../http/admin/stock.js';
import type { userBodySchema, userChange } from '../http/admin/users.js';
import type { projectSchema } from '../store/setup/here-schema.js';
import type * as setup from '../store/setup/schema.js';
import type { Section } from '../store/setup/work.js';
import type { Given } from './call-types.js';
import type { LicenseAdminRoutes } from './license-types.js';

export type AdminAccount = Static<typeof accountBodySchema>;
export type AdminUser = Static<typeof userBodySchema>;
export type AdminSource = Static<typeof sourceBodySchema>;
export type AdminCommand = Static<typeof commandBodySchema>;
export type AdminRefusedUnit = Static<typeof refusedSchema>;

/** Part of a list, and how long the whole is. */
export interface AdminPage<T> {
  list: T[];
  total: number;
}

/** What became of the items of a setup. */
export interface AdminSetupReport {
  changed: boolean;
  sections: { [S in Section]?: Static<typeof tallySchema> };
}

type Id = number | string;
type ById = { readonly id: Id };
type PageQuery = { readonly limit?: number | undefined; readonly offset?: number | undefined };
type Body<S extends TSchema> = Given<Static<S>>;
type Answer<T> = { readonly answer: T };
type Listing<T, Q = unknown> = { readonly query?: PageQuery & Q } & Answer<AdminPage<T>>;
type Done = Answer<{ done: true }>;

type Stock = {
  tariffs: typeof setup.tariffSchema;
  sims: typeof setup.simSchema;
  'activation-codes': typeof setup.activationCodeSchema;
  bundles: typeof setup.bundleSchema;
  clones: typeof setup.cloneSchema;
  rules: typeof setup.ruleSchema;
  vehicles: typeof setup.vehicleSchema;
};

type StockRoutes = {
  [K in keyof Stock as `GET /${K}`]: Listing<Static<TObject<(typeof stockBodies)[K]>>>;
} & {
  [K in keyof Stock as `POST /${K}`]: { readonly body: Body<Stock[K]> } & Answer<Static<typeof outcomeSchema>>;
} & {
  [K in keyof Stock as `DELETE /${K}/:id`]: { readonly params: ById } & Done;
};

type HereBody<K extends keyof typeof hereBodies> = Static<(typeof hereBodies)[K]>;

/** What the operator keeps for HERE's API. */
interface HereAdminRoutes {
  'GET /here/projects': Listing<HereBody<'project'>>;
  'POST /here/projects': { readonly body: Body<typeof projectSchema> } & Answer<HereBody<'project'>>;
  'GET /here/projects/:id': { readonly params: ById } & Answer<HereBody<'project'>>;
  'DELETE /here/projects/:id/members/:login': { readonly params: ById & { readonly login: string } } & Answer<
    HereBody<'project'>
  >;
  'POST /here/projects/:id/tokens': { readonly params: ById } & Answer<HereBody<'token'>>;
  'GET /here/projects/:id/devices': { readonly params: ById } & Listing<HereBody<'device'>>;
  'POST /here/projects/:id/devices': { readonly params: ById; readonly body: Body<typeof newDevice> } & Answer<
    HereBody<'provisioned'>
  >;
  'GET /here/devices/:id': { readonly params: ById } & Answer<HereBody<'device'>>;
  'DELETE /here/devices/:id': { readonly params: ById } & Done;
  'GET /here/claims': Listing<
    HereBody<'claim'>,
    {
      readonly device_id?: string | undefined;
      readonly project?: string | undefined;
      readonly open?: boolean | undefined;
    }
  >;
  'DELETE /here/claims/:id': { readonly params: ById } & Done;
}

/** Every route under `/admin`: `METHOD /path` with the parameters of its path, its query, its body and its answer. */
export interface AdminRoutes extends StockRoutes, HereAdminRoutes, LicenseAdminRoutes {
  'GET /accounts': Listing<AdminAccount, { readonly login?: string | undefined }>;
  'POST /accounts': { readonly body: Body<typeof setup.accountSchema> } & Answer<AdminAccount>;
  'GET /accounts/:id': { readonly params: ById } & Answer<AdminAccount>;
  'PATCH /accounts/:id': { readonly params: ById; readonly body: Body<typeof accountChange> } & Answer<AdminAccount>;
  'POST /accounts/:id/block': { readonly params: ById } & Answer<AdminAccount>;
  'POST /accounts/:id/unblock': { readonly params: ById } & Answer<AdminAccount>;
  'GET /accounts/:id/users': { readonly params: ById } & Listing<AdminUser>;
  'POST /accounts/:id/users': {
    readonly params: ById;
    readonly body: Body<typeof setup.subUserSchema>;
  } & Answer<AdminUser>;
  'GET /users/:id': { readonly params: ById } & Answer<AdminUser>;
  'PATCH /users/:id': { readonly params: ById; readonly body: Body<typeof userChange> } & Answer<AdminUser>;
  'DELETE /users/:id': { readonly params: ById } & Done;
  'GET /sources': Listing<
    AdminSource,
    {
      readonly device_id?: string | undefined;
      readonly account_id?: Id | undefined;
      readonly blocked?: boolean | undefined;
    }
  >;
  'GET /sources/:id': { readonly params: ById } & Answer<AdminSource>;
  'POST /sources/:id/block': { readonly params: ById } & Answer<AdminSource>;
  'POST /sources/:id/unblock': { readonly params: ById } & Answer<AdminSource>;
  'GET /commands': Listing<
    AdminCommand,
    { readonly source?: Id | undefined; readonly device_id?: string | undefined; readonly state?: string | undefined }
  >;
  'GET /commands/:id': { readonly params: ById } & Answer<AdminCommand>;
  'POST /commands/:id/cancel': { readonly params: ById } & Answer<AdminCommand>;
  /** A setup as an object, or its YAML text. */
  'POST /setup': { readonly body: Body<typeof setup.setupSchema> | string } & Answer<AdminSetupReport>;
  'GET /refused': { readonly query?: { readonly identity?: string | undefined } } & Answer<{
    list: AdminRefusedUnit[];
  }>;
  'POST /backup': { readonly body?: Body<typeof backupRequest> } & Answer<Static<typeof backupMade>>;
}

/** `METHOD /path`, as in the OpenAPI document without `/admin`. */
export type AdminRoute = keyof AdminRoutes;

/** What a request to a route is made of. */
export type AdminRequest<R extends AdminRoute> = Omit<AdminRoutes[R], 'answer'>;
export type AdminAnswer<R extends AdminRoute> = AdminRoutes[R]['answer'];

/** The arguments after the route: left out where nothing is needed. */
export type AdminArguments<R extends AdminRoute> =
  Record<never, never> extends AdminRequest<R> ? [request?: AdminRequest<R>] : [request: AdminRequest<R>];
