/**
 * How a virtual Teltonika unit talks: login, records in codec 8 or 8 Extended as their content asks for, answers to commands in the
 * codec of the command. On UDP every frame is a datagram of its own that carries the IMEI.
 *
 * Source: Teltonika wiki, "Teltonika Data Sending Protocols"; servers that echo packet id 0 in the datagram's acknowledgement exist
 * (traccar `TeltonikaProtocolDecoder`), so it is recognised by the AVL packet id alone.
 */
import { imeiFrom } from '../../src/domain/unit-id.js';
import type { StateUpdate } from '../../src/domain/update.js';
import type { DecodeContext } from '../../src/protocols/protocol.js';
import { decode, encode } from '../../src/protocols/teltonika/codec.js';
import { commandMessage, payloadText } from '../../src/protocols/teltonika/command-frames.js';
import { hasGoodChecksum } from '../../src/protocols/teltonika/framing.js';
import { fromUpdates, recordsPerFrame } from '../../src/protocols/teltonika/from-updates.js';
import type { AvlMessage, DatagramHead } from '../../src/protocols/teltonika/messages.js';
import { checksumBytes, codecId, commandType, headBytes, maxDataBytes } from '../../src/protocols/teltonika/spec.js';
import { type Framer, Outcome } from '../../src/wire/framers.js';
import type { Behavior, BehaviorFactory, BehaviorOptions, Downlink, OutgoingFrame } from '../behavior.js';
import { answerText } from './teltonika-answers.js';

/** Bodies of IMEIs with a type allocation code of the vendor. */
const firstImeiBody = 35_630_704_000_000;
const heartbeatSeconds = 120;
const ackBytes = 4;
/** The shortest data field of a command: nothing but its head. */
const minCommandBytes = 8;

/** What a command refers to: the codec to answer in, negative when it was meant for another unit. */
const commandCodecs: readonly number[] = [codecId.command12, codecId.command14];

class TeltonikaUnit implements Behavior {
  readonly maxRecords = recordsPerFrame;
  readonly window = 1;
  readonly heartbeatSeconds: number;
  readonly #imei: string;
  readonly #context: DecodeContext;
  /** A login is under way, so a zero byte from the server is its refusal. */
  #loggingIn = false;
  #packets = 0;
  /** The newest record that went out. */
  #last: StateUpdate | undefined;

  constructor({ deviceId, transport }: BehaviorOptions) {
    this.#imei = deviceId;
    this.heartbeatSeconds = transport === 'tcp' ? heartbeatSeconds : 0;
    this.#context = { transport, receivedAt: 0, deviceId, model: undefined, session: '' };
  }

