/**
 * What a server owes a unit: acknowledgements and refusals, byte for byte. Answers carry no checksum and no sender.
 * Source: Wialon IPS 2.0, answers of the message types.
 */
import { CodecError, type ErrorCode, FrameError } from '../../errors.js';
import type { DecodeContext, LoginOutcome } from '../protocol.js';
import { decode, openContainer } from './codec.js';
import { splitLine } from './lines.js';
import { isSample, type LineMessage, linesOf, type WialonMessage } from './messages.js';
import { containerMark, lineTable } from './spec.js';

const loginAnswers: Readonly<Record<LoginOutcome, string>> = { accepted: '1', unknown_unit: '0', wrong_password: '01' };

function answer(code: string, value: string): Buffer {
  return Buffer.from(`#A${code}#${value}\r\n`);
}

function joined(parts: readonly (Buffer | null)[]): Buffer | null {
  const given = parts.filter((part) => part !== null);
  return given.length === 0 ? null : Buffer.concat(given);
}

/** The acknowledgement of a message whose records are kept. A bare login is answered by `replyLogin`. */
export function reply(message: WialonMessage): Buffer | null {
  if (message.type !== 'compressed') return replyLine(message);
  return isLogin(message)
    ? null
    : joined(message.lines.map((line) => (line.type === 'login' ? answer('L', '1') : replyLine(line))));
}

/** True when logging in is all that the message does. */
export function isLogin(message: WialonMessage): boolean {
  return linesOf(message).every((line) => line.type === 'login');
}

function replyLine(line: LineMessage): Buffer | null {
  switch (line.type) {
    case 'short_data':
      return answer('SD', '1');
    case 'data':
      return answer('D', '1');
    case 'black_box':
      return answer('B', String(line.bodies.filter(isSample).length));
    case 'ping':
      return answer('P', '');
    case 'driver_message':
      return answer('M', '1');
    case 'image':
      return joined([answer('I', `${line.index};1`), line.index === line.last ? answer('I', '1') : null]);
    case 'tacho_info':
      return answer('IT', '1');
    case 'tacho_block':
      return answer('T', `${line.index};1`);
    case 'rejected':
      return refuseLine(line.line, line.error);
    default:
      return null;
  }
}

/** The answer to the logins in a message; null when it has none, as with datagrams that name their sender. */
export function replyLogin(message: WialonMessage, outcome: LoginOutcome): Buffer | null {
  const hasLogin = linesOf(message).some((line) => line.type === 'login');
  if (!hasLogin || (outcome === 'accepted' && !isLogin(message))) return null;
  return answer('L', loginAnswers[outcome]);
}

/** The refusal of a frame: the answer value that its message type has for a wrong checksum, or for content that cannot be read. */
export function refuse(frame: Buffer, error: FrameError | CodecError, context: DecodeContext): Buffer | null {
  if (frame[0] !== containerMark) return refuseLine(frame, error.code);
  return eachLine(frame, (line) => refuseLine(line, errorOf(line, context)));
}

function errorOf(line: Buffer, context: DecodeContext): ErrorCode | undefined {
  try {
    decode(line, context);
    return undefined;
  } catch (error) {
    return error instanceof FrameError || error instanceof CodecError ? error.code : undefined;
  }
}

function refuseLine(frame: Buffer, error: ErrorCode | undefined): Buffer | null {
  const head = headOf(frame);
  if (head === undefined || error === undefined) return null;
  const value = error === 'checksum' ? head.row.badChecksum : head.row.refused;
  if (value === undefined) return null;
  return answer(head.code, head.row.sizeField === undefined ? value : `${blockNumber(head.code, head.body)};${value}`);
}

/** The acknowledgement a frame would get had it been readable; null for logins and for what is never answered. */
export function replyUndecodable(frame: Buffer): Buffer | null {
  return frame[0] === containerMark ? eachLine(frame, acknowledgeLine) : acknowledgeLine(frame);
}

function acknowledgeLine(frame: Buffer): Buffer | null {
  const head = headOf(frame);
  if (head === undefined || head.code === 'L') return null;
  if (head.code === 'B')
    return answer('B', String(head.body.split('|').filter((body) => body.includes(';')).length || 1));
  if (head.row.accepted === undefined) return null;
  const { accepted, sizeField } = head.row;
  return answer(head.code, sizeField === undefined ? accepted : `${blockNumber(head.code, head.body)};${accepted}`);
}

function headOf(frame: Buffer) {
  try {
    const { code, bodyStart, bodyEnd } = splitLine(frame);
    const row = lineTable[code];
    return row === undefined ? undefined : { code, row, body: frame.toString('utf8', bodyStart, bodyEnd) };
  } catch (error) {
    if (error instanceof FrameError) return undefined;
    throw error;
  }
}

/** Number of the block as the unit gave it, for answers that name it; 0 when it gave none. */
function blockNumber(code: string, body: string): string {
  const word = body.split(';')[code === 'T' ? 2 : 1]?.trim() ?? '';
  return /^\d{1,9}$/.test(word) ? word : '0';
}

function eachLine(frame: Buffer, answerLine: (line: Buffer) => Buffer | null): Buffer | null {
  try {
    return joined(openContainer(frame).map(answerLine));
  } catch (error) {
    if (error instanceof FrameError) return null;
    throw error;
  }
}
