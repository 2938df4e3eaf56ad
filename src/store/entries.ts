/**
 * The bytes of the journal. One value holds what one commit keeps:
 *
 *   value  = version u8 | writtenAt f64 | entry ...
 *   entry  = kind u8 | length u32 (of the body) | body
 *   frame  = sourceId u32 | receivedAt f64 | contextLength u16 | context | the frame as it arrived
 *   rows   = JSON array of row changes
 *   erased = nothing
 *
 * `context` is a JSON array of what decoding needs besides the frame: [protocol, transport, deviceId, model, session], and after
 * it `notBefore` where records from before that time are not the owner's. A session builds it once. All numbers are big-endian; times
 * are ms since 1970 UTC.
 */
import { StoreError } from '../errors.js';
import type { RowChange } from './rows.js';

export const valueVersion = 1;
export const valueHeaderBytes = 9;

export const EntryKind = {
  /** A frame whose records became (or may become) state. */
  frame: 1,
  /** Changes of registry rows, applied together. */
  rows: 2,
  /** A frame with a good checksum that could not be read. */
  undecodable: 3,
  /** What is left of an erased frame: nothing but its place among the frames of the commit, which others are found by. */
  erased: 4,
} as const;

const entryHeaderBytes = 5;
const frameHeaderBytes = 14;

/** What decoding needs besides the frame. */
export interface FrameContext {
  readonly protocol: string;
  readonly transport: 'tcp' | 'udp';
  readonly deviceId: string;
  readonly model: string;
  readonly session: string;
  /** Records made before this time were an earlier owner's. */
  readonly notBefore?: number;
}

export interface FrameEntry {
  readonly kind: 'frame' | 'undecodable';
  readonly sourceId: number;
  readonly receivedAt: number;
  readonly context: FrameContext;
  /** A view of the value; copy what is kept. */
  readonly frame: Buffer;
}

export type Entry = FrameEntry | { readonly kind: 'rows'; readonly changes: readonly RowChange[] };

export function encodeContext(context: FrameContext): Buffer {
  const { protocol, transport, deviceId, model, session, notBefore } = context;
  const ownership = notBefore === undefined ? [] : [notBefore];
  return Buffer.from(JSON.stringify([protocol, transport, deviceId, model, session, ...ownership]));
}

/** A frame to keep: `bytes[start, end)` of the receive buffer, copied here and now. */
export interface FrameToKeep {
  readonly sourceId: number;
  readonly receivedAt: number;
  readonly context: Buffer;
  readonly bytes: Buffer;
}

/** The growing value of the open commit. */
export class ValueBuilder {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #length = 0;
  entries = 0;

  get length(): number {
    return this.#length;
  }

  begin(writtenAt: number): void {
    this.#bytes[0] = valueVersion;
    this.#bytes.writeDoubleBE(writtenAt, 1);
    this.#length = valueHeaderBytes;
    this.entries = 0;
  }

  addFrame(kind: number, frame: FrameToKeep): void {
    const { context, bytes } = frame;
    const bodyLength = frameHeaderBytes + context.length + bytes.length;
    let at = this.#entry(kind, bodyLength);
    const target = this.#bytes;
    target.writeUInt32BE(frame.sourceId, at);
    target.writeDoubleBE(frame.receivedAt, at + 4);
    target.writeUInt16BE(context.length, at + 12);
    at += frameHeaderBytes;
    copyInto(target, context, at);
    copyInto(target, bytes, at + context.length);
  }

