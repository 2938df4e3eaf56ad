/**
 * What a start does before the gateway takes anything in: tables of the last snapshot, then the journal from there on.
 */
import { type StateSnapshot, stateFrom, UnitState } from '../domain/state.js';
import type { StateUpdate } from '../domain/update.js';
import { StoreError } from '../errors.js';
import type { Engine } from './engine.js';
import { type FrameEntry, readEntries, valueVersion } from './entries.js';
import type { RowChange, RowId, TableName } from './rows.js';
import type { Store } from './store.js';
import { parseRow, readMark, type SnapshotMark, Table } from './tables.js';

/** Decodes a kept frame as it was decoded when it came. Undefined when no decoder can read it any more. */
export type FrameDecoder = (entry: FrameEntry) => readonly StateUpdate[] | undefined;

export interface RecoveryOptions {
  readonly store: Store;
  readonly decode: FrameDecoder;
  readonly decoderVersions: Readonly<Record<string, number>>;
  /** Told about frames that were readable when they came and are not now. */
  readonly onUnreadable: (entry: FrameEntry) => void;
}

export interface RecoveryReport {
  readonly mark: SnapshotMark | undefined;
  readonly replayedValues: number;
  readonly replayedFrames: number;
  readonly decodedAgain: boolean;
}

const versionKey = ['version'] as const;

/** Fills the store from its engine and opens it. Throws `StoreError` `store_version` or `store_corrupt`. */
export async function recover(options: RecoveryOptions): Promise<RecoveryReport> {
  const { store, decoderVersions } = options;
  await checkVersion(store);
  const mark = readMark(store.engine);
  loadRows(store);
  loadStates(store);
  const cursor = mark?.cursor ?? 0;
  const decodedAgain = mark !== undefined && !sameVersions(mark.decoderVersions, decoderVersions);
  if (decodedAgain) forgetRecords(store);
  let last = cursor;
  let replayedValues = 0;
  let replayedFrames = 0;
  let replayedBytes = 0;
  for (const { seq, value } of store.engine.read(decodedAgain ? 0 : cursor + 1)) {
    replayedFrames += replayValue(options, seq, value, cursor);
    replayedValues++;
    if (seq > cursor) replayedBytes += value.length;
    last = Math.max(last, seq);
  }
  store.open(last + 1, replayedBytes);
  return { mark, replayedValues, replayedFrames, decodedAgain };
}

/** Version of the data that an engine holds; undefined where it holds none yet. */
export function versionOf(engine: Engine): number | undefined {
  for (const { value } of engine.rows(Table.meta, versionKey)) return Number(value.toString());
  return undefined;
}

async function checkVersion(store: Store): Promise<void> {
  const version = versionOf(store.engine);
  if (version !== undefined && version !== valueVersion) {
    const at = version > valueVersion ? 'data of a newer Milepost' : 'data of an older Milepost';
    throw new StoreError('store_version', { at, expected: valueVersion, got: version });
  }
  if (version !== undefined) return;
  try {
    await store.engine.put(Table.meta, versionKey, Buffer.from(String(valueVersion)));
  } catch (cause) {
    throw new StoreError('store_write', { got: String(cause), cause });
  }
}

function loadRows(store: Store): void {
  const changes: RowChange[] = [];
  for (const { key, value } of store.engine.rows(Table.rows)) {
    changes.push({ table: key[0] as TableName, id: key[1] as RowId, row: parseRow(value, Table.rows) });
  }
  applyRows(store, changes);
}

/** `seq` is the commit that holds the changes; undefined for those that a snapshot has. */
function applyRows(store: Store, changes: readonly RowChange[], seq?: number): void {
  try {
    store.applyKept(changes, seq !== undefined);
  } catch (cause) {
    throw new StoreError('store_corrupt', { at: seq === undefined ? `table ${Table.rows}` : `commit ${seq}`, cause });
  }
}

function loadStates(store: Store): void {
  for (const { key, value } of store.engine.rows(Table.units)) {
    store.units.ensure(Number(key[0])).state = stateFrom(parseRow<StateSnapshot>(value, Table.units));
  }
}

/**
 * For decoding everything again: what an older decoder misread must not outlive it. Only when nothing has been dropped from the journal
 * or erased; otherwise the records are folded over the states, since these know of frames that are gone.
 */
function forgetRecords(store: Store): void {
  const first = store.engine.bounds()?.first;
  for (const unit of store.units.all()) {
    store.units.touch(unit);
    const isErased = store.registry.claims.openClaimOfSource(unit.sourceId)?.tracesAfter !== undefined;
    if (first !== 1 || isErased) continue;
    const { heardAt } = unit.state;
    unit.state = new UnitState();
    unit.state.heardAt = heardAt;
  }
}

/** Values up to the snapshot are read again only for their frames: rows of the tables are newer. */
function replayValue(options: RecoveryOptions, seq: number, value: Buffer, cursor: number): number {
  const { store } = options;
  let frames = 0;
  for (const entry of readEntries(value)) {
    if (entry.kind === 'rows') {
      if (seq > cursor) applyRows(store, entry.changes, seq);
      continue;
    }
    frames++;
    const unit = store.units.ensure(entry.sourceId);
    if (seq > cursor) store.units.noteCommit(unit, seq);
    replayFrame(options, entry);
  }
  return frames;
}

function replayFrame({ store, decode, onUnreadable }: RecoveryOptions, entry: FrameEntry): void {
  const updates = decode(entry);
  if (updates === undefined && entry.kind === 'frame') onUnreadable(entry);
  store.fold(store.units.ensure(entry.sourceId), updates ?? [], entry.receivedAt);
}

function sameVersions(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((name) => a[name] === b[name]);
}
