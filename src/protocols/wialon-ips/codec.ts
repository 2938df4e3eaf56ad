/**
 * Frame to message and back: lines by their type, and containers, which are opened and their lines decoded in order, as if they had
 * come one by one.
 * Source: Wialon IPS 2.0, packet structure and compression (zlib, RFC 1950).
 */
import { deflateSync, inflateSync } from 'node:zlib';
import { CodecError, FrameError, hexExcerpt, MilepostError } from '../../errors.js';
import type { DecodeContext } from '../protocol.js';
import { splitFrames } from './framing.js';
import { formatFor, formatOf } from './line-formats.js';
import { checkLine, isChecked, joinLine, splitLine } from './lines.js';
import type { CompressedMessage, LineMessage, WialonMessage } from './messages.js';
import { advance, formatSession, parseSession } from './session.js';
import { containerMark, maxContainerLines, maxInflatedBytes } from './spec.js';

/** Decodes a frame. Throws `FrameError` (not a line, wrong checksum, unreadable container) or `CodecError`. */
export function decode(frame: Buffer, context: DecodeContext): WialonMessage {
  return frame[0] === containerMark ? decodeContainer(frame, context) : decodeLine(frame, context.session);
}

function decodeLine(frame: Buffer, session: string): LineMessage {
  const line = checkLine(splitLine(frame), parseSession(session).version);
  return formatOf(line.parts.code).parse(line);
}

/** Encodes a message as the line it came from or goes out as. Throws `CodecError` `encode_range`. */
export function encode(message: WialonMessage): Buffer {
  if (message.type === 'compressed') return encodeContainer(message);
  if (message.type === 'rejected') return Buffer.from(message.line);
  const { code, body, block } = formatFor(message).format(message);
  return joinLine(message, code, body, block);
}

const containerHeadBytes = 3;

/** The lines of a container, as frames. Throws `FrameError` `compressed_frame`. */
export function openContainer(frame: Buffer): Buffer[] {
  let content: Buffer;
  try {
    content = inflateSync(frame.subarray(containerHeadBytes), { maxOutputLength: maxInflatedBytes });
  } catch (cause) {
    throw new FrameError('compressed_frame', { hex: hexExcerpt(frame), cause });
  }
  const frames = splitFrames(
    content,
    { maxFrameBytes: maxInflatedBytes },
    { garbage: 'skip', maxFrames: maxContainerLines + 1 },
  );
  if (frames.length > maxContainerLines) {
    throw new FrameError('compressed_frame', {
      expected: `at most ${maxContainerLines} lines`,
      hex: hexExcerpt(frame),
    });
  }
  return frames;
}

/** A line that cannot be read costs the others nothing; when none can, the first one's error stands for the container. */
function decodeContainer(frame: Buffer, context: DecodeContext): CompressedMessage {
  let session = parseSession(context.session);
  let firstError: MilepostError | undefined;
  const lines = openContainer(frame).map((each): LineMessage => {
    try {
      const line = decodeLine(each, formatSession(session));
      session = advance(session, line);
      return line;
    } catch (error) {
      if (!(error instanceof MilepostError)) throw error;
      firstError ??= error;
      return { type: 'rejected', from: undefined, checksum: false, line: Buffer.from(each), error: error.code };
    }
  });
  if (firstError !== undefined && lines.every((line) => line.type === 'rejected')) throw firstError;
  return { type: 'compressed', lines };
}

/** The end of the container ends the last line, so that line goes without its own end, as in the vendor's example. */
function encodeContainer(message: CompressedMessage): Buffer {
  const content = Buffer.concat(message.lines.map(encode));
  const compressed = deflateSync(endsWithBlock(message) ? content : content.subarray(0, -2), { level: 9 });
  if (compressed.length > 0xffff)
    throw new CodecError('encode_range', { expected: '65535 bytes', got: compressed.length });
  const frame = Buffer.alloc(containerHeadBytes + compressed.length);
  frame[0] = containerMark;
  frame.writeUInt16LE(compressed.length, 1);
  compressed.copy(frame, containerHeadBytes);
  return frame;
}

function endsWithBlock({ lines }: CompressedMessage): boolean {
  const last = lines.at(-1);
  return last !== undefined && ('content' in last || last.type === 'rejected');
}

/** Whether lines of a session carry checksums. */
export function sessionIsChecked(context: DecodeContext): boolean {
  return isChecked(parseSession(context.session).version);
}
