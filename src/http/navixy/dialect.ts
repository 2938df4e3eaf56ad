/**
 * The Navixy dialect on a Fastify instance: a route for each call, the checks every call goes through in their documented order, and the
 * one place where errors become answers.
 */

import { Type } from '@sinclair/typebox';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Logger } from '../../log.js';
import { RateLimiter } from '../rate-limit.js';
import {
  type Call,
  type CallContext,
  type Credential,
  PreparedAnswer,
  type PublicContext,
  type Services,
} from './call.js';
import { calls } from './call-list.js';
import { findHash, lookUp, requireCredential, requireRights, touch } from './credential.js';
import { dateFormat } from './dates.js';
import { type ErrorBody, invalidParameters, NavixyError, toNavixyError } from './errors.js';
import type { EventHub } from './live/hub.js';
import { liveEventsName, mountLiveEvents } from './live/route.js';
import { documentedSchema, responseSchema } from './openapi.js';
import { readParams, unpackParams } from './params.js';
import { pathOf, Resources } from './paths.js';
import {
  type ParamObject,
  parseFormBody,
  parseJsonBody,
  parseUntypedBody,
  RequestData,
  withLastValues,
} from './request-data.js';
import { StreamedAnswer, sendStream } from './streamed-answer.js';

export interface NavixyOptions {
  readonly services: Services;
  /** Requests a second for each address and each user; 0 for no limit. */
  readonly rateLimit: number;
  readonly log: Logger;
  /** Live events. */
  readonly hub: EventHub;
}

/** A request with what is known of it before the call itself is looked at. */
interface Admitted {
  readonly data: RequestData;
  readonly hash: unknown;
  readonly credential: Credential | undefined;
  readonly now: number;
}

/** Puts the dialect on `app`, which answers unknown paths with codes 111 and 112 from then on. */
export function mountNavixy(app: FastifyInstance, options: NavixyOptions): void {
  const dialect = new NavixyDialect(options);
  addParsers(app);
  app.addHook('onRequest', ({ ip }, _reply, done) => done(dialect.isFlooding(ip) ? new NavixyError(15) : undefined));
  app.setErrorHandler((error: FastifyError, request, reply) => dialect.answerError(error, request, reply));
  app.setNotFoundHandler((request) => dialect.refuseUnknown(request));
  for (const call of calls) app.route(routeOf(call, dialect));
  const maxMessageBytes = app.initialConfig.bodyLimit ?? 0;
  mountLiveEvents(app, { hub: options.hub, gate: dialect, log: options.log, maxMessageBytes });
}

const mediaType = /^[^\s/;]+\/[^\s/;]+/;

function addParsers(app: FastifyInstance): void {
  const parsers: [string | RegExp, (text: string) => ParamObject][] = [
    [/^application\/(?:[\w.-]+\+)?json/i, parseJsonBody],
    [/^application\/x-www-form-urlencoded/i, parseFormBody],
    [/^multipart\//i, refuseBody],
    ['*', parseUntypedBody],
  ];
  app.removeAllContentTypeParsers();
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    const type = headers['content-type'];
    // What is no media type at all says as little as none.
    if (type !== undefined && !mediaType.test(type)) delete headers['content-type'];
    done();
  });
  for (const [type, parse] of parsers) {
    app.addContentTypeParser(type, { parseAs: 'string' }, async (_: FastifyRequest, text: string) => parse(text));
  }
}

/** Files are taken by no call yet. */
function refuseBody(): never {
  throw new NavixyError(5);
}

function routeOf(call: Call, dialect: NavixyDialect): RouteOptions {
  return {
    method: ['GET', 'POST'],
    url: `/${call.name}`,
    exposeHeadRoute: false,
    // Parameters come merged from query and body, and as text, so `params.ts` reads them and not Fastify.
    schema: { response: responseSchema(call) },
    config: { swaggerTransform: ({ url }: { readonly url: string }) => ({ schema: documentedSchema(call), url }) },
    handler: (request, reply) => dialect.serve(call, request, reply),
  };
}

class NavixyDialect {
  readonly #services: Services;
  readonly #addresses: RateLimiter;
  readonly #users: RateLimiter;
  readonly #resources = new Resources([...calls.map(({ name }) => name), liveEventsName]);
  readonly #log: Logger;

  constructor(options: NavixyOptions) {
    const { clock } = options.services;
    this.#services = options.services;
    this.#addresses = new RateLimiter({ clock, perSecond: options.rateLimit });
    this.#users = new RateLimiter({ clock, perSecond: options.rateLimit });
    this.#log = options.log;
  }

  /** Throws code 15. */
  limitAddress({ ip }: { readonly ip: string }): void {
    if (this.isFlooding(ip)) throw new NavixyError(15);
  }

  /** Counts a request of an address; true when it makes too many. */
  isFlooding(ip: string): boolean {
    return !this.#addresses.take(ip);
  }

