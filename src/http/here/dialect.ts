/**
 * HERE Tracking's API on a Fastify instance: a route for each call, the checks every call goes through in their order (request id, token,
 * kind of token, parameters), and the one place where errors become answers. Unknown paths under its own prefixes are its errors too.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../../log.js';
import type { TokenHolder } from '../../store/claims/tokens.js';
import { HistoryTurns } from '../navixy/history-turns.js';
import { Logins } from '../navixy/logins.js';
import { pathOf } from '../navixy/paths.js';
import { RateLimiter } from '../rate-limit.js';
import type { Dialect } from '../server.js';
import type { HereCall, HereContext, HereServices } from './call.js';
import { hereCalls } from './call-list.js';
import { badRequest, errorBody, forbidden, HereError, notFound, toHereError } from './errors.js';
import { bearerOf, holderOfBearer, limitKeyOf } from './identity.js';
import { documentedSchema } from './openapi.js';
import { checked, readQuery, uuidV4 } from './params.js';
import { parseBody } from './raw-body.js';

export interface HereOptions extends Omit<HereServices, 'logins' | 'turns'> {
  readonly log: Logger;
  /** The guard in front of passwords, where other dialects share it. */
  readonly logins?: Logins;
  /** Requests a second for each address without a token and each holder of one; 0 for no limit. */
  readonly rateLimit: number;
}

/** Everything under these is this API's; its other paths stand among those of the Navixy dialect. */
const prefixes = ['/registry', '/users', '/shadows', '/traces', '/v3'] as const;

/** The dialect, to be mounted in front of the others. */
export function hereDialect(options: HereOptions): Dialect {
  const { clock } = options;
  const { logins = new Logins(clock) } = options;
  const services = { ...options, logins, turns: new HistoryTurns() };
  const dialect = new HereDialect(services, options);
  return async (app) => {
    for (const prefix of prefixes) {
      const own = hereCalls.filter(({ paths }) => isUnder(paths[0] ?? '', prefix));
      await app.register(async (scope) => dialect.mount(scope, own, prefix), { prefix });
    }
    const rest = hereCalls.filter(({ paths }) => !prefixes.some((prefix) => isUnder(paths[0] ?? '', prefix)));
    await app.register(async (scope) => dialect.mount(scope, rest, ''));
  };
}

