/**
 * Long answers written in small steps: thousands of objects are no more than a moment's work each, and units do not wait until the last
 * one is done.
 */
import { Pacer } from '../../store/pacer.js';

/** JSON texts of items, with commas between them. An item without a text is left out. */
export async function pacedJson<T>(items: Iterable<T>, textOf: (item: T) => string | undefined): Promise<string> {
  const pacer = new Pacer();
  let json = '';
  for (const item of items) {
    const text = textOf(item);
    if (text !== undefined) json += json === '' ? text : `,${text}`;
    if (pacer.isDue) await pacer.rest();
  }
  return json;
}