  /** The holder of a credential. Throws code 15 when it is used too often. */
  admit(hash: unknown, now: number): Credential | undefined {
    const credential = lookUp(this.#services.store.registry, hash, now);
    if (credential !== undefined && !this.#users.take(limitKey(credential))) throw new NavixyError(15);
    return credential;
  }

  /** Throws codes 15, 111 and 112. */
  async refuseUnknown(request: FastifyRequest): Promise<never> {
    this.#admit(request);
    throw new NavixyError(this.#resources.codeFor(pathOf(request.url)));
  }

  /** Runs the checks in their order, then the call. Most calls need to wait for nothing, and then nothing waits for them. */
  serve(call: Call, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> | undefined {
    const answer = this.#answer(call, request);
    if (answer instanceof Promise) return answer.then((settled: unknown) => succeed(reply, settled));
    succeed(reply, answer);
    return undefined;
  }

  #answer(call: Call, request: FastifyRequest): unknown {
    const admitted = this.#admit(request);
    const unpacked = unpackParams(call.params, admitted.data);
    if (call.access === 'public') {
      const params = checkedParams(call, unpacked) as never;
      return call.handler(this.#publicContext(admitted, request), params);
    }
    const { registry } = this.#services.store;
    const credential = requireCredential(call.access, admitted.hash, admitted.credential, registry);
    requireRights(call.access, call.rights, credential);
    const params = checkedParams(call, unpacked) as never;
    touch(this.#services, credential, admitted.now, (error) => this.#log.warn({ err: error }, 'session use not kept'));
    return call.handler(this.#callContext(admitted, credential, request), params);
  }

  /** Throws code 15 when the holder of the credential asks too often. */
  #admit(request: FastifyRequest): Admitted {
    const data = requestData(request);
    const hash = findHash(data, request.headers.authorization);
    const now = this.#services.clock.now();
    return { data, hash, credential: this.admit(hash, now), now };
  }

  #publicContext({ now }: Admitted, request: FastifyRequest): PublicContext {
    return { services: this.#services, now, remoteAddress: request.ip };
  }

  #callContext(admitted: Admitted, credential: Credential, request: FastifyRequest): CallContext {
    const { user } = credential;
    const dates = dateFormat(user.timeZone, wantsIsoDates(admitted.data, request));
    return { services: this.#services, now: admitted.now, remoteAddress: request.ip, credential, user, dates };
  }

  answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = toNavixyError(error);
    if (known.code === 6) this.#log.error({ err: error, path: pathOf(request.url) }, 'request failed');
    return sendError(reply, known);
  }
}

/** Parameters as declared. Throws code 7 with all faults; the call's own examination adds none to a parameter already found wrong. */
function checkedParams(call: Call, unpacked: ReadonlyMap<string, unknown>): unknown {
  const { params, violations } = readParams(call.params, unpacked);
  const found = call.examine(params as never);
  if (violations.length === 0 && found.length === 0) return params;
  const faulty = new Set(violations.map(({ parameter }) => parameter));
  throw invalidParameters([...violations, ...found.filter(({ parameter }) => !faulty.has(parameter))]);
}

function requestData(request: FastifyRequest): RequestData {
  const query = withLastValues(request.query as Record<string, unknown>);
  return new RequestData(query, (request.body ?? {}) as ParamObject);
}

/** API keys are counted apart from the sessions of their user. */
function limitKey(credential: Credential): string {
  return credential.kind === 'session' ? `user ${credential.user.id}` : `key ${credential.row.id}`;
}

const isoParams = Type.Object({ iso_datetime: Type.Boolean({ default: false }) });

function wantsIsoDates(data: RequestData, request: FastifyRequest): boolean {
  if (request.headers['nvx-iso-datetime'] === 'true') return true;
  if (data.get('iso_datetime') === undefined) return false;
  return readParams(isoParams, unpackParams(isoParams, data)).params.iso_datetime === true;
}

function succeed(reply: FastifyReply, answer: unknown): FastifyReply {
  if (answer instanceof StreamedAnswer) return sendStream(reply, answer);
  reply.type('application/json; charset=utf-8');
  if (answer instanceof PreparedAnswer) return sendPrepared(reply, answer);
  return reply.send({ success: true, ...(answer as Record<string, unknown>) });
}

function sendPrepared(reply: FastifyReply, { json }: PreparedAnswer): FastifyReply {
  if (typeof json === 'string') return reply.send(json);
  reply.raw.once('finish', () => json.release());
  return reply.send(json.whole);
}

export function sendError(reply: FastifyReply, error: NavixyError): FastifyReply {
  return reply
    .code(error.httpStatus)
    .type('application/json; charset=utf-8')
    .serializer((body: ErrorBody) => JSON.stringify(body))
    .send(error.body);
}
