/**
 * What the OpenAPI document says of this API's calls, made of their declarations.
 */
import type { TSchema } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import type { FastifySchema } from 'fastify';
import type { HereCall } from './call.js';
import { type HereStatus, hereErrorSchema, hereErrors } from './errors.js';

/** Errors that any call may answer. */
const common: readonly HereStatus[] = [400, 429, 500, 503];

/** Everything about a call; `variant` above 0 is another way to write its path. */
export function documentedSchema(call: HereCall, variant: number): FastifySchema & { readonly hide?: boolean } {
  const { summary, params, query, body, holders } = call;
  return {
    ...{ hide: variant > 0, tags: ['devices'], summary, description: descriptionOf(call) },
    security: holders.length === 0 ? [] : [{ bearer: [] }],
    ...(hasProperties(params) ? { params } : {}),
    ...(hasProperties(query) ? { querystring: query } : {}),
    ...(body === undefined ? {} : { body }),
    headers: Type.Object({ 'X-Request-Id': Type.Optional(Type.String({ format: 'uuid', description: 'Version 4' })) }),
    response: responses(call),
  } as FastifySchema & { readonly hide?: boolean };
}

function descriptionOf({ holders }: HereCall): string {
  return holders.length === 0 ? 'Without a token.' : `Tokens: ${holders.join(', ')}.`;
}

function responses({ answers, errors, holders }: HereCall): Record<string, TSchema> {
  const good = Object.entries(answers).map(([status, schema]) => [
    status,
    schema ?? Type.Null({ description: 'Empty' }),
  ]);
  const tokens: readonly HereStatus[] = holders.length === 0 ? [] : [401, 403];
  const bad = [...new Set([...common, ...tokens, ...errors])].sort((left, right) => left - right);
  const described = bad.map((status) => [status, { ...hereErrorSchema, description: hereErrors[status] }]);
  return Object.fromEntries([...good, ...described]);
}

function hasProperties(schema: TSchema): boolean {
  return Object.keys(schema.properties as object).length > 0;
}
