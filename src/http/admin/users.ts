/**
 * Sub-users of an account: their rights, and which trackers they see.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Transaction } from '../../store/contract.js';
import type { Registry } from '../../store/registry.js';
import type { UserRow } from '../../store/rows.js';
import { subUserSchema } from '../../store/setup/schema.js';
import { requireAccountById } from './accounts.js';
import type { AdminOptions } from './dialect.js';
import { AdminError, notFound } from './errors.js';
import {
  answers,
  applyPart,
  documented,
  done,
  idParams,
  isoTime,
  nullable,
  page,
  pageOf,
  pageQuery,
  typed,
} from './route.js';

export const userBodySchema = Type.Object({
  id: Type.Integer(),
  account_id: Type.Integer(),
  login: Type.String(),
  master: Type.Boolean(),
  rights: Type.Array(Type.String()),
  tracker_ids: nullable(Type.Array(Type.Integer(), { description: 'What the user sees; null for everything' })),
  blocked: Type.Boolean(),
  time_zone: Type.String(),
  measurement_system: Type.String(),
  locale: Type.String(),
  created_at: nullable(Type.String({ description: 'ISO 8601' })),
});

const { login: _login, ...changeable } = subUserSchema.properties;
export const userChange = Type.Object(changeable, { additionalProperties: false });

export function mountUsers(scope: FastifyInstance, options: AdminOptions): void {
  const app = typed(scope);
  const { store } = options;

  const listing = documented('Users of an account, the master user first', {
    params: idParams,
    querystring: pageQuery,
    response: answers(pageOf(userBodySchema)),
  });
  app.get('/accounts/:id/users', { schema: listing }, ({ params, query }) => {
    const { account } = requireAccountById(store.registry, params.id);
    const users = [...store.registry.all('user')].filter(({ accountId }) => accountId === account.id);
    users.sort((left, right) => Number(right.master) - Number(left.master) || left.id - right.id);
    return page(users, query, userBody);
  });

  const creation = documented('Makes a sub-user', {
    params: idParams,
    body: subUserSchema,
    response: answers(userBodySchema, 201),
  });
  app.post('/accounts/:id/users', { schema: creation }, async ({ params, body }, reply) => {
    const { user: master } = requireAccountById(store.registry, params.id);
    if (store.registry.userByLogin(body.login) !== undefined) throw new AdminError('conflict', 'the login is in use');
    await applyPart(options, { accounts: [{ login: master.login, sub_users: [body] }] });
    reply.code(201);
    return userBody(requireUser(store.registry, store.registry.userByLogin(body.login)?.id ?? 0));
  });

  const reading = documented('One user', { params: idParams, response: answers(userBodySchema) });
  app.get('/users/:id', { schema: reading }, ({ params }) => userBody(requireUser(store.registry, params.id)));

  const update = documented('Changes a sub-user', {
    params: idParams,
    body: userChange,
    response: answers(userBodySchema),
  });
  app.patch('/users/:id', { schema: update }, async ({ params, body }) => {
    const user = requireSubUser(store.registry, params.id);
    const { user: master } = requireAccountById(store.registry, String(user.accountId));
    await applyPart(options, { accounts: [{ login: master.login, sub_users: [{ login: user.login, ...body }] }] });
    return userBody(requireUser(store.registry, user.id));
  });

  const deletion = documented('Deletes a sub-user and ends their sessions', {
    params: idParams,
    response: answers(done),
  });
  app.delete('/users/:id', { schema: deletion }, async ({ params }) => {
    await store.change((tx) => deleteUser(tx, requireSubUser(tx.registry, params.id)));
    return { done: true as const };
  });
}

function deleteUser(tx: Transaction, user: UserRow): void {
  for (const session of [...tx.registry.sessionsOfUser(user.id)]) tx.remove('session', session.id);
  for (const key of tx.registry.apiKeysOfAccount(user.accountId))
    if (key.userId === user.id) tx.remove('apiKey', key.id);
  tx.remove('user', user.id);
}

/** Throws `not_found`. */
function requireUser(registry: Registry, id: string | number): UserRow {
  const user = registry.get('user', Number(id));
  if (user === undefined) throw notFound('user');
  return user;
}

/** Throws `not_found`, and `conflict` for a master user, who is changed with the account. */
function requireSubUser(registry: Registry, id: string): UserRow {
  const user = requireUser(registry, id);
  if (user.master) throw new AdminError('conflict', 'a master user is changed with the account');
  return user;
}

function userBody(user: UserRow): Static<typeof userBodySchema> {
  return {
    id: user.id,
    account_id: user.accountId,
    login: user.login,
    master: user.master,
    rights: [...user.rights],
    tracker_ids: user.trackerIds === undefined ? null : [...user.trackerIds],
    blocked: user.blocked,
    time_zone: user.timeZone,
    measurement_system: user.measurementSystem,
    locale: user.locale,
    created_at: isoTime(user.createdAt),
  };
}
