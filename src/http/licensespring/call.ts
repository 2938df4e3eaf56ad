/**
 * What a call of the licence API is: its name and method, its parameters and answer as schemas, and the function behind it. The routes, the
 * OpenAPI document and the tests read this one declaration.
 */
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import type { Outcome } from '../../store/accounts.js';
import type { RegistryStore } from '../../store/contract.js';
import type { LicenseRefusal } from '../../store/licensing/find.js';
import type { LicenseApiKeyRow } from '../../store/licensing/rows.js';
import type { Logins } from '../navixy/logins.js';
import { LicenseError, type LicenseErrorCode } from './errors.js';
import type { ParamRules } from './params.js';

export interface LicenseContext {
  readonly store: RegistryStore;
  readonly logins: Logins;
  /** Whose request it is. */
  readonly apiKey: LicenseApiKeyRow;
  /** Time of the request, ms since 1970 UTC. */
  readonly now: number;
  readonly remoteAddress: string;
  /** Signature of a text under the key of the gateway, in base64. */
  readonly sign: (text: string) => Promise<string>;
}

export interface LicenseCall extends ParamRules {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly summary: string;
  /** The body of a POST, the query of a GET. */
  readonly params: TObject;
  /** Parameters as they are documented, where that is another schema. */
  readonly documented?: TObject;
  readonly response: TSchema;
  /** Besides those of every call. */
  readonly errors: readonly LicenseErrorCode[];
  readonly handler: (context: LicenseContext, params: never) => unknown;
}

/** A declaration with its types, for clients. */
export type TypedLicenseCall<N extends string, P extends TObject, R extends TSchema> = LicenseCall & {
  readonly name: N;
  readonly params: P;
  readonly response: R;
};

/** Types the handler by the schemas. */
export function defineLicenseCall<const N extends string, P extends TObject, R extends TSchema>(
  call: Omit<LicenseCall, 'name' | 'params' | 'response' | 'handler'> & {
    readonly name: N;
    readonly params: P;
    readonly response: R;
    readonly handler: (context: LicenseContext, params: Static<P>) => Static<R> | Promise<Static<R>>;
  },
): TypedLicenseCall<N, P, R> {
  return call as never;
}

/** What was found or done. Throws `LicenseError` where it was refused. */
export function granted<T>(outcome: Outcome<T, LicenseRefusal>): T {
  if (outcome.ok) return outcome;
  if (outcome.reason !== 'missing_parameters') throw new LicenseError(outcome.reason);
  throw new LicenseError(outcome.reason, 'Missing: license_key or username, whichever the product wants');
}
