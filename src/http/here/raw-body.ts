/**
 * Bodies as they came, beside what was read from them: the journal keeps what arrived.
 */
const texts = new WeakMap<object, string>();

/** The value of a JSON text; undefined for an empty one. Throws `SyntaxError`. */
export function parseBody(text: string): unknown {
  if (text.trim() === '') return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null) texts.set(value, text);
  return value;
}

/** The text that a body was read from. */
export function rawBodyOf(body: object): string {
  return texts.get(body) ?? JSON.stringify(body);
}
