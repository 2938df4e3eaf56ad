/**
 * Accounts: master users with their limits.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Registry } from '../../store/registry.js';
import type { AccountRow, UserRow } from '../../store/rows.js';
import { accountSchema } from '../../store/setup/schema.js';
import { masterOf } from '../../store/setup/users.js';
import type { AdminOptions } from './dialect.js';
import { AdminError, notFound } from './errors.js';
import {
  answers,
  applyPart,
  documented,
  idParams,
  isoTime,
  nullable,
  page,
  pageOf,
  pageQueryWith,
  typed,
} from './route.js';

export const accountBodySchema = Type.Object({
  id: Type.Integer(),
  login: Type.String({ description: 'Of the master user' }),
  user_id: Type.Integer({ description: 'The master user' }),
  operator: Type.Boolean({ description: 'May use this API' }),
  blocked: Type.Boolean({ description: 'Nobody of the account may log in' }),
  device_limit: nullable(Type.Integer()),
  legal_type: Type.String(),
  time_zone: Type.String(),
  measurement_system: Type.String(),
  locale: Type.String(),
  trackers: Type.Integer({ description: 'Clones included, deleted ones not' }),
  created_at: nullable(Type.String({ description: 'ISO 8601' })),
});

/** What may be changed of an account; what belongs to it has routes of its own, or is set up. */
const { password, time_zone, measurement_system, locale, legal_type, blocked: isBlocked } = accountSchema.properties;
export const accountChange = Type.Object(
  {
    ...{ password, time_zone, measurement_system, locale, legal_type, blocked: isBlocked },
    device_limit: Type.Optional(
      nullable(Type.Integer({ minimum: 0, maximum: 10_000_000, description: 'null: no limit' })),
    ),
  },
  { additionalProperties: false },
);

export function mountAccounts(scope: FastifyInstance, options: AdminOptions): void {
  const app = typed(scope);
  const { store } = options;

  const listing = documented('Accounts', {
    querystring: pageQueryWith({ login: Type.Optional(Type.String({ description: 'Of the master user' })) }),
    response: answers(pageOf(accountBodySchema)),
  });
  app.get('/accounts', { schema: listing }, ({ query }) => {
    const { registry } = store;
    const wanted = query.login?.toLowerCase();
    const rows = mastersOf(registry).filter(({ user }) => wanted === undefined || user.login.toLowerCase() === wanted);
    return page(rows, query, ({ account, user }) => accountBody(registry, account, user));
  });

  const creation = documented('Makes an account with what is theirs', {
    body: accountSchema,
    response: answers(accountBodySchema, 201),
  });
  app.post('/accounts', { schema: creation }, async ({ body }, reply) => {
    if (store.registry.userByLogin(body.login) !== undefined) throw new AdminError('conflict', 'the login is in use');
    await applyPart(options, { accounts: [body] });
    reply.code(201);
    return bodyOfLogin(store.registry, body.login);
  });

  const reading = documented('One account', { params: idParams, response: answers(accountBodySchema) });
  app.get('/accounts/:id', { schema: reading }, ({ params }) => {
    const { account, user } = requireAccountById(store.registry, params.id);
    return accountBody(store.registry, account, user);
  });

  const update = documented('Changes an account', {
    params: idParams,
    body: accountChange,
    response: answers(accountBodySchema),
  });
  app.patch('/accounts/:id', { schema: update }, async ({ params, body }) => {
    const { account, user } = requireAccountById(store.registry, params.id);
    const { device_limit: limit, ...change } = body;
    const limited = limit === undefined || limit === null ? {} : { device_limit: limit };
    await applyPart(options, { accounts: [{ login: user.login, ...change, ...limited }] });
    if (limit === null) await dropLimit(options, account.id);
    return bodyOfLogin(store.registry, user.login);
  });

  mountBlocking(scope, options);
}

function mountBlocking(scope: FastifyInstance, options: AdminOptions): void {
  const app = typed(scope);
  const { store } = options;
  for (const [action, blocked] of [
    ['block', true],
    ['unblock', false],
  ] as const) {
    const summary = blocked ? 'Nobody of the account may log in any more' : 'Lets the account in again';
    const schema = documented(summary, { params: idParams, response: answers(accountBodySchema) });
    app.post(`/accounts/:id/${action}`, { schema }, async ({ params }) => {
      const { account, user } = requireAccountById(store.registry, params.id);
      if (blocked && user.operator) throw new AdminError('conflict', 'an operator cannot be blocked');
      await store.change((tx) => {
        const row = tx.registry.get('account', account.id);
        if (row !== undefined && row.blocked !== blocked) tx.put('account', { ...row, blocked });
      });
      return bodyOfLogin(store.registry, user.login);
    });
  }
}

async function dropLimit({ store }: AdminOptions, accountId: number): Promise<void> {
  await store.change((tx) => {
    const row = tx.registry.get('account', accountId);
    if (row?.deviceLimit === undefined) return;
    const { deviceLimit: _limit, ...rest } = row;
    tx.put('account', rest);
  });
}

interface Master {
  readonly account: AccountRow;
  readonly user: UserRow;
}

function mastersOf(registry: Registry): Master[] {
  const masters: Master[] = [];
  for (const user of registry.all('user')) {
    const account = user.master ? registry.get('account', user.accountId) : undefined;
    if (account !== undefined) masters.push({ account, user });
  }
  return masters.sort((left, right) => left.account.id - right.account.id);
}

/** Throws `not_found`. */
export function requireAccountById(registry: Registry, id: string): Master {
  const account = registry.get('account', Number(id));
  const user = account === undefined ? undefined : masterOf(registry, account);
  if (account === undefined || user === undefined) throw notFound('account');
  return { account, user };
}

function bodyOfLogin(registry: Registry, login: string): Static<typeof accountBodySchema> {
  const user = registry.userByLogin(login);
  const account = user === undefined ? undefined : registry.get('account', user.accountId);
  if (user === undefined || account === undefined) throw notFound('account');
  return accountBody(registry, account, user);
}

function accountBody(registry: Registry, account: AccountRow, user: UserRow): Static<typeof accountBodySchema> {
  const trackers = registry
    .trackersOfAccount(account.id)
    .filter(({ sourceId }) => registry.get('source', sourceId)?.corrupted !== true);
  return {
    id: account.id,
    login: user.login,
    user_id: user.id,
    operator: user.operator,
    blocked: account.blocked,
    device_limit: account.deviceLimit ?? null,
    legal_type: account.legalType ?? 'legal_entity',
    time_zone: user.timeZone,
    measurement_system: user.measurementSystem,
    locale: user.locale,
    trackers: trackers.length,
    created_at: isoTime(account.createdAt),
  };
}
