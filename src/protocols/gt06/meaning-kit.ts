/**
 * What a meaning is, and the plain ones: one field of the content under one name of a record.
 */
import type { Draft, RecordView } from './draft.js';

/** How one field of the content is told and made. */
export interface Meaning<T> {
  /** Adds to the record what the field says. */
  put(value: T, draft: Draft): void;
  /** The field for a record; undefined leaves an optional field out. */
  take?(record: RecordView): T | undefined;
}

/** A field that only gives the frame its form. */
export const structural = { put: () => {} };

/** A number under one name; `standIn` stands on the wire when the record has none. */
export function number(name: string, standIn?: number): Meaning<number> {
  return {
    put: (value, draft) => draft.set(name, value),
    take: (record) => record.number(name) ?? standIn,
  };
}

/** A number under one name, where values from `limit` on say that there is none. */
export function numberBelow(name: string, limit: number): Meaning<number> {
  return {
    put: (value, draft) => draft.set(name, value < limit ? value : undefined),
    take: (record) => record.number(name),
  };
}

/** A flag under one name. */
export function flag(name: string): Meaning<boolean> {
  return { put: (value, draft) => draft.set(name, value), take: (record) => record.flag(name) };
}

/** Text under one name, without padding. */
export function text(name: string): Meaning<string> {
  return { put: (value, draft) => draft.setText(name, value), take: (record) => record.text(name) };
}

/** Hexadecimal digits as a name's text, unless they are all zeros or all ones. */
export function digits(name: string, tidy: (hex: string) => string): Meaning<string> {
  return {
    put(hex, draft) {
      if (!/^(0*|f*)$/i.test(hex)) draft.set(name, tidy(hex));
    },
  };
}

/** Bytes whose meaning is not known. */
export const raw: Meaning<string> = {
  put(hex, draft) {
    draft.raw += hex;
  },
};
