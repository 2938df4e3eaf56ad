/** The receive buffer against the simplest model there is: one plain concatenation of all chunks. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReceiveBuffer } from '../../src/wire/receive-buffer.js';

interface Model {
  waiting: Buffer;
}

function unread(buffer: ReceiveBuffer): Buffer {
  return buffer.bytes.subarray(buffer.start, buffer.end);
}

function check(model: Model, buffer: ReceiveBuffer): void {
  expect(buffer.length).toBe(model.waiting.length);
  expect(Buffer.compare(unread(buffer), model.waiting)).toBe(0);
}

const limitBytes = 2000;

class Push implements fc.Command<Model, ReceiveBuffer> {
  constructor(readonly chunk: Uint8Array) {}

  check(): boolean {
    return true;
  }

  run(model: Model, buffer: ReceiveBuffer): void {
    const fits = model.waiting.length === 0 || model.waiting.length + this.chunk.length <= limitBytes;
    expect(buffer.push(Buffer.from(this.chunk))).toBe(fits);
    if (fits) model.waiting = Buffer.concat([model.waiting, this.chunk]);
    check(model, buffer);
  }

  toString(): string {
    return `push ${this.chunk.length}`;
  }
}

class Consume implements fc.Command<Model, ReceiveBuffer> {
  constructor(readonly part: number) {}

  check(): boolean {
    return true;
  }

  run(model: Model, buffer: ReceiveBuffer): void {
    const count = Math.floor(model.waiting.length * this.part);
    buffer.consumeTo(buffer.start + count);
    model.waiting = Buffer.from(model.waiting.subarray(count));
    check(model, buffer);
  }

  toString(): string {
    return `consume ${this.part}`;
  }
}

class Settle implements fc.Command<Model, ReceiveBuffer> {
  check(): boolean {
    return true;
  }

  run(model: Model, buffer: ReceiveBuffer): void {
    buffer.settle();
    check(model, buffer);
    if (model.waiting.length === 0) expect(buffer.bytes.length).toBe(0);
  }

  toString(): string {
    return 'settle';
  }
}

test('holds the unread part of the concatenation, whatever comes', () => {
  const commands = [
    fc.uint8Array({ maxLength: 900 }).map((chunk) => new Push(chunk)),
    fc.constantFrom(0, 0.1, 0.5, 0.9, 1).map((part) => new Consume(part)),
    fc.constant(new Settle()),
  ];
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 60 }), (run) => {
      fc.modelRun(() => ({ model: { waiting: Buffer.alloc(0) }, real: new ReceiveBuffer(limitBytes) }), run);
    }),
  );
});

describe('receive buffer', () => {
  test('uses a lone chunk where it is', () => {
    const chunk = Buffer.from('abc');
    const buffer = new ReceiveBuffer(100);
    buffer.push(chunk);
    expect(buffer.bytes).toBe(chunk);
  });

  test('keeps nothing of the chunk after its turn', () => {
    const chunk = Buffer.from('abc');
    const buffer = new ReceiveBuffer(100);
    buffer.push(chunk);
    buffer.consumeTo(1);
    buffer.settle();
    chunk.fill(0);
    expect(unread(buffer).toString()).toBe('bc');
  });

  test('does not consume past the end', () => {
    const buffer = new ReceiveBuffer(100);
    buffer.push(Buffer.from('abc'));
    buffer.consumeTo(1000);
    expect(buffer.length).toBe(0);
  });

  test('memory stays within a few times of what waits', () => {
    const buffer = new ReceiveBuffer(100_000);
    for (let i = 0; i < 2000; i++) {
      buffer.push(Buffer.alloc(50));
      buffer.consumeTo(buffer.start + 45);
      buffer.settle();
      expect(buffer.bytes.length).toBeLessThanOrEqual(Math.max(512, 4 * (buffer.length + 50)));
      if (buffer.length > 60) buffer.consumeTo(buffer.end - 1);
    }
  });

  test('a chunk too many is refused and changes nothing', () => {
    const buffer = new ReceiveBuffer(4);
    expect(buffer.push(Buffer.from('abc'))).toBe(true);
    expect(buffer.push(Buffer.from('de'))).toBe(false);
    expect(unread(buffer).toString()).toBe('abc');
    expect(buffer.push(Buffer.from('d'))).toBe(true);
  });
});
