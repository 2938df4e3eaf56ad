import { describe, expect, it } from 'vitest';
import type { Downlink } from '../../simulators/behavior.js';
import { DownlinkReader } from '../../simulators/downlink-reader.js';
import { CodecError } from '../../src/errors.js';
import { Outcome } from '../../src/wire/framers.js';
import { lineFactory } from '../support/line-behavior.js';

const behavior = () => lineFactory().create({ deviceId: 'unit', transport: 'tcp' });

function read(reader: DownlinkReader, chunks: readonly Buffer[]): { downlinks: Downlink[]; faults: string[] } {
  const downlinks: Downlink[] = [];
  const faults: string[] = [];
  const events = {
    read: (each: Downlink) => downlinks.push(each) > 0,
    fault: (code: string) => void faults.push(code),
  };
  for (const chunk of chunks) reader.feed(chunk, events);
  return { downlinks, faults };
}

describe('DownlinkReader', () => {
  const stream = Buffer.from('OK\nA 1 1\nC 5 get it\n');

  it('reads the same however the stream is cut', () => {
    const whole = read(new DownlinkReader(behavior(), false), [stream]);
    expect(whole.downlinks.map((each) => each.kind)).toEqual(['login', 'ack', 'command']);
    for (let at = 1; at < stream.length; at++) {
      expect(read(new DownlinkReader(behavior(), false), [stream.subarray(0, at), stream.subarray(at)])).toEqual(whole);
    }
  });

  it('stops when its owner has lost interest', () => {
    const kinds: string[] = [];
    new DownlinkReader(behavior(), false).feed(stream, { read: (each) => kinds.push(each.kind) < 2, fault: () => {} });
    expect(kinds).toEqual(['login', 'ack']);
  });

  it('does not join what is left of a datagram to the next one', () => {
    const seen = read(new DownlinkReader(behavior(), true), [Buffer.from('A 1 1\nA 2'), Buffer.from('A 3 1\n')]);
    expect(seen.downlinks).toHaveLength(2);
    expect(seen.faults).toEqual(['bad_downlink']);
  });

  it('passes over what it cannot read, and over a server that never ends a frame', () => {
    const outcome = new Outcome();
    const picky = {
      ...behavior(),
      downlinkFramer: () => ({
        next(bytes: Buffer, start: number, end: number) {
          if (bytes[start] === 0) return outcome.fault(start, start + 1, 'garbage');
          return bytes.indexOf(10, start) < 0 ? outcome.more() : outcome.frame(start, end);
        },
      }),
      readDownlink(): Downlink {
        throw new CodecError('unknown_message');
      },
    };
    const reader = new DownlinkReader(picky, false);
    const flood = Buffer.alloc(40_000, 'x');
    expect(read(reader, [Buffer.from([0, 65, 10]), flood, flood, Buffer.from('x\n')])).toEqual({
      downlinks: [],
      faults: ['bad_downlink', 'bad_downlink', 'downlink_too_large', 'bad_downlink'],
    });
  });
});
