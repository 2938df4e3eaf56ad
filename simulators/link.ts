/**
 * The road between a virtual unit and its server, with potholes on demand: frames cut into pieces, glued together, delayed, sent
 * twice or lost. Without faults it hands bytes straight to the socket. On TCP a lost frame is a lost connection, since a stream
 * cannot lose bytes; over UDP the datagram or the answer to it is lost.
 */
import type { Clock, Timer } from '../src/clock.js';
import type { Random } from './random.js';
import { type Endpoint, openWire, type Wire, type WireEvents } from './wire.js';

export interface LinkFaults {
  /** Frames go out in pieces of at most this many bytes, TCP only; 0 for whole frames. */
  readonly splitBytes: number;
  /** Frames are held for a moment and go out together, TCP only. */
  readonly merge: boolean;
  /** Every frame is held for a random time up to this, ms. */
  readonly delayMs: number;
  /** Chance that a frame is lost, 0 to 1. */
  readonly dropRate: number;
  /** Chance that a frame is sent twice, 0 to 1. */
  readonly duplicateRate: number;
}

export const noFaults: LinkFaults = { splitBytes: 0, merge: false, delayMs: 0, dropRate: 0, duplicateRate: 0 };

export interface LinkOptions {
  readonly endpoint: Endpoint;
  readonly faults: LinkFaults;
  readonly random: Random;
  readonly clock: Clock;
  /** Told how many bytes went to the socket. */
  readonly onWritten: (bytes: number) => void;
}

interface Held {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** How long merged frames are held, ms. */
const mergeMs = 20;

export class Link {
  readonly #options: LinkOptions;
  readonly #events: WireEvents;
  readonly #wire: Wire;
  readonly #faulty: boolean;
  readonly #held: Held[] = [];
  #timer: Timer | undefined;
  /** Over UDP: answers still to be lost. */
  #answersToLose = 0;
  /** Set once a lost frame is to take the connection with it. */
  #cutting = false;
  #closed = false;

  constructor(options: LinkOptions, events: WireEvents) {
    this.#options = options;
    this.#events = events;
    const { splitBytes, merge, delayMs, dropRate, duplicateRate } = options.faults;
    this.#faulty = splitBytes > 0 || merge || delayMs > 0 || dropRate > 0 || duplicateRate > 0;
    this.#wire = openWire(options.endpoint, {
      opened: () => events.opened(),
      received: (bytes) => this.#receive(bytes),
      closed: (reason) => this.#end(reason),
    });
  }

  /** Sends a frame. Returns how often it goes out whole: 1, 2 for a duplicate, 0 when it is lost on the way. */
  send(frame: Buffer): number {
    if (this.#closed || this.#cutting) return 0;
    if (!this.#faulty) {
      this.#write(frame);
      return 1;
    }
    const { faults, random } = this.#options;
    if (random.chance(faults.dropRate)) return this.#lose(frame);
    const copies = random.chance(faults.duplicateRate) ? 2 : 1;
    for (let i = 0; i < copies; i++) this.#hold(frame);
    this.#flush();
    return copies;
  }

  /** Closes without a word to the owner. Frames still held are not sent, unless `gently`. */
  close(gently = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    if (gently) {
      for (const held of this.#held) this.#write(held.bytes);
      this.#wire.end();
    } else {
      this.#wire.destroy();
    }
  }

  #receive(bytes: Buffer): void {
    if (this.#closed) return;
    if (this.#answersToLose > 0) {
      this.#answersToLose--;
      return;
    }
    this.#events.received(bytes);
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#events.closed(reason);
  }

  #lose(frame: Buffer): number {
    const { endpoint, random } = this.#options;
    const reached = random.integer(0, frame.length);
    if (endpoint.transport === 'udp') {
      if (reached * 2 < frame.length) return 0;
      this.#answersToLose++;
      this.#write(frame);
      return 1;
    }
    this.#cutting = true;
    for (const held of this.#held.splice(0)) this.#write(held.bytes);
    this.#write(frame.subarray(0, reached));
    // The peer should see the bytes before the end of the stream; the owner learns of it as of any broken connection.
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(1, () => {
      this.#wire.end();
      this.#end('connection_cut');
    });
    return 0;
  }

  #hold(frame: Buffer): void {
    const { endpoint, faults, random, clock } = this.#options;
    const stream = endpoint.transport === 'tcp';
    const nowMs = clock.monotonicMs();
    let dueMs = nowMs + (faults.delayMs > 0 ? random.between(0, faults.delayMs) : 0);
    // Frames join those that are held already.
    if (stream && faults.merge) dueMs = Math.max(dueMs, this.#held.at(-1)?.dueMs ?? nowMs + mergeMs);
    if (stream) dueMs = Math.max(dueMs, this.#held.at(-1)?.dueMs ?? 0);
    if (!stream || faults.splitBytes === 0) {
      this.#held.push({ bytes: frame, dueMs });
      return;
    }
    for (let start = 0; start < frame.length; dueMs++) {
      const end = Math.min(frame.length, start + random.integer(1, faults.splitBytes));
      this.#held.push({ bytes: frame.subarray(start, end), dueMs });
      start = end;
    }
  }

  /** Writes what is due and comes back for the rest. */
  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const nowMs = this.#options.clock.monotonicMs();
    this.#writeDue(nowMs);
    if (this.#held.length === 0) return;
    const nextMs = this.#held.reduce((first, held) => Math.min(first, held.dueMs), Number.POSITIVE_INFINITY);
    this.#timer = this.#options.clock.after(Math.max(1, nextMs - nowMs), () => this.#flush());
  }

  #writeDue(nowMs: number): void {
    const { endpoint, faults } = this.#options;
    if (endpoint.transport === 'udp') {
      // Datagrams overtake each other as their delays will have it.
      const due = this.#held.filter((held) => held.dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs);
      for (const held of due) this.#held.splice(this.#held.indexOf(held), 1);
      for (const held of due) this.#write(held.bytes);
      return;
    }
    let count = this.#held.findIndex((held) => held.dueMs > nowMs);
    if (count < 0) count = this.#held.length;
    // Pieces written in one turn would travel as one segment.
    if (faults.splitBytes > 0 && !faults.merge) count = Math.min(count, 1);
    this.#write(Buffer.concat(this.#held.splice(0, count).map((held) => held.bytes)));
  }

  #write(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#options.onWritten(bytes.length);
    this.#wire.write(bytes);
  }
}
