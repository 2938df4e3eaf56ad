/**
 * A long answer under construction, as bytes: it grows by doubling, and what is appended is copied at once. The memory of answers that
 * have been sent is used for the next ones: megabytes that come and go keep the garbage collector busy, and units waiting.
 */

/** Answers whose memory is kept, and the longest that is. */
const maxKept = 4;
const maxKeptBytes = 8 * 1024 * 1024;

const kept: Buffer[] = [];

export class AnswerBytes {
  #bytes: Buffer;
  #size = 0;

  /** `expectedBytes`: how long it will be about. */
  constructor(expectedBytes: number) {
    const last = kept.pop();
    this.#bytes = last !== undefined && last.length >= expectedBytes ? last : Buffer.allocUnsafeSlow(expectedBytes);
  }

  /** The first `size` of these bytes. */
  append(bytes: Buffer, size: number): void {
    this.#reserve(size);
    bytes.copy(this.#bytes, this.#size, 0, size);
    this.#size += size;
  }

  /** Text of ASCII characters only. */
  appendAscii(text: string): void {
    this.#reserve(text.length);
    this.#size += this.#bytes.write(text, this.#size, 'latin1');
  }

  /** All of it. */
  get whole(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Gives the memory back: to be called once, when nobody reads `whole` any more. */
  release(): void {
    if (kept.length < maxKept && this.#bytes.length <= maxKeptBytes) kept.push(this.#bytes);
    this.#bytes = Buffer.alloc(0);
    this.#size = 0;
  }

  #reserve(size: number): void {
    const needed = this.#size + size;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#size);
    this.#bytes = larger;
  }
}
