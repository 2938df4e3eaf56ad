/**
 * Free parameters to named values and back. Names of `domain/fields.ts` are taken over as they are, known names of the field by the
 * alias table, cells and access points become lists, and every other name is kept verbatim with its value.
 * Source: Wialon IPS 2.0, parameters of message type D, reserved names.
 */
import { type FieldRow, fieldOf } from '../../domain/fields.js';
import type { FieldEntry, FieldValue } from '../../domain/update.js';
import { type Parameter, parameterType } from './columns.js';
import { type Alias, aliases, cellParts, maxCells, servingCellNames } from './spec.js';

type Values = Map<string, FieldValue>;
type Numbered = Map<number, Record<string, number | string>>;

/**
 * Adds what `list` says to `values`. Values that are there already are replaced by parameters of the same name only. Returns the
 * parameters whose value is nothing that the name can have: text for a number.
 */
export function readParameters(list: readonly Parameter[], values: Values): string[] {
  const cells = new Map<number, CellParts>();
  const accessPoints: Numbered = new Map();
  const rest: Parameter[] = [];
  const odd: string[] = [];
  for (const parameter of list) {
    if (takeCellPart(parameter, cells) || takeAccessPointPart(parameter, accessPoints)) continue;
    const row = fieldOf(parameter.name);
    if (row === undefined) rest.push(parameter);
    else {
      const value = coerce(row, parameter.value);
      if (value === undefined) odd.push(`parameter ${parameter.name}:${parameter.type}:${parameter.value}`);
      else values.set(parameter.name, value);
    }
  }
  for (const parameter of rest) takeForeign(parameter, values);
  if (cells.size > 0) addCells(cells, values);
  if (accessPoints.size > 0) addAccessPoints(accessPoints, values);
  return odd;
}

/** A name that is not ours: by the alias table where that says something new, else verbatim. */
function takeForeign({ name, value }: Parameter, values: Values): void {
  const alias = aliases.get(name);
  const known = alias === undefined || values.has(alias.name) ? undefined : aliasValue(alias, value);
  if (name === 'SOS' && typeof value === 'number') takeSos(value !== 0, values);
  else if (alias === undefined || known === undefined) values.set(name, openValue(value));
  else if (known !== 'unknown') values.set(alias.name, known);
}

/** `true` and `false` are how units write flags as text. */
function openValue(value: number | string): FieldValue {
  return value === 'true' || value === 'false' ? value === 'true' : value;
}

function takeSos(pressed: boolean, values: Values): void {
  values.set('sos', pressed);
  if (pressed && !values.has('alarm')) values.set('alarm', 'sos');
}

function aliasValue({ name, div = 1, csq }: Alias, value: number | string): FieldValue | undefined {
  if (csq === true) return typeof value === 'number' ? signalPercent(value) : undefined;
  const row = fieldOf(name);
  const known = row === undefined ? undefined : coerce(row, value);
  return typeof known === 'number' ? known / div : known;
}

/** `value` as the kind of `row`; undefined when it has not that kind. */
function coerce(row: FieldRow, value: number | string): FieldValue | undefined {
  if (row.kind === 'number') return typeof value === 'number' ? value : numberWithUnit(value, row.unit);
  if (row.kind === 'flag') return typeof value === 'number' ? value !== 0 : flagWords.get(value.trim().toLowerCase());
  return row.kind === 'text' ? String(value) : undefined;
}

/** A number sent as text, with or without the unit: `100 %`. */
function numberWithUnit(text: string, unit: string | undefined): number | undefined {
  const match = /^\s*([+-]?\d+(?:\.\d+)?)\s*(\S*)\s*$/.exec(text);
  if (match === null || (match[2] !== '' && match[2] !== unit)) return undefined;
  return Number(match[1]);
}

const flagWords: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['on', true],
  ['0', false],
  ['false', false],
  ['off', false],
]);

