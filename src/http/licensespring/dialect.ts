/**
 * The licence API under `/api/v4`: a route for each call, the checks every call goes through in their documented order, signed answers, and
 * the one place where errors become answers. Beside it stands the public key that answers are verified with.
 */
import { isUtf8 } from 'node:buffer';
import { type TObject, Type } from '@sinclair/typebox';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Clock } from '../../clock.js';
import type { Logger } from '../../log.js';
import type { RegistryStore } from '../../store/contract.js';
import type { LicenseApiKeyRow } from '../../store/licensing/rows.js';
import type { Logins } from '../navixy/logins.js';
import { pathOf } from '../navixy/paths.js';
import { RateLimiter } from '../rate-limit.js';
import type { Dialect } from '../server.js';
import { authorizationCodes, authorize } from './authorization.js';
import type { LicenseCall } from './call.js';
import {
  LicenseError,
  type LicenseErrorCode,
  licenseErrorSchema,
  licenseErrors,
  sendLicenseError,
  toLicenseError,
} from './errors.js';
import { licenseCalls } from './licenses.js';
import { readParams } from './params.js';
import type { ResponseKey } from './response-key.js';
import { textSignature } from './signature.js';
import { variableCalls } from './variables.js';

export interface LicenseSpringOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly logins: Logins;
  readonly key: ResponseKey;
  /** Requests a second for each address; 0 for no limit. */
  readonly rateLimit: number;
}

/** The only list of calls. */
export const licenseSpringCalls: readonly LicenseCall[] = [...variableCalls, ...licenseCalls];
/** Their declarations with their types. */
export type DeclaredLicenseCall = (typeof variableCalls)[number] | (typeof licenseCalls)[number];

/** Where the public key is. */
export const publicKeyPath = '/licensespring/public-key';

const bodyMaxBytes = 64 * 1024;

/** The dialect, to be mounted in front of the others. */
export function licenseSpringDialect(options: LicenseSpringOptions): Dialect {
  const dialect = new LicenseSpringDialect(options);
  return async (app) => {
    app.setErrorHandler((error: FastifyError, request, reply) => dialect.answerError(error, request, reply));
    app.addHook('onRequest', async (request) => dialect.limitAddress(request));
    mountPublicKey(app, options.key);
    await app.register(async (scope) => mountCalls(scope, dialect), { prefix: '/api/v4' });
  };
}

function mountCalls(scope: FastifyInstance, dialect: LicenseSpringDialect): void {
  takeAnyBodyAsJson(scope);
  scope.setNotFoundHandler(refuseUnknown);
  scope.addHook('onRequest', async (request) => {
    // Before the body is looked at.
    if (request.is404) refuseUnknown();
    dialect.authorize(request);
    // Clients send JSON under any content type, under none, and under names that are no types.
    request.headers['content-type'] = 'application/json';
  });
  scope.addHook('onSend', (_, reply, payload) => dialect.signAnswer(reply, payload));
  for (const call of licenseSpringCalls) scope.route(routeOf(call, dialect));
}

function takeAnyBodyAsJson(scope: FastifyInstance): void {
  const parseJson = scope.getDefaultJsonParser('error', 'error');
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    // What is no UTF-8 would be read as names and values that nobody sent.
    if (isUtf8(bytes)) parseJson(request, bytes.toString(), done);
    else done(new LicenseError('invalid_json'));
  });
}

function refuseUnknown(): never {
  throw new LicenseError('not_found');
}

function routeOf(call: LicenseCall, dialect: LicenseSpringDialect): RouteOptions {
  return {
    method: call.method,
    url: `/${call.name}`,
    exposeHeadRoute: false,
    bodyLimit: bodyMaxBytes,
    // A response schema would drop members and order them anew, and the text of an answer is what is signed.
    schema: {},
    config: { swaggerTransform: ({ url }: { readonly url: string }) => ({ schema: documentedSchema(call), url }) },
    handler: (request, reply) => dialect.serve(call, request, reply),
  };
}

