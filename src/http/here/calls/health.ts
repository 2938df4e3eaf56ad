/**
 * Whether the gateway can keep what it is sent, and its version, under the names of each of the services that this API is made of.
 */
import { Type } from '@sinclair/typebox';
import { answer, defineCall } from '../call.js';
import { HereError } from '../errors.js';

/** Services by the paths they are under. */
const bases = ['/registry/v2', '/users/v2', '/v2', '/v3', '/shadows/v2'] as const;

const healthOf = <B extends string>(base: B) =>
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
  });

const versionOf = <B extends string>(base: B) =>
  defineCall({
    method: 'GET',
    paths: [`${base}/version`],
    summary: 'Version of the service',
    answers: { 200: Type.Record(Type.String(), Type.String()) },
    handler: ({ services: { version } }) => answer(200, { milepost: version }),
  });

export const healthCalls = bases.flatMap((base) => [healthOf(base), versionOf(base)]);
