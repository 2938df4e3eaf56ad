/**
 * Erasing what was kept under claims: all of it some time after a claim has ended, and what an owner has deleted as soon as that is on
 * disk. Frames are taken out of their commits, which keep everything else and its place. It may be cut short at any moment: what is left is
 * found again.
 */
import type { Clock } from '../../clock.js';
import type { Transaction } from '../contract.js';
import { withoutFrames } from '../entries.js';
import { decodeSeqs } from '../history.js';
import type { Store } from '../store.js';
import { Table } from '../tables.js';
import type { ClaimRow } from './rows.js';

export interface EraserOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** How long what was kept under a claim outlives it, ms. */
  readonly claimRetentionMs: number;
}

/** Something to erase. */
export interface Erasure {
  readonly claim: ClaimRow;
  /** Frames received up to this time, ms since 1970 UTC; infinite for everything there is of the source. */
  readonly receivedUpTo: number;
}

export interface ErasingPass {
  /** Everything up to this commit is in the snapshot. */
  readonly cursor: number;
  readonly isStopping: () => boolean;
  /** The journal is about to shrink by this. */
  readonly shrinks: (sizeBytes: number) => Promise<void>;
}

/** Commits written again between two looks at the event loop. */
const sliceCommits = 16;
/** Most commits written again in one pass; the next one goes on. */
const maxCommitsPerPass = 100_000;

export class Eraser {
  readonly #options: EraserOptions;
  #commitsLeft = 0;

  constructor(options: EraserOptions) {
    this.#options = options;
  }

  /** What is to be erased. Resolves when every frame that may belong to it is on disk. */
  async due(): Promise<readonly Erasure[]> {
    const { store, clock, claimRetentionMs } = this.#options;
    const endedBefore = clock.now() - claimRetentionMs;
    const due = [...store.registry.all('claim')].flatMap((claim) => erasureOf(claim, endedBefore) ?? []);
    if (due.length === 0) return due;
    await store.drained();
    // A change that could not be kept has been undone.
    return due.filter(({ claim }) => store.registry.get('claim', claim.id) === claim);
  }

  /** Erases what `due` found before the pass. */
  async erase(erasures: readonly Erasure[], pass: ErasingPass): Promise<void> {
    this.#commitsLeft = maxCommitsPerPass;
    for (const erasure of erasures) {
      if (!(await this.#eraseFrames(erasure, pass))) return;
      await this.#finish(erasure);
    }
  }

  /** False when it was cut short. */
  async #eraseFrames(erasure: Erasure, pass: ErasingPass): Promise<boolean> {
    const { engine } = this.#options.store;
    for (const { key, value } of [...engine.rows(Table.index, [erasure.claim.sourceId])]) {
      if (!(await this.#eraseRow(erasure, decodeSeqs(value), pass))) return false;
      if (isWhole(erasure)) await engine.delete(Table.index, key);
    }
    return true;
  }

  async #eraseRow(erasure: Erasure, seqs: readonly number[], pass: ErasingPass): Promise<boolean> {
    for (let at = 0; at < seqs.length; at += sliceCommits) {
      if (pass.isStopping() || this.#commitsLeft <= 0) return false;
      const slice = seqs.slice(at, at + sliceCommits).filter((seq) => seq <= pass.cursor);
      await this.#eraseSlice(erasure, slice, pass);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return true;
  }

  async #eraseSlice({ claim, receivedUpTo }: Erasure, seqs: readonly number[], pass: ErasingPass): Promise<void> {
    const { engine } = this.#options.store;
    const isDoomed = (sourceId: number, receivedAt: number) =>
      sourceId === claim.sourceId && receivedAt <= receivedUpTo;
    let shrinksBy = 0;
    const changed = seqs.flatMap((seq) => {
      const old = engine.get(seq);
      const value = old === undefined ? undefined : withoutFrames(old, isDoomed);
      if (old === undefined || value === undefined) return [];
      shrinksBy += old.length - value.length;
      return [{ seq, value }];
    });
    if (changed.length === 0) return;
    this.#commitsLeft -= changed.length;
    await pass.shrinks(shrinksBy);
    await Promise.all(changed.map(({ seq, value }) => engine.replace(seq, value)));
  }

  async #finish(erasure: Erasure): Promise<void> {
    const { store } = this.#options;
    const { sourceId } = erasure.claim;
    if (isWhole(erasure)) {
      store.units.remove(sourceId);
      await store.engine.delete(Table.units, [sourceId]);
    }
    await store.change((tx) => {
      const row = tx.registry.get('claim', erasure.claim.id);
      if (row === undefined) return;
      forgetUnread(tx, erasure);
      if (isWhole(erasure)) forgetSettings(tx, sourceId);
      tx.put(
        'claim',
        isWhole(erasure) ? { ...row, erasedAt: tx.at } : { ...row, tracesErasedTo: erasure.receivedUpTo },
      );
    });
  }
}

function erasureOf(claim: ClaimRow, endedBefore: number): Erasure | undefined {
  const { unclaimedAt, erasedAt, tracesAfter, tracesErasedTo } = claim;
  if (erasedAt !== undefined) return undefined;
  if (unclaimedAt !== undefined && unclaimedAt <= endedBefore) return { claim, receivedUpTo: Number.POSITIVE_INFINITY };
  return tracesAfter === undefined || tracesAfter === tracesErasedTo ? undefined : { claim, receivedUpTo: tracesAfter };
}

function isWhole({ receivedUpTo }: Erasure): boolean {
  return receivedUpTo === Number.POSITIVE_INFINITY;
}

/** An unreadable frame that comes again is kept anew. */
function forgetUnread(tx: Transaction, { claim, receivedUpTo }: Erasure): void {
  for (const { id, firstAt } of [...tx.registry.poisonOfSource(claim.sourceId)]) {
    if (firstAt <= receivedUpTo) tx.remove('poison', id);
  }
}

/** What the owner had set up for the unit, and told it. */
function forgetSettings(tx: Transaction, sourceId: number): void {
  const { registry } = tx;
  for (const { id } of [...registry.commandsOfSource(sourceId)]) tx.remove('command', id);
  const trackerIds = new Set(registry.trackersOfSource(sourceId).map(({ id }) => id));
  for (const table of ['sensor', 'meter'] as const) {
    const theirs = [...registry.all(table)].filter(({ trackerId }) => trackerIds.has(trackerId));
    for (const { id } of theirs) tx.remove(table, id);
  }
}
