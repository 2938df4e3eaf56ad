/**
 * Virtual units that speak Wialon IPS 2.1. They take every acknowledgement of the field: servers are known to answer `SD` with `AD`,
 * and to count the checksum of a black box as one of its bodies.
 */
import { imeiFrom } from '../../src/domain/unit-id.js';
import { MilepostError } from '../../src/errors.js';
import type { DecodeContext } from '../../src/protocols/protocol.js';
import { decode, encode } from '../../src/protocols/wialon-ips/codec.js';
import { WialonFramer } from '../../src/protocols/wialon-ips/framing.js';
import { blackBoxFor, dataFor } from '../../src/protocols/wialon-ips/mapping.js';
import type { LineHead, WialonMessage } from '../../src/protocols/wialon-ips/messages.js';
import { maxBlackBoxBodies } from '../../src/protocols/wialon-ips/spec.js';
import type { Framer, Outcome } from '../../src/wire/framers.js';
import type { Behavior, BehaviorFactory, BehaviorOptions, Downlink } from '../behavior.js';

const version = '2.1';
const largestDownlinkBytes = 1_048_576;
const lf = 10;

/** Servers also send commands as bare lines: what the framer takes for garbage is one when it is a whole line. */
class DownlinkFramer implements Framer {
  readonly #lines = new WialonFramer({ maxFrameBytes: largestDownlinkBytes });

  next(bytes: Buffer, start: number, end: number): Outcome {
    const outcome = this.#lines.next(bytes, start, end);
    const isBareLine = outcome.kind === 'skip' && outcome.code === 'garbage' && bytes[outcome.end - 1] === lf;
    return isBareLine ? outcome.frame(outcome.start, outcome.end) : outcome;
  }
}

/** Read as before a login: servers send messages with and without a checksum. */
const downlinkContext: DecodeContext = {
  transport: 'tcp',
  receivedAt: 0,
  deviceId: undefined,
  model: undefined,
  session: '',
};

function readDownlink(frame: Buffer): Downlink {
  let message: WialonMessage;
  try {
    message = decode(frame, downlinkContext);
  } catch (error) {
    if (!(error instanceof MilepostError)) throw error;
    const text = frame.toString('utf8').trim();
    return error.code === 'garbage' && text !== '' ? { kind: 'command', text, reference: 0 } : { kind: 'other' };
  }
  if (message.type === 'driver_message') return { kind: 'command', text: message.text, reference: 0 };
  return message.type === 'answer' ? readAnswer(message.code, message.value) : { kind: 'other' };
}

function readAnswer(code: string, value: string): Downlink {
  if (code === 'AL') return { kind: 'login', accepted: value === '1' };
  if (code === 'AP') return { kind: 'heartbeat' };
  if (code === 'AB') return { kind: 'ack', records: Number.parseInt(value, 10) || 0, tag: undefined };
  if (code === 'AD' || code === 'ASD') return { kind: 'ack', records: value === '1' ? undefined : 0, tag: undefined };
  return { kind: 'other' };
}

function create({ deviceId, transport }: BehaviorOptions): Behavior {
  const isUdp = transport === 'udp';
  const context: DecodeContext = { transport, receivedAt: 0, deviceId, model: undefined, session: version };
  const head: LineHead = { from: isUdp ? { version, deviceId } : undefined, checksum: true };
  return {
    maxRecords: maxBlackBoxBodies,
    window: 1,
    heartbeatSeconds: 60,
    login: () => (isUdp ? undefined : encode({ type: 'login', ...head, version, deviceId, password: undefined })),
    pack(updates) {
      const [first] = updates;
      const single = first !== undefined && updates.length === 1 && !first.backlog;
      const message = single ? dataFor(first, context) : blackBoxFor(updates, context);
      const records = message.type === 'black_box' ? message.bodies.length : 1;
      return { bytes: encode(message), records, tag: undefined };
    },
    heartbeat: () => encode({ type: 'ping', ...head, checksum: false }),
    downlinkFramer: () => new DownlinkFramer(),
    readDownlink,
    answer: (text) => encode({ type: 'driver_message', ...head, text: text.replace(/[\r\n]+/g, ' ') }),
  };
}

export const wialonIpsBehavior: BehaviorFactory = {
  protocol: 'wialon-ips',
  port: 20_332,
  transports: ['tcp', 'udp'],
  deviceId: (n) => imeiFrom(String(86_010_000_000_000 + n)),
  create,
};
