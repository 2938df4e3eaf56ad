/**
 * Cuts what a server sends into frames and reads them with the unit's behavior. Bytes that are no frame are passed over and counted;
 * what is left of a datagram never joins the next one.
 */
import { MilepostError } from '../src/errors.js';
import { ReceiveBuffer } from '../src/wire/receive-buffer.js';
import type { Behavior, Downlink } from './behavior.js';

/** More unfinished bytes than this from a server are thrown away. */
const limitBytes = 64 * 1024;

export interface DownlinkEvents {
  /** Returns false when nothing more is to be read from this connection. */
  read(downlink: Downlink): boolean;
  /** Something could not be read; `code` says what. */
  fault(code: string): void;
}

export class DownlinkReader {
  readonly #behavior: Behavior;
  readonly #framer;
  readonly #datagrams: boolean;
  #buffer = new ReceiveBuffer(limitBytes);

  constructor(behavior: Behavior, datagrams: boolean) {
    this.#behavior = behavior;
    this.#framer = behavior.downlinkFramer();
    this.#datagrams = datagrams;
  }

  feed(chunk: Buffer, events: DownlinkEvents): void {
    if (!this.#buffer.push(chunk)) {
      events.fault('downlink_too_large');
      this.#buffer = new ReceiveBuffer(limitBytes);
      return;
    }
    this.#readAll(events);
    if (this.#datagrams && this.#buffer.length > 0) {
      events.fault('bad_downlink');
      this.#buffer = new ReceiveBuffer(limitBytes);
    }
    this.#buffer.settle();
  }

  #readAll(events: DownlinkEvents): void {
    const buffer = this.#buffer;
    while (buffer.length > 0) {
      const outcome = this.#framer.next(buffer.bytes, buffer.start, buffer.end);
      if (outcome.kind === 'more') return;
      const { start, end, kind, code } = outcome;
      const downlink = kind === 'frame' ? this.#read(buffer.bytes.subarray(start, end), events) : undefined;
      if (kind === 'skip' && code !== undefined) events.fault('bad_downlink');
      buffer.consumeTo(end);
      if (downlink !== undefined && !events.read(downlink)) return;
    }
  }

  #read(frame: Buffer, events: DownlinkEvents): Downlink | undefined {
    try {
      return this.#behavior.readDownlink(frame);
    } catch (error) {
      if (!(error instanceof MilepostError)) throw error;
      events.fault('bad_downlink');
      return undefined;
    }
  }
}
