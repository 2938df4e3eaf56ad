/**
 * Ways to spoil a frame, as arbitraries: bits, bytes, pieces lost, doubled, moved and mixed in, with or without a checksum made good
 * again afterwards, so that what lies behind the checksum is reached.
 */
import fc from 'fast-check';
import { noise } from '../support/arbitraries.js';

/** One change; positions are fractions of the length, so that they fit whatever the earlier changes left. */
type Change =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly byte: number }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'double'; readonly at: number; readonly length: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'end'; readonly at: number };

const place = fc.integer({ min: 0, max: 9999 }).map((parts) => parts / 10_000);
const length = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 60 }));
const edges = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

function changes(markers: readonly number[]): fc.Arbitrary<Change[]> {
  const byte = fc.oneof(fc.constantFrom(...edges, ...markers), fc.integer({ min: 0, max: 255 }));
  const change: fc.Arbitrary<Change> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), at: place, byte }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: place, length }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('double' as const), at: place, length }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('insert' as const), at: place, bytes: noise(markers, 12) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), at: place }) },
  );
  return fc.array(change, { minLength: 1, maxLength: 5 });
}

function changed(bytes: Buffer, change: Change): Buffer {
  const at = Math.floor(bytes.length * change.at);
  const copy = Buffer.from(bytes);
  switch (change.kind) {
    case 'flip':
      if (bytes.length > 0) copy[at]! ^= 1 << change.bit;
      return copy;
    case 'set':
      if (bytes.length > 0) copy[at] = change.byte;
      return copy;
    case 'cut':
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + change.length)]);
    case 'double':
      return Buffer.concat([copy.subarray(0, at + change.length), copy.subarray(at)]);
    case 'insert':
      return Buffer.concat([copy.subarray(0, at), change.bytes, copy.subarray(at)]);
    case 'end':
      return copy.subarray(0, at);
  }
}

/** One of `frames`, spoiled; `seal` makes its length and checksum good again in most cases. */
export function spoiled(
  frames: readonly Buffer[],
  markers: readonly number[],
  seal: (bytes: Buffer) => Buffer,
): fc.Arbitrary<Buffer> {
  const isSealed = fc.integer({ min: 0, max: 3 }).map((roll) => roll > 0);
  return fc.tuple(fc.constantFrom(...frames), changes(markers), isSealed).map(([frame, list, sealed]) => {
    const bytes = list.reduce(changed, frame);
    return sealed ? seal(bytes) : bytes;
  });
}
