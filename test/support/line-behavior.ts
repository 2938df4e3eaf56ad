/**
 * A made-up protocol for tests of the fleet: one line a frame, every byte readable. Uplink `L id`, `R tag [times] ...`, `P`,
 * `Q ref text`; downlink `OK`, `NO`, `A tag count`, `C ref text`, `H`. Over UDP a line begins with `id>`.
 */
import type { Behavior, BehaviorFactory, Downlink } from '../../simulators/behavior.js';
import { type StateUpdate, fieldValue as valueIn } from '../../src/domain/update.js';
import { Outcome } from '../../src/wire/framers.js';

export interface LineOptions {
  readonly maxRecords?: number;
  readonly window?: number;
  readonly heartbeatSeconds?: number;
  /** Acknowledgements carry the frame's number. */
  readonly tagged?: boolean;
}

/** What a record line says of one record. */
export interface LineRecord {
  readonly at: number;
  readonly backlog: boolean;
  readonly lat: number | null;
  readonly mileage: number;
  readonly output1: boolean;
}

export function lineFactory(options: LineOptions = {}): BehaviorFactory {
  return {
    protocol: 'line',
    port: 1,
    transports: ['tcp', 'udp'],
    deviceId: (n) => `unit-${n}`,
    create: ({ deviceId, transport }) => lineBehavior(options, deviceId, transport),
  };
}

function lineBehavior(options: LineOptions, deviceId: string, transport: 'tcp' | 'udp'): Behavior {
  let serial = 0;
  const prefix = transport === 'udp' ? `${deviceId}>` : '';
  const line = (text: string) => Buffer.from(`${prefix}${text}\n`);
  return {
    maxRecords: options.maxRecords ?? 50,
    window: options.window ?? 1,
    heartbeatSeconds: options.heartbeatSeconds ?? 0,
    login: () => (transport === 'udp' ? undefined : line(`L ${deviceId}`)),
    pack(updates) {
      serial++;
      const bytes = line(`R ${serial} ${JSON.stringify(updates.map(lineRecord))}`);
      return { bytes, records: updates.length, tag: options.tagged === true ? serial : undefined };
    },
    heartbeat: () => line('P'),
    downlinkFramer() {
      const outcome = new Outcome();
      return {
        next(bytes, start, end) {
          const at = bytes.indexOf(10, start);
          return at < 0 || at >= end ? outcome.more() : outcome.frame(start, at + 1);
        },
      };
    },
    readDownlink: (frame) => readLine(frame.toString().trim(), options.tagged === true),
    answer: (text, reference) => (text === 'silent' ? undefined : line(`Q ${reference} did ${text}`)),
  };
}

function lineRecord(update: StateUpdate): LineRecord {
  return {
    at: update.at,
    backlog: update.backlog,
    lat: update.position?.lat ?? null,
    mileage: valueIn(update, 'hw_mileage') as number,
    output1: valueIn(update, 'output_1') as boolean,
  };
}

function readLine(text: string, tagged: boolean): Downlink {
  const [word, first, ...rest] = text.split(' ');
  if (word === 'OK' || word === 'NO') return { kind: 'login', accepted: word === 'OK' };
  if (word === 'A')
    return {
      kind: 'ack',
      tag: tagged ? Number(first) : undefined,
      records: rest[0] === undefined ? undefined : Number(rest[0]),
    };
  if (word === 'C') return { kind: 'command', reference: Number(first), text: rest.join(' ') };
  return word === 'H' ? { kind: 'heartbeat' } : { kind: 'other' };
}
