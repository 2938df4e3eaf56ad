/**
 * What lets fleet software in browsers call this dialect from pages of other hosts. Credentials travel as parameters or in a header and
 * never as cookies, so any page may ask: it can do no more than its user has given it a hash for.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Call } from './call.js';

/** Of every answer. Source: Fetch standard, "CORS protocol". */
export const corsHeaders = { 'access-control-allow-origin': '*' } as const;

/** Of answers to preflight requests: kept for a day, or as long as the browser does at most. */
const preflightHeaders = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'Content-Type, Authorization, NVX-ISO-DateTime',
  'access-control-max-age': '86400',
} as const;

/** Answers preflight requests for calls; those for anything else are refused as any unknown path is. */
export function mountCors(app: FastifyInstance, calls: readonly Call[]): void {
  for (const { name } of calls) {
    app.route({ method: 'OPTIONS', url: `/${name}`, schema: { hide: true }, handler: answerPreflight });
  }
}

function answerPreflight(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(204).headers(preflightHeaders).send();
}
