import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultTimeRules } from '../../src/domain/time-rules.js';
import { JournalHistory } from '../../src/store/history-records.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { type OrderedQuery, OrderedReads, type OrderedRecords } from '../../src/store/ordered-history.js';
import type { OrderOptions } from '../../src/store/record-order.js';
import { decodeSamples, Rig } from './rig.js';

const minuteMs = 60_000;

let rig: Rig;
let startMs: number;
let history: JournalHistory;
beforeEach(async () => {
  rig = await Rig.open({ engine: new MemoryEngine() });
  startMs = rig.clock.now();
  const { engine, units } = rig.store;
  history = new JournalHistory({ engine, units, decode: decodeSamples, timeRules: defaultTimeRules });
});
afterEach(() => rig.store.close());

const report = (sourceId: number, minutes: readonly number[]) =>
  rig.accept(
    sourceId,
    minutes.map((minute) => ({ at: startMs + minute * minuteMs, fields: { x: minute } })),
  );

function query(wanted: Partial<OrderedQuery> = {}): OrderedQuery {
  const always = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
  const anyReceipt = { receivedFromMs: always.fromMs, receivedToMs: always.toMs };
  return { sourceIds: [1], ...always, ...anyReceipt, accountId: 1, ...wanted };
}

async function open(wanted: Partial<OrderedQuery> = {}): Promise<OrderedRecords> {
  const outcome = await history.inOrder(query(wanted));
  if (typeof outcome === 'string') throw new Error(outcome);
  return outcome;
}

async function read(wanted: Partial<OrderedQuery> = {}): Promise<number[]> {
  const records = await open(wanted);
  const minutes: number[] = [];
  for await (const batch of records.batches()) for (const { at } of batch) minutes.push((at - startMs) / minuteMs);
  records.close();
  return minutes;
}

describe('reading in order', () => {
  test('merges what came late, from the index and from what is in none yet', async () => {
    await report(1, [0, 5]);
    await report(2, [1]);
    await rig.snapshots.run();
    rig.clock.advance(10 * minuteMs);
    await report(1, [10, 3, 5]);
    expect(await read()).toEqual([0, 3, 5, 10]);
    expect(await read({ sourceIds: [1, 2] })).toEqual([0, 1, 3, 5, 10]);
    expect(await read({ sourceIds: [3] })).toEqual([]);
  });

  test('takes both ends of both spans', async () => {
    await report(1, [0]);
    rig.clock.advance(10 * minuteMs);
    await report(1, [4, 6]);
    const at = (minute: number) => startMs + minute * minuteMs;
    expect(await read({ fromMs: at(0), toMs: at(4) })).toEqual([0, 4]);
    expect(await read({ fromMs: at(0) + 1, toMs: at(4) - 1 })).toEqual([]);
    expect(await read({ receivedFromMs: at(10) })).toEqual([4, 6]);
    expect(await read({ receivedToMs: at(10) - 1 })).toEqual([0]);
  });

  test('has old records, and none of clocks that run ahead', async () => {
    await report(1, [-2 * 365 * 24 * 60, 0, 11]);
    expect(await read()).toEqual([-2 * 365 * 24 * 60, 0]);
  });
});

describe('limits', () => {
  const options = (): OrderOptions => ({
    ...{ engine: rig.engine, decode: decodeSamples, framesIn: () => [], timeOf: () => undefined },
  });

  test('an account has a few reads open, and all accounts together a few more', async () => {
    const reads = new OrderedReads({ records: 10, openReads: 3, openReadsPerAccount: 2 });
    const begin = async (accountId: number) => reads.begin(options(), [], accountId);
    const first = (await begin(1)) as OrderedRecords;
    await begin(1);
    expect(await begin(1)).toBe('busy');
    await begin(2);
    expect(await begin(2)).toBe('busy');
    first.close();
    first.close();
    await begin(2);
    expect([await begin(2), await begin(1)]).toEqual(['busy', 'busy']);
  });

  test('one read notes no more records than it may', async () => {
    const reads = new OrderedReads({ records: 3, openReads: 1, openReadsPerAccount: 1 });
    const order = (count: number): OrderOptions => ({
      ...options(),
      framesIn: () => [{ index: 0, entry: {} as never }],
      decode: () => new Array(count).fill({}),
      timeOf: () => 1,
    });
    const values = [{ seq: 1, value: Buffer.alloc(0) }];
    expect(await reads.begin(order(4), values, 1)).toBe('too_many');
    expect(await reads.begin(order(3), values, 1)).toMatchObject({ size: 3 });
  });

  test('a read that fails is over', async () => {
    const reads = new OrderedReads({ records: 3, openReads: 1, openReadsPerAccount: 1 });
    const failing = {
      ...options(),
      framesIn: () => {
        throw new Error('damaged');
      },
    };
    await expect(reads.begin(failing, [{ seq: 1, value: Buffer.alloc(0) }], 1)).rejects.toThrow('damaged');
    expect(await reads.begin(options(), [], 1)).toMatchObject({ size: 0 });
  });
});

test('long reads let others work in between', async () => {
  for (let minute = 0; minute < 300; minute++) await report(1, [minute, minute + 0.5]);
  let turns = 0;
  let isReading = true;
  const count = (): void => {
    turns++;
    if (isReading) setImmediate(count);
  };
  setImmediate(count);
  const slow = new JournalHistory({
    ...{ engine: rig.engine, units: rig.store.units, timeRules: { ...defaultTimeRules, futureToleranceMs: 1e9 } },
    decode(entry) {
      for (const until = performance.now() + 1; performance.now() < until; );
      return decodeSamples(entry);
    },
  });
  const outcome = (await slow.inOrder(query())) as OrderedRecords;
  expect(turns).toBeGreaterThan(10);
  const before = turns;
  let records = 0;
  for await (const batch of outcome.batches()) records += batch.length;
  isReading = false;
  expect(records).toBe(600);
  expect(turns).toBeGreaterThan(before + 10);
});
