/**
 * Whether the gateway can keep what it is sent, and its version, under the names of each of the services that this API is made of.
 */
import { Type } from '@sinclair/typebox';
import { answer, defineCall } from '../call.js';
import { HereError } from '../errors.js';

/** Services by the paths they are under. */
const services = {
  registry: '/registry/v2',
  users: '/users/v2',
  events: '/v2',
  ingestion: '/v3',
  shadows: '/shadows/v2',
} as const;

export const healthCalls = Object.entries(services).flatMap(([service, base]) => [
  defineCall({
    method: 'GET',
    paths: [`${base}/health`],
    summary: 'Whether the service can do its work',
    answers: { 200: Type.Object({ message: Type.String() }) },
    errors: [500],
    handler: ({ services: { health } }) => {
      const { ready, problems } = health();
      if (!ready) throw new HereError(500, problems.join('; '));
      return answer(200, { message: 'healthy' });
    },
  }),
  defineCall({
    method: 'GET',
    paths: [`${base}/version`],
    summary: 'Version of the service',
    answers: { 200: Type.Record(Type.String(), Type.String()) },
    handler: ({ services: { version } }) => answer(200, { [service]: version }),
  }),
]);