function isUnder(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

class HereDialect {
  readonly #services: HereServices;
  readonly #log: Logger;
  readonly #limit: RateLimiter;
  readonly #perSecond: number;
  readonly #requestIds = new WeakMap<FastifyRequest, string>();

  constructor(services: HereServices, { log, rateLimit }: HereOptions) {
    this.#services = services;
    this.#log = log;
    this.#perSecond = rateLimit;
    this.#limit = new RateLimiter({ clock: services.clock, perSecond: rateLimit });
  }

  /** Puts calls on an instance of their own. */
  mount(scope: FastifyInstance, calls: readonly HereCall[], prefix: string): void {
    scope.removeAllContentTypeParsers();
    // Clients send JSON as text, and say that they send JSON when they send nothing.
    scope.addContentTypeParser('*', { parseAs: 'string' }, async (_: FastifyRequest, text: string) => readBody(text));
    scope.setValidatorCompiler(() => () => true);
    scope.setSerializerCompiler(() => (body) => JSON.stringify(body));
    scope.addHook('onRequest', async (request, reply) => this.#nameRequest(request, reply));
    scope.setErrorHandler((error: FastifyError, request, reply) => this.#answerError(error, request, reply));
    scope.addHook('onResponse', async (request, reply) => this.#logRequest(request, reply));
    if (prefix !== '') scope.setNotFoundHandler(() => refuseUnknown());
    for (const call of calls) this.#route(scope, call, prefix);
  }

  #route(scope: FastifyInstance, call: HereCall, prefix: string): void {
    const [documented = ''] = call.paths;
    // The last slash is gone before the router sees a path.
    const urls = [...new Set(call.paths.map((path) => path.replace(/\/$/, '')))];
    urls.forEach((path, i) => {
      scope.route({
        method: call.method,
        url: path.slice(prefix.length),
        exposeHeadRoute: false,
        ...(call.bodyLimit === undefined ? {} : { bodyLimit: call.bodyLimit }),
        schema: { hide: i > 0 },
        config: {
          swaggerTransform: () => ({ schema: documentedSchema(call, i), url: documented }),
        },
        onRequest: async (request) => this.#admit(call, request),
        handler: (request, reply) => this.#serve(call, request, reply),
      });
    });
  }

  /** The id of the client, or one of ours. Throws 400. */
  #nameRequest(request: FastifyRequest, reply: FastifyReply): void {
    const given = request.headers['x-request-id'];
    const isGood = typeof given === 'string' && uuidV4.test(given);
    const requestId = isGood ? given : randomUUID();
    this.#requestIds.set(request, requestId);
    reply.header('x-request-id', requestId);
    if (given !== undefined && !isGood) throw badRequest('header X-Request-Id: a UUID of version 4 is expected.');
    if (!request.is404) return;
    this.#limitTo(`address ${request.ip}`);
    // Before the body is looked at.
    refuseUnknown();
  }

  /** Throws 429, 401 and 403. */
  #admit(call: HereCall, request: FastifyRequest): void {
    if (call.holders.length === 0) {
      this.#limitTo(`address ${request.ip}`);
      return;
    }
    let holder: TokenHolder;
    try {
      holder = this.#holderOf(request, this.#services.clock.now());
    } catch (error) {
      this.#limitTo(`address ${request.ip}`);
      throw error;
    }
    this.#limitTo(limitKeyOf(holder));
    if (!call.holders.includes(holder.kind)) throw forbidden(`The token of a ${holder.kind} is not good for this.`);
  }

  #holderOf(request: FastifyRequest, now: number): TokenHolder {
    return holderOfBearer(this.#services, bearerOf(request.headers.authorization), now);
  }

  #limitTo(key: string): void {
    if (this.#limit.take(key)) return;
    throw new HereError(429, 'Too many requests.', {
      'x-ratelimit-limit': String(this.#perSecond),
      'x-ratelimit-remaining': '0',
      'retry-after': '1',
    });
  }

  async #serve(call: HereCall, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const requestId = this.#requestIdOf(request);
    const now = this.#services.clock.now();
    // A claim may have ended while the body came in.
    const holder = call.holders.length === 0 ? undefined : this.#holderOf(request, now);
    const input = {
      params: checked(call.params, request.params, 'path'),
      query: readQuery(call.query, request.query as Readonly<Record<string, unknown>>),
      body: call.body === undefined ? undefined : checkedBody(call, request.body),
    };
    const context = { services: this.#services, now, requestId, request, holder } as HereContext;
    const { status, body } = await call.handler(context as never, input as never);
    reply.code(status);
    if (body === undefined) return reply.send();
    return reply.type('application/json; charset=utf-8').send(body);
  }

  #answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = toHereError(error);
    const requestId = this.#requestIdOf(request);
    if (known.status === 500) this.#log.error({ err: error, requestId, path: pathOf(request.url) }, 'request failed');
    return reply
      .code(known.status)
      .headers(known.headers)
      .type('application/json; charset=utf-8')
      .serializer((body: unknown) => JSON.stringify(body))
      .send(errorBody(known, requestId));
  }

  #logRequest(request: FastifyRequest, reply: FastifyReply): void {
    const isChange = request.method !== 'GET' && isUnder(pathOf(request.originalUrl), '/registry');
    const level = isChange ? 'info' : 'debug';
    if (!this.#log.isLevelEnabled(level)) return;
    const requestId = this.#requestIdOf(request);
    const facts = { requestId, method: request.method, path: pathOf(request.originalUrl), status: reply.statusCode };
    this.#log[level](facts, 'claim api');
  }

  #requestIdOf(request: FastifyRequest): string {
    return this.#requestIds.get(request) ?? randomUUID();
  }
}

/** Throws 404. */
function refuseUnknown(): never {
  throw notFound('There is no such path.');
}

/** Throws 400. */
function readBody(text: string): unknown {
  try {
    return parseBody(text);
  } catch {
    throw badRequest('body: no JSON.');
  }
}

/** An empty body is none; an optional one may be that. */
function checkedBody({ body: schema }: HereCall, body: unknown): unknown {
  if (schema === undefined || (body === undefined && isOptional(schema))) return undefined;
  return checked(schema, body, 'body');
}

function isOptional(schema: object): boolean {
  return Object.getOwnPropertySymbols(schema).some((symbol) => symbol.description === 'TypeBox.Optional');
}
