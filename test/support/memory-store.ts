/**
 * A registry and unit states kept in memory, for tests of what stands above the store. Changes are atomic and final at once; a test may
 * make them fail, or hold them back to see what is answered before a commit.
 */
import type { Clock } from '../../src/clock.js';
import { UnitState } from '../../src/domain/state.js';
import type { Position } from '../../src/domain/update.js';
import { UpdateBuilder } from '../../src/domain/update.js';
import { StoreError } from '../../src/errors.js';
import type {
  ChangedRow,
  LiveUnits,
  RegistryStore,
  StateStore,
  StoreChanges,
  Transaction,
} from '../../src/store/contract.js';
import type { History, HistoryQuery, KeptRecord } from '../../src/store/history-records.js';
import { keysInMemory } from '../../src/store/key-files.js';
import type { OrderedQuery, OrderedRecords } from '../../src/store/ordered-history.js';
import { Registry } from '../../src/store/registry.js';
import type { RowChange, RowId, TableName, Tables } from '../../src/store/rows.js';
import { SecretBox } from '../../src/store/secret-box.js';

export class MemoryStore implements RegistryStore, StateStore, StoreChanges, LiveUnits, History {
  readonly registry = new Registry();
  readonly secrets = new SecretBox(keysInMemory());
  readonly states = new Map<number, UnitState>();
  readonly connected = new Set<number>();
  /** What units have reported. */
  readonly reported: KeptRecord[] = [];
  /** Ordered reads that were closed. */
  closedReads = 0;
  /** How many changes were kept. */
  changes = 0;
  /** True: no change can be kept. */
  broken = false;
  readonly #clock: Clock;
  readonly #listeners = new Set<(sourceIds: ReadonlySet<number>) => void>();
  readonly #rowListeners = new Set<(rows: readonly ChangedRow[]) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  stateOf(sourceId: number): UnitState | undefined {
    return this.states.get(sourceId);
  }

  isConnected(sourceId: number): boolean {
    return this.connected.has(sourceId);
  }

  hasSession(sourceId: number): boolean {
    return this.connected.has(sourceId);
  }

  disconnect(sourceId: number): void {
    this.connected.delete(sourceId);
  }

  onChange(listener: (sourceIds: ReadonlySet<number>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onRows(listener: (rows: readonly ChangedRow[]) => void): () => void {
    this.#rowListeners.add(listener);
    return () => this.#rowListeners.delete(listener);
  }

  async change<T>(make: (tx: Transaction) => T): Promise<T> {
    const undo: RowChange[] = [];
    const rows: ChangedRow[] = [];
    try {
      const result = make(this.#transaction(undo, rows));
      if (this.broken && undo.length > 0) throw new StoreError('store_write');
      if (undo.length > 0) this.changes++;
      if (rows.length > 0) for (const listener of this.#rowListeners) listener(rows);
      return result;
    } catch (error) {
      for (const change of undo.reverse()) this.registry.apply(change);
      throw error;
    }
  }

  async *records({ sourceIds, fromMs, toMs }: HistoryQuery): AsyncGenerator<KeptRecord> {
    const isWanted = ({ at }: KeptRecord) => at >= fromMs && at <= toMs;
    for (const id of sourceIds) yield* this.reported.filter((each) => each.sourceId === id && isWanted(each));
  }

  async inOrder({ receivedFromMs, receivedToMs, ...query }: OrderedQuery): Promise<OrderedRecords> {
    const found: KeptRecord[] = [];
    for await (const record of this.records(query)) {
      if (record.receivedAt >= receivedFromMs && record.receivedAt <= receivedToMs) found.push(record);
    }
    found.sort((left, right) => left.at - right.at);
    return {
      size: found.length,
      async *batches() {
        for (const each of found) yield [each];
      },
      close: () => void this.closedReads++,
    };
  }

  /** Lets the unit of a source report named values, and a position if one is given. */
  report(sourceId: number, values: Record<string, number | string | boolean>, report: Report = {}): UnitState {
    const state = this.states.get(sourceId) ?? new UnitState();
    this.states.set(sourceId, state);
    const builder = new UpdateBuilder();
    for (const [name, value] of Object.entries(values)) builder.set(name, value);
    const now = this.#clock.now();
    const at = report.at ?? now;
    const update = builder.build(at, { position: positionOf(report.position) });
    const receivedAt = report.receivedAt ?? now;
    this.reported.push({ sourceId, at, receivedAt, update });
    state.apply(update, at, receivedAt);
    for (const listener of this.#listeners) listener(new Set([sourceId]));
    return state;
  }

  #transaction(undo: RowChange[], rows: ChangedRow[]): Transaction {
    const put = (table: TableName, id: RowId, row: Tables[TableName] | null) => {
      const back = this.registry.apply({ table, id, row });
      undo.push(back);
      rows.push({ table, id, row, before: back.row } as ChangedRow);
    };
    return {
      registry: this.registry,
      at: this.#clock.now(),
      put: (table, row) => put(table, row.id, row),
      remove: (table, id) => put(table, id, null),
      nextId: (table) => {
        const id = this.registry.get('counter', table)?.next ?? 1;
        put('counter', table, { id: table, next: id + 1 });
        return id;
      },
    };
  }
}

export interface Report {
  readonly at?: number;
  readonly receivedAt?: number;
  readonly position?: Partial<Position>;
}

function positionOf(position: Partial<Position> | undefined): Position | null {
  if (position === undefined) return null;
  return {
    lat: 52.5,
    lng: 13.4,
    valid: true,
    speedKmh: 0,
    headingDeg: 0,
    altitudeM: 0,
    satellites: undefined,
    ...position,
  };
}
