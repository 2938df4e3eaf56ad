/** What a framer finds, and the driver that tests framers with them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Framer, Outcome } from '../../src/wire/framers.js';
import { cutAt, frameChunks, singleBytes } from '../support/framing.js';

describe('outcome', () => {
  test('one object, set anew each time', () => {
    const outcome = new Outcome();
    expect(outcome.fault(1, 5, 'garbage')).toMatchObject({ kind: 'skip', start: 1, end: 5, code: 'garbage' });
    expect(outcome.frame(5, 9)).toMatchObject({ kind: 'frame', start: 5, end: 9, code: undefined });
    expect(outcome.fault(1, 5, 'checksum').filler(9, 10)).toMatchObject({
      kind: 'skip',
      start: 9,
      end: 10,
      code: undefined,
    });
    expect(outcome.fault(1, 5, 'checksum').more()).toMatchObject({ kind: 'more', code: undefined });
  });
});

/** Length byte, content, and 0xff as filler: the smallest framer that uses every outcome. */
function toyFramer(): Framer {
  const outcome = new Outcome();
  return {
    next(bytes, start, end) {
      const length = bytes[start] as number;
      if (length === 0xff) return outcome.filler(start, start + 1);
      if (length === 0 || length > 50) return outcome.fault(start, start + 1, 'garbage');
      return end - start > length ? outcome.frame(start, start + 1 + length) : outcome.more();
    },
  };
}

test('chunks never matter', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200)), (raw, cuts) => {
      const bytes = Buffer.from(raw);
      const whole = frameChunks(toyFramer(), [bytes]);
      const offsets = cuts.filter((cut) => cut <= bytes.length);
      for (const chunks of [cutAt(bytes, offsets), singleBytes(bytes)]) {
        const { frames, faults, left } = frameChunks(toyFramer(), chunks);
        expect({ frames, faults, left }).toEqual({ frames: whole.frames, faults: whole.faults, left: whole.left });
      }
    }),
  );
});

test('a framer that makes no progress is caught', () => {
  const stuck: Framer = { next: (_, start) => new Outcome().filler(start, start) };
  expect(() => frameChunks(stuck, [Buffer.of(1)])).toThrow('without progress');
});
