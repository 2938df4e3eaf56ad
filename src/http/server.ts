/**
 * The HTTP server: one URL space with the operator's routes, the Navixy dialect at its root, and any other dialect that is mounted in
 * front of it. It knows the store through its interfaces only.
 */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import swagger from '@fastify/swagger';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Clock } from '../clock.js';
import { defaultTripDetection, type TripDetection } from '../domain/state.js';
import { type Commands, Dispatcher } from '../downlink/dispatcher.js';
import type { ReportAddress } from '../downlink/set-up.js';
import { ConfigError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Health, LiveUnits, RegistryStore, StateStore, StoreChanges } from '../store/contract.js';
import { type History, noHistory } from '../store/history-records.js';
import { introduction, mountDocsPage } from './docs-page.js';
import { answerBadUrl } from './here/errors.js';
import { isLicensingPath, sendLicenseError, toLicenseError } from './licensespring/errors.js';
import type { Services } from './navixy/call.js';
import { calls } from './navixy/call-list.js';
import { corsHeaders, mountCors } from './navixy/cors.js';
import { mountNavixy, sendError } from './navixy/dialect.js';
import { NavixyError, toNavixyError } from './navixy/errors.js';
import { HistoryTurns } from './navixy/history-turns.js';
import { EventHub } from './navixy/live/hub.js';
import { defaultLiveLimits, type LiveLimits } from './navixy/live/limits.js';
import { type LoginLimits, Logins } from './navixy/logins.js';
import { components, refineDocument } from './navixy/openapi.js';
import { canonicalUrl, isHerePath, pathOf } from './navixy/paths.js';
import { defaultStatusRules, type StatusRules } from './navixy/status.js';
import { mountOps } from './ops-routes.js';

/** Another API under paths of its own: it gets an instance to itself, with its own parsers, hooks, and error and not-found handlers. */
export type Dialect = (app: FastifyInstance) => Promise<void> | void;

export interface HttpOptions {
  readonly store: RegistryStore & StateStore & StoreChanges;
  readonly live: LiveUnits;
  /** Records of the past; without it there are none. */
  readonly history?: History;
  /** Queues of commands to units; without them commands are kept and no unit is reached. */
  readonly commands?: Commands;
  readonly health: () => Health;
  /** The figures in Prometheus' text form. */
  readonly metricsText: () => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly statusRules?: StatusRules;
  /** How trips are told where a tracker has no settings of its own. */
  readonly trips?: TripDetection;
  /** Set-up commands of one device may be asked for again after this long, ms. Default 0: at any time. */
  readonly setUpPauseMs?: number;
  /** Where units reach the gateway, for set-up commands by SMS; without it none are sent. */
  readonly reportTo?: ReportAddress | undefined;
  /** Whether units of a protocol hold a connection while they are on; without it all are taken to. */
  readonly isConnectionOriented?: (protocol: string) => boolean;
  /** Requests a second per user and per address; 0 for no limit. Default 50. */
  readonly rateLimit?: number;
  /** Largest request body. Default 1 MiB. */
  readonly bodyLimitBytes?: number;
  readonly maxConnections?: number;
  readonly loginLimits?: LoginLimits;
  /** The guard in front of passwords, where other dialects share it. */
  readonly logins?: Logins;
  readonly liveLimits?: LiveLimits;
  /** Version shown in the OpenAPI document. */
  readonly version?: string;
  readonly dialects?: readonly Dialect[];
}

export interface HttpServer {
  /** For requests without a socket. */
  readonly app: FastifyInstance;
  /** Live events; for figures about them. */
  readonly hub: Pick<EventHub, 'socketCount' | 'subscriptionCount' | 'bufferedBytes' | 'audience'>;
  /** What calls work with; for whoever tells of trackers in another way. */
  readonly services: Services;
  /** Binds; port 0 takes any free one. Throws `ConfigError` `port_in_use`. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  /** Takes no more requests, waits for those under way for a few seconds, then cuts what is left. */
  close(): Promise<void>;
}

const defaults = { rateLimit: 50, bodyLimitBytes: 1024 * 1024, maxConnections: 10_000 } as const;
/** 2,000 tracker ids in a query string fit. */
const maxHeaderBytes = 64 * 1024;
const requestTimeoutMs = 30_000;
const drainMs = 5_000;
const sweepMs = 20;

export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const app = createApp(options);
  app.server.maxConnections = options.maxConnections ?? defaults.maxConnections;
  const navixy = navixyOptions(options);
  const unused = new UnusedConnections(app.server);
  if (options.log.isLevelEnabled('debug')) {
    app.addHook('onResponse', (request, reply, done) => {
      logRequest(options.log, request, reply);
      done();
    });
  }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Milepost', description: introduction, version: options.version ?? '0' },
      components: components as never,
    },
    transformObject: (document) =>
      refineDocument('openapiObject' in document ? document.openapiObject : document.swaggerObject, calls),
  });
  await app.register(async (scope) => mountDocsPage(scope));
  const mounts: readonly Dialect[] = [(scope) => mountOps(scope, options), ...(options.dialects ?? [])];
  for (const mount of mounts) {
    await app.register(async (scope) => {
      scope.addHook('onRequest', addApiHeaders);
      await mount(scope);
    });
  }
  await app.register(async (scope) => {
    scope.addHook('onRequest', addNavixyHeaders);
    mountNavixy(scope, navixy);
    mountCors(scope, calls);
  });
  await app.ready();
  const { hub, services } = navixy;
  return { app, hub, services, listen: (address) => listen(app, address), close: () => close(app, unused) };
}

