/**
 * What the store offers to the floors above it. HTTP and ingest are written against these, tests may stand in for them.
 */
import type { UnitState } from '../domain/state.js';
import type { ErrorCode } from '../errors.js';
import type { Registry } from './registry.js';
import type { RowId, TableName, Tables } from './rows.js';
import type { Secrets } from './secret-box.js';

/** One atomic change of the registry. Reads go to the registry, which shows the change at once. */
export interface Transaction {
  readonly registry: Registry;
  /** The time of the change, ms since 1970 UTC. */
  readonly at: number;
  put<N extends TableName>(table: N, row: Tables[N]): void;
  remove(table: TableName, id: RowId): void;
  /** A new id of the table, never used before. */
  nextId(table: TableName): number;
}

export interface RegistryStore {
  readonly registry: Registry;
  /** For what must be readable again and is not to lie open in a row. */
  readonly secrets: Secrets;
  /**
   * Runs `make` at once; what it put and removed is kept as one entry. Resolves with its result after the commit that holds it, or where
   * it changed nothing after those that hold what it may have seen. Throws what `make` throws (nothing is changed then), or `StoreError`
   * when it could not be kept (the change is undone then).
   */
  change<T>(make: (tx: Transaction) => T): Promise<T>;
}

export interface StateStore {
  /** The state of a source; undefined when nothing was ever received from it. */
  stateOf(sourceId: number): UnitState | undefined;
}

/** A row that was changed, with what it was before; null where there is or was none. */
export type ChangedRow = {
  readonly [N in TableName]: {
    readonly table: N;
    readonly id: RowId;
    readonly row: Tables[N] | null;
    readonly before: Tables[N] | null;
  };
}[TableName];

/** Who listens is told of a change once the commit that holds it is on disk, and gets what removes the listener. It must not throw. */
export interface StoreChanges {
  /** Which units' states changed. */
  onChange(listener: (sourceIds: ReadonlySet<number>) => void): () => void;
  /** Which rows changed, in order. */
  onRows(listener: (rows: readonly ChangedRow[]) => void): () => void;
}

/** Which units have a live session right now. */
export interface LiveUnits {
  isConnected(sourceId: number): boolean;
  /** The same without units that report by datagram, which have no session to lose. */
  hasSession(sourceId: number): boolean;
  /** Ends the live session of a source, if it has one: its registration has changed under it. */
  disconnect(sourceId: number, code: ErrorCode): void;
}

/** A unit that was turned away, with how often and when. */
export interface RefusedUnit {
  /** What the unit called itself; null when it did not come so far. */
  readonly identity: string | null;
  /** Where it came from last. */
  readonly address: string;
  readonly protocol: string | null;
  readonly reason: ErrorCode;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Units that were turned away lately, the last one first. */
export interface RefusedUnits {
  recent(): readonly RefusedUnit[];
}

/** Whether the gateway can keep what it is sent. */
export interface Health {
  readonly ready: boolean;
  /** Why it is not ready, for people. */
  readonly problems: readonly string[];
}
