/**
 * Teltonika framing: what starts at a boundary, checksums, limits, picking the stream up again, datagrams, detection.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { teltonika } from '../../src/protocols/teltonika/index.js';
import { codeOf } from '../support/codes.js';
import { cutAt, frameChunks, hexOf, singleBytes } from '../support/framing.js';
import {
  avlFrame,
  commandData,
  dataField,
  datagramOf,
  frameOf,
  loginBytes,
  recordBytes,
  tcp,
} from './teltonika-frames.js';

const limits = { maxFrameBytes: 65_536 };
const ping = Buffer.of(0xff);
const login = loginBytes();
const data = avlFrame(0x8e, { one: [[239, 1]] }, { two: [[66, 12_000]] });
const answer = frameOf(commandData(0x0c, 6, Buffer.from('OK')));
const kinds = [ping, login, data, answer];

function framed(...chunks: Buffer[]) {
  return frameChunks(teltonika.createFramer(limits), chunks);
}

describe('frames', () => {
  test('of every kind follow each other, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (frames, cuts) => {
          const stream = Buffer.concat(frames);
          const { frames: found, faults } = framed(
            ...cutAt(
              stream,
              cuts.map((cut) => cut % (stream.length + 1)),
            ),
          );
          expect([hexOf(found), faults]).toEqual([hexOf(frames), []]);
        },
      ),
    );
  });

  test('wait for their last byte', () => {
    for (const frame of [login, data, answer]) {
      const { frames, left } = framed(...singleBytes(frame.subarray(0, -1)));
      expect([frames, left.length]).toEqual([[], frame.length - 1]);
    }
  });

  test('of an unknown codec with a good checksum are frames: the decoder refuses them', () => {
    const unknown = frameOf(Buffer.of(0x77, 1, 2, 3, 1));
    expect(hexOf(framed(unknown).frames)).toEqual([unknown.toString('hex')]);
    expect(codeOf(() => teltonika.decode(unknown, tcp))).toBe('unknown_message');
  });
});

describe('a wrong checksum', () => {
  test('costs that frame only', () => {
    const broken = Buffer.from(data);
    broken[20] = (broken[20] as number) ^ 0x10;
    const { frames, faults } = framed(Buffer.concat([data, broken, data, ping]));
    expect([hexOf(frames), faults]).toEqual([hexOf([data, data, ping]), ['checksum']]);
  });

  test('is found in all 32 bits, and in the data field anywhere', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8 * 8, max: data.length * 8 - 1 }), (bit) => {
        const broken = Buffer.from(data);
        broken[bit >> 3] = (broken[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(framed(broken)).toMatchObject({ frames: [], faults: ['checksum'] });
      }),
    );
  });
});

describe('bytes that are no frame', () => {
  test.each([
    ['48545450', 'garbage'],
    ['000f3335363330373034323434313031ff', 'garbage'],
    [`0041${'31'.repeat(65)}`, 'garbage'],
    ['0000000100000005', 'garbage'],
    ['0000000000000000', 'frame_length'],
    ['000000000000200108', 'frame_too_large'],
    ['00000000ffffffff08', 'frame_too_large'],
  ])('%s: %s', (text, code) => {
    expect(framed(Buffer.from(text, 'hex')).faults[0]).toBe(code);
  });

  test('are passed over up to the next frame', () => {
    const noise = Buffer.from('4142ff00010203000000aa', 'hex');
    for (const next of [data, login]) {
      const { frames, faults } = framed(Buffer.concat([noise, next, ping]));
      expect(hexOf(frames)).toEqual(hexOf([next, ping]));
      expect(new Set(faults)).toEqual(new Set(['garbage']));
    }
  });

  test('a frame behind them may come in pieces', () => {
    const stream = Buffer.concat([Buffer.from('nothing to read here'), data]);
    for (let at = 1; at < stream.length; at++) {
      expect(hexOf(framed(...cutAt(stream, [at])).frames)).toEqual([data.toString('hex')]);
    }
  });

  test('a length that is too large costs what has arrived, not what follows', () => {
    const head = Buffer.from('00000000000f000008010000', 'hex');
    const { frames, faults } = framed(Buffer.concat([head, Buffer.alloc(40, 0x11)]), data);
    expect([hexOf(frames), faults[0]]).toEqual([hexOf([data]), 'frame_too_large']);
  });

  test('a smaller limit of the gateway holds', () => {
    const framer = teltonika.createFramer({ maxFrameBytes: data.length - 1 });
    expect(frameChunks(framer, [data]).faults[0]).toBe('frame_too_large');
    const enough = teltonika.createFramer({ maxFrameBytes: data.length });
    expect(frameChunks(enough, [data]).frames).toHaveLength(1);
  });

  test('cost time in proportion to their number', () => {
    const zeros = Buffer.alloc(200_000);
    const started = performance.now();
    framed(zeros);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('datagrams', () => {
  const split = (bytes: Buffer) => hexOf(teltonika.splitDatagram?.(bytes, limits) ?? []);
  const datagram = datagramOf(dataField(0x08, [recordBytes(0x08, {})]));

  test('are split by their own length', () => {
    expect(split(datagram)).toEqual([datagram.toString('hex')]);
    expect(split(Buffer.concat([datagram, datagram]))).toEqual(
      [datagram, datagram].map((each) => each.toString('hex')),
    );
    expect(split(ping)).toEqual(['ff']);
  });

  test('may be a data frame in its TCP form, with its checksum', () => {
    expect(split(data)).toEqual([data.toString('hex')]);
    const broken = Buffer.from(data);
    broken[10] = 0x55;
    expect(codeOf(() => split(broken))).toBe('checksum');
  });

  test.each([
    ['cut short', datagram.subarray(0, -1)],
    ['one byte', Buffer.of(0)],
    ['four zeros', Buffer.alloc(4)],
    ['a TCP form cut short', data.subarray(0, -1)],
    ['bytes behind', Buffer.concat([datagram, Buffer.of(0, 9)])],
  ])('%s: refused', (_, bytes) => {
    expect(codeOf(() => split(bytes))).toBe('frame_length');
  });

  test('larger than the limit: refused', () => {
    expect(codeOf(() => teltonika.splitDatagram?.(datagram, { maxFrameBytes: 20 }))).toBe('frame_too_large');
  });

  test('with an identity that is no number: refused', () => {
    const data08 = dataField(0x08, [recordBytes(0x08, {})]);
    expect(codeOf(() => teltonika.decode(datagramOf(data08, 1, 1, '35630704244101A'), tcp))).toBe('garbage');
    expect(codeOf(() => teltonika.decode(datagramOf(data08, 1, 1, ''), tcp))).toBe('garbage');
  });
});

describe('detection', () => {
  test.each([
    [login.toString('hex'), 'yes'],
    [data.toString('hex').slice(0, 16), 'yes'],
    ['', 'more'],
    ['00', 'more'],
    ['000f', 'more'],
    ['000f333536', 'more'],
    ['00000000000000', 'more'],
    ['000f33354136', 'no'],
    ['0003313233', 'no'],
    ['ff', 'no'],
    ['0000000000000000', 'no'],
    ['0000000000ffffff', 'no'],
    ['000001', 'no'],
    ['78780d01', 'no'],
  ])('%s: %s', (text, verdict) => {
    expect(teltonika.detect(Buffer.from(text, 'hex'))).toBe(verdict);
  });
});
