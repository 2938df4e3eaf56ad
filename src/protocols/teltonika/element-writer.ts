/**
 * Named values back to AVL elements: the inverse of the mapping, over the same rows. A value that its element cannot carry (out of
 * range, of another type) is left out, never bent.
 */
import type { FieldEntry, FieldValue } from '../../domain/update.js';
import { Writer } from '../../wire/writer.js';
import { areSimpleBeacons, writeBeacons, writeSimpleBeacons } from './beacons.js';
import type { IoTable } from './io-table.js';
import type { Blob } from './messages.js';
import { type AvlLayout, type IoRow, ioKind } from './spec.js';

type Width = 1 | 2 | 4 | 8;
const widths: readonly Width[] = [1, 2, 4, 8];

/** Elements of one record on their way to the wire. */
export class ElementWriter {
  readonly #table: IoTable;
  readonly #groups: Record<Width, { id: number; raw: bigint }[]> = { 1: [], 2: [], 4: [], 8: [] };
  readonly blobs: Blob[] = [];
  /** Some id needs two bytes. */
  wideIds = false;

  constructor(table: IoTable) {
    this.#table = table;
  }

  get count(): number {
    return widths.reduce((sum, width) => sum + this.#groups[width].length, this.blobs.length);
  }

  /** Adds the element that carries `name`, if there is one that can carry `value`. */
  add(name: string, value: FieldValue): void {
    const raw = /^avl_io_(\d{1,5})$/.exec(name);
    if (raw !== null) this.#addUnnamed(Number(raw[1]), value);
    else if (!this.#addSpecial(name, value)) this.#addRow(this.#table.rowNamed(name), value);
  }

  #addRow(row: IoRow | undefined, value: FieldValue): void {
    if (row === undefined) return;
    if (row.width === 0) this.#addVariable(row, value);
    else {
      const raw = rawOf(row, value);
      if (raw === undefined || !fits(raw, row.width, row.signed)) return;
      this.#put(row.id, row.width, raw);
    }
  }

  #put(id: number, width: Width, raw: bigint): void {
    if (id > 255) this.wideIds = true;
    this.#groups[width].push({ id, raw: BigInt.asUintN(8 * width, raw) });
  }

  /** A number goes into the width its row has, or the smallest that holds it; hex into eight bytes, or as it is long. */
  #addUnnamed(id: number, value: FieldValue): void {
    if (id > 0xffff) return;
    if (typeof value === 'string') this.#addHex(id, value);
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return;
    const raw = BigInt(value);
    const declared = this.#table.family.rows.find((row) => row.id === id && row.width !== 0 && !row.onlyThisWidth);
    const width = [declared?.width ?? 1, ...widths].find(
      (each): each is Width => each !== 0 && fits(raw, each, value < 0),
    );
    if (width !== undefined) this.#put(id, width, raw);
  }

  #addHex(id: number, text: string): void {
    if (!/^([0-9A-Fa-f]{2})*$/.test(text)) return;
    const value = text.length === 16 ? BigInt(`0x${text}`) : 0n;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.#put(id, 8, value);
    else this.blobs.push({ id, bytes: Buffer.from(text, 'hex') });
  }

  #addVariable(row: IoRow, value: FieldValue): void {
    if (row.variable === 'simpleBeacons') this.#addBeacons(row, value as readonly FieldEntry[]);
    else if (typeof value === 'string') {
      const text = row.variable === 'faultCodes' ? value.replaceAll(' ', ',') : value;
      this.blobs.push({ id: row.id, bytes: Buffer.from(text, 'latin1') });
    }
  }

  #addBeacons(row: IoRow, entries: readonly FieldEntry[]): void {
    if (!Array.isArray(entries)) return;
    if (areSimpleBeacons(entries)) this.blobs.push({ id: row.id, bytes: writeSimpleBeacons(entries) });
    else this.blobs.push({ id: beaconListId, bytes: writeBeacons(entries) });
  }

  /** Values that are spread over two elements, or need more than their row. */
  #addSpecial(name: string, value: FieldValue): boolean {
    const row = this.#table.rowNamed(name);
    if (row?.late === 'decimalPair' && typeof value === 'string') this.#addDecimalPair(row, value);
    else if (row?.late === 'asciiPair' && typeof value === 'string') this.#addAsciiPair(row, value);
    else if (row?.name === 'gsm_cell_id' && Number(value) >= 0xffff) this.#put(cell4gId, 4, BigInt(Number(value)));
    else return false;
    return true;
  }

  /** The second half must not start with a zero, which a number would lose. */
  #addDecimalPair(row: IoRow, text: string): void {
    if (!/^\d{2,32}$/.test(text)) return;
    let cut = text.length >> 1;
    while (cut > 0 && text[cut] === '0') cut--;
    if (cut === 0) return;
    this.#put(row.id, 8, BigInt(text.slice(0, cut)));
    this.#put(row.partner, 8, BigInt(text.slice(cut)));
  }

  #addAsciiPair(row: IoRow, text: string): void {
    if (!/^[\x20-\x7e]{1,16}$/.test(text)) return;
    const bytes = Buffer.alloc(16);
    bytes.write(text, 'latin1');
    this.#put(row.id, 8, bytes.readBigUInt64BE(0));
    this.#put(row.partner, 8, bytes.readBigUInt64BE(8));
  }

  /** The groups of fixed width, each behind its count, as `layout` has them. */
  groups(layout: AvlLayout): Buffer {
    const writer = new Writer(256);
    for (const width of widths) {
      const elements = this.#groups[width];
      if (layout.wideCounts) writer.u16(elements.length);
      else writer.u8(elements.length);
      for (const { id, raw } of elements) {
        if (layout.idBytes === 2) writer.u16(id);
        else writer.u8(id);
        writeRaw(writer, raw, width);
      }
    }
    return writer.finish();
  }
}