  addRows(changes: readonly RowChange[]): void {
    const body = Buffer.from(JSON.stringify(changes));
    const at = this.#entry(EntryKind.rows, body.length);
    // Not before: making room may put other memory in the place of `#bytes`.
    body.copy(this.#bytes, at);
  }

  /** The value; a view that stays true until the next `begin`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Gives back memory that an unusually large commit took. */
  trim(limitBytes: number): void {
    if (this.#bytes.length > limitBytes) this.#bytes = Buffer.allocUnsafeSlow(limitBytes);
  }

  #entry(kind: number, bodyLength: number): number {
    const at = this.#length;
    const needed = at + entryHeaderBytes + bodyLength;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#bytes[at] = kind;
    this.#bytes.writeUInt32BE(bodyLength, at + 1);
    this.#length = needed;
    this.entries++;
    return at + entryHeaderBytes;
  }
}

/** A call of `copy` costs as much as 100 bytes copied here. */
const shortBytes = 100;

function copyInto(target: Buffer, source: Buffer, at: number): void {
  if (source.length > shortBytes) source.copy(target, at);
  else for (let i = 0; i < source.length; i++) target[at + i] = source[i] as number;
}

/** When the value was written, ms since 1970 UTC. */
export function writtenAtOf(value: Buffer): number {
  return value.readDoubleBE(1);
}

const contexts = new Map<string, FrameContext>();
const maxCachedContexts = 50_000;

function decodeContext(text: string): FrameContext {
  const cached = contexts.get(text);
  if (cached !== undefined) return cached;
  const [protocol, transport, deviceId, model, session, notBefore] = JSON.parse(text) as [
    string,
    'tcp' | 'udp',
    string,
    string,
    string,
    number | undefined,
  ];
  const ownership = notBefore === undefined ? {} : { notBefore };
  const context: FrameContext = { protocol, transport, deviceId, model, session, ...ownership };
  if (contexts.size >= maxCachedContexts) contexts.clear();
  contexts.set(text, context);
  return context;
}

/** The entries of a value, in order; erased ones are passed over. Throws `StoreError` `store_version` or `store_corrupt`. */
export function* readEntries(value: Buffer): Generator<Entry> {
  for (const { kind, body, offset } of bodiesOf(value)) {
    if (kind !== EntryKind.erased) yield checkedEntry(kind, body, offset);
  }
}

const erasedEntry = Buffer.from([EntryKind.erased, 0, 0, 0, 0]);

/** A copy of a value in which the frames that are doomed have no content any more; undefined where there are none. */
export function withoutFrames(
  value: Buffer,
  isDoomed: (sourceId: number, receivedAt: number) => boolean,
): Buffer | undefined {
  const parts: Buffer[] = [];
  let keptFrom = 0;
  for (const { kind, body, offset } of bodiesOf(value)) {
    const isFrame = kind === EntryKind.frame || kind === EntryKind.undecodable;
    if (!isFrame || !isDoomed(body.readUInt32BE(0), body.readDoubleBE(4))) continue;
    parts.push(value.subarray(keptFrom, offset), erasedEntry);
    keptFrom = offset + entryHeaderBytes + body.length;
  }
  return keptFrom === 0 ? undefined : Buffer.concat([...parts, value.subarray(keptFrom)]);
}

/** A frame with its place among the frames of its value, from 0. */
export interface PlacedFrame {
  readonly index: number;
  readonly entry: FrameEntry;
}

/** Frames of the sources that are wanted, in order; all others are passed over unread. Throws as `readEntries` does. */
export function* readFrames(value: Buffer, wants: (sourceId: number) => boolean): Generator<PlacedFrame> {
  let index = 0;
  for (const { kind, body, offset } of bodiesOf(value)) {
    if (kind === EntryKind.rows) continue;
    const isErased = kind === EntryKind.erased;
    if (!isErased && (body.length < frameHeaderBytes || wants(body.readUInt32BE(0)))) {
      const entry = checkedEntry(kind, body, offset);
      if (entry.kind !== 'rows') yield { index, entry };
    }
    index++;
  }
}

interface EntryBody {
  readonly kind: number | undefined;
  readonly body: Buffer;
  /** Of the entry in its value. */
  readonly offset: number;
}

function* bodiesOf(value: Buffer): Generator<EntryBody> {
  if (value.length < valueHeaderBytes || value[0] === 0)
    throw new StoreError('store_corrupt', { at: 'value', got: value.length });
  if (value[0] !== valueVersion) throw new StoreError('store_version', { expected: valueVersion, got: value[0] ?? -1 });
  let at = valueHeaderBytes;
  while (at < value.length) {
    const kind = value[at];
    const bodyAt = at + entryHeaderBytes;
    const end = bodyAt > value.length ? Number.POSITIVE_INFINITY : bodyAt + value.readUInt32BE(at + 1);
    if (end > value.length) throw new StoreError('store_corrupt', { at: 'entry length', offset: at });
    yield { kind, body: value.subarray(bodyAt, end), offset: at };
    at = end;
  }
}

function checkedEntry(kind: number | undefined, body: Buffer, offset: number): Entry {
  try {
    return readEntry(kind, body, offset);
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new StoreError('store_corrupt', { at: 'entry', offset, cause });
  }
}

function readEntry(kind: number | undefined, body: Buffer, offset: number): Entry {
  if (kind === EntryKind.rows) return { kind: 'rows', changes: JSON.parse(body.toString()) as RowChange[] };
  if (kind !== EntryKind.frame && kind !== EntryKind.undecodable) {
    throw new StoreError('store_corrupt', { at: 'entry kind', got: kind ?? -1, offset });
  }
  const frameAt = frameHeaderBytes + body.readUInt16BE(12);
  if (frameAt > body.length) throw new StoreError('store_corrupt', { at: 'context length', offset });
  return {
    kind: kind === EntryKind.frame ? 'frame' : 'undecodable',
    sourceId: body.readUInt32BE(0),
    receivedAt: body.readDoubleBE(4),
    context: decodeContext(body.toString('utf8', frameHeaderBytes, frameAt)),
    frame: body.subarray(frameAt),
  };
}
