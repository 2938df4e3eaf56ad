/**
 * Types of parameters that several calls share. A schema is used three times over: to read a request, to type its handler, and in the
 * OpenAPI document.
 */
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { checked } from './params.js';

/** Control, private-use and surrogate characters, and line separators. */
const unprintable = /[\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;
const fourByteCharacter = /[\u{10000}-\u{10FFFF}]/u;

function printableProblem(text: string): string | undefined {
  if (unprintable.test(text)) return 'must consist of printable characters';
  return text.length > 0 && text.trim() === '' ? 'must not be blank' : undefined;
}

function labelProblem(text: string): string | undefined {
  if (fourByteCharacter.test(text)) return 'must consist of printable characters';
  return /[<>]/.test(text) ? 'must not contain < or >' : printableProblem(text);
}

/** Text of `min` to `max` printable characters, not all blank. */
export function printable(min: number, max: number, description: string) {
  return checked(Type.String({ minLength: min, maxLength: max, description }), printableProblem);
}

/** A parameter that need not be given: it has this value then, and its type says so. */
export function withDefault<S extends TSchema>(schema: S, value: Static<S>): S & { default: Static<S> } {
  return { ...schema, default: value };
}

/** Text of a fixed set. */
export function oneOf<const T extends readonly string[]>(values: T, options: { description?: string } = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options });
}

/** A value or null, in a form that costs nothing to serialise. `schema` is of a single type. */
export function nullable<S extends TSchema>(schema: S) {
  return Type.Unsafe<Static<S> | null>({ ...schema, type: [schema.type as string, 'null'] });
}

/** An object of any keys with values of one schema. */
export function dictionary<S extends TSchema>(values: S, options: { description?: string } = {}) {
  return Type.Unsafe<Record<string, Static<S>>>({ type: 'object', additionalProperties: values, ...options });
}

export const trackerId = Type.Integer({ description: 'Tracker id, also called object id' });

/** A colour as six hex digits. */
export const colour = Type.String({ pattern: '^[0-9A-Fa-f]{6}$', description: 'Six hex digits, without `#`' });

/** A label people give to a tracker. */
export const label = checked(
  Type.String({ minLength: 1, maxLength: 60, description: 'Printable, without `<` and `>`, not all blank' }),
  labelProblem,
);

/** First stage of the check of a device id: what any model may have. The second is the model's. */
export const deviceId = Type.String({
  pattern: '^[0-9a-zA-Z-]{1,64}$',
  description: 'Identity on the wire; its form depends on the `id_type` of the model',
});
