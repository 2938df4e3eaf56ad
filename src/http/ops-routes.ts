/**
 * Routes for those who run the gateway: is it alive, can it keep what it is sent, its figures, and the description of its API. They need
 * no credential and are not rate limited.
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../log.js';
import type { Health } from '../store/contract.js';

export interface OpsOptions {
  readonly health: () => Health;
  /** The figures in Prometheus' text form. */
  readonly metricsText: () => Promise<string>;
  readonly log: Logger;
}

const failure = {
  description: 'It failed; the log says why',
  content: { 'application/json': { schema: Type.Object({ status: Type.String() }) } },
};
const readiness = Type.Object({ status: Type.String(), problems: Type.Array(Type.String()) });

export function mountOps(instance: FastifyInstance, options: OpsOptions): void {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['operation'];
  app.setErrorHandler((error: { readonly statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) options.log.error({ err: error, path: request.routeOptions.url }, 'request failed');
    reply.code(status).send({ status: 'failed' });
  });

  const alive = { tags, summary: 'The process is alive', response: { 200: Type.Object({ status: Type.String() }) } };
  app.get('/healthz', { schema: alive }, () => ({ status: 'ok' }));

  const ready = { tags, summary: 'Whether records can be kept', response: { 200: readiness, 503: readiness } };
  app.get('/readyz', { schema: ready }, (_request, reply) => {
    const { ready: isReady, problems } = options.health();
    reply.code(isReady ? 200 : 503);
    return { status: isReady ? 'ready' : 'not ready', problems: [...problems] };
  });

  app.get(
    '/metrics',
    {
      schema: {
        tags,
        summary: 'Figures for Prometheus',
        produces: ['text/plain'],
        response: { 200: Type.String(), 500: failure },
      },
    },
    async (_, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await options.metricsText()),
  );

  app.get('/openapi.json', { schema: { tags, hide: true } }, () => instance.swagger());
}