const beaconListId = 548;
const cell4gId = 636;

function writeRaw(writer: Writer, raw: bigint, width: Width): void {
  if (width === 8) writer.u64(raw);
  else if (width === 4) writer.u32(Number(raw));
  else if (width === 2) writer.u16(Number(raw));
  else writer.u8(Number(raw));
}

function fits(raw: bigint, width: Width, signed: boolean): boolean {
  return (signed ? BigInt.asIntN(8 * width, raw) : BigInt.asUintN(8 * width, raw)) === raw;
}

/** The raw value of a row for `value`; undefined when the row cannot express it. */
function rawOf(row: IoRow, value: FieldValue): bigint | undefined {
  switch (row.kind) {
    case ioKind.flag:
      return typeof value === 'boolean' ? BigInt(value) : undefined;
    case ioKind.notFlag:
      return typeof value === 'boolean' ? BigInt(!value) : undefined;
    case ioKind.key:
      return keyRaw(value);
    case ioKind.bars:
      return typeof value === 'number' ? BigInt(Math.round(Math.min(100, Math.max(0, value)) / 20)) : undefined;
    case ioKind.word:
    case ioKind.gnss:
      return wordRaw(row, value);
    case ioKind.operator:
      return typeof value === 'string' && /^\d{5,6}$/.test(value) ? BigInt(value) : undefined;
    case ioKind.late:
      return lateRaw(row, value);
    default:
      return numberRaw(row, value);
  }
}

function numberRaw(row: IoRow, value: FieldValue): bigint | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const raw = Math.round(value * row.div) - row.add;
  return row.none.includes(raw) || raw < row.floor ? undefined : BigInt(raw);
}

function keyRaw(value: FieldValue): bigint | undefined {
  return typeof value === 'string' && /^[0-9A-Fa-f]{1,16}$/.test(value) ? BigInt(`0x${value}`) : undefined;
}

function wordRaw(row: IoRow, value: FieldValue): bigint | undefined {
  if (typeof value !== 'string') return undefined;
  const known = row.texts.indexOf(value);
  if (known >= 0) return BigInt(known);
  return /^\d{1,3}$/.test(value) ? BigInt(value) : undefined;
}

function lateRaw(row: IoRow, value: FieldValue): bigint | undefined {
  if (row.late === 'doorBit' || row.late === 'lampFlag') return typeof value === 'boolean' ? BigInt(value) : undefined;
  if (row.late === 'phoneAddress') return typeof value === 'string' ? keyRaw(value.replaceAll(':', '')) : undefined;
  return numberRaw(row, value);
}
