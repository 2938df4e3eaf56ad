/**
 * Every vector of `fixtures/` as tests: decode, mirror, reply, every split point, every truncation, every flipped bit, and all of a
 * protocol's frames in one stream.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { behaviorOf } from '../../simulators/behaviors/registry.js';
import { MilepostError } from '../../src/errors.js';
import type { Protocol } from '../../src/protocols/protocol.js';
import { protocols } from '../../src/protocols/registry.js';
import type { Framer } from '../../src/wire/framers.js';
import { expectedUpdate, type Vector, vectorsOf, writtenUpdate } from '../support/fixtures.js';
import { cutAt, defaultLimits, frameChunks, hexOf, singleBytes } from '../support/framing.js';
import { readBytes, readFrame, readVector } from '../support/reading.js';
import { factsOf } from './facts.js';

function good(vectors: readonly Vector[], direction: 'up' | 'down', transport: 'tcp' | 'udp'): Vector[] {
  return vectors.filter(
    (each) => each.error === undefined && each.direction === direction && each.context.transport === transport,
  );
}

function titled(vectors: readonly Vector[]): [string, Vector][] {
  return vectors.map((vector) => [vector.title, vector]);
}

/** What a reading comes to, for comparison: types, records, replies. */
function meaning(protocol: Protocol, bytes: Buffer, vector: Vector): unknown {
  const { read, errors } = readBytes(protocol, bytes, vector.context);
  return {
    errors,
    read: read.map(({ message, updates, reply }) => [message.type, updates.map(writtenUpdate), reply?.toString('hex')]),
  };
}

