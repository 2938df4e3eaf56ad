/**
 * Whatever happens between two starts, the second one knows exactly what was acknowledged. The model below does the same with a map
 * and a list.
 */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { defaultTripDetection, snapshotOf, UnitState } from '../../src/domain/state.js';
import { judgeTime } from '../../src/domain/time-rules.js';
import { StoreError } from '../../src/errors.js';
import { Metrics } from '../../src/metrics.js';
import type { Engine } from '../../src/store/engine.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { Table } from '../../src/store/tables.js';
import { diskError, FailingEngine } from '../support/failing-engine.js';
import { settle, turn } from '../support/until.js';
import { Rig, type Sample, updateOf } from './rig.js';

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => (error instanceof StoreError ? error.code : error),
  );

test('an empty engine gives an empty store', async () => {
  const rig = await Rig.open({ engine: new MemoryEngine() });
  expect(rig.picture()).toEqual({ sources: [], counters: [], poison: [], states: [] });
  expect(rig.report).toEqual({ mark: undefined, replayedValues: 0, replayedFrames: 0, decodedAgain: false });
});

test('a start replays only what came since the snapshot', async () => {
  const engine = new MemoryEngine();
  const rig = await Rig.open({ engine });
  const source = await rig.register('111');
  for (let i = 0; i < 10; i++) await rig.accept(source.id, [{ at: rig.clock.now() + i, fields: { i } }]);
  await rig.snapshots.run();
  await rig.accept(source.id, [{ at: rig.clock.now() + 20, fields: { last: true } }]);
  const again = await Rig.open({ engine });
  expect(again.report).toMatchObject({ replayedValues: 1, replayedFrames: 1, decodedAgain: false });
  expect(again.picture()).toEqual(rig.picture());
});

test('what is folded again is not counted again', async () => {
  const engine = new MemoryEngine();
  const rig = await Rig.open({ engine });
  const source = await rig.register('111');
  await rig.accept(source.id, [{ at: rig.clock.now() + 86_400_000, fields: { ahead: 1 } }]);
  const notState = vi.spyOn(Metrics.prototype, 'notState');
  const again = await Rig.open({ engine });
  expect(again.report.replayedFrames).toBe(1);
  expect(notState).not.toHaveBeenCalled();
});

test('when a unit was last heard from is kept by snapshots', async () => {
  const engine = new MemoryEngine();
  const rig = await Rig.open({ engine });
  rig.store.heard(rig.store.units.ensure(1), 5000);
  await rig.snapshots.run();
  expect((await Rig.open({ engine })).store.stateOf(1)?.heardAt).toBe(5000);
});

describe('a new version of a decoder', () => {
  const wrong = (sample: Sample): Sample => ({ ...sample, fields: { misread: 1 } });

  async function misread(engine: Engine): Promise<Rig> {
    const rig = await Rig.open({ engine });
    const unit = rig.store.units.ensure(1);
    for (let i = 0; i < 3; i++) {
      rig.clock.advance(1000);
      const sample = { at: rig.clock.now(), fields: { level: i } };
      const frame = rig.frame(1, Buffer.from(JSON.stringify([sample])));
      const updates = [updateOf(wrong(sample))];
      rig.store.accept({ unit, protocol: 'test', frame, updates, waiter: { settled: () => {} } });
      await settle();
    }
    return rig;
  }

  test('decodes what is kept again, and what was misread is gone', async () => {
    const engine = new MemoryEngine();
    const rig = await misread(engine);
    await rig.snapshots.run();
    const same = await Rig.open({ engine });
    expect([same.field(1, 'misread'), same.report.decodedAgain]).toEqual([1, false]);
    const mended = await Rig.open({ engine, decoderVersion: 2 });
    expect([mended.field(1, 'misread'), mended.field(1, 'level')]).toEqual([undefined, 2]);
    expect(mended.report.decodedAgain).toBe(true);
    expect(mended.store.stateOf(1)?.heardAt).toBe(rig.clock.now());
  });

  test('does so once: the next snapshot holds the result', async () => {
    const engine = new MemoryEngine();
    await (await misread(engine)).snapshots.run();
    const mended = await Rig.open({ engine, decoderVersion: 2 });
    await mended.snapshots.run();
    const later = await Rig.open({ engine, decoderVersion: 2 });
    expect(later.report).toMatchObject({ decodedAgain: false, replayedFrames: 0 });
    expect(later.picture()).toEqual(mended.picture());
  });

  test('does not lose the state whose frames are gone', async () => {
    const engine = new MemoryEngine();
    const rig = await Rig.open({ engine, retention: { maxAgeMs: 1000, maxBytes: 0 } });
    await rig.accept(1, [{ at: rig.clock.now(), fields: { old: 1 } }]);
    rig.clock.advance(5000);
    await rig.accept(1, [{ at: rig.clock.now(), fields: { young: 1 } }]);
    await rig.snapshots.run();
    expect(engine.bounds()).toEqual({ first: 2, last: 2 });
    const mended = await Rig.open({ engine, decoderVersion: 2 });
    expect([mended.field(1, 'old'), mended.field(1, 'young')]).toEqual([1, 1]);
  });
});

