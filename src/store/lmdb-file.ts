/**
 * A look at LMDB's file before it is mapped into memory: the library trusts what it maps, and a foreign or shortened file would end the
 * process without a word instead of with a typed error.
 *
 * Source: LMDB as it comes with the `lmdb` package (lmdb-js), `mdb.c`, `MDB_page`, `MDB_meta` and `MDB_db`: two meta pages at the front,
 * little-endian, numbers of 64 bits.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../errors.js';

const magic = 0xbeefc0de;
/** Offsets within a meta page. */
const Meta = { magic: 24, pageSize: 48, lastPage: 144, transaction: 152, length: 168 } as const;

/**
 * Checks the data file in the directory `path`, if there is one. A file that ends before its last page gets that room back, empty: LMDB
 * reports empty pages, while a read behind the end of the file kills the process. Throws `StoreError` `store_corrupt`.
 */
export function checkDataFile(path: string): void {
  const file = join(path, 'data.mdb');
  if (!existsSync(file)) return;
  const descriptor = openSync(file, 'r+');
  try {
    const { size } = fstatSync(descriptor);
    if (size === 0) return;
    const neededBytes = sizeByMeta(descriptor, file);
    if (size < neededBytes) ftruncateSync(descriptor, neededBytes);
  } finally {
    closeSync(descriptor);
  }
}

/** The size that the newer of the two meta pages speaks of, bytes. */
function sizeByMeta(descriptor: number, file: string): number {
  const first = readMeta(descriptor, 0, file);
  const pageSize = first.readUInt32LE(Meta.pageSize);
  if (pageSize < 256 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) {
    throw new StoreError('store_corrupt', { at: file, got: `page size ${pageSize}` });
  }
  const second = readMeta(descriptor, pageSize, file);
  const isFirstNewer = first.readBigUInt64LE(Meta.transaction) > second.readBigUInt64LE(Meta.transaction);
  return (Number((isFirstNewer ? first : second).readBigUInt64LE(Meta.lastPage)) + 1) * pageSize;
}

function readMeta(descriptor: number, offset: number, file: string): Buffer {
  const bytes = Buffer.alloc(Meta.length);
  readSync(descriptor, bytes, 0, Meta.length, offset);
  if (bytes.readUInt32LE(Meta.magic) === magic) return bytes;
  throw new StoreError('store_corrupt', { at: file, expected: 'an LMDB file', offset });
}
