/**
 * The WebSocket `event/subscription` on a Fastify instance that has `@fastify/websocket`. It needs no credential to connect: each message
 * carries one.
 */
import type { FastifyInstance } from 'fastify';
import { NavixyError } from '../errors.js';
import { parseForm } from '../request-data.js';
import type { EventHub, Gate } from './hub.js';

export const liveEventsName = 'event/subscription';

/** A client that vanished without a word is noticed by the system after this long of silence, and a few attempts. */
const keepAliveMs = 60_000;

export function mountLiveEvents(app: FastifyInstance, hub: EventHub, gate: Gate): void {
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
