/**
 * What a row of the layout tables is: one variant of one message, picked by protocol number, length, model or first bytes. Rows are
 * tried in order, so special ones stand before general ones.
 */
import { type Field, type Struct, struct } from '../../wire/struct.js';
import type { ElementsField } from './elements.js';
import type { Content, Form, MessageType } from './message.js';

type Fields = { readonly [K in keyof Content]: Field<NonNullable<Content[K]>> | Field<Content[K]> };

export interface RowSpec {
  /** Unique; written into messages, so that they can be encoded again. */
  readonly name: string;
  readonly type: MessageType;
  readonly protocol: number;
  /** The content, in wire order. */
  readonly fields: Fields;
  /** Only in this form; absent: in the short and the long one. */
  readonly form?: Form;
  /** Length as a short frame announces it (content + 5): one value, or smallest and largest. */
  readonly length?: number | readonly [number, number];
  /** Only for models whose code matches. */
  readonly model?: RegExp;
  /** Looks at the content, which starts at `start`. */
  readonly when?: (frame: Buffer, start: number) => boolean;
  /** The model that this layout gives away, for the tables of alarms. */
  readonly implies?: string;
  /** The time is in the zone of the login. */
  readonly isLocalTime?: boolean;
  /** How the message is acknowledged; default in short form. */
  readonly ack?: 'long' | 'none' | 'wifi';
}

export interface Row extends Omit<RowSpec, 'fields' | 'length'> {
  readonly layout: Struct<Content>;
  /** Layouts of the elements that the content may hold. */
  readonly elements: ElementsField['table'] | undefined;
  readonly minLength: number;
  readonly maxLength: number;
  /** One length, or the model, is all that speaks for this row: another may be meant when the content does not fit. */
  readonly isGuess: boolean;
}

export function row(spec: RowSpec): Row {
  const { fields, length = [0, 0xffff_ffff], ...others } = spec;
  const [minLength, maxLength] = typeof length === 'number' ? [length, length] : length;
  const layout = struct(spec.name, fields as Record<string, Field<unknown>>) as unknown as Struct<Content>;
  const elements = (fields.elements as ElementsField | undefined)?.table;
  const isGuess = typeof length === 'number' || others.model !== undefined;
  return { ...others, layout, elements, minLength, maxLength, isGuess };
}

/** A layout inside a layout: the value of an element. */
export function part(name: string, fields: Fields): Struct<Content> {
  return struct(name, fields as Record<string, Field<unknown>>) as unknown as Struct<Content>;
}