class LicenseSpringDialect {
  readonly #options: LicenseSpringOptions;
  readonly #addresses: RateLimiter;
  readonly #apiKeys = new WeakMap<FastifyRequest, LicenseApiKeyRow>();

  constructor(options: LicenseSpringOptions) {
    this.#options = options;
    this.#addresses = new RateLimiter({ clock: options.clock, perSecond: options.rateLimit });
  }

  /** Throws `too_many_requests`. */
  limitAddress(request: FastifyRequest): void {
    if (!this.#addresses.take(request.ip)) throw new LicenseError('too_many_requests');
  }

  /** Throws the codes of authorization. */
  authorize(request: FastifyRequest): void {
    const { store, clock } = this.#options;
    this.#apiKeys.set(request, authorize(store, request, clock.now()));
  }

  async serve(call: LicenseCall, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const apiKey = this.#apiKeys.get(request);
    if (apiKey === undefined) throw new LicenseError('missing_headers');
    const params = readParams(call.params, call.method === 'GET' ? request.query : request.body, call) as never;
    const { store, logins, clock, key } = this.#options;
    const sign = async (text: string) => textSignature(text, await key.private());
    const context = { store, logins, apiKey, now: clock.now(), remoteAddress: request.ip, sign };
    const body = await call.handler(context, params);
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
  }

  /** Errors are not signed. */
  async signAnswer(reply: FastifyReply, payload: unknown): Promise<unknown> {
    if (reply.statusCode === 200 && typeof payload === 'string') {
      reply.header('LicenseSignature', await textSignature(payload, await this.#options.key.private()));
    }
    return payload;
  }

  answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = toLicenseError(error);
    if (known.code === 'internal_error') {
      this.#options.log.error({ err: error, path: pathOf(request.url) }, 'request failed');
    }
    return sendLicenseError(reply, known);
  }
}

function mountPublicKey(app: FastifyInstance, key: ResponseKey): void {
  const schema = {
    tags: ['licensespring'],
    summary: 'The key that signatures of answers are verified with, in PEM',
    response: {
      200: { description: 'PEM', content: { 'text/plain': { schema: Type.String() } } },
      '4xx': licenseErrorSchema,
      '5xx': licenseErrorSchema,
    },
  };
  app.get(publicKeyPath, { schema, exposeHeadRoute: false }, async (_, reply) =>
    reply.type('text/plain; charset=utf-8').send(await key.public()),
  );
}

const dateHeader = Type.Object({
  date: Type.String({
    description: 'The time of the request in the form of HTTP, which is signed; 15 minutes off at most',
  }),
});
const signatureHeader = {
  LicenseSignature: Type.String({ description: 'RSA PKCS#1 v1.5 with SHA-256 over the body, base64' }),
};
const commonCodes = ['missing_parameters', 'validation_error', 'too_many_requests', 'internal_error'] as const;

/** Every code that a call may be refused with. */
export function codesOf({ method, errors }: Pick<LicenseCall, 'method' | 'errors'>): readonly LicenseErrorCode[] {
  const ofBodies = method === 'POST' ? (['read_only_api_key', 'invalid_json'] as const) : [];
  return [...new Set([...authorizationCodes, ...ofBodies, ...errors, ...commonCodes])];
}

function documentedSchema(call: LicenseCall): object {
  const params: TObject = call.documented ?? call.params;
  const codes = codesOf(call).map((code) => `${code} (${licenseErrors[code][0]})`);
  return {
    tags: ['licensespring'],
    summary: call.summary,
    description: `Errors: ${codes.join(', ')}.`,
    security: [{ licensespring: [] }],
    headers: dateHeader,
    ...(call.method === 'GET' ? { querystring: params } : { body: params }),
    response: {
      200: { ...call.response, headers: signatureHeader },
      '4xx': licenseErrorSchema,
      '5xx': licenseErrorSchema,
    },
  };
}
