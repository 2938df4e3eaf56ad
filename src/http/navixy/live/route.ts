/**
 * The WebSocket `event/subscription`, the only one there is. It needs no credential to connect: each message carries one.
 */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../../log.js';
import { NavixyError } from '../errors.js';
import { canonicalUrl, pathOf } from '../paths.js';
import { parseForm } from '../request-data.js';
import type { EventHub, Gate } from './hub.js';

export const liveEventsName = 'event/subscription';

/** A client that vanished without a word is noticed by the system after this long of silence, and a few attempts. */
const keepAliveMs = 60_000;

export interface LiveEventsOptions {
  readonly hub: EventHub;
  readonly gate: Gate;
  readonly log: Logger;
  /** Largest message of a client. */
  readonly maxMessageBytes: number;
}

/** In a scope of its own: what the plugin adds to every request of its scope is for connections that are upgraded. */
export function mountLiveEvents(app: FastifyInstance, options: LiveEventsOptions): void {
  app.register(async (scope) => {
    // Before the plugin's own hook, which says goodbye with no reason.
    scope.addHook('preClose', () => options.hub.close());
    await scope.register(websocket, {
      options: { maxPayload: options.maxMessageBytes, server: upgradesOf(app.server) as never },
      errorHandler: (error, socket) => {
        // What clients do wrong on the wire ends their connection; there is nobody to answer.
        options.log.debug({ err: error }, 'websocket failed');
        socket.terminate();
      },
    });
    addRoute(scope, options);
  });
}

/** Tells of the upgrades to live events; all others are refused. */
function upgradesOf(server: Server): EventEmitter {
  const upgrades = new EventEmitter();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const isLive = pathOf(canonicalUrl(request.url ?? '/')) === `/${liveEventsName}`;
    if (!isLive || !upgrades.emit('upgrade', request, socket, head)) refuseUpgrade(socket);
  });
  return upgrades;
}

function refuseUpgrade(socket: Duplex): void {
  const body = JSON.stringify(new NavixyError(112).body);
  const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}`;
  socket.on('error', () => socket.destroy());
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
}

function addRoute(app: FastifyInstance, { hub, gate }: LiveEventsOptions): void {
  app.route({
    method: 'GET',
    url: `/${liveEventsName}`,
    exposeHeadRoute: false,
    schema: { hide: true },
    onRequest: async (request) => {
      if (request.ws && hub.isFull) throw new NavixyError(15);
    },
    handler: () => {
      throw new NavixyError(112);
    },
    wsHandler: (socket, request) => {
      request.socket.setKeepAlive(true, keepAliveMs);
      hub.open(socket, { address: request.ip, isAtmosphere: isAtmosphere(request.url) }, gate);
    },
  });
}

/** Source: Atmosphere framework, query parameters of atmosphere-javascript. */
function isAtmosphere(url: string): boolean {
  const queryAt = url.indexOf('?');
  return queryAt >= 0 && parseForm(url.slice(queryAt + 1))['X-atmo-protocol'] === 'true';
}
