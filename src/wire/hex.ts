/** Hex text, as people type and paste it. */

/** Bytes of `text`; blanks, colons, commas and a `0x` prefix are passed over. Undefined when it is not hex of whole bytes. */
export function parseHex(text: string): Buffer | undefined {
  const digits = text.replace(/0x/gi, '').replace(/[\s:,]/g, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return undefined;
  return Buffer.from(digits, 'hex');
}

/** Upper-case hex of fixed width. */
export function hexNumber(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
