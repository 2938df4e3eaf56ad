/**
 * Looks at the frames of a client before the broker's parser does: packets that are too large, or of a kind that who only listens has no
 * use for, never get there. It reads fixed headers alone.
 * Source: MQTT 3.1.1, section 2.2.
 */
import type { CutReason } from './limits.js';

export type PacketFault = Extract<CutReason, 'packet_too_large' | 'publish' | 'malformed'>;

/** Control packet types. Source: MQTT 3.1.1, table 2.1. */
const publishType = 3;
/** CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT: messages go out with QoS 0, which nobody acknowledges. */
const admittedTypes: ReadonlySet<number> = new Set([1, 8, 10, 12, 14]);
/** The most a remaining length may take. */
const maxLengthBytes = 4;

export class PacketGuard {
  readonly #maxBytes: number;
  /** Bytes of the packet under way that are still to come. */
  #rest = 0;
  /** Bytes of the remaining length that were read; -1 when a packet begins. */
  #lengthBytes = -1;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Undefined when all is well with these bytes, which come after those of earlier calls. */
  check(bytes: Uint8Array): PacketFault | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#rest > 0) {
        const size = Math.min(this.#rest, bytes.length - at);
        this.#rest -= size;
        at += size;
        continue;
      }
      const fault = this.#checkHeader(bytes[at] ?? 0);
      if (fault !== undefined) return fault;
      at++;
    }
    return undefined;
  }

  #checkHeader(byte: number): PacketFault | undefined {
    if (this.#lengthBytes < 0) return this.#begin(byte >> 4);
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes++;
    if (this.#length > this.#maxBytes) return 'packet_too_large';
    if ((byte & 0x80) !== 0) return this.#lengthBytes === maxLengthBytes ? 'malformed' : undefined;
    this.#rest = this.#length;
    this.#lengthBytes = -1;
    return undefined;
  }

  #begin(type: number): PacketFault | undefined {
    if (type === publishType) return 'publish';
    if (!admittedTypes.has(type)) return 'malformed';
    this.#lengthBytes = 0;
    this.#length = 0;
    return undefined;
  }
}
