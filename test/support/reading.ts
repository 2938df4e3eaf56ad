/**
 * Reads frames the way the gateway does: frame, message, session, records, reply. For tests that compare what comes out.
 */

import type { StateUpdate } from '../../src/domain/update.js';
import { CodecError, type ErrorCode, FrameError } from '../../src/errors.js';
import type { DecodeContext, Message, Protocol } from '../../src/protocols/protocol.js';
import { contextAfter, type Vector } from './fixtures.js';
import { defaultLimits, frameChunks } from './framing.js';

export interface ReadFrame {
  readonly frame: Buffer;
  readonly message: Message;
  readonly updates: readonly StateUpdate[];
  readonly reply: Buffer | null;
  /** The session once this message is read. */
  readonly context: DecodeContext;
}

/** Decodes one frame. Throws what the protocol throws. */
export function readFrame(protocol: Protocol, frame: Buffer, before: DecodeContext): ReadFrame {
  const message = protocol.decode(frame, before);
  const context = contextAfter(protocol, message, before);
  const updates = protocol.toUpdates(message, context);
  const reply = protocol.isLogin(message)
    ? protocol.replyLogin(message, 'accepted', context)
    : protocol.reply(message, context);
  return { frame, message, updates, reply, context };
}

export interface ReadBytes {
  readonly read: readonly ReadFrame[];
  /** Codes of everything that was refused, in order. An unfinished frame counts as `frame_length`. */
  readonly errors: readonly ErrorCode[];
}

/** Reads the bytes of a vector: a piece of a stream or a datagram. Only typed errors are caught. */
export function readBytes(protocol: Protocol, bytes: Buffer, before: DecodeContext): ReadBytes {
  const read: ReadFrame[] = [];
  const errors: ErrorCode[] = [];
  let context = before;
  for (const frame of splitBytes(protocol, bytes, before, errors)) {
    try {
      const one = readFrame(protocol, frame, context);
      context = one.context;
      read.push(one);
    } catch (error) {
      if (!(error instanceof FrameError || error instanceof CodecError)) throw error;
      errors.push(error.code);
    }
  }
  return { read, errors };
}

function splitBytes(protocol: Protocol, bytes: Buffer, context: DecodeContext, errors: ErrorCode[]): Buffer[] {
  if (context.transport === 'tcp') {
    const { frames, faults, left } = frameChunks(protocol.createFramer(defaultLimits), [bytes]);
    errors.push(...faults);
    if (left.length > 0) errors.push('frame_length');
    return frames;
  }
  if (protocol.splitDatagram === undefined) throw new Error(`${protocol.name} has no datagrams`);
  try {
    return protocol.splitDatagram(Buffer.from(bytes), defaultLimits);
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    errors.push(error.code);
    return [];
  }
}

/** As `readBytes`, for a vector that must be readable: exactly one message over TCP, one or more over UDP. */
export function readVector(protocol: Protocol, vector: Vector): readonly ReadFrame[] {
  const { read, errors } = readBytes(protocol, vector.bytes, vector.context);
  if (errors.length > 0) throw new Error(`refused: ${errors.join(', ')}`);
  if (read.length === 0) throw new Error('no frame');
  return read;
}
