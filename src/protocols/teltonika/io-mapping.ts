/**
 * Elements of one record to named values: the hot path. Plain rows are mapped as they come; rows that depend on others are put
 * aside for `mapLate`. Group by group, since a group has one width and one array of rows.
 */
import type { IoGroup, IoTable } from './io-table.js';
import type { AvlRecord } from './messages.js';
import type { RecordOut } from './record-out.js';
import { type IoRow, ioKind, rawName } from './spec.js';
import { barsPercent, hex16, networkCode, scaled, wideValue } from './values.js';

/**
 * In which record each id was seen last. A second element of an id in one record, which no honest unit sends, must not make a name
 * stand twice; looking the names up instead would cost more than all the rest.
 */
const seenIn = new Uint32Array(65_536);
let recordNumber = 0;

function beginRecord(): void {
  recordNumber = (recordNumber + 1) >>> 0;
  if (recordNumber !== 0) return;
  seenIn.fill(0);
  recordNumber = 1;
}

/** Maps all elements of fixed width. */
export function mapElements(record: AvlRecord, table: IoTable, out: RecordOut): void {
  beginRecord();
  let at = record.start;
  at = mapNarrowGroup(record, table.one, out, at);
  at = mapNarrowGroup(record, table.two, out, at);
  at = mapNarrowGroup(record, table.four, out, at);
  mapWideGroup(record, table.eight, out, at);
}

/**
 * Maps the group that starts with its count at `start` and gives the offset behind it. The commonest kinds are mapped in place, with
 * the arrays of `out` in locals: through `out.push` a record costs a quarter more.
 */
function mapNarrowGroup(record: AvlRecord, group: IoGroup, out: RecordOut, start: number): number {
  const { bytes: b, layout } = record;
  const { rows, width } = group;
  const { values, expected } = out;
  const wideIds = layout.idBytes === 2;
  let own = out.own;
  let at = start;
  let left = b[at++] as number;
  if (layout.wideCounts) left = (left << 8) | (b[at++] as number);
  for (; left > 0; left--) {
    let id = b[at++] as number;
    if (wideIds) id = (id << 8) | (b[at++] as number);
    const row = rows[id] ?? group.unnamed(id);
    const raw = width === 1 ? (b[at] as number) : width === 2 ? half(b, at) : word(b, at);
    at += width;
    const { kind, name } = row;
    if (kind > ioKind.lastSimple || seenIn[id] === recordNumber) {
      mapOther(out, row, raw, group);
      own = out.own;
    } else {
      seenIn[id] = recordNumber;
      if (own !== null) own.push(name);
      else if (expected[values.length] !== name) own = out.diverge(name);
      if (kind === ioKind.flag) values.push(raw !== 0);
      else values.push(kind === ioKind.plain ? raw >>> 0 : (raw >>> 0) / row.div);
    }
  }
  return at;
}

function half(b: Buffer, at: number): number {
  return ((b[at] as number) << 8) | (b[at + 1] as number);
}

function word(b: Buffer, at: number): number {
  return (
    ((b[at] as number) << 24) | ((b[at + 1] as number) << 16) | ((b[at + 2] as number) << 8) | (b[at + 3] as number)
  );
}

/** Maps an element of up to 4 bytes that is not simple, or that comes for the second time. */
function mapOther(out: RecordOut, row: IoRow, raw: number, group: IoGroup): void {
  const repeated = seenIn[row.id] === recordNumber;
  seenIn[row.id] = recordNumber;
  const count = out.values.length;
  const n = row.signed ? (raw << group.shift) >> group.shift : raw >>> 0;
  if (row.kind === ioKind.late) out.late.add(row, 0, n | 0);
  else if (row.kind === ioKind.flag) out.push(row.name, n !== 0);
  else if (row.kind <= ioKind.number) mapNumber(out, row, n);
  else mapSpecial(out, row, n);
  if (repeated) out.collapse(count);
}

function mapNumber(out: RecordOut, row: IoRow, n: number): void {
  const value = scaled(row, n);
  if (value !== undefined) out.push(row.name, value);
}

function mapSpecial(out: RecordOut, row: IoRow, n: number): void {
  switch (row.kind) {
    case ioKind.notFlag:
      out.push(row.name, n === 0);
      return;
    case ioKind.bars:
      out.push(row.name, barsPercent(n));
      return;
    case ioKind.word:
      if (!row.none.includes(n)) out.push(row.name, row.texts[n] ?? String(n));
      return;
    case ioKind.gnss:
      out.push(row.name, row.texts[n] ?? String(n));
      out.lastKnown = n < 32 && ((row.noFixMask >>> n) & 1) === 1;
      return;
    case ioKind.operator: {
      const code = networkCode(n);
      if (code !== undefined) out.push(row.name, code);
      return;
    }
    case ioKind.dataMode:
      out.push(row.name, n);
      if (n < 4) out.push('gsm_roaming', n >= 2);
      return;
    default:
      if (n !== 0) out.push(row.name, hex16(0, n));
  }
}

function mapWideGroup(record: AvlRecord, group: IoGroup, out: RecordOut, start: number): void {
  const { bytes: b, layout } = record;
  let at = start;
  let left = b[at++] as number;
  if (layout.wideCounts) left = (left << 8) | (b[at++] as number);
  for (; left > 0; left--) {
    const id = layout.idBytes === 2 ? half(b, at) : (b[at] as number);
    at += layout.idBytes;
    const repeated = seenIn[id] === recordNumber;
    seenIn[id] = recordNumber;
    const count = out.values.length;
    mapWide(out, group.rowOf(id), word(b, at), word(b, at + 4));
    at += 8;
    if (repeated) out.collapse(count);
  }
}

/** Maps an element of 8 bytes. */
function mapWide(out: RecordOut, row: IoRow, high: number, low: number): void {
  if (row.kind === ioKind.late) {
    out.late.add(row, high, low);
  } else if (row.kind === ioKind.key) {
    if ((high | low) !== 0) out.push(row.name, hex16(high, low));
  } else if (row.kind === ioKind.flag) {
    out.push(row.name, (high | low) !== 0);
  } else if (row.kind > ioKind.number) {
    mapSpecial(out, row, low >>> 0);
  } else {
    const raw = wideValue(high, low);
    if (typeof raw === 'number') mapNumber(out, row, raw);
    else out.push(rawName(row.id), raw);
  }
}