for (const protocol of protocols) {
  const vectors = vectorsOf(protocol.name);
  const up = [...good(vectors, 'up', 'tcp'), ...good(vectors, 'up', 'udp')];
  const stream = good(vectors, 'up', 'tcp');
  const down = [...good(vectors, 'down', 'tcp'), ...good(vectors, 'down', 'udp')];
  const malformed = vectors.filter((each) => each.error !== undefined);
  const upFramer = (): Framer => protocol.createFramer(defaultLimits);

  describe(`${protocol.name}: fixtures`, () => {
    test('there are good ones and malformed ones, each with its own title and a source', () => {
      expect(up.length).toBeGreaterThanOrEqual(3);
      expect(malformed.length).toBeGreaterThanOrEqual(3);
      expect(new Set(vectors.map((each) => each.title)).size).toBe(vectors.length);
      for (const { source } of vectors) expect(source).toMatch(/^(computed: )?.{8}/);
    });

    test('every one says what is expected', () => {
      for (const { title, error, type, updates, reply, direction } of vectors) {
        if (error !== undefined) expect([title, updates ?? [], reply ?? null]).toEqual([title, [], null]);
        else if (direction === 'up')
          expect([title, typeof type, Array.isArray(updates), reply !== undefined]).toEqual([
            title,
            'string',
            true,
            true,
          ]);
        else expect([title, typeof type]).toEqual([title, 'string']);
      }
    });
  });

  describe(`${protocol.name}: uplink`, () => {
    test.each(titled(up))('decodes: %s', (_, vector) => {
      const read = readVector(protocol, vector);
      if (vector.context.transport === 'tcp')
        expect(hexOf(read.map((each) => each.frame))).toEqual([vector.bytes.toString('hex')]);
      if (vector.type !== undefined) expect(read[0]?.message.type).toBe(vector.type);
      if (vector.updates === undefined) return;
      expect(read.flatMap((each) => each.updates.map(writtenUpdate))).toEqual(vector.updates.map(expectedUpdate));
    });

    test.each(titled(up.filter((each) => each.reply !== undefined)))('replies: %s', (_, vector) => {
      const replies = readVector(protocol, vector).flatMap(({ reply }) => (reply === null ? [] : [reply]));
      expect(replies.length === 0 ? null : Buffer.concat(replies).toString('hex')).toBe(vector.reply);
    });

    test.each(titled(up))('decodes again from the journal to the same records: %s', (_, vector) => {
      for (const { frame, updates, context } of readVector(protocol, vector)) {
        if (updates.length === 0) continue;
        expect(protocol.toUpdates(protocol.decode(frame, context), context)).toEqual(updates);
      }
    });

    test.each(titled(up.filter((each) => each.mirror)))('mirrors: %s', (_, vector) => {
      const { read } = readBytes(protocol, vector.bytes, vector.context);
      const written = read.map(({ message }) => protocol.encode(message, vector.context));
      expect(Buffer.concat(written).toString('hex')).toBe(vector.bytes.toString('hex'));
    });

    test.each(titled(stream))('arrives in two pieces, cut anywhere, or byte by byte: %s', (_, { bytes }) => {
      for (let at = 1; at < bytes.length; at++) {
        const { frames, faults, left } = frameChunks(upFramer(), cutAt(bytes, [at]));
        if (frames.length === 1 && frames[0]?.equals(bytes) && faults.length === 0 && left.length === 0) continue;
        expect.fail(
          `cut at ${at}: ${frames.length} frames [${hexOf(frames)}], faults [${faults}], ${left.length} bytes left`,
        );
      }
      const { frames, faults } = frameChunks(upFramer(), singleBytes(bytes));
      expect({ frames: hexOf(frames), faults }).toEqual({ frames: [bytes.toString('hex')], faults: [] });
    });

    test.each(titled(up))('cut short anywhere it is no message: %s', (_, vector) => {
      const facts = factsOf(protocol.name);
      const mayEnd = vector.context.transport === 'udp' && facts.datagramEndsLine;
      const mustFail = facts.checked(vector) !== undefined && protocol.terminator === undefined;
      for (let length = 0; length < vector.bytes.length; length++) {
        const cut = vector.bytes.subarray(0, length);
        const { read } = readBytes(protocol, cut, vector.context);
        if (read.length > 0 && !mayEnd)
          expect.fail(`${length} of ${vector.bytes.length} bytes read as ${read[0]?.message.type}`);
        try {
          protocol.decode(Buffer.from(cut), vector.context);
        } catch (error) {
          if (error instanceof MilepostError) continue;
          throw error;
        }
        if (mustFail) expect.fail(`${length} of ${vector.bytes.length} bytes decode`);
      }
    });

    test.each(titled(up.filter((each) => factsOf(protocol.name).checked(each) !== undefined)))(
      'a flipped bit is caught: %s',
      (_, vector) => {
        const [start, end] = factsOf(protocol.name).checked(vector) as readonly [number, number];
        const original = JSON.stringify(meaning(protocol, vector.bytes, vector));
        const step = end - start > 300 ? 7 : 1;
        for (let bit = start * 8; bit < end * 8; bit += step) {
          const flipped = Buffer.from(vector.bytes);
          flipped[bit >> 3]! ^= 1 << (bit & 7);
          const { read } = readBytes(protocol, flipped, vector.context);
          // The checksum may be text, of which a flipped bit is the other case of the same digit.
          if (read.length === 0 || JSON.stringify(meaning(protocol, flipped, vector)) === original) continue;
          expect.fail(`bit ${bit & 7} of byte ${bit >> 3}: read as ${JSON.stringify(read[0]?.message).slice(0, 200)}`);
        }
      },
    );
  });

  if (down.length > 0) {
    describe(`${protocol.name}: downlink`, () => {
      test.each(titled(down))('decodes: %s', (_, { bytes, context, type }) => {
        expect(protocol.decode(Buffer.from(bytes), context).type).toBe(type);
      });

      test.each(titled(down.filter((each) => each.mirror)))('mirrors: %s', (_, { bytes, context }) => {
        expect(protocol.encode(protocol.decode(Buffer.from(bytes), context), context).toString('hex')).toBe(
          bytes.toString('hex'),
        );
      });

      test.each(titled(down))(
        'a virtual unit understands it, in one piece or byte by byte: %s',
        (_, { bytes, context }) => {
          const factory = behaviorOf(protocol.name);
          if (factory === undefined) return;
          const behavior = factory.create({ deviceId: factory.deviceId(0), transport: context.transport });
          for (const chunks of [[bytes], context.transport === 'tcp' ? singleBytes(bytes) : [bytes]]) {
            const { frames, faults } = frameChunks(behavior.downlinkFramer(), chunks);
            expect({ frames: hexOf(frames), faults }).toEqual({ frames: [bytes.toString('hex')], faults: [] });
            expect(typeof behavior.readDownlink(Buffer.from(bytes)).kind).toBe('string');
          }
        },
      );
    });
  }

  describe(`${protocol.name}: malformed`, () => {
    test.each(titled(malformed))('is refused: %s', (_, vector) => {
      const { read, errors } = readBytes(protocol, vector.bytes, vector.context);
      expect(errors).toContain(vector.error);
      expect(read.flatMap((each) => each.updates)).toEqual([]);
    });
  });

  describe(`${protocol.name}: streams`, () => {
    const frames = stream.map((each) => each.bytes);

    test('all frames in one stream, cut at random', () => {
      fc.assert(
        fc.property(
          fc.shuffledSubarray(frames, { minLength: Math.min(2, frames.length) }),
          fc.array(fc.nat(), { maxLength: 30 }),
          (order, cuts) => {
            const bytes = Buffer.concat(order);
            const offsets = cuts.map((cut) => cut % (bytes.length + 1));
            const framed = frameChunks(upFramer(), cutAt(bytes, offsets));
            expect({ frames: hexOf(framed.frames), faults: framed.faults }).toEqual({
              frames: hexOf(order),
              faults: [],
            });
          },
        ),
        { numRuns: 40 },
      );
    });

    const { garbage } = factsOf(protocol.name);
    test.skipIf(garbage === undefined)('garbage between frames costs no frame', () => {
      const pieces = fc.array(fc.tuple(fc.constantFrom(...(garbage ?? [])), fc.constantFrom(...frames)), {
        minLength: 1,
        maxLength: 8,
      });
      fc.assert(
        fc.property(pieces, fc.array(fc.nat(), { maxLength: 10 }), (rows, cuts) => {
          const bytes = Buffer.concat(rows.flat());
          const framed = frameChunks(
            upFramer(),
            cutAt(
              bytes,
              cuts.map((cut) => cut % (bytes.length + 1)),
            ),
          );
          expect(hexOf(framed.frames)).toEqual(hexOf(rows.map(([, frame]) => frame)));
        }),
        { numRuns: 100 },
      );
    });

    test('a frame with a wrong checksum costs itself only', () => {
      const checked = stream.filter((each) => factsOf(protocol.name).checked(each) !== undefined);
      for (const vector of checked) {
        const [start] = factsOf(protocol.name).checked(vector) as readonly [number, number];
        const broken = Buffer.from(vector.bytes);
        broken[start + 2]! ^= 0x01;
        const { frames: found } = frameChunks(upFramer(), [Buffer.concat([vector.bytes, broken, vector.bytes])]);
        const readable = found.filter((frame) => isReadable(protocol, frame, vector));
        expect([vector.title, hexOf(readable)]).toEqual([vector.title, hexOf([vector.bytes, vector.bytes])]);
      }
    });
  });
}

function isReadable(protocol: Protocol, frame: Buffer, vector: Vector): boolean {
  try {
    readFrame(protocol, frame, vector.context);
    return true;
  } catch (error) {
    if (error instanceof MilepostError) return false;
    throw error;
  }
}