/**
 * Percent of a signal quality. Parameters of this name carry AT+CSQ (0-31, 99 and 199 for unknown; 100-191 for TD-SCDMA and UMTS)
 * or dBm; another number is none of them.
 * Source: 3GPP TS 27.007, 8.5.
 */
function signalPercent(value: number): number | 'unknown' | undefined {
  if (value === 99 || value === 199) return 'unknown';
  if (value >= 0 && value <= 31) return Math.round((value * 100) / 31);
  if (value >= 100 && value <= 191) return percentOfDbm(value - 216);
  return value <= -30 && value >= -140 ? percentOfDbm(value) : undefined;
}

function percentOfDbm(dbm: number): number {
  return Math.min(100, Math.max(0, Math.round(((dbm + 113) * 100) / 62)));
}

type CellPart = keyof typeof servingCellNames;

/** Parts of one cell with the parameter that brought each. */
type CellParts = Map<CellPart, Parameter>;

function takeCellPart(parameter: Parameter, cells: Map<number, CellParts>): boolean {
  const { name, value } = parameter;
  const digit = name.charCodeAt(name.length - 1) - 48;
  const number = digit >= 1 && digit <= 9 ? digit : 0;
  const part = cellParts.get(number === 0 ? name : name.slice(0, -1));
  if (part === undefined || typeof value !== 'number') return false;
  const cell = cells.get(number) ?? new Map();
  cells.set(number, cell.set(part, parameter));
  return true;
}

function takeAccessPointPart({ name, value }: Parameter, accessPoints: Numbered): boolean {
  const match = name.startsWith('wifi_') ? /^wifi_(mac|rssi)_(\d{1,3})$/.exec(name) : null;
  if (match === null || (match[1] === 'mac') !== (typeof value === 'string')) return false;
  const entry = entryOf(accessPoints, Number(match[2]));
  if (typeof value === 'string') entry.mac = value.trim().toLowerCase().replaceAll('-', ':');
  else entry.signal = value;
  return true;
}

function entryOf(map: Numbered, number: number): Record<string, number | string> {
  let entry = map.get(number);
  if (entry === undefined) {
    entry = {};
    map.set(number, entry);
  }
  return entry;
}

function inOrder(map: Numbered): Record<string, number | string>[] {
  return [...map].sort(([a], [b]) => a - b).map(([, entry]) => entry);
}

/**
 * Whole cells become a list, and the first of them, the serving one, fields of its own. Of a cell without a number parts are taken
 * too; other cells that lack parts stay as they came.
 */
function addCells(map: ReadonlyMap<number, CellParts>, values: Values): void {
  const cells: FieldEntry[] = [];
  let serving: FieldEntry | undefined;
  for (const [number, parts] of [...map].sort(([a], [b]) => a - b)) {
    const isWhole = parts.size === cellParts.size;
    const cell = isWhole || number === 0 ? knownCell(parts) : undefined;
    serving ??= cell;
    if (isWhole && cell !== undefined) cells.push(cell);
    if (!isWhole && number > 0) for (const { name, value } of parts.values()) values.set(name, value);
  }
  addServingCell(serving, values);
  if (cells.length > 0) values.set('gsm_cells', cells);
}

function addServingCell(cell: FieldEntry | undefined, values: Values): void {
  for (const [part, name] of Object.entries(servingCellNames)) {
    const value = cell?.[part];
    if (value !== undefined && !values.has(name)) values.set(name, value);
  }
}

/** A cell without its "unknown" values: no country, or codes and ids of 0, 16 and 28 one bits. */
function knownCell(parts: CellParts): FieldEntry | undefined {
  const country = parts.get('mcc')?.value;
  if (country === 0 || Number(country) > 999) return undefined;
  const cell: Record<string, number | string> = {};
  for (const part of cellParts.values()) {
    const value = parts.get(part)?.value;
    if (value !== undefined && (isNetworkCode(part) || !unknownIds.has(Number(value)))) cell[part] = value;
  }
  return cell;
}

