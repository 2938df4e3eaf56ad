import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Outbox } from '../../simulators/outbox.js';
import type { StateUpdate } from '../../src/domain/update.js';

const record = (at: number, backlog = false): StateUpdate => ({
  at,
  timed: true,
  backlog,
  position: null,
  names: [],
  values: [],
});
const times = (updates: readonly StateUpdate[]): number[] => updates.map((each) => each.at);

let serial = 0;
/** Sends what `outbox` gives for the next frame. */
function send(
  outbox: Outbox,
  options: { max?: number; tagged?: boolean; due?: number } = {},
): { tag: number; at: number[] } | undefined {
  const updates = outbox.peek(options.max ?? 10);
  if (updates.length === 0) return undefined;
  const tag = ++serial;
  const frame = { bytes: Buffer.alloc(1), records: updates.length, tag: options.tagged === true ? tag : undefined };
  outbox.sent(frame, 0, { sends: 1, due: options.due ?? 1 });
  return { tag, at: times(updates) };
}

function filled(batch: number, ...records: StateUpdate[]): Outbox {
  const outbox = new Outbox(1000, batch);
  for (const each of records) outbox.push(each);
  return outbox;
}

describe('Outbox', () => {
  it('collects live records until the batch is full, or is told not to wait', () => {
    const outbox = filled(3, record(1), record(2));
    expect(outbox.peek(10)).toEqual([]);
    outbox.push(record(3));
    outbox.push(record(4));
    expect(send(outbox)?.at).toEqual([1, 2, 3]);
    expect(send(outbox)).toBeUndefined();
    outbox.flush();
    expect(send(outbox)?.at).toEqual([4]);
  });

  it('forms the same frames however many records are waiting', () => {
    const outbox = filled(2, ...[1, 2, 3, 4, 5, 6].map((at) => record(at)));
    expect([send(outbox)?.at, send(outbox)?.at, send(outbox)?.at]).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  it('sends records from memory in frames as large as they may be, apart from live ones', () => {
    const outbox = filled(2, record(1), record(2, true), record(3, true), record(4, true), record(5), record(6));
    expect(send(outbox, { max: 2 })?.at).toEqual([1]);
    expect(send(outbox, { max: 2 })?.at).toEqual([2, 3]);
    expect(send(outbox, { max: 2 })?.at).toEqual([4]);
    expect(send(outbox, { max: 2 })?.at).toEqual([5, 6]);
  });

  it('takes acknowledgements in order where they bear no mark', () => {
    const outbox = filled(1, record(1), record(2));
    send(outbox);
    send(outbox);
    const verdict = outbox.acknowledge(undefined, undefined);
    expect(verdict.kind === 'accepted' && times(verdict.waiting.updates)).toEqual([1]);
    expect(outbox.pending).toBe(1);
    outbox.acknowledge(undefined, 1);
    expect(outbox.acknowledge(undefined, 1).kind).toBe('unknown');
  });

  it('takes acknowledgements in any order where they bear one', () => {
    const outbox = filled(1, record(1), record(2));
    const first = send(outbox, { tagged: true })!;
    const second = send(outbox, { tagged: true })!;
    const verdict = outbox.acknowledge(second.tag, 1);
    expect(verdict.kind === 'accepted' && times(verdict.waiting.updates)).toEqual([2]);
    expect(outbox.acknowledge(second.tag, 1).kind).toBe('unknown');
    expect(outbox.acknowledge(first.tag, 1).kind).toBe('accepted');
  });

  it('does not take the second answer to a duplicate for the next frame', () => {
    const outbox = filled(1, record(1), record(2));
    send(outbox, { due: 2 });
    send(outbox);
    expect(outbox.acknowledge(undefined, 1).kind).toBe('accepted');
    expect(outbox.acknowledge(undefined, 1).kind).toBe('repeated');
    expect(outbox.pending).toBe(1);
    expect(outbox.acknowledge(undefined, 1).kind).toBe('accepted');
    expect(outbox.pending).toBe(0);
  });

  it('keeps a frame of which the server took less', () => {
    const outbox = filled(2, record(1), record(2));
    send(outbox);
    expect(outbox.acknowledge(undefined, 1).kind).toBe('short');
    expect(outbox.pending).toBe(2);
    expect(send(outbox)?.at).toEqual([1, 2]);
  });

  it('keeps a frame of which the server counted more than there was', () => {
    const outbox = filled(1, record(1));
    send(outbox);
    expect(outbox.acknowledge(undefined, 99).kind).toBe('excess');
    expect(outbox.pending).toBe(1);
  });

  it('puts what was under way back in front, and knows that it went out before', () => {
    const outbox = filled(1, record(1), record(2), record(3));
    send(outbox);
    send(outbox);
    outbox.acknowledge(undefined, 1);
    outbox.requeue();
    const frame = { bytes: Buffer.alloc(1), records: 1, tag: undefined };
    expect(times(outbox.peek(1))).toEqual([2]);
    expect(outbox.sent(frame, 0, { sends: 1, due: 1 })).toBe(1);
    expect(outbox.sent(frame, 0, { sends: 1, due: 1 })).toBe(0);
  });

  it('lets the oldest record go when it is full', () => {
    const outbox = new Outbox(2, 1);
    expect([record(1), record(2), record(3)].map((each) => outbox.push(each))).toEqual([0, 0, 1]);
    expect(send(outbox)?.at).toEqual([2]);
  });

  it('loses and invents no record, whatever happens', () => {
    const steps = fc.array(fc.constantFrom('push', 'store', 'send', 'ack', 'short', 'cut', 'flush'), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), fc.boolean(), (moves, batch, tagged) => {
        const outbox = new Outbox(1000, batch);
        const open: number[] = [];
        const acknowledged: number[] = [];
        let made = 0;
        const acknowledge = (records: number | undefined) => {
          const tag = open.shift();
          if (tag === undefined) return;
          const verdict = outbox.acknowledge(tagged ? tag : undefined, records);
          if (verdict.kind === 'accepted') acknowledged.push(...times(verdict.waiting.updates));
        };
        const moved: Record<string, () => void> = {
          push: () => void outbox.push(record(++made)),
          store: () => void outbox.push(record(++made, true)),
          send: () => void [send(outbox, { tagged, max: 3 })].map((sent) => sent && open.push(sent.tag)),
          ack: () => acknowledge(undefined),
          short: () => acknowledge(0),
          cut: () => void [outbox.requeue(), open.splice(0)],
          flush: () => outbox.flush(),
        };
        for (const move of moves) moved[move]!();
        expect(outbox.pending + acknowledged.length).toBe(made);
        outbox.requeue();
        outbox.flush();
        for (let sent = send(outbox, { max: 3 }); sent !== undefined; sent = send(outbox, { max: 3 }))
          acknowledged.push(...sent.at);
        expect(acknowledged.sort((a, b) => a - b)).toEqual(Array.from({ length: made }, (_, i) => i + 1));
      }),
    );
  });
});
