/**
 * Columns of raw data: which there are, and what a record says in each.
 * Source: Navixy raw IoT data API, `tracker/raw_data/read`, columns.
 */
import { memberNumber } from '../../../domain/fields.js';
import type { FieldValue } from '../../../domain/update.js';
import type { ReadRecord } from '../../../store/ordered-history.js';
import type { DateFormat } from '../dates.js';
import { isMetering } from '../sensors-automatic.js';
import { maxLines, stateText } from '../state-fields.js';
import { simpleColumns } from './simple-columns.js';

/** What stands in a cell: text and dates are quoted, numbers are not, null is nothing. */
export type Cell = string | number | null;

/** A record whose fields are asked for by name many times over. */
export class RawRow {
  readonly record: ReadRecord;
  readonly #fields: ReadonlyMap<string, FieldValue>;

  constructor(record: ReadRecord) {
    const { names, values } = record.update;
    this.record = record;
    this.#fields = new Map(names.map((name, i) => [name, values[i] as FieldValue]));
  }

  get names(): readonly string[] {
    return this.record.update.names;
  }

  get(name: string): FieldValue | undefined {
    return this.#fields.get(name);
  }
}

export interface Column {
  readonly name: string;
  readonly cell: (row: RawRow, dates: DateFormat) => Cell;
}

/** The first column of every answer. */
const timeColumn = 'msg_time';

/** Columns with members: how a member is read, and which of the names a unit has reported are members. */
interface Group {
  readonly member: (row: RawRow, key: string) => Cell;
  /** The key of a name, or undefined when it is no member. */
  readonly keyOf: (name: string, value: FieldValue | undefined) => string | undefined;
  readonly isKey: (key: string) => boolean;
}

function lines(family: 'input' | 'output'): Group {
  return {
    member: (row, key) => flagCell(row.get(`${family}_${key}`)),
    keyOf: (name) => {
      const number = memberNumber(name, family);
      return number > 0 && number <= maxLines ? String(number) : undefined;
    },
    isKey: (key) => /^[1-9]\d?$/.test(key) && Number(key) <= maxLines,
  };
}

const anyName = /^[\w.:-]{1,100}$/;

const groups: Readonly<Record<string, Group>> = {
  discrete_inputs: lines('input'),
  discrete_outputs: lines('output'),
  inputs: {
    member: (row, key) => numberCell(row.get(key)),
    keyOf: (name, value) => (isInput(name, value) ? name : undefined),
    isKey: (key) => anyName.test(key),
  },
  states: {
    member: (row, key) => stateCell(key, row.get(key)),
    keyOf: (name, value) => (isState(name, value) ? name : undefined),
    isKey: (key) => anyName.test(key),
  },
};

/** Bits of `flags`. */
const flagBits = { location_valid: 1, lbs: 2, soft_lbs: 4 } as const;
type FlagName = keyof typeof flagBits;
const flagNames = Object.keys(flagBits).sort() as FlagName[];

const flagReaders: Readonly<Record<FlagName, (row: RawRow) => boolean>> = {
  location_valid: ({ record }) => record.update.position?.valid === true,
  lbs: (row) => row.get('gps_lbs') === true,
  // Positions that the server makes of cells: none are made here.
  soft_lbs: () => false,
};

/** Whether there is such a column, be it empty. */
export function isColumn(name: string): boolean {
  if (Object.hasOwn(simpleColumns, name)) return true;
  const { group, key } = partsOf(name);
  if (group === 'flags') return key === undefined || key === '*' || Object.hasOwn(flagBits, key);
  if (!Object.hasOwn(groups, group)) return false;
  return key === undefined || key === '*' || groups[group]?.isKey(key) === true;
}

/** A name that a unit has reported, with the last value. */
export interface KnownField {
  readonly name: string;
  readonly value: FieldValue;
}

/** The columns of these names, each once, the time of the record before all others. `known` is what the tracker's units have reported. */
export function columnsOf(names: readonly string[], known: readonly KnownField[]): Column[] {
  const expanded = [timeColumn, ...names].flatMap((name) =>
    name.endsWith('.*') ? membersOf(name.slice(0, -2), known) : [name],
  );
  return [...new Set(expanded)].map(columnOf).filter((column) => column !== undefined);
}

/** The names of a group's members, in the order of the alphabet. */
function membersOf(group: string, known: readonly KnownField[]): string[] {
  if (group === 'flags') return flagNames.map((name) => `flags.${name}`);
  return keysOf(group, known).map((key) => `${group}.${key}`);
}

/** Keys of a group that the tracker's units have reported, in the order of the alphabet. */
export function keysOf(group: string, known: readonly KnownField[]): string[] {
  const { keyOf } = groups[group] ?? {};
  const keys = known.map(({ name, value }) => keyOf?.(name, value)).filter((key) => key !== undefined);
  return [...new Set(keys)].sort();
}

function columnOf(name: string): Column | undefined {
  const simple = Object.hasOwn(simpleColumns, name) ? simpleColumns[name] : undefined;
  if (simple !== undefined) return { name, cell: simple };
  const { group, key } = partsOf(name);
  if (group === 'flags') return { name, cell: key === undefined ? flagsCell : flagColumn(key as FlagName) };
  const found = groups[group];
  if (found === undefined) return undefined;
  return { name, cell: key === undefined ? (row) => mapCell(row, found) : (row) => found.member(row, key) };
}

function partsOf(name: string): { readonly group: string; readonly key: string | undefined } {
  const dotAt = name.indexOf('.');
  return dotAt < 0 ? { group: name, key: undefined } : { group: name.slice(0, dotAt), key: name.slice(dotAt + 1) };
}

function flagColumn(flag: FlagName): Column['cell'] {
  return (row) => Number(flagReaders[flag](row));
}

function flagsCell(row: RawRow): number {
  return flagNames.reduce((sum, flag) => sum + (flagReaders[flag](row) ? flagBits[flag] : 0), 0);
}

/** All members that the record names, as JSON. */
function mapCell(row: RawRow, { keyOf, member }: Group): string {
  const entries = row.names.flatMap((name) => {
    const key = keyOf(name, row.get(name));
    return key === undefined ? [] : [[key, member(row, key)] as const];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

function flagCell(value: FieldValue | undefined): Cell {
  return typeof value === 'boolean' ? Number(value) : null;
}

function numberCell(value: FieldValue | undefined): Cell {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function stateCell(name: string, value: FieldValue | undefined): Cell {
  return value === undefined ? null : (stateText(name, value) ?? null);
}

/** Readings: what belongs to the receiver and the modem has columns of its own. */
function isInput(name: string, value: FieldValue | undefined): boolean {
  return typeof value === 'number' && isMetering(name);
}

function isState(name: string, value: FieldValue | undefined): boolean {
  if (value === undefined || name.startsWith('gsm_') || name === 'gps_lbs' || name === '__proto__') return false;
  if (memberNumber(name, 'input') > 0 || memberNumber(name, 'output') > 0) return false;
  return stateText(name, value) !== undefined;
}
