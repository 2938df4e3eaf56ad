/** What is looked at before the broker sees it: packets of clients, and topic filters. */
import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { tame } from '../../src/mqtt/broker.js';
import { Connection, type ConnectionOptions } from '../../src/mqtt/connection.js';
import { GuardedStream } from '../../src/mqtt/guarded-stream.js';
import { PacketGuard } from '../../src/mqtt/packet-guard.js';
import { stateTopicOf, trackersMatching } from '../../src/mqtt/topics.js';
import { until } from '../support/until.js';
import { defaultLimits } from './kit.js';

const maxBytes = 1000;

/** A packet of a type with a body of so many bytes. */
function packet(type: number, sizeBytes: number): Buffer {
  const length: number[] = [];
  for (let rest = sizeBytes; length.length === 0 || rest > 0; rest = Math.floor(rest / 128)) {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
  }
  return Buffer.concat([Buffer.from([type << 4, ...length]), Buffer.alloc(sizeBytes, 0x3f)]);
}

function faultOf(bytes: Buffer, pieceBytes: number): string | undefined {
  const guard = new PacketGuard(maxBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const fault = guard.check(bytes.subarray(at, at + pieceBytes));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

describe('packets', () => {
  const admitted = [1, 8, 10, 12, 14];
  const good = fc.record({ type: fc.constantFrom(...admitted), sizeBytes: fc.integer({ min: 0, max: maxBytes }) });
  const pieces = fc.integer({ min: 1, max: 300 });

  test('of kinds and sizes that a listener may send pass, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(good, { maxLength: 6 }), pieces, (packets, pieceBytes) => {
        const bytes = Buffer.concat(packets.map(({ type, sizeBytes }) => packet(type, sizeBytes)));
        expect(faultOf(bytes, pieceBytes)).toBeUndefined();
      }),
    );
  });

  test.each([
    [3, 'publish'],
    ...[0, 2, 4, 5, 6, 7, 9, 11, 13, 15].map((type) => [type, 'malformed'] as const),
  ] as const)('of type %i do not: %s', (type, fault) => {
    fc.assert(
      fc.property(fc.array(good, { maxLength: 3 }), pieces, (before, pieceBytes) => {
        const bytes = [...before.map((each) => packet(each.type, each.sizeBytes)), packet(type, 10)];
        expect(faultOf(Buffer.concat(bytes), pieceBytes)).toBe(fault);
      }),
    );
  });

  test('that are too large do not, by their header alone', () => {
    expect(faultOf(packet(8, maxBytes + 1).subarray(0, 3), 1)).toBe('packet_too_large');
    expect(faultOf(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]), 1)).toBe('packet_too_large');
  });

  test('whose length does not end do not', () => {
    expect(faultOf(Buffer.from([0x10, 0x80, 0x80, 0x80, 0x80]), 1)).toBe('malformed');
  });
});

