/**
 * Who a client is, by the user name and password of its CONNECT: login and password of a user, or a session hash or API key as the user
 * name with no password.
 */
import type { Credential, PublicContext } from '../http/navixy/call.js';
import { lookUp, requireCredential } from '../http/navixy/credential.js';
import { NavixyError } from '../http/navixy/errors.js';
import { requireUser } from '../http/navixy/password-login.js';
import type { Refusal } from './limits.js';

export type LoginOutcome =
  | { readonly ok: true; readonly credential: Credential }
  | { readonly ok: false; readonly refusal: Refusal };

/** Codes of the tracker API and what they mean here. */
const refusals: Readonly<Record<number, Refusal>> = {
  3: 'wrong_credential',
  4: 'wrong_credential',
  102: 'wrong_credential',
  105: 'throttled',
  275: 'blocked',
};

/** Throws only what is a fault of the gateway's own. */
export async function logIn(
  context: PublicContext,
  userName: string | undefined,
  password: Uint8Array | undefined,
): Promise<LoginOutcome> {
  if (userName === undefined || userName === '') return { ok: false, refusal: 'no_credential' };
  try {
    return { ok: true, credential: await credentialOf(context, userName, password ?? new Uint8Array()) };
  } catch (error) {
    const refusal = error instanceof NavixyError ? refusals[error.code] : undefined;
    if (refusal === undefined) throw error;
    return { ok: false, refusal };
  }
}

async function credentialOf(context: PublicContext, userName: string, password: Uint8Array): Promise<Credential> {
  if (password.length > 0) {
    const user = await requireUser(context, userName, Buffer.from(password).toString('utf8'));
    return { kind: 'password', row: user, user };
  }
  const { registry } = context.services.store;
  return requireCredential('any', userName, lookUp(registry, userName, context.now), registry);
}
