/**
 * The change that applying a setup makes: rows are kept only where they differ from what is there, so that applying the same setup twice
 * changes nothing, and what became of each item is counted.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ErrorCode } from '../../errors.js';
import type { Transaction } from '../contract.js';
import type { TableName, Tables } from '../rows.js';
import { fault, type SetupPath } from './problem.js';

export const sections = [
  'accounts',
  'api_keys',
  'sub_users',
  'groups',
  'tags',
  'trackers',
  'tariffs',
  'sims',
  'activation_codes',
  'bundles',
  'clones',
  'rules',
  'vehicles',
  'licensespring_api_keys',
  'licensespring_products',
  'licensespring_licenses',
  'licensespring_users',
  'licensespring_blacklist',
  'here',
  'here_devices',
] as const;
export type Section = (typeof sections)[number];
export type ItemOutcome = 'created' | 'updated' | 'unchanged';
export type Tally = Readonly<Record<ItemOutcome, number>>;

/** A live session that has to end, because what it was admitted by has changed. */
export interface SessionToEnd {
  readonly sourceId: number;
  readonly code: ErrorCode;
}

export class SetupWork {
  readonly tx: Transaction;
  /** Hashes of passwords that are new, by login in lower case. */
  readonly passwordHashes: ReadonlyMap<string, string>;
  readonly tallies = new Map<Section, Record<ItemOutcome, number>>();
  readonly sessionsToEnd: SessionToEnd[] = [];
  readonly #seen = new Set<string>();
  #rowsMade = 0;
  #rowsChanged = 0;

  constructor(tx: Transaction, passwordHashes: ReadonlyMap<string, string>) {
    this.tx = tx;
    this.passwordHashes = passwordHashes;
  }

  /** Applies one item and counts what became of it. */
  item<T>(section: Section, apply: () => T): T {
    const made = this.#rowsMade;
    const changed = this.#rowsChanged;
    const result = apply();
    const tally = this.tallies.get(section) ?? { created: 0, updated: 0, unchanged: 0 };
    this.tallies.set(section, tally);
    if (this.#rowsMade > made) tally.created++;
    else if (this.#rowsChanged > changed) tally.updated++;
    else tally.unchanged++;
    return result;
  }

  /** Keeps a row that is new or differs from the one there. */
  save<N extends TableName>(table: N, row: Tables[N]): Tables[N] {
    const old = this.tx.registry.get(table, row.id);
    if (old !== undefined && isDeepStrictEqual(old, row)) return old;
    if (old === undefined) this.#rowsMade++;
    else this.#rowsChanged++;
    this.tx.put(table, row);
    return row;
  }

  /** Notes that the item made something by other means than `save`. */
  noteMade(): void {
    this.#rowsMade++;
  }

  /** A row whose id was chosen by the operator: the table's own ids go on after it. */
  reserveId(table: TableName, id: number): void {
    const next = this.tx.registry.get('counter', table)?.next ?? 1;
    if (id >= next) this.tx.put('counter', { id: table, next: id + 1 });
  }

  /** Throws `SetupError` when a setup says the same thing in two places. */
  once(what: string, key: string | number, path: SetupPath): void {
    const name = `${what} ${key}`;
    if (this.#seen.has(name)) fault(path, `${what} ${key} is given twice`);
    this.#seen.add(name);
  }
}

/** The properties that have a value. */
export function given<T extends object>(properties: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Characters that people cannot read, or that begin a tag. Throws `SetupError`. */
export function requireReadable(text: string, path: SetupPath): void {
  if (/[\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}<>]/u.test(text) || text.trim() === '') {
    fault(path, 'must consist of printable characters, not all blank, without < and >');
  }
}
