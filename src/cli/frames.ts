/**
 * Captured frames for `decode`: whole frames as somebody wrote them down, without the connection they came on.
 */
import { emptyMessageJson, type MessageJson, messageJson } from '../domain/message-json.js';
import { CodecError, FrameError, hexExcerpt, MilepostError } from '../errors.js';
import type { DecodeContext, Message, Protocol, Transport } from '../protocols/protocol.js';

const maxFrameBytes = 1024 * 1024;

/** What one captured frame turned out to be. */
export interface DecodedFrame {
  readonly messages: readonly MessageJson[];
  /** Readable lines for people. */
  readonly account: readonly string[];
  readonly reply: Buffer | null;
  readonly error: MilepostError | null;
}

/** Decodes frames in order, as on one connection. */
export class CapturedSession {
  readonly #protocol: Protocol;
  #deviceId: string | undefined;
  #session = '';

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  decode(bytes: Buffer, options: { receivedAt: number; transport?: Transport; model?: string }): DecodedFrame {
    const messages: MessageJson[] = [];
    const account: string[] = [];
    const replies: Buffer[] = [];
    const context = (): DecodeContext => ({
      transport: options.transport ?? 'tcp',
      receivedAt: options.receivedAt,
      deviceId: this.#deviceId,
      model: options.model,
      session: this.#session,
    });
    try {
      for (const frame of splitCaptured(this.#protocol, bytes, options.transport)) {
        this.#take(frame, context, { messages, account, replies });
      }
    } catch (error) {
      if (!(error instanceof MilepostError)) throw error;
      const refusal =
        error instanceof FrameError || error instanceof CodecError
          ? this.#protocol.refuse(bytes, error, context())
          : null;
      return { messages, account, reply: refusal, error };
    }
    return { messages, account, reply: replies.length === 0 ? null : Buffer.concat(replies), error: null };
  }

  #take(
    frame: Buffer,
    context: () => DecodeContext,
    out: { messages: MessageJson[]; account: string[]; replies: Buffer[] },
  ): void {
    const protocol = this.#protocol;
    const message: Message = protocol.decode(frame, context());
    this.#deviceId = protocol.identify(message, context())?.deviceId ?? this.#deviceId;
    this.#session = protocol.nextSession?.(message, context()) ?? this.#session;
    const updates = protocol.toUpdates(message, context());
    for (const update of updates) out.messages.push(messageJson(update, this.#deviceId));
    if (updates.length === 0) out.messages.push(emptyMessageJson(this.#deviceId));
    out.account.push(...protocol.explain(message, context()));
    const reply = protocol.isLogin(message)
      ? protocol.replyLogin(message, 'accepted', context())
      : protocol.reply(message, context());
    if (reply !== null) out.replies.push(reply);
  }
}

/** Frames of a capture: by the stream rules first, then as a datagram. A missing line end is put back. */
function splitCaptured(protocol: Protocol, bytes: Buffer, transport: Transport | undefined): Buffer[] {
  if (transport === 'udp' && protocol.splitDatagram !== undefined)
    return protocol.splitDatagram(bytes, { maxFrameBytes });
  try {
    return splitStream(protocol, bytes);
  } catch (error) {
    if (protocol.splitDatagram === undefined || transport === 'tcp') throw error;
    try {
      return protocol.splitDatagram(bytes, { maxFrameBytes });
    } catch {
      // It is no datagram either: what is wrong with it as a stream tells more.
      throw error;
    }
  }
}

function splitStream(protocol: Protocol, bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  const whole = protocol.terminator === undefined ? bytes : withTerminator(bytes, protocol.terminator);
  const framer = protocol.createFramer({ maxFrameBytes });
  let start = 0;
  while (start < whole.length) {
    const found = framer.next(whole, start, whole.length);
    if (found.kind === 'more')
      throw new FrameError('frame_length', { expected: 'more bytes', got: whole.length - start });
    if (found.code !== undefined)
      throw new FrameError(found.code, { offset: found.start, hex: hexExcerpt(whole.subarray(found.start)) });
    if (found.kind === 'frame') frames.push(whole.subarray(found.start, found.end));
    start = found.end;
  }
  return frames;
}

function withTerminator(bytes: Buffer, terminator: Buffer): Buffer {
  const last = bytes[bytes.length - 1];
  return last === terminator[terminator.length - 1] ? bytes : Buffer.concat([bytes, terminator]);
}