describe('what cannot be read', () => {
  test('another version of the store is refused', async () => {
    const engine = new MemoryEngine();
    await Rig.open({ engine });
    await engine.put(Table.meta, ['version'], Buffer.from('999'));
    expect(await codeOf(Rig.open({ engine }))).toBe('store_version');
  });

  test('a value of another version is refused', async () => {
    const engine = new MemoryEngine();
    await engine.append(1, Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 0]));
    expect(await codeOf(Rig.open({ engine }))).toBe('store_version');
  });

  test('a value cut at any byte is a typed error or ends at an entry', async () => {
    const whole = new MemoryEngine();
    const rig = await Rig.open({ engine: whole });
    await Promise.all([rig.register('111'), rig.accept(1, [{ at: 0, fields: { a: 1 } }])]);
    const value = Buffer.from(whole.get(1) as Buffer);
    for (let length = 0; length < value.length; length++) {
      const engine = new MemoryEngine();
      await engine.append(1, value.subarray(0, length));
      expect([undefined, 'store_corrupt']).toContain(await codeOf(Rig.open({ engine })));
    }
  });

  test('a value with flipped bytes is a typed error or is read', async () => {
    const whole = new MemoryEngine();
    const rig = await Rig.open({ engine: whole });
    await Promise.all([rig.register('111'), rig.accept(1, [{ at: 0, fields: { a: 1 } }])]);
    const value = Buffer.from(whole.get(1) as Buffer);
    for (let at = 0; at < value.length; at++) {
      const engine = new MemoryEngine();
      const flipped = Buffer.from(value);
      flipped[at] = (flipped[at] as number) ^ 0xff;
      await engine.append(1, flipped);
      expect([undefined, 'store_corrupt', 'store_version']).toContain(await codeOf(Rig.open({ engine })));
    }
  });

  test.each([Table.rows, Table.units, Table.meta])('a bad row of the table %s is a typed error', async (table) => {
    const engine = new MemoryEngine();
    await Rig.open({ engine });
    await engine.put(table, table === Table.meta ? ['snapshot'] : ['source', 1], Buffer.from('{"id":'));
    expect(await codeOf(Rig.open({ engine }))).toBe('store_corrupt');
  });
});

/** What may happen to a store. */
type Step =
  | { readonly do: 'register' }
  | { readonly do: 'remove'; readonly unit: number }
  | { readonly do: 'accept'; readonly unit: number; readonly offsetMs: number; readonly name: string }
  | { readonly do: 'unreadable'; readonly unit: number; readonly text: string }
  | { readonly do: 'together'; readonly unit: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'snapshot' }
  | { readonly do: 'cut snapshot'; readonly writes: number }
  | { readonly do: 'disk fails'; readonly keeps: boolean }
  | { readonly do: 'disk recovers' }
  | { readonly do: 'crash' }
  | { readonly do: 'crash amid a commit'; readonly unit: number };

const unit = fc.integer({ min: 1, max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('register' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), unit }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      unit,
      offsetMs: fc.constantFrom(0, -1000, -60_000, 3_600_000, 500, -400 * 86_400_000),
      name: fc.constantFrom('a', 'b', 'c'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('unreadable' as const), unit, text: fc.constantFrom('{ x', '{ y') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('together' as const), unit }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 120_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('snapshot' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut snapshot' as const), writes: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disk fails' as const), keeps: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disk recovers' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash amid a commit' as const), unit }) },
);

/** What was acknowledged, and nothing else. */
class Model {
  readonly sources = new Map<number, string>();
  readonly states = new Map<number, UnitState>();
  readonly arrivals = new Map<string, number>();
  readonly kept: string[] = [];

  records(sourceId: number, samples: readonly Sample[], receivedAt: number): void {
    const state = this.states.get(sourceId) ?? new UnitState();
    this.states.set(sourceId, state);
    state.heardAt = Math.max(state.heardAt, receivedAt);
    for (const sample of samples) {
      const verdict = judgeTime(sample.at, receivedAt);
      if (typeof verdict === 'number') state.apply(updateOf(sample), verdict, receivedAt, defaultTripDetection);
    }
  }
}

class Run {
  readonly engine = new FailingEngine();
  readonly model = new Model();
  readonly clock = new VirtualClock();
  rig!: Rig;
  #count = 0;

