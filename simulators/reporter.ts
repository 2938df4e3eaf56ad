/**
 * The part of a virtual unit that gets its records across: packs them into frames, sends what the protocol's window allows, takes the
 * acknowledgements and repeats datagrams that got none. It knows nothing of connections but whether one is open.
 */
import type { Clock } from '../src/clock.js';
import type { StateUpdate } from '../src/domain/update.js';
import { MilepostError } from '../src/errors.js';
import type { Backoff } from './backoff.js';
import type { Behavior, OutgoingFrame } from './behavior.js';
import { Outbox, type Waiting } from './outbox.js';
import type { FleetStats } from './stats.js';

export interface ReporterOptions {
  readonly behavior: Behavior;
  readonly transport: 'tcp' | 'udp';
  readonly clock: Clock;
  readonly stats: FleetStats;
  readonly batch: number;
  readonly backlogRecords: number;
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  /** Sends a frame over the open connection. Returns how often it goes out, 0 when it gets lost. */
  readonly send: (frame: Buffer) => number;
  /** A frame with these records has gone out. */
  readonly reported: (updates: readonly StateUpdate[]) => void;
  readonly acknowledged: (updates: readonly StateUpdate[]) => void;
  /** Asks for another local port: answers to what was sent so far may still come to the present one. */
  readonly changePort: () => void;
}

export class Reporter {
  readonly outbox: Outbox;
  readonly #options: ReporterOptions;
  #isOpen = false;
  /** No frame is sent before this: the server took less than it was given. */
  #pausedUntilMs = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.outbox = new Outbox(options.backlogRecords, options.batch);
  }

  /** Adds the newest record. */
  keep(update: StateUpdate): void {
    const { stats } = this.#options;
    stats.recordsMade++;
    const lost = this.outbox.push(update);
    if (lost === 0) return;
    stats.recordsLost += lost;
    stats.error('backlog_full');
  }

  /** The unit is let in and may report. */
  open(): void {
    this.#isOpen = true;
    this.pump();
  }

  /** The connection is gone: what was under way has to be sent again. */
  shut(): void {
    this.#isOpen = false;
    this.outbox.requeue();
  }

  /** Looks for overdue acknowledgements and sends what may be sent. False when the connection is of no more use. */
  tick(nowMs: number): boolean {
    const { transport, timeoutMs } = this.#options;
    const oldest = this.outbox.oldest;
    if (oldest !== undefined && nowMs - oldest.sentMs >= timeoutMs) {
      if (transport === 'tcp') return false;
      this.#repeatOverdue(nowMs);
    }
    this.pump();
    return true;
  }

  /** Sends what may be sent now. */
  pump(): void {
    const { behavior, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    while (this.#isOpen && this.outbox.framesWaiting < behavior.window && nowMs >= this.#pausedUntilMs) {
      const updates = this.outbox.peek(behavior.maxRecords);
      if (updates.length === 0) return;
      const frame = this.#pack(updates);
      if (frame === undefined) continue;
      this.#sendFrame(frame, nowMs);
      this.#options.reported(updates.slice(0, frame.records));
    }
  }

  /** Takes an acknowledgement as `Behavior.readDownlink` tells it. */
  take(tag: number | undefined, records: number | undefined): void {
    const { stats, clock, transport, backoff } = this.#options;
    const verdict = this.outbox.acknowledge(tag, records);
    if (verdict.kind === 'accepted') {
      this.#accepted(verdict.waiting);
    } else if (verdict.kind === 'short' || verdict.kind === 'excess') {
      stats.error(`${verdict.kind}_ack`);
      this.#pausedUntilMs = clock.monotonicMs() + backoff.failed();
    } else if (verdict.kind === 'unknown' && transport === 'tcp') {
      // Over UDP it is the late answer to a datagram that was repeated.
      stats.error('unexpected_ack');
    }
    this.pump();
  }

  #accepted({ updates, sentMs, sends, frame }: Waiting): void {
    const { stats, clock, transport, backoff } = this.#options;
    backoff.reset();
    stats.recordsAcknowledged += updates.length;
    stats.acknowledged(clock.monotonicMs() - sentMs);
    this.#options.acknowledged(updates);
    // Answers without a mark cannot be told apart: one more to this datagram must not pass for the answer to the next.
    if (transport === 'udp' && frame.tag === undefined && sends > 1) this.#options.changePort();
  }

  #sendFrame(frame: OutgoingFrame, nowMs: number): void {
    const { stats, transport, send } = this.#options;
    const sends = send(frame.bytes);
    const again = this.outbox.sent(frame, nowMs, { sends, due: transport === 'tcp' ? sends : 1 });
    stats.framesSent++;
    stats.resent += again;
    stats.recordsSent += frame.records - again;
  }

  #repeatOverdue(nowMs: number): void {
    const { stats, timeoutMs, send } = this.#options;
    for (const waiting of this.outbox.waiting) {
      if (nowMs - waiting.sentMs < timeoutMs) continue;
      stats.error('ack_timeout');
      stats.resent += waiting.updates.length;
      stats.framesSent++;
      waiting.sentMs = nowMs;
      waiting.sends += send(waiting.frame.bytes);
    }
  }

  /** The frame of the first of `updates`; undefined when the protocol cannot say the first, which is then given up. */
  #pack(updates: readonly StateUpdate[]): OutgoingFrame | undefined {
    const { behavior, stats } = this.#options;
    try {
      return behavior.pack(updates);
    } catch (error) {
      if (!(error instanceof MilepostError)) throw error;
      stats.error(error.code);
      stats.recordsLost += this.outbox.discard(1);
      return undefined;
    }
  }
}
