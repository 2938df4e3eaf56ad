/**
 * Logging in and out: `user/auth`, `user/logout`, `user/session/renew`, and `base/nothing`, which only checks the credential.
 */
import { Type } from '@sinclair/typebox';
import type { Transaction } from '../../../store/contract.js';
import { digestOf, newCredential } from '../../../store/credentials.js';
import { defineCall, definePublicCall, noParams, type PublicContext } from '../call.js';
import { isLive, requireSession } from '../credential.js';
import { NavixyError } from '../errors.js';
import { oneOf, printable } from '../param-types.js';
import { requireUser } from '../password-login.js';

/** There is one dealer here: the operator. */
export const dealerId = 1;

const auth = definePublicCall({
  name: 'user/auth',
  summary: 'Logs in: login and password become a session hash',
  params: Type.Object({
    login: Type.String(),
    password: printable(1, 40, 'Password'),
    dealer_id: Type.Optional(Type.Integer()),
  }),
  response: { type: oneOf(['authenticated']), hash: Type.String({ description: '32 characters' }) },
  errors: [11, 102, 103, 104, 105, 275],
  handler: async (context, params) => {
    const user = await requireUser(context, params.login, params.password);
    if (params.dealer_id !== undefined && params.dealer_id !== dealerId) throw new NavixyError(102);
    const hash = newCredential();
    await context.services.store.change((tx) => openSession(tx, user.id, hash, context));
    return { type: 'authenticated' as const, hash };
  },
});

/** Throws code 104 when the user has too many live sessions; those that have ended are cleared away. */
function openSession(tx: Transaction, userId: number, hash: string, context: PublicContext): void {
  const sessions = [...tx.registry.sessionsOfUser(userId)];
  const live = sessions.filter((session) => isLive(session, context.now));
  if (live.length >= context.services.logins.limits.sessionsPerUser) throw new NavixyError(104);
  for (const session of sessions) if (!live.includes(session)) tx.remove('session', session.id);
  tx.put('session', {
    id: tx.nextId('session'),
    userId,
    digest: digestOf(hash),
    createdAt: tx.at,
    usedAt: tx.at,
  });
}

const logout = defineCall({
  name: 'user/logout',
  summary: 'Ends the session',
  params: noParams,
  response: {},
  access: 'session',
  handler: async (context) => {
    const { id } = requireSession(context);
    await context.services.store.change((tx) => tx.remove('session', id));
    return {};
  },
});

const renew = defineCall({
  name: 'user/session/renew',
  summary: 'Prolongs the session',
  params: noParams,
  response: {},
  access: 'session',
  handler: async (context) => {
    const { id } = requireSession(context);
    await context.services.store.change((tx) => {
      const row = tx.registry.get('session', id);
      if (row === undefined) throw new NavixyError(4);
      tx.put('session', { ...row, usedAt: tx.at });
    });
    return {};
  },
});

const nothing = defineCall({
  name: 'base/nothing',
  summary: 'Does nothing; checks the credential',
  params: noParams,
  response: {},
  handler: () => ({}),
});

export const userCalls = [auth, logout, renew, nothing] as const;