  async start(): Promise<void> {
    this.rig = await Rig.open({ engine: this.engine, clock: this.clock });
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'register') await this.#register();
    else if (step.do === 'remove') await this.#remove(step.unit);
    else if (step.do === 'accept') await this.#accept(step.unit, step.offsetMs, step.name);
    else if (step.do === 'unreadable') await this.#unreadable(step.unit, step.text);
    else if (step.do === 'together') await Promise.all([this.#register(), this.#accept(step.unit, 0, 'd')]);
    else if (step.do === 'wait') await this.#wait(step.ms);
    else if (step.do === 'snapshot') await this.rig.snapshots.run();
    else if (step.do === 'cut snapshot') await this.#cutSnapshot(step.writes);
    else if (step.do === 'disk fails') this.#breakDisk(step.keeps);
    else if (step.do === 'disk recovers') this.#mendDisk();
    else if (step.do === 'crash') await this.#crash();
    else await this.#crashAmidCommit(step.unit);
  }

  async #register(): Promise<void> {
    const deviceId = `unit ${++this.#count}`;
    const row = await this.rig.register(deviceId).catch(() => undefined);
    if (row !== undefined) this.model.sources.set(row.id, deviceId);
  }

  async #remove(id: number): Promise<void> {
    if (this.rig.store.registry.get('source', id) === undefined) return;
    const error = await codeOf(this.rig.store.change((tx) => tx.remove('source', id)));
    if (error === undefined) this.model.sources.delete(id);
  }

  async #accept(sourceId: number, offsetMs: number, name: string): Promise<void> {
    const receivedAt = this.clock.now();
    const samples = [{ at: receivedAt + offsetMs, fields: { [name]: ++this.#count } }];
    const error = await codeOf(this.rig.accept(sourceId, samples));
    if (error !== undefined) return;
    this.model.records(sourceId, samples, receivedAt);
    this.model.kept.push(JSON.stringify(samples));
  }

  async #unreadable(sourceId: number, text: string): Promise<void> {
    const key = `${sourceId} ${text}`;
    const receivedAt = this.clock.now();
    const before = this.model.arrivals.get(key) ?? 0;
    const { release, settled } = this.rig.acceptUnreadable(sourceId, Buffer.from(text));
    if ((await settled) !== undefined) return;
    this.model.arrivals.set(key, before + 1);
    if (before === 0) this.model.records(sourceId, [], receivedAt);
    expect(release).toBe(before + 1 >= 3);
  }

  async #wait(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settle();
  }

  async #cutSnapshot(writes: number): Promise<void> {
    this.engine.tableWritesLeft = writes;
    await this.rig.snapshots.run();
    this.engine.tableWritesLeft = Number.POSITIVE_INFINITY;
  }

  #breakDisk(keeps: boolean): void {
    this.engine.failure = diskError('EIO');
    this.engine.keepsWhatFails = keeps;
  }

  #mendDisk(): void {
    this.engine.failure = undefined;
  }

  /** After a failure the next commit overwrites what the disk kept of the failed one, so one is made before the crash. */
  async #crash(): Promise<void> {
    this.#mendDisk();
    await this.#register();
    await this.start();
  }

  /** What is on its way to the disk is gone. */
  async #crashAmidCommit(sourceId: number): Promise<void> {
    this.#mendDisk();
    await this.#register();
    this.engine.hold();
    const lost = this.rig.accept(sourceId, [{ at: this.clock.now(), fields: { lost: 1 } }]);
    lost.catch(() => {});
    await turn();
    this.engine.lose();
    await this.start();
  }

  check(): void {
    const { registry, units } = this.rig.store;
    expect(new Map([...registry.all('source')].map((row) => [row.id, row.deviceId]))).toEqual(this.model.sources);
    const seen = [...units.all()].filter(({ state }) => state.heardAt > 0);
    const states = Object.fromEntries(seen.map((entry) => [entry.sourceId, snapshotOf(entry.state)]));
    const expected = [...this.model.states].map(([id, state]) => [id, snapshotOf(state)] as const);
    expect(states).toEqual(Object.fromEntries(expected));
    const counts = [...registry.all('poison')].map((row) => row.count).sort();
    expect(counts).toEqual([...this.model.arrivals.values()].sort());
  }

  /** Every acknowledged frame is in the journal. */
  checkJournal(): void {
    const all = [...this.engine.read(0)].map(({ value }) => value.toString('latin1')).join('\n');
    for (const frame of this.model.kept) expect(all).toContain(frame);
  }
}

test('after any sequence of changes, failures and crashes it knows what was acknowledged, no more and no less', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const run = new Run();
      await run.start();
      for (const each of steps) {
        await run.take(each);
        run.check();
      }
      await run.take({ do: 'crash' });
      run.check();
      run.checkJournal();
    }),
    { numRuns: 150 },
  );
});
