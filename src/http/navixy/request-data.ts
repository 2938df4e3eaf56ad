/**
 * Parameters as they arrive: query string and body, JSON or form, under whatever content type clients send. Here they are only taken
 * apart; what a call makes of them is the affair of `params.ts`. Names are looked up as own properties and never assigned, so that a
 * parameter called `__proto__` is just another unknown one.
 */
import { parse } from 'node:querystring';
import { NavixyError } from './errors.js';

/** Parameters by name, of one part of the request. */
export type ParamObject = Readonly<Record<string, unknown>>;

/** A form has no use for more fields than this; the rest is not looked at. */
const maxFormFields = 5000;

/** Query and body of one request. On a clash the body wins; null is the same as absent. */
export class RequestData {
  readonly #query: ParamObject;
  readonly #body: ParamObject;

  constructor(query: ParamObject, body: ParamObject) {
    this.#query = query;
    this.#body = body;
  }

  get(name: string): unknown {
    return ownValue(this.#body, name) ?? ownValue(this.#query, name);
  }
}

/** The last of several values of one name counts, as it does in JSON. */
function ownValue(part: ParamObject, name: string): unknown {
  return Object.hasOwn(part, name) ? (part[name] ?? undefined) : undefined;
}

/** A form. Where a name is repeated the last value counts. Any text is a form, so nothing is thrown. */
export function parseForm(text: string): ParamObject {
  return withLastValues(parse(text, '&', '=', { maxKeys: maxFormFields }));
}

/** Parameters that were taken apart already, in their own object, with the last of several values of one name. */
export function withLastValues(params: Record<string, unknown>): ParamObject {
  for (const name in params) {
    const value = params[name];
    if (Array.isArray(value)) params[name] = value.at(-1);
  }
  return params;
}

/** A JSON body. An empty one holds no parameters. Throws code 5 for anything but an object. */
export function parseJsonBody(text: string): ParamObject {
  if (text.trim() === '') return {};
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NavixyError(5);
  return value as ParamObject;
}

/** A body that calls itself a form. Command line tools say so of JSON too, and no form begins with a brace. */
export function parseFormBody(text: string): ParamObject {
  if (!startsWithBrace(text)) return parseForm(text);
  try {
    return parseJsonBody(text);
  } catch (error) {
    if (error instanceof NavixyError) return parseForm(text);
    throw error;
  }
}

/** A body of no or no known content type. Throws code 5 when it begins like JSON and is none. */
export function parseUntypedBody(text: string): ParamObject {
  return startsWithBrace(text) ? parseJsonBody(text) : parseForm(text);
}

/** Some libraries begin what they send with a byte order mark, which is no part of it. */
const byteOrderMark = 0xfeff;

/** Throws code 5. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text) as unknown;
  } catch {
    throw new NavixyError(5);
  }
}

function startsWithBrace(text: string): boolean {
  return /^\s*\{/.test(text);
}
