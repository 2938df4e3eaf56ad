/** Binary-coded decimal: two digits a byte, high nibble first. */
import { CodecError } from '../errors.js';
import type { Field } from './struct.js';

/** `count` bytes as `2 * count` digits. Nibbles above 9 read as the letters a-f: some units use them as padding. */
export function bcd(count: number): Field<string> {
  return {
    width: count,
    read: (r) => r.hex(count),
    write(w, digits) {
      if (!/^[0-9a-f]*$/i.test(digits) || digits.length !== count * 2) {
        throw new CodecError('encode_range', { expected: `${count * 2} digits`, got: digits });
      }
      w.append(Buffer.from(digits, 'hex'));
    },
  };
}
