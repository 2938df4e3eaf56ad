/**
 * Brings queued commands to their units: one at a time over the live link, again after the next login where they are reliable, and by
 * SMS where that was asked for. Every step is kept in the registry before the next is taken, so that a restart goes on where it ended;
 * a reliable command may therefore reach a unit twice, and any other at most once.
 */
import type { Clock, Timer } from '../clock.js';
import type { Command } from '../domain/command.js';
import { CommandError, MilepostError } from '../errors.js';
import type { Logger } from '../log.js';
import type { RegistryStore, Transaction } from '../store/contract.js';
import type { CommandRow, SourceRow } from '../store/rows.js';
import * as queue from './queue.js';
import { positionSmsOf, type SmsGateway } from './sms.js';
import type { LinkListener, UnitLink, UnitLinks } from './unit-link.js';

/** What a caller says of a command; the rest follows from it. */
export interface CommandWish {
  readonly source: SourceRow;
  readonly accountId: number;
  readonly command: Command;
  /** Default `link`. */
  readonly via?: 'link' | 'sms';
  readonly reliable: boolean;
}

/** What the API does with commands. */
export interface Commands {
  /** Whether units of a protocol can be told this, and why not. */
  problemOf(source: SourceRow, command: Command): 'unsupported_command' | 'command_text' | undefined;
  /** Whether a command would leave at once. */
  isLinked(sourceId: number): boolean;
  /** Whether there is a way to send short messages. */
  readonly hasSms: boolean;
  /**
   * Puts commands into the queues of their sources, all or none, together with what else `make` changes. Resolves with their rows when
   * they are kept; undefined when a queue is full, and then nothing is changed.
   */
  submit(wishes: readonly CommandWish[], make?: (tx: Transaction) => void): Promise<readonly CommandRow[] | undefined>;
  /** Takes a command back; false when it had ended. */
  cancel(commandId: number): Promise<boolean>;
  /** Takes back all commands of a source that have not ended; returns how many there were. */
  cancelAll(sourceId: number): Promise<number>;
}

/** What the protocol of a source makes of a command. Throws `CommandError`. */
export type CommandCheck = (source: SourceRow, command: Command) => void;

export interface DispatcherOptions {
  readonly store: RegistryStore;
  readonly links: UnitLinks;
  readonly clock: Clock;
  readonly log: Logger;
  readonly check: CommandCheck;
  readonly sms?: SmsGateway | undefined;
  /** A command ends when it was not carried out in this time, ms. */
  readonly ttlMs: number;
}

/** One link of a unit and what was tried over it. */
interface Line {
  readonly link: UnitLink;
  /** Sent over this link without an answer: they wait for the next. */
  readonly tried: Set<number>;
  /** The unit looks at what waited for it. Until then only commands given while it was connected go out. */
  isReady: boolean;
  isHeld: boolean;
  isBusy: boolean;
}

const tickMs = 1000;
/** From one attempt to hand over a short message to the next, ms. */
const smsPauseMs = 60_000;

class QueueFull extends Error {}

