/**
 * Parameters of the claim API: schemas they share, and reading them from paths, queries and bodies. Everything wrong is a 400 that says
 * where.
 */
import { type TObject, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { badRequest } from './errors.js';

/** Names of devices, claims and projects. */
export const name = (description: string) => Type.String({ minLength: 1, maxLength: 50, description });
const appIdText = (description: string) => Type.String({ minLength: 8, description });

export const appIdPath = appIdText('Application id of a project');
export const ownerAppId = appIdText('Application of the owner; deprecated');
export const optionalAppId = Type.Optional(
  appIdText('Application id: the path holds the external id of a virtual device then'),
);
export const optionalProjectId = Type.Optional(name('Project; needed by users who are members of several'));
export const appIdQuery = Type.Object({ appId: optionalAppId });

export const pageProperties = {
  count: Type.Integer({ minimum: 1, maximum: 100, default: 100, description: 'Most items' }),
  pageToken: Type.Optional(Type.String({ minLength: 1, description: 'Of the page before' })),
};

export const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** The value as the schema has it. Throws 400. */
export function checked(schema: TSchema, value: unknown, place: string): unknown {
  const error = Value.Errors(schema, value).First();
  if (error === undefined) return value;
  const path = error.path === '' ? '' : ` ${error.path.slice(1).replaceAll('/', '.')}`;
  throw badRequest(`${place}${path}: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}.`);
}

/** Texts of a query as the schema has them. Each may be given once; what the schema does not know is passed over. Throws 400. */
export function readQuery(schema: TObject, query: Readonly<Record<string, unknown>>): unknown {
  const values: Record<string, unknown> = {};
  for (const [key, property] of Object.entries(schema.properties)) {
    const given = Object.hasOwn(query, key) ? query[key] : undefined;
    if (Array.isArray(given)) throw badRequest(`query ${key}: given more than once.`);
    const value = given === undefined ? property.default : fromText(property, String(given));
    if (value !== undefined) values[key] = value;
  }
  return checked(schema, values, 'query');
}

/** What is no text of the kind stays a text, which the schema then refuses. */
function fromText(schema: TSchema, text: string): unknown {
  if (schema.type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (schema.type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}
