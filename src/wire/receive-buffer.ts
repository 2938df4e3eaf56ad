/**
 * Bytes of one connection that are not yet consumed. Invariant: unread bytes are `bytes[start, end)`, and `end - start` never
 * exceeds the limit. An idle connection holds no memory: once drained, the buffer is given up.
 *
 * A chunk that arrives while nothing is pending is used where it is, without a copy; only an incomplete frame is copied.
 */

const empty = Buffer.alloc(0);
const smallest = 512;

export class ReceiveBuffer {
  readonly #limitBytes: number;
  #bytes: Buffer = empty;
  #owned = false;
  start = 0;
  end = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Adds a chunk. False when the limit would be exceeded; nothing is added then. The chunk is borrowed until `settle`. */
  push(chunk: Buffer): boolean {
    if (this.length + chunk.length > this.#limitBytes && this.length > 0) return false;
    if (this.length === 0) {
      this.#bytes = chunk;
      this.#owned = false;
      this.start = 0;
      this.end = chunk.length;
      return true;
    }
    this.#reserve(chunk.length);
    chunk.copy(this.#bytes, this.end);
    this.end += chunk.length;
    return true;
  }

  /** Marks everything before `offset` as read. */
  consumeTo(offset: number): void {
    this.start = Math.min(offset, this.end);
  }

  /** Called when the chunk's turn is over: what is left of a borrowed chunk is copied, an empty buffer is given up. */
  settle(): void {
    if (this.length === 0) {
      this.#bytes = empty;
      this.#owned = false;
      this.start = 0;
      this.end = 0;
    } else if (!this.#owned) {
      this.#move(Math.max(smallest, this.length));
    }
  }

  #reserve(count: number): void {
    if (this.#owned && this.end + count <= this.#bytes.length) return;
    this.#move(Math.max(smallest, (this.length + count) * 2));
  }

  #move(capacity: number): void {
    const target = Buffer.allocUnsafeSlow(capacity);
    this.#bytes.copy(target, 0, this.start, this.end);
    this.end -= this.start;
    this.start = 0;
    this.#bytes = target;
    this.#owned = true;
  }
}
