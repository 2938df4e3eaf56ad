/**
 * Wire identities: IMEI with its check digit (3GPP TS 23.003, Luhn over the first 14 digits), and identities of other kinds.
 */

/** The Luhn digit that follows `digits` (decimal text). */
export function luhnDigit(digits: string): number {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const weighted = i % 2 === 0 ? digit * 2 : digit;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return (10 - (sum % 10)) % 10;
}

/** True for 15 decimal digits with a good check digit. Units with a bad one exist: mark, do not reject. */
export function isImei(text: string): boolean {
  return /^\d{15}$/.test(text) && luhnDigit(text.slice(0, 14)) === text.charCodeAt(14) - 48;
}

/** An IMEI made of a 14-digit body. */
export function imeiFrom(body14: string): string {
  return body14 + luhnDigit(body14);
}

/** True for an identity of the form `source.device_id` may have: 1-64 letters, digits, `-`, `_`, `.`, `:` or `@`. */
export function isUnitId(text: string): boolean {
  return /^[0-9A-Za-z\-_.:@]{1,64}$/.test(text);
}
