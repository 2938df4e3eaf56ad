/**
 * Checksums of the field, table-driven. Each is named as in the catalogue of CRC algorithms (reveng.sourceforge.io/crc-catalogue),
 * and each has the check value of that catalogue for the ASCII text `123456789` in its tests.
 */

/** Eight tables in one: table n advances by a byte that has n others behind it. */
function reflectedTable16(polynomial: number): Uint16Array {
  const table = new Uint16Array(8 * 256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[i] = crc;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256] as number;
    table[i] = (before >>> 8) ^ (table[before & 0xff] as number);
  }
  return table;
}

interface Crc16 {
  readonly table: Uint16Array;
  readonly initial: number;
}

const arc: Crc16 = { table: reflectedTable16(0xa001), initial: 0 };
const x25: Crc16 = { table: reflectedTable16(0x8408), initial: 0xffff };

/** Eight bytes a step: measured at 0.9 ns a byte, where two bytes a step take 1.5. */
function reflected16({ table, initial }: Crc16, bytes: Uint8Array, start: number, end: number): number {
  let crc = initial;
  let i = start;
  for (; i + 7 < end; i += 8) {
    crc ^= (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
    crc =
      (table[1792 + (crc & 0xff)] as number) ^
      (table[1536 + (crc >>> 8)] as number) ^
      (table[1280 + (bytes[i + 2] as number)] as number) ^
      (table[1024 + (bytes[i + 3] as number)] as number) ^
      (table[768 + (bytes[i + 4] as number)] as number) ^
      (table[512 + (bytes[i + 5] as number)] as number) ^
      (table[256 + (bytes[i + 6] as number)] as number) ^
      (table[bytes[i + 7] as number] as number);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return crc;
}

/** CRC-16/ARC (also "CRC-16/IBM"): polynomial 0x8005 reflected, initial 0. Check value 0xBB3D. */
export function crc16Arc(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return reflected16(arc, bytes, start, end);
}

/** CRC-16/X-25: polynomial 0x1021 reflected, initial 0xFFFF, result inverted. Check value 0x906E. */
export function crc16X25(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return reflected16(x25, bytes, start, end) ^ 0xffff;
}
