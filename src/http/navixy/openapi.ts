/**
 * What the OpenAPI document says of this dialect's calls, made of their declarations.
 */
import { type TObject, type TSchema, Type } from '@sinclair/typebox';
import type { FastifySchema } from 'fastify';
import { errorExtras, errorSchema } from './bodies.js';
import type { Call } from './call.js';
import { errorCodes, type NavixyCode } from './errors.js';
import { livePaths, liveSchemas } from './live-document.js';

/** Answers of a call, for its serialiser. */
export function responseSchema(call: Call): Record<number, object> {
  if (call.mediaType !== undefined) return { 200: { content: { [call.mediaType]: { schema: Type.String() } } } };
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
  const properties = { ...call.params.properties, ...common, ...call.params.properties };
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
  operationId?: string;
  parameters?: { readonly in: string }[];
  requestBody?: unknown;
  responses?: Record<string, unknown>;
}

interface PathItem {
  get?: Operation;
  post?: Operation;
}

interface Document {
  readonly paths?: Record<string, PathItem>;
  readonly components?: { responses?: Record<string, unknown> };
}

/**
 * The document with GET taking its parameters in the query only and POST in the body, with the errors of every call, and with what is no
 * call.
 */
export function refineDocument<D>(document: D, calls: readonly Call[]): D {
  const { paths = {}, components: parts } = document as Document;
  const shared: Record<string, unknown> = {};
  for (const call of calls) {
    const path = paths[`/${call.name}`];
    if (path?.get === undefined || path.post === undefined) continue;
    const errors = errorResponses(call, shared);
    const { requestBody: _body, ...get } = path.get;
    const { parameters: _parameters, ...post } = path.post;
    const operationId = call.name.replace(/[/_](\w)/g, (_, letter: string) => letter.toUpperCase());
    path.get = { ...get, operationId: `${operationId}ByQuery`, responses: { ...get.responses, ...errors } };
    path.post = { ...post, operationId, responses: { ...post.responses, ...errors } };
  }
  Object.assign(paths, livePaths);
  if (parts !== undefined) parts.responses = { ...parts.responses, ...shared };
  return document;
}

/** Codes that a call answers without declaring them: those of any request, of its credential, its rights and its parameters. */
function generalCodes(call: Call): NavixyCode[] {
  const codes: NavixyCode[] = [5, 6, 9, 14, 15];
  if (Object.keys(call.params.properties).length > 0) codes.push(7);
  if (call.access === 'public') return codes;
  codes.push(3, 4, 275);
  const needsMaster = call.access === 'master' || call.access === 'master-session';
  return needsMaster || call.rights.length > 0 ? [...codes, 13] : codes;
}

/** Errors of a call by HTTP status, as references to answers that all calls with the same codes share. */
function errorResponses(call: Call, shared: Record<string, unknown>): Record<string, unknown> {
  const codes = [...new Set([...generalCodes(call), ...call.errors])].sort((left, right) => left - right);
  const statuses = [...new Set(codes.map((code) => errorCodes[code][1]))].sort((left, right) => left - right);
  const responses: Record<string, unknown> = {};
  for (const status of statuses) {
    const ofStatus = codes.filter((code) => errorCodes[code][1] === status);
    const name = `Error-${ofStatus.join('-')}`;
    shared[name] ??= {
      description: ofStatus.map((code) => `${code} ${errorCodes[code][0]}`).join(', '),
      content: { 'application/json': { schema: errorSchemaOf(ofStatus) } },
    };
    responses[status] = { $ref: `#/components/responses/${name}` };
  }
  return responses;
}

function errorSchemaOf(codes: readonly NavixyCode[]): TSchema {
  const extras = codes.flatMap((code) => Object.entries(code in errorExtras ? errorExtras[code as 7] : {}));
  return Type.Object({
    success: Type.Literal(false),
    status: Type.Object({
      code: Type.Unsafe<number>({ type: 'integer', enum: [...codes] }),
      description: Type.String(),
    }),
    ...Object.fromEntries(extras.map(([name, schema]) => [name, Type.Optional(schema)])),
  });
}

/** Parts of the document that are no calls. */
export const components = {
  schemas: { Error: errorSchema, ...liveSchemas },
  securitySchemes: {
    hash: {
      type: 'apiKey',
      in: 'query',
      name: 'hash',
      description: 'Session hash or API key; also as a parameter of the body',
    },
    header: { type: 'apiKey', in: 'header', name: 'Authorization', description: '`NVX <hash>`' },
    licensespring: {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description:
        '`algorithm="hmac-sha256",headers="date",signature="...",apikey="..."`: HMAC-SHA256 under the shared key over `licenseSpring`, a line feed, `date: ` and the `Date` header, in base64',
    },
    bearer: { type: 'http', scheme: 'bearer', description: 'Token of HERE’s API' },
  },
} as const;
