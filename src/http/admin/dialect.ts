/**
 * The operator's API under `/admin`: JSON over plain verbs, for the operator's own scripts and the `milepost` command. The credential is
 * a session hash of an operator, in the header `Authorization: NVX <hash>`.
 */

import type { TSchema } from '@sinclair/typebox';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.js';
import type { Logger } from '../../log.js';
import type { LiveUnits, RefusedUnits, RegistryStore, StateStore } from '../../store/contract.js';
import { schemaFaults } from '../../store/setup/read.js';
import { lookUp, touch } from '../navixy/credential.js';
import { pathOf } from '../navixy/paths.js';
import { RateLimiter } from '../rate-limit.js';
import type { Dialect } from '../server.js';
import { mountAccounts } from './accounts.js';
import { mountCommands } from './commands.js';
import { AdminError, toAdminError } from './errors.js';
import { mountHere } from './here.js';
import { mountLicensing } from './licensespring.js';
import { mountOperation } from './operation.js';
import { mountSources } from './sources.js';
import { mountStock } from './stock.js';
import { mountUsers } from './users.js';

/** A copy of the journal that was made. */
export interface BackupMade {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface AdminOptions {
  readonly store: RegistryStore & StateStore;
  readonly live: LiveUnits;
  readonly refused: RefusedUnits;
  readonly clock: Clock;
  readonly log: Logger;
  /** Requests a second for each address; 0 for no limit. */
  readonly rateLimit: number;
  /** Copies the journal beside itself under this name; undefined where nothing is kept on disk. Throws `StoreError`. */
  readonly backUp: ((name: string) => Promise<BackupMade>) | undefined;
}

/** The dialect, to be mounted in front of the others. */
export function adminDialect(options: AdminOptions): Dialect {
  return async (app) => {
    await app.register(async (scope) => mountAdmin(scope, options), { prefix: '/admin' });
  };
}

function mountAdmin(scope: FastifyInstance, options: AdminOptions): void {
  const addresses = new RateLimiter({ clock: options.clock, perSecond: options.rateLimit });
  addJsonParser(scope);
  scope.setValidatorCompiler(({ schema }) => (value: unknown) => {
    const given = value ?? {};
    const faults = schemaFaults(schema as TSchema, given);
    return faults.length === 0
      ? { value: given }
      : { error: new AdminError('invalid_request', 'not as documented', faults) };
  });
  scope.setErrorHandler((error: FastifyError, request, reply) => answerError(options.log, error, request, reply));
  scope.setNotFoundHandler(() => {
    throw new AdminError('not_found', 'there is no such path');
  });
  scope.addHook('onRequest', async (request) => {
    if (!addresses.take(request.ip)) throw new AdminError('rate_limited', 'too many requests');
    requireOperator(options, request);
  });
  scope.addHook('onResponse', async (request, reply) => {
    if (request.method === 'GET') return;
    options.log.info({ method: request.method, path: pathOf(request.originalUrl), status: reply.statusCode }, 'admin');
  });
  for (const mount of [mountAccounts, mountUsers, mountSources, mountStock, mountCommands, mountOperation])
    mount(scope, options);
  mountHere(scope, options);
  mountLicensing(scope, options);
}

/** An empty body is none, whatever its type. */
function addJsonParser(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'string' }, async (_: FastifyRequest, text: string) => {
    if (text.trim() === '') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new AdminError('invalid_request', 'the body is no JSON');
    }
  });
}

/** Throws `unauthorized` and `forbidden`. */
function requireOperator(options: AdminOptions, request: FastifyRequest): void {
  const { store, clock, log } = options;
  const hash = /^NVX (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  const now = clock.now();
  const credential = lookUp(store.registry, hash, now);
  if (credential?.kind !== 'session') {
    throw new AdminError('unauthorized', 'a session of user/auth is needed: Authorization: NVX <hash>');
  }
  const { user } = credential;
  const isBlocked = user.blocked || store.registry.get('account', user.accountId)?.blocked === true;
  if (!user.operator || isBlocked) throw new AdminError('forbidden', 'the user is no operator');
  touch({ store }, credential, now, (error) => log.warn({ err: error }, 'session use not kept'));
}

function answerError(log: Logger, error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toAdminError(error);
  if (known.code === 'internal') log.error({ err: error, path: pathOf(request.url) }, 'request failed');
  return reply
    .code(known.status)
    .type('application/json; charset=utf-8')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(known.body);
}
