/**
 * The outside of a line: `[sender]#CODE#body[checksum]`. Finds the parts, enforces the checksum and puts lines together again. What a
 * body means is the codec's matter.
 * Source: Wialon IPS 2.0, packet structure and checksum (CRC-16/ARC over the body up to and with its last separator).
 */
import { CodecError, FrameError, hexExcerpt } from '../../errors.js';
import { crc16Arc } from '../../wire/checksum.js';
import { hexNumber } from '../../wire/hex.js';
import type { LineHead, Sender } from './messages.js';
import { type LineRow, lineTable, maxLineBytes, oldLogin, senderForm, versionedLogin, versionForm } from './spec.js';

export const char = { cr: 13, lf: 10, hash: 35, semicolon: 59 } as const;

/** The parts of a line. Offsets are into `frame`. */
export interface LineParts {
  readonly frame: Buffer;
  readonly from: Sender | undefined;
  readonly code: string;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** First byte after the line end: a block may follow. */
  readonly blockStart: number;
}

/** A line whose checksum, if it has one, is good. `body` is without it. */
export interface CheckedLine extends LineHead {
  readonly parts: LineParts;
  readonly body: string;
}

function checked(parts: LineParts, body: string, checksum: boolean): CheckedLine {
  return { from: parts.from, checksum, parts, body };
}

/**
 * Offset behind `#CODE#` that begins at `hash`: -1 when no code is there, 0 when `end` comes too early to tell. A code is one to
 * three capital letters.
 */
export function bodyOffset(bytes: Buffer, hash: number, end: number): number {
  let at = hash + 1;
  while (at < end && at < hash + 4 && isCapital(bytes[at] as number)) at++;
  if (at >= end) return 0;
  return at > hash + 1 && bytes[at] === char.hash ? at + 1 : -1;
}

function isCapital(byte: number): boolean {
  return byte >= 65 && byte <= 90;
}

/** Splits a frame into its parts. The line end may be missing. Throws `FrameError` `garbage`. */
export function splitLine(frame: Buffer): LineParts {
  const lf = frame.indexOf(char.lf);
  let bodyEnd = lf < 0 ? frame.length : lf;
  while (bodyEnd > 0 && frame[bodyEnd - 1] === char.cr) bodyEnd--;
  const hash = frame.indexOf(char.hash);
  const bodyStart = hash < 0 ? -1 : bodyOffset(frame, hash, bodyEnd);
  const from = hash > 0 ? senderOf(frame.toString('latin1', 0, hash)) : undefined;
  if (bodyStart <= 0 || (hash > 0 && from === undefined)) throw new FrameError('garbage', { hex: hexExcerpt(frame) });
  const code = frame.toString('latin1', hash + 1, bodyStart - 1);
  return { frame, from, code, bodyStart, bodyEnd, blockStart: lf < 0 ? frame.length : lf + 1 };
}

/** The sender that `prefix` names, or undefined when it names none. */
export function senderOf(prefix: string): Sender | undefined {
  const match = senderForm.exec(prefix);
  const deviceId = match?.[2];
  return deviceId === undefined ? undefined : { version: match?.[1], deviceId };
}

/** Whether `version` demands checksums. */
export function isChecked(version: string): boolean {
  return Number.parseInt(version, 10) >= 2;
}

/**
 * Takes the checksum off a line and enforces it. `version` is that of the session, `''` before a login. Throws `FrameError` when the
 * checksum is wrong or missing, `CodecError` `count_mismatch` when a line without a bad checksum has another number of fields.
 */
export function checkLine(parts: LineParts, version: string): CheckedLine {
  const row = lineTable[parts.code];
  const whole = parts.frame.toString('utf8', parts.bodyStart, parts.bodyEnd);
  const required = isChecked(parts.from === undefined ? version : (parts.from.version ?? '1.1'));
  switch (row?.checksum) {
    case 'versioned':
      return loginLine(parts, whole);
    case 'counted':
      return countedLine(parts, row, whole, required);
    case 'last':
      return freeLine(parts, whole, required, version === '' && parts.from === undefined);
    case 'body':
      return blackBoxLine(parts, whole, required);
    default:
      return checked(parts, whole, false);
  }
}

function loginLine(parts: LineParts, whole: string): CheckedLine {
  const fields = whole.split(';');
  if (!versionForm.test(fields[0] ?? '')) {
    if (fields.length > oldLogin.width) throw countMismatch(parts, oldLogin.width, fields.length);
    return checked(parts, whole, false);
  }
  if (fields.length <= versionedLogin.width) throw badChecksum(parts, undefined);
  const body = withoutChecksum(parts, whole, ';');
  if (fields.length > versionedLogin.width + 1) throw countMismatch(parts, versionedLogin.width + 1, fields.length);
  return checked(parts, body, true);
}

