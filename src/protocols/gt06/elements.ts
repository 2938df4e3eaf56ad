/**
 * Lists of tagged values (id, length, value) inside GT06 content. An id of the list's table is read by its layout; what is unknown, or
 * longer or shorter than its layout, is kept as hex and written back as it was.
 */
import { CodecError } from '../../errors.js';
import type { Reader } from '../../wire/reader.js';
import type { Field, Struct } from '../../wire/struct.js';
import type { Writer } from '../../wire/writer.js';
import type { Content, Element } from './message.js';

export interface ElementList {
  readonly id: Field<number>;
  /** Width of the length, for all ids or by id. */
  readonly length: Field<number>;
  readonly longLengths?: ReadonlyMap<number, Field<number>>;
  /** A zero length is followed by the real one. */
  readonly hasEscape?: boolean;
  readonly table: ReadonlyMap<number, Struct<Content>>;
}

export interface ElementsField extends Field<readonly Element[]> {
  readonly table: ElementList['table'];
}

/** Elements up to the end of the content. A last one that is cut off is left to the field behind the list. */
export function elementList(list: ElementList): ElementsField {
  const idWidth = list.id.width ?? 1;
  return {
    width: undefined,
    table: list.table,
    read(r) {
      const elements: Element[] = [];
      for (;;) {
        const start = r.offset;
        const element = r.left > idWidth ? readElement(list, r) : undefined;
        if (element === undefined) {
          r.offset = start;
          return elements;
        }
        elements.push(element);
      }
    },
    write(w, elements) {
      for (const each of elements) writeElement(list, w, each);
    },
  };
}

function readElement(list: ElementList, r: Reader): Element | undefined {
  const id = list.id.read(r);
  const lengthField = list.longLengths?.get(id) ?? list.length;
  const width = lengthField.width ?? 1;
  if (r.left < width) return undefined;
  const first = lengthField.read(r);
  const isEscaped = first === 0 && list.hasEscape === true && r.left >= width;
  const length = isEscaped ? lengthField.read(r) : first;
  if (r.left < length) return undefined;
  const value = readValue(list.table.get(id), r, length);
  return isEscaped ? { id, ...value, isEscaped } : { id, ...value };
}

function readValue(
  layout: Struct<Content> | undefined,
  r: Reader,
  length: number,
): { content: Content } | { raw: string } {
  const { offset: start, end } = r;
  if (layout !== undefined) {
    r.end = start + length;
    try {
      const content = layout.read(r);
      if (r.offset === r.end) return { content };
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
    } finally {
      r.end = end;
    }
    r.offset = start;
  }
  return { raw: r.hex(length) };
}

function writeElement(list: ElementList, w: Writer, element: Element): void {
  list.id.write(w, element.id);
  const lengthField = list.longLengths?.get(element.id) ?? list.length;
  if (element.isEscaped) lengthField.write(w, 0);
  const lengthAt = w.length;
  lengthField.write(w, 0);
  const start = w.length;
  const layout = list.table.get(element.id);
  if (element.content !== undefined && layout !== undefined) layout.write(w, element.content);
  else w.append(Buffer.from(element.raw ?? '', 'hex'));
  if (lengthField.width === 2) w.patchU16(lengthAt, w.length - start);
  else w.patchU8(lengthAt, w.length - start);
}