  get #isDatagram(): boolean {
    return this.#context.transport === 'udp';
  }

  login(): Buffer | undefined {
    if (this.#isDatagram) return undefined;
    this.#loggingIn = true;
    return encode({ type: 'login', imei: this.#imei });
  }

  pack(updates: readonly StateUpdate[]): OutgoingFrame {
    const [message] = fromUpdates(updates.map(withKey), this.#context) as [AvlMessage];
    this.#last = updates[message.records.length - 1];
    const datagram = this.#isDatagram ? this.#nextHead() : undefined;
    return { bytes: encode({ ...message, datagram }), records: message.records.length, tag: datagram?.avlPacketId };
  }

  #nextHead(): DatagramHead {
    this.#packets = (this.#packets + 1) % 0x1_0000;
    return { packetId: this.#packets, unusable: 1, avlPacketId: this.#packets % 0x100, imei: this.#imei };
  }

  heartbeat(): Buffer | undefined {
    return this.#isDatagram ? undefined : encode({ type: 'ping' });
  }

  downlinkFramer(): Framer {
    return this.#isDatagram ? new DatagramFramer() : new DownlinkFramer(() => this.#loggingIn);
  }

  readDownlink(frame: Buffer): Downlink {
    if (frame.length === 1) return this.#readLogin(frame[0] === 1);
    if (frame.length === ackBytes) return { kind: 'ack', records: frame.readUInt32BE(0), tag: undefined };
    const message = decode(frame, this.#context);
    if (message.type === 'datagram-ack') return { kind: 'ack', records: message.records, tag: message.avlPacketId };
    if (message.type !== 'command') return { kind: 'other' };
    const { codec, imeiBcd, payload } = message;
    const isForOther = imeiBcd !== undefined && imeiBcd !== this.#imei.padStart(16, '0');
    return { kind: 'command', text: payloadText(payload), reference: isForOther ? -codec : codec };
  }

  #readLogin(accepted: boolean): Downlink {
    this.#loggingIn = false;
    return { kind: 'login', accepted };
  }

  answer(text: string, reference: number): Buffer | undefined {
    const answered = answerText(text, { imei: this.#imei, last: this.#last });
    if (answered === undefined && reference >= 0) return undefined;
    const codec = commandCodecs.find((each) => each === Math.abs(reference)) ?? codecId.command12;
    const imei = codec === codecId.command14 ? this.#imei : undefined;
    const refused = reference < 0;
    const payload = Buffer.from(refused ? '' : (answered ?? ''), 'latin1');
    const message = commandMessage(codec, refused ? commandType.otherImei : commandType.response, payload, imei);
    return encode({ ...message, datagram: this.#isDatagram ? this.#nextHead() : undefined });
  }
}

/** Names of records with the key reader's added. Records of a unit share their names, so there are few. */
const namesWithKey = new WeakMap<readonly string[], readonly string[]>();
const noKey = '0';

/** Units send the key reader's element in every record, with 0 when there is no key. */
function withKey(update: StateUpdate): StateUpdate {
  if (update.names.includes('hardware_key')) return update;
  const names = namesWithKey.get(update.names) ?? [...update.names, 'hardware_key'];
  namesWithKey.set(update.names, names);
  return { ...update, names, values: [...update.values, noKey] };
}

/** Frames of a server on TCP: the answer to the login, record counts, and commands, which begin like a count of zero. */
class DownlinkFramer implements Framer {
  readonly #outcome = new Outcome();
  readonly #isLoggingIn: () => boolean;

  constructor(isLoggingIn: () => boolean) {
    this.#isLoggingIn = isLoggingIn;
  }

  next(bytes: Buffer, start: number, end: number): Outcome {
    if (start >= end) return this.#outcome.more();
    const first = bytes[start] as number;
    if (first === 1 || (first === 0 && this.#isLoggingIn())) return this.#outcome.frame(start, start + 1);
    if (first !== 0) return this.#outcome.fault(start, end, 'garbage');
    if (end - start < ackBytes) return this.#outcome.more();
    if (bytes.readUInt32BE(start) !== 0) return this.#outcome.frame(start, start + ackBytes);
    return this.#nextCommand(bytes, start, end);
  }

  #nextCommand(bytes: Buffer, start: number, end: number): Outcome {
    if (end - start <= headBytes) return this.#outcome.more();
    const length = bytes.readUInt32BE(start + 4);
    const isCommand = commandCodecs.includes(bytes[start + headBytes] as number);
    if (!isCommand || length < minCommandBytes || length > maxDataBytes) {
      return this.#outcome.frame(start, start + ackBytes);
    }
    const frameEnd = start + headBytes + length + checksumBytes;
    if (frameEnd > end) return this.#outcome.more();
    if (!hasGoodChecksum(bytes, start, frameEnd)) return this.#outcome.fault(start, frameEnd, 'checksum');
    return this.#outcome.frame(start, frameEnd);
  }
}

/** A datagram is one frame. */
class DatagramFramer implements Framer {
  readonly #outcome = new Outcome();

  next(_bytes: Buffer, start: number, end: number): Outcome {
    return start < end ? this.#outcome.frame(start, end) : this.#outcome.more();
  }
}

export const teltonikaBehavior: BehaviorFactory = {
  protocol: 'teltonika',
  port: 5027,
  transports: ['tcp', 'udp'],
  deviceId: (n) => imeiFrom(String(firstImeiBody + n)),
  create: (options) => new TeltonikaUnit(options),
};
