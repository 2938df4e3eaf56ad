/**
 * What the OpenAPI document says of this dialect's calls, made of their declarations.
 */
import { type TObject, type TSchema, Type } from '@sinclair/typebox';
import type { FastifySchema } from 'fastify';
import { errorSchema } from './bodies.js';
import type { Call } from './call.js';
import { errorCodes } from './errors.js';

/** Answers of a call, for its serialiser. */
export function responseSchema(call: Call): Record<number, TSchema> {
  return { 200: Type.Object({ success: Type.Literal(true), ...call.response }) };
}

/** Everything about a call, for the document. */
export function documentedSchema(call: Call): FastifySchema {
  return {
    summary: call.summary,
    description: descriptionOf(call),
    tags: [call.name.slice(0, call.name.lastIndexOf('/'))],
    security: call.access === 'public' ? [] : [{ hash: [] }, { header: [] }],
    querystring: queryForm(documented(call)),
    body: documented(call),
    consumes: ['application/json', 'application/x-www-form-urlencoded'],
    response: responseSchema(call),
  } as FastifySchema;
}

function descriptionOf(call: Call): string {
  const lines: string[] = [];
  if (call.access !== 'public' && call.rights.length > 0) lines.push(`Rights of sub-users: ${call.rights.join(', ')}.`);
  if (call.access === 'session') lines.push('Not with an API key.');
  if (call.access === 'master') lines.push('Master users only.');
  if (call.access === 'master-session') lines.push('Master users only, not with an API key.');
  if (call.errors.length > 0)
    lines.push(`Errors: ${call.errors.map((code) => `${code} ${errorCodes[code][0]}`).join(', ')}.`);
  return lines.join(' ');
}

/** The parameters with those that every call takes. A parameter with a default need not be given. */
function documented(call: Call): TObject {
  const common =
    call.access === 'public' ? {} : { iso_datetime: Type.Optional(Type.Boolean({ description: 'Dates as ISO 8601' })) };
  const properties = { ...call.params.properties, ...common };
  const required = (call.params.required ?? []).filter((name) => call.params.properties[name]?.default === undefined);
  return { ...Type.Object(properties), required } as TObject;
}

/** In a query, arrays and objects travel as JSON text. */
function queryForm(schema: TObject): TObject {
  const properties: Record<string, TSchema> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    const isText = property.type !== 'array' && property.type !== 'object';
    properties[name] = isText
      ? property
      : Type.String({ description: `JSON: ${property.description ?? property.type}` });
  }
  return { ...schema, properties } as TObject;
}

interface Operation {
  parameters?: { readonly in: string }[];
  requestBody?: unknown;
  responses?: Record<string, unknown>;
}

interface PathItem {
  get?: Operation;
  post?: Operation;
}

/** The document with GET taking its parameters in the query only and POST in the body, and with the error answers of every call. */
export function refineDocument<D>(document: D): D {
  const { paths = {} } = document as { readonly paths?: Record<string, PathItem> };
  for (const [url, path] of Object.entries(paths)) {
    if (path.get === undefined || path.post === undefined || url.startsWith('/admin/')) continue;
    const { requestBody: _body, ...get } = path.get;
    const { parameters: _parameters, ...post } = path.post;
    path.get = withErrors(get);
    path.post = withErrors(post);
  }
  return document;
}

function withErrors(operation: Operation): Operation {
  const answer = {
    description: 'An error, told by its code',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  };
  return { ...operation, responses: { ...operation.responses, '4XX': answer, '5XX': answer } };
}

/** Parts of the document that are no calls. */
export const components = {
  schemas: { Error: errorSchema },
  securitySchemes: {
    hash: {
      type: 'apiKey',
      in: 'query',
      name: 'hash',
      description: 'Session hash or API key; also as a parameter of the body',
    },
    header: { type: 'apiKey', in: 'header', name: 'Authorization', description: '`NVX <hash>`' },
  },
} as const;