function countedLine(parts: LineParts, row: LineRow, whole: string, required: boolean): CheckedLine {
  const counts = row.fields ?? [];
  const count = fieldsIn(parts);
  if (counts.includes(count - 1)) return checked(parts, withoutChecksum(parts, whole, ';'), true);
  if (!required && counts.includes(count)) return checked(parts, whole, false);
  const expected = counts.map((each) => (required ? each + 1 : each)).join(' or ');
  if (required && !endsWithChecksum(parts, whole)) throw new FrameError('frame_length', { expected, got: count });
  throw countMismatch(parts, expected, count);
}

function fieldsIn({ frame, bodyStart, bodyEnd }: LineParts): number {
  let count = 1;
  for (
    let at = frame.indexOf(char.semicolon, bodyStart);
    at >= 0 && at < bodyEnd;
    at = frame.indexOf(char.semicolon, at + 1)
  ) {
    count++;
  }
  return count;
}

/** Free text before the checksum: with `possible`, a value that fits tells that there is one. */
function freeLine(parts: LineParts, whole: string, required: boolean, possible: boolean): CheckedLine {
  if (required || (possible && endsWithChecksum(parts, whole)))
    return checked(parts, withoutChecksum(parts, whole, ';'), true);
  return checked(parts, whole, false);
}

function blackBoxLine(parts: LineParts, whole: string, required: boolean): CheckedLine {
  const last = whole.slice(whole.lastIndexOf('|') + 1);
  if (required || (last !== '' && !last.includes(';'))) return checked(parts, withoutChecksum(parts, whole, '|'), true);
  return checked(parts, whole, false);
}

/** The body before its last `separator`, behind which the checksum stands. Throws `FrameError` `checksum` unless it is right. */
function withoutChecksum(parts: LineParts, whole: string, separator: ';' | '|'): string {
  const cut = whole.lastIndexOf(separator);
  const word = whole.slice(cut + 1);
  if (cut < 0 || !isRight(parts, word, separator)) throw badChecksum(parts, word);
  return whole.slice(0, cut);
}

function endsWithChecksum(parts: LineParts, whole: string): boolean {
  const cut = whole.lastIndexOf(';');
  return cut >= 0 && isRight(parts, whole.slice(cut + 1), ';');
}

/**
 * The documents leave open whether the last `|` of a black box belongs to what is summed: units of either reading are checked by
 * their own.
 */
function isRight(parts: LineParts, word: string, separator: ';' | '|'): boolean {
  if (!/^(?:0x)?[0-9a-f]{1,4}$/i.test(word)) return false;
  const value = Number.parseInt(word, 16);
  const spanEnd = parts.bodyEnd - word.length;
  if (crc16Arc(parts.frame, parts.bodyStart, spanEnd) === value) return true;
  return separator === '|' && crc16Arc(parts.frame, parts.bodyStart, spanEnd - 1) === value;
}

function badChecksum(parts: LineParts, got: string | undefined): FrameError {
  return new FrameError('checksum', {
    at: parts.code,
    got: got ?? 'none',
    offset: parts.bodyEnd,
    hex: hexExcerpt(parts.frame),
  });
}

function countMismatch(parts: LineParts, expected: string | number, got: number): CodecError {
  return new CodecError('count_mismatch', {
    at: parts.code,
    expected: `${expected} fields`,
    got,
    hex: hexExcerpt(parts.frame),
  });
}

/** A line with its checksum and line end. Throws `CodecError` `encode_range` for a body that would break the line or its limit. */
export function joinLine(head: LineHead, code: string, body: string, block?: Buffer): Buffer {
  if (/[\r\n]/.test(body)) throw new CodecError('encode_range', { at: code, expected: 'no line ends' });
  const separator = head.checksum ? (lineTable[code]?.checksum === 'body' ? '|' : ';') : '';
  const summed = body + separator;
  const checksum = head.checksum ? hexNumber(crc16Arc(Buffer.from(summed)), 4) : '';
  const line = Buffer.from(`${formatSender(head.from)}#${code}#${summed}${checksum}\r\n`);
  if (line.length > maxLineBytes) {
    throw new CodecError('encode_range', { at: code, expected: `at most ${maxLineBytes} bytes`, got: line.length });
  }
  return block === undefined ? line : Buffer.concat([line, block]);
}

function formatSender(from: Sender | undefined): string {
  if (from === undefined) return '';
  return from.version === undefined ? from.deviceId : `${from.version};${from.deviceId}`;
}