const unknownIds = new Set([0, 0xffff, 0xfffffff]);
const isNetworkCode = (part: string): boolean => part === 'mcc' || part === 'mnc';

function addAccessPoints(map: Numbered, values: Values): void {
  const known = inOrder(map).filter((entry) => entry.mac !== undefined);
  if (known.length > 0) values.set('wifi_access_points', known);
}

/** Parameters that carry `values`; lists other than cells and access points cannot be expressed. */
export function writeParameters(values: ReadonlyMap<string, FieldValue>): Parameter[] {
  const rest = new Map(values);
  const listed = [...writeSos(rest), ...writeCells(rest), ...writeAccessPoints(rest)];
  const plain = [...rest].map(([name, value]) => parameterFor(name, value)).filter((each) => each !== undefined);
  return [...plain, ...listed];
}

function parameterFor(name: string, value: FieldValue): Parameter | undefined {
  if (/[\s,:;|#]/.test(name) || name === '') return undefined;
  if (typeof value === 'boolean' && fieldOf(name) === undefined)
    return { name, type: parameterType.text, value: String(value) };
  if (typeof value === 'boolean') return { name, type: parameterType.integer, value: value ? 1 : 0 };
  if (typeof value === 'string')
    return value === '' ? undefined : { name, type: parameterType.text, value: plainText(value) };
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const whole = Number.isSafeInteger(value);
  return { name, type: whole ? parameterType.integer : parameterType.decimal, value };
}

/** Text without the characters that delimit parameters, fields, bodies and lines. */
export function plainText(text: string): string {
  return text.replace(/[,;|#\r\n]+/g, ' ');
}

function writeSos(rest: Values): Parameter[] {
  const sos = rest.get('sos');
  if (typeof sos !== 'boolean') return [];
  rest.delete('sos');
  if (sos && rest.get('alarm') === 'sos') rest.delete('alarm');
  return [{ name: 'SOS', type: parameterType.integer, value: sos ? 1 : 0 }];
}

function writeCells(rest: Values): Parameter[] {
  const list = rest.get('gsm_cells');
  rest.delete('gsm_cells');
  const cells = Array.isArray(list) ? (list as readonly FieldEntry[]) : [];
  const serving = cells[0] ?? servingCell(rest);
  for (const [part, name] of Object.entries(servingCellNames)) {
    if (rest.get(name) === serving[part]) rest.delete(name);
  }
  if (cells.length === 0) return cellParameters(serving, Object.keys(serving).length < cellParts.size ? '' : '1');
  return cells.slice(0, maxCells - 1).flatMap((cell, i) => cellParameters({ lac: 0, cid: 0, ...cell }, String(i + 1)));
}

function servingCell(values: Values): FieldEntry {
  const parts = Object.entries(servingCellNames).map(([part, name]) => [part, values.get(name)] as const);
  return Object.fromEntries(parts.filter((each): each is [string, number] => typeof each[1] === 'number'));
}

function cellParameters(cell: FieldEntry, number: string): Parameter[] {
  return [...cellParts].flatMap(([name, part]) => {
    const value = cell[part];
    return typeof value === 'number' ? [{ name: `${name}${number}`, type: parameterType.integer, value }] : [];
  });
}

function writeAccessPoints(rest: Values): Parameter[] {
  const list = rest.get('wifi_access_points');
  rest.delete('wifi_access_points');
  if (!Array.isArray(list)) return [];
  return (list as readonly FieldEntry[]).flatMap(({ mac, signal }, i): Parameter[] => [
    ...(typeof mac === 'string' ? [{ name: `wifi_mac_${i + 1}`, type: parameterType.text, value: mac }] : []),
    ...(typeof signal === 'number' ? [{ name: `wifi_rssi_${i + 1}`, type: parameterType.integer, value: signal }] : []),
  ]);
}
