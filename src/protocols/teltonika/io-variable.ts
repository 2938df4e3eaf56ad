/**
 * Elements of variable length: texts, fault codes and beacon lists. What has no documented content is kept as upper-case hex.
 */

import type { FieldEntry } from '../../domain/update.js';
import { readBeacons, readSimpleBeacons } from './beacons.js';
import type { IoTable } from './io-table.js';
import type { AvlRecord, Blob } from './messages.js';
import type { RecordOut } from './record-out.js';
import { type IoRow, rawName, type VariableKind } from './spec.js';

/** Maps the elements of the variable group and of the undocumented group of 16 bytes. */
export function mapVariable(record: AvlRecord, table: IoTable, out: RecordOut): void {
  for (const blob of record.blobs) {
    const row = table.variable.rowOf(blob.id);
    byKind[row.variable](out, row, blob);
  }
  for (const blob of record.sixteens) keepHex(out, blob);
}

function keepHex(out: RecordOut, { id, bytes }: Blob): void {
  out.set(rawName(id), bytes.toString('hex').toUpperCase());
}

/** The text of a blob, without padding; undefined when it is none. */
function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1').replace(/[\0\xff]+$/g, '');
  return /^[\x20-\x7e]*$/.test(text) ? text.trim() : undefined;
}

function mapText(out: RecordOut, row: IoRow, blob: Blob): void {
  const text = textOf(blob.bytes);
  if (text === undefined) keepHex(out, blob);
  else if (text !== '') out.offer(row, text, text);
}

/** `+000000.0000+0000000.0000+000.000/` is no position. */
function mapPositionText(out: RecordOut, row: IoRow, blob: Blob): void {
  const text = textOf(blob.bytes);
  if (text === undefined || /[1-9]/.test(text)) mapText(out, row, blob);
}

function mapFaultCodes(out: RecordOut, row: IoRow, blob: Blob): void {
  const codes = textOf(blob.bytes)
    ?.split(',')
    .map((code) => code.trim())
    .filter((code) => code !== '');
  if (codes === undefined) return keepHex(out, blob);
  if (codes.length > 0) out.offer(row, codes.join(' '), codes.join(' '));
  out.fill('obd_dtc_number', codes.length);
}

function mapBeacons(out: RecordOut, row: IoRow, blob: Blob): void {
  const entries = row.variable === 'beacons' ? readBeacons(blob.bytes) : readSimpleBeacons(blob.bytes);
  if (entries === undefined) return keepHex(out, blob);
  const earlier = out.get(row.name);
  out.set(row.name, Array.isArray(earlier) ? [...(earlier as FieldEntry[]), ...entries] : entries);
}

const byKind: Readonly<Record<VariableKind, (out: RecordOut, row: IoRow, blob: Blob) => void>> = {
  text: mapText,
  positionText: mapPositionText,
  faultCodes: mapFaultCodes,
  simpleBeacons: mapBeacons,
  beacons: mapBeacons,
  hex: (out, _row, blob) => keepHex(out, blob),
};
