/**
 * From what arrived to what a call declared. The TypeBox schema of a call says the types; values come as JSON or as text and are coerced
 * to them. Every fault of every parameter is reported, in the words of Java's Bean Validation, which clients of this API know.
 */
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { NavixyError, type Violation } from './errors.js';
import { parseJson, type RequestData } from './request-data.js';

/** What a schema may carry besides JSON schema keywords: a check with its own words. */
export const check = Symbol('check');
/** Returns what is wrong with the value, in words. */
export type Check = (value: string) => string | undefined;

/** Adds a check of the text to a string schema. */
export function checked<S extends TSchema>(schema: S, rule: Check): S {
  return { ...schema, [check]: rule };
}

/** A way of its own to read a value, whatever its type. */
export const reader = Symbol('reader');
/** Returns the value as the call wants it, or what is wrong with the one that was given, in words. */
export type Reader = (value: unknown) => { readonly value: unknown } | { readonly problem: string };

/** Has values of a schema read in a way of their own. */
export function readBy<S extends TSchema>(schema: S, read: Reader): S {
  return { ...schema, [reader]: read };
}

interface Read {
  readonly value: unknown;
  readonly problems: readonly string[];
}

const good = (value: unknown): Read => ({ value, problems: [] });
const bad = (...problems: string[]): Read => ({ value: undefined, problems });

const int32Max = 2_147_483_647;
const integerText = /^-?\d+$/;
const decimalText = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const integerList = /^\s*-?\d+(?:\s*,\s*-?\d+)*\s*$/;

/** Parameters of one request, each as its schema says, and what is wrong with them. */
export interface ParamsRead<P> {
  readonly params: P;
  readonly violations: readonly Violation[];
}

/** Parameters in the form the schema asks for, arrays and objects no longer as JSON text. Throws code 5 when such text is no JSON. */
export function unpackParams(schema: TObject, data: RequestData): Map<string, unknown> {
  const unpacked = new Map<string, unknown>();
  for (const [name, property] of Object.entries(schema.properties)) {
    const value = unpack(property, data.get(name));
    if (value !== undefined && value !== null) unpacked.set(name, value);
  }
  return unpacked;
}

function unpack(schema: TSchema, value: unknown): unknown {
  if (value === 'null' && !mayBeNullText(schema)) return undefined;
  if (typeof value !== 'string' || (schema.type !== 'array' && schema.type !== 'object')) return value;
  if (isIntegerArray(schema) && integerList.test(value)) return value.split(',').map((item) => item.trim());
  return parseJson(value);
}

/** A form has no other way to say null; only of a free text it may be the value itself. */
function mayBeNullText({ type, enum: allowed }: TSchema): boolean {
  return type === 'string' && (allowed === undefined || allowed.includes('null'));
}

function isIntegerArray(schema: TSchema): boolean {
  return schema.type === 'array' && (schema.items as TSchema | undefined)?.type === 'integer';
}

/** Coerces and checks. `params` is of the declared type only where there are no violations. */
export function readParams<P extends TObject>(
  schema: P,
  unpacked: ReadonlyMap<string, unknown>,
): ParamsRead<Static<P>> {
  const params: Record<string, unknown> = {};
  const violations: Violation[] = [];
  for (const name of Object.keys(schema.properties)) {
    const read = readProperty(schema, name, unpacked.get(name));
    if (read.value !== undefined) params[name] = read.value;
    for (const error of read.problems) violations.push({ parameter: name, error });
  }
  return { params: params as Static<P>, violations };
}

function readProperty(schema: TObject, name: string, value: unknown): Read {
  const property = schema.properties[name] as TSchema;
  if (value !== undefined && value !== null) return readValue(property, value);
  if (property.default !== undefined) return good(property.default);
  return schema.required?.includes(name) === true ? bad('must not be null') : good(undefined);
}