/**
 * Answers are data and no pages: nothing may run in them or frame them, and they are not kept on the way, since they hold positions.
 * Set here and not by the plugin that pages have, which makes its headers anew for each answer.
 */
const apiHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
} as const;

function addApiHeaders(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.headers(apiHeaders);
  done();
}

const navixyHeaders = { ...apiHeaders, ...corsHeaders };

function addNavixyHeaders(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.headers(navixyHeaders);
  done();
}

function createApp(options: HttpOptions): FastifyInstance {
  return fastify({
    // Fastify's own log shows whole URLs, and credentials travel in their queries.
    logger: false,
    bodyLimit: options.bodyLimitBytes ?? defaults.bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    http: { maxHeaderSize: maxHeaderBytes },
    forceCloseConnections: 'idle',
    // Names that are too long are told from paths that do not exist by whoever has the path.
    routerOptions: { maxParamLength: maxHeaderBytes },
    rewriteUrl: (request) => canonicalUrl(request.url ?? '/'),
    frameworkErrors: (error, request, reply) => {
      if (isLicensingPath(request.raw.url ?? '')) return sendLicenseError(reply as FastifyReply, toLicenseError(error));
      if (isHerePath(pathOf(request.raw.url ?? ''))) return answerBadUrl(reply as FastifyReply);
      reply.headers(navixyHeaders);
      sendError(reply as FastifyReply, error.code === 'FST_ERR_BAD_URL' ? new NavixyError(111) : toNavixyError(error));
    },
    clientErrorHandler: answerClientError,
  });
}

function navixyOptions(options: HttpOptions) {
  const { store, live, clock, log } = options;
  const statusRules = options.statusRules ?? defaultStatusRules;
  const isConnectionOriented = options.isConnectionOriented ?? (() => true);
  const logins = options.logins ?? new Logins(clock, options.loginLimits);
  const { trips = defaultTripDetection, setUpPauseMs = 0, reportTo, history = noHistory } = options;
  const commands = options.commands ?? unreached(options);
  const limits = { statusRules, trips, setUpPauseMs };
  const turns = new HistoryTurns();
  const services = { store, live, history, turns, clock, ...limits, isConnectionOriented, logins, reportTo, commands };
  const hub = new EventHub({ services, changes: store, limits: options.liveLimits ?? defaultLiveLimits, log });
  return { services, log, hub, rateLimit: options.rateLimit ?? defaults.rateLimit };
}

/** Queues for a server that stands alone. */
function unreached({ store, clock, log }: HttpOptions): Commands {
  return new Dispatcher({ store, clock, log, links: { linkOf: () => undefined }, check: () => {}, ttlMs: 86_400_000 });
}

function logRequest(log: Logger, request: FastifyRequest, reply: FastifyReply): void {
  const facts = { method: request.method, path: pathOf(request.originalUrl), status: reply.statusCode };
  log.debug({ ...facts, elapsedMs: Math.round(reply.elapsedTime) }, 'request');
}

/** What cannot be read as HTTP at all has no request to answer: the socket gets a plain answer and is closed. */
function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy(error);
    return;
  }
  const known = new NavixyError(error.code === 'HPE_HEADER_OVERFLOW' ? 9 : 5);
  const body = JSON.stringify(known.body);
  const status = known.code === 9 ? '412 Precondition Failed' : '400 Bad Request';
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
}

async function listen(app: FastifyInstance, address: { host: string; port: number }): Promise<{ port: number }> {
  try {
    await app.listen({ host: address.host, port: address.port });
  } catch (error) {
    const { message } = error as Error;
    throw new ConfigError([`http ${address.host}:${address.port}: ${message}`], 'port_in_use');
  }
  return { port: (app.server.address() as AddressInfo).port };
}

/** Connections on which nothing was asked yet. Node takes them for busy, but they may be cut at any time. */
class UnusedConnections {
  readonly #sockets = new Set<Socket>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('request', ({ socket }) => this.#sockets.delete(socket));
    server.on('upgrade', ({ socket }) => this.#sockets.delete(socket));
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function close(app: FastifyInstance, unused: UnusedConnections): Promise<void> {
  const closingSince = performance.now();
  const sweep = setInterval(() => {
    unused.cut();
    app.server.closeIdleConnections();
    if (performance.now() - closingSince > drainMs) app.server.closeAllConnections();
  }, sweepMs);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
  }
}