export class Dispatcher implements Commands, LinkListener {
  readonly #options: DispatcherOptions;
  readonly #lines = new Map<number, Line>();
  /** Commands handed to a link that has not answered. */
  readonly #inFlight = new Set<number>();
  /** Short messages on their way to the gateway. */
  readonly #texting = new Set<number>();
  #smsPausedUntil = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get hasSms(): boolean {
    return this.#options.sms !== undefined;
  }

  /** Takes up what an earlier run left: called once, before units connect. */
  async start(): Promise<void> {
    const { store, clock } = this.#options;
    await store.change((tx) => {
      for (const row of [...tx.registry.openCommands()]) {
        if (row.via === 'link' && row.state === 'sent') queue.markUnanswered(tx, row.id, 'unit_offline');
        else if (row.via === 'link' && !row.reliable) queue.markUnanswered(tx, row.id, 'unit_offline');
      }
      queue.expire(tx);
    });
    this.#timer = clock.every(tickMs, () => this.#tick());
    this.#tick();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  problemOf(source: SourceRow, command: Command): 'unsupported_command' | 'command_text' | undefined {
    try {
      this.#options.check(source, command);
      return undefined;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return error.code === 'command_text' ? 'command_text' : 'unsupported_command';
    }
  }

  isLinked(sourceId: number): boolean {
    return this.#options.links.linkOf(sourceId) !== undefined;
  }

  async submit(
    wishes: readonly CommandWish[],
    make?: (tx: Transaction) => void,
  ): Promise<readonly CommandRow[] | undefined> {
    const { store, ttlMs } = this.#options;
    let rows: readonly CommandRow[];
    try {
      rows = await store.change((tx) => {
        make?.(tx);
        return wishes.map((wish) => this.#enqueue(tx, wish, ttlMs));
      });
    } catch (error) {
      if (error instanceof QueueFull) return undefined;
      throw error;
    }
    for (const row of rows) this.#dispatch(row);
    return rows;
  }

  cancel(commandId: number): Promise<boolean> {
    return this.#options.store.change((tx) => queue.cancel(tx, commandId));
  }

  cancelAll(sourceId: number): Promise<number> {
    return this.#options.store.change((tx) => {
      const open = [...tx.registry.openCommandsOfSource(sourceId)];
      for (const row of open) queue.cancel(tx, row.id);
      return open.length;
    });
  }

  linked(sourceId: number, link: UnitLink): void {
    const isHeld = this.#options.store.registry.openCommandsOfSource(sourceId).some(({ via }) => via === 'link');
    this.#lines.set(sourceId, { link, tried: new Set(), isReady: false, isHeld, isBusy: false });
  }

  ready(sourceId: number, link: UnitLink): void {
    const line = this.#lines.get(sourceId);
    if (line?.link !== link || line.isReady) return;
    line.isReady = true;
    line.isHeld = false;
    this.#pump(sourceId);
  }

  unlinked(sourceId: number, link: UnitLink): void {
    const line = this.#lines.get(sourceId);
    if (line?.link !== link) return;
    this.#lines.delete(sourceId);
    this.#dropUnreliable(sourceId);
  }

  #enqueue(tx: Transaction, wish: CommandWish, ttlMs: number): CommandRow {
    const row = queue.enqueue(tx, { ...wish, via: wish.via ?? 'link', ttlMs });
    if (row === undefined) throw new QueueFull();
    const isLost = row.via === 'link' && !row.reliable && !this.isLinked(row.sourceId);
    if (isLost) queue.markUnanswered(tx, row.id, 'unit_offline');
    return tx.registry.get('command', row.id) ?? row;
  }

  #dispatch(row: CommandRow): void {
    if (row.via === 'sms') void this.#text(row);
    else this.#pump(row.sourceId);
  }

  /** Sends the next command of a source, if it may go out now. */
  #pump(sourceId: number): void {
    const line = this.#lines.get(sourceId);
    if (line === undefined || line.isBusy || line.isHeld || this.#isStopped) return;
    const row = queue.nextQueued(this.#options.store.registry, sourceId, line.tried);
    if (row === undefined) return;
    line.isBusy = true;
    this.#inFlight.add(row.id);
    const delivered = this.#deliver(row, line).finally(() => this.#inFlight.delete(row.id));
    delivered.then(
      () => {
        line.isBusy = false;
        this.#pump(sourceId);
      },
      (error: unknown) => {
        // The next tick tries again: without the disk nothing may leave.
        line.isBusy = false;
        line.tried.delete(row.id);
        this.#failed(error);
      },
    );
  }

  async #deliver(row: CommandRow, line: Line): Promise<void> {
    const { store } = this.#options;
    const wasReady = line.isReady;
    line.tried.add(row.id);
    const sent = await store.change((tx) => queue.markSent(tx, row.id));
    if (sent === undefined) return;
    try {
      const reply = await line.link.send(queue.commandOf(row));
      await store.change((tx) => queue.markReply(tx, row.id, reply));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // A unit that was not ready may not have looked at it: once more over the same link.
      if (!wasReady) line.tried.delete(row.id);
      await store.change((tx) => queue.markUnanswered(tx, row.id, error.code));
    }
    this.#logEnd(row);
  }

  /** Hands a short message over. While the gateway takes none, all wait for a while. */
  async #text(row: CommandRow): Promise<void> {
    const { store, sms, clock } = this.#options;
    if (sms === undefined || this.#isStopped || this.#texting.has(row.id) || clock.now() < this.#smsPausedUntil) return;
    this.#texting.add(row.id);
    try {
      const source = store.registry.get('source', row.sourceId);
      const text = source === undefined ? undefined : smsTextOf(source, queue.commandOf(row));
      if (source === undefined || source.phone === null || text === undefined) {
        await this.cancel(row.id);
        return;
      }
      await sms.send(source.phone, text);
      await store.change((tx) => queue.markSent(tx, row.id));
    } catch (error) {
      this.#smsPausedUntil = clock.now() + smsPauseMs;
      this.#failed(error);
    } finally {
      this.#texting.delete(row.id);
    }
  }

  /** A command that is not reliable does not outlive the connection it was meant for. */
  #dropUnreliable(sourceId: number): void {
    const { store } = this.#options;
    const isLost = (row: CommandRow) => row.via === 'link' && !row.reliable && row.state === 'queued';
    if (this.#isStopped || !store.registry.openCommandsOfSource(sourceId).some(isLost)) return;
    store
      .change((tx) => {
        const lost = tx.registry.openCommandsOfSource(sourceId).filter(isLost);
        for (const row of lost) queue.markUnanswered(tx, row.id, 'unit_offline');
      })
      .catch((error: unknown) => this.#failed(error));
  }

  #tick(): void {
    const { store, clock } = this.#options;
    const now = clock.now();
    let isAnyOver = false;
    for (const row of [...store.registry.openCommands()]) {
      isAnyOver ||= row.expiresAt <= now || this.#isStray(row);
      if (row.state === 'queued') this.#dispatch(row);
    }
    if (isAnyOver) this.#settle().catch((error: unknown) => this.#failed(error));
  }

  /** Ends what has expired, and what could not be brought to its end while the disk failed. */
  #settle(): Promise<void> {
    return this.#options.store.change((tx) => {
      queue.expire(tx);
      const strays = [...tx.registry.openCommands()].filter((row) => this.#isStray(row));
      for (const row of strays) queue.markUnanswered(tx, row.id, 'unit_offline');
    });
  }

  #isStray(row: CommandRow): boolean {
    if (row.via !== 'link' || this.#inFlight.has(row.id)) return false;
    return row.state === 'sent' || (!row.reliable && !this.#lines.has(row.sourceId));
  }

  #logEnd(row: CommandRow): void {
    const { store, log } = this.#options;
    if (!log.isLevelEnabled('info')) return;
    const unit = store.registry.get('source', row.sourceId)?.deviceId;
    const state = store.registry.get('command', row.id)?.state;
    log.info({ unit, command: row.id, kind: row.command.kind, state }, 'command');
  }

  #failed(error: unknown): void {
    if (this.#isStopped && error instanceof MilepostError) return;
    this.#options.log.warn({ err: error }, 'command not carried on');
  }
}

/** What an SMS says for a command; undefined where nothing is known. */
export function smsTextOf(source: SourceRow, command: Command): string | undefined {
  if (command.kind === 'text') return command.text;
  return command.kind === 'position' ? positionSmsOf(source.protocol) : undefined;
}