function readValue(schema: TSchema, value: unknown): Read {
  const own = (schema as { [reader]?: Reader })[reader]?.(value);
  if (own !== undefined) return 'problem' in own ? bad(own.problem) : good(own.value);
  switch (schema.type) {
    case 'integer':
      return readNumber(schema, value, integerText);
    case 'number':
      return readNumber(schema, value, decimalText);
    case 'boolean':
      return readBoolean(value);
    case 'string':
      return readString(schema, value);
    case 'array':
      return readArray(schema, value);
    case 'object':
      return readObject(schema as TObject, value);
    default:
      throw new NavixyError(6);
  }
}

function readNumber(schema: TSchema, value: unknown, form: RegExp): Read {
  const isInteger = form === integerText;
  const number = typeof value === 'string' && form.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || (isInteger && !Number.isInteger(number))) {
    return bad(isInteger ? 'must be an integer' : 'must be a number');
  }
  const minimum = (schema.minimum as number | undefined) ?? (isInteger ? -int32Max - 1 : -Number.MAX_VALUE);
  const maximum = (schema.maximum as number | undefined) ?? (isInteger ? int32Max : Number.MAX_VALUE);
  if (number < minimum) return bad(`must be greater than or equal to ${minimum}`);
  if (number > maximum) return bad(`must be less than or equal to ${maximum}`);
  // -0 is a number of its own in JavaScript, but not in what is shown and compared.
  return good(number === 0 ? 0 : number);
}

function readBoolean(value: unknown): Read {
  if (typeof value === 'boolean') return good(value);
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).toLowerCase() : '';
  if (text === 'true' || text === '1') return good(true);
  if (text === 'false' || text === '0') return good(false);
  return bad('must be true or false');
}

function readString(schema: TSchema, value: unknown): Read {
  // Identifiers are sent as numbers by some clients; beyond 2^53 a number is no longer what was meant.
  const text = typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? String(value) : value;
  if (typeof text !== 'string') return bad('must be a string');
  const allowed = schema.enum as readonly string[] | undefined;
  if (allowed !== undefined) {
    return allowed.includes(text) ? good(text) : bad(`Should be one of [${allowed.join(', ')}]`);
  }
  const problems = [sizeProblem(text.length, schema.minLength, schema.maxLength), patternProblem(schema, text)];
  const rule = (schema as { [check]?: Check })[check];
  problems.push(rule?.(text));
  const found = problems.filter((problem) => problem !== undefined);
  return found.length === 0 ? good(text) : bad(...found);
}

function patternProblem(schema: TSchema, text: string): string | undefined {
  const pattern = schema.pattern as string | undefined;
  return pattern === undefined || new RegExp(pattern, 'u').test(text) ? undefined : `must match "${pattern}"`;
}

function sizeProblem(size: number, min: unknown, max: unknown): string | undefined {
  const least = typeof min === 'number' ? min : 0;
  const most = typeof max === 'number' ? max : int32Max;
  return size >= least && size <= most ? undefined : `size must be between ${least} and ${most}`;
}

function readArray(schema: TSchema, value: unknown): Read {
  if (!Array.isArray(value)) return bad('must be an array');
  const size = sizeProblem(value.length, schema.minItems, schema.maxItems);
  if (size !== undefined) return bad(size);
  const items: unknown[] = [];
  const problems = new Set<string>();
  for (const item of value) {
    const read =
      item === null || item === undefined ? bad('must not be null') : readValue(schema.items as TSchema, item);
    items.push(read.value);
    for (const problem of read.problems) problems.add(problem);
  }
  if (schema.uniqueItems === true && new Set(items).size < items.length)
    problems.add('must only contain unique elements');
  return problems.size === 0 ? good(items) : bad(...problems);
}

function readObject(schema: TObject, value: unknown): Read {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad('must be an object');
  // Without declared properties it is an object of any form, for its call to judge.
  if (schema.properties === undefined) return good(value);
  const own = new Map(Object.entries(value));
  const { params, violations } = readParams(schema, own);
  return violations.length === 0 ? good(params) : bad(...violations.map((each) => `${each.parameter} ${each.error}`));
}