describe('a stream', () => {
  async function pair(): Promise<{ near: Socket; far: Socket }> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const far = connect((server.address() as { port: number }).port, '127.0.0.1');
    const [near] = (await once(server, 'connection')) as [Socket];
    server.close();
    onTestFinished(() => void far.destroy());
    return { near, far };
  }

  test('hands on a little at a time, all of it and in order', async () => {
    const { near, far } = await pair();
    const options = { guard: new PacketGuard(maxBytes), onFault: () => {}, onTaken: () => {} };
    const stream = new GuardedStream(near, options);
    const bytes = Buffer.concat(Array.from({ length: 200 }, (_, i) => packet(8, i)));
    const pieces: Buffer[] = [];
    stream.on('readable', () => {
      const piece = stream.read() as Buffer | null;
      if (piece !== null) pieces.push(piece);
    });
    far.end(bytes);
    await until(() => stream.readableEnded || Buffer.concat(pieces).length === bytes.length, 'all bytes');
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(1024);
  });

  test('writes all of what is long, and tells of each part that was taken', async () => {
    const { near, far } = await pair();
    let taken = 0;
    const options = { guard: new PacketGuard(maxBytes), onFault: () => {}, onTaken: () => void taken++ };
    const stream = new GuardedStream(near, options);
    const received: Buffer[] = [];
    far.on('data', (chunk: Buffer) => void received.push(chunk));
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
    stream.cork();
    for (let at = 0; at < bytes.length; at += 999) stream.write(bytes.subarray(at, at + 999));
    stream.uncork();
    expect(stream.writableLength).toBe(bytes.length);
    stream.end();
    await once(far, 'close');
    expect(Buffer.concat(received).equals(bytes)).toBe(true);
    expect(taken).toBe(Math.ceil(bytes.length / (32 * 1024)));
  });

  test('of a client that takes a little now and then does not stall', () => {
    const clock = new VirtualClock();
    const taken: (() => void)[] = [];
    const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => void taken.push(done) });
    const limits = { ...defaultLimits, liveStallTimeoutMs: 10_000, mqttConnectTimeoutMs: 60_000 };
    const never = () => {};
    const connection = new Connection(Object.assign(socket, { setKeepAlive: never }) as never, {
      ...({ services: { clock }, audience: {} } as never as Pick<ConnectionOptions, 'services' | 'audience'>),
      ...{ limits, onCut: never, onClose: never, onSent: never },
    });
    connection.stream.write(Buffer.alloc(100_000));
    for (let i = 0; i < 3; i++) {
      clock.advance(9999);
      expect(connection.outflow.isStalled).toBe(false);
      taken.shift()?.();
    }
    clock.advance(10_000);
    expect(connection.outflow.isStalled).toBe(true);
    connection.stream.destroy();
  });
});

test('what the parser of packets throws is caught', () => {
  const parser = Object.assign(new EventEmitter(), {
    parse: (): number => {
      throw new RangeError('out of bounds');
    },
  });
  const failures: unknown[] = [];
  tame({ _parser: parser } as never, (error) => failures.push(error));
  expect(parser.parse()).toBe(0);
  expect(failures).toEqual([new RangeError('out of bounds')]);
});

describe('topic filters', () => {
  test.each([
    ['trackers/7/state', 7],
    ['trackers/7/+', 7],
    ['trackers/7/#', 7],
    ['+/7/state', 7],
    ['trackers/7/state/#', 7],
    ['#', 'all'],
    ['+/#', 'all'],
    ['+/+/#', 'all'],
    ['trackers/#', 'all'],
    ['trackers/+/#', 'all'],
    ['+/+/+', 'all'],
    ['+/+/+/#', 'all'],
    ['', undefined],
    ['+', undefined],
    ['+/+', undefined],
    ['/', undefined],
    ['//', undefined],
    ['#/', undefined],
    ['#/7/state', undefined],
    ['trackers/#/state', undefined],
    ['trackers#', undefined],
    ['trackers/7+/state', undefined],
    ['trackers/+7/state', undefined],
    ['Trackers/7/state', undefined],
    ['trackers/7/state/', undefined],
    ['trackers/1e3/state', undefined],
    ['trackers/-1/state', undefined],
    ['trackers/9999999999999999999/state', undefined],
  ] as const)('%s', (filter, matched) => {
    expect(trackersMatching(filter)).toBe(matched);
  });

  /** The rules of the specification, level by level. */
  function matches(filter: readonly string[], topic: readonly string[]): boolean {
    const [first, ...rest] = filter;
    if (first === undefined) return topic.length === 0;
    if (first === '#') return rest.length === 0;
    if (topic.length === 0) return false;
    return (first === '+' || first === topic[0]) && matches(rest, topic.slice(1));
  }

  test('match what they match by the specification', () => {
    const level = fc.constantFrom('trackers', 'state', '7', '12', '+', '#', '', 'x');
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 5 }), (levels) => {
        const isMatch = (id: number) => matches(levels, stateTopicOf(id).split('/'));
        const expected = isMatch(7) && isMatch(12) ? 'all' : isMatch(7) ? 7 : isMatch(12) ? 12 : undefined;
        // A `#` that is not the last level makes a filter malformed.
        const isMalformed = levels.slice(0, -1).includes('#');
        expect(trackersMatching(levels.join('/'))).toBe(isMalformed ? undefined : expected);
      }),
      { numRuns: 2000 },
    );
  });
});
