import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { defaultTripDetection } from '../../src/domain/state.js';
import { defaultTimeRules } from '../../src/domain/time-rules.js';
import { StoreError } from '../../src/errors.js';
import { Metrics } from '../../src/metrics.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { Store } from '../../src/store/store.js';
import { diskError, FailingEngine } from '../support/failing-engine.js';
import { settle, turn } from '../support/until.js';
import { Rig } from './rig.js';

const code = (error: unknown) => (error instanceof StoreError ? error.code : error);
const outcomeOf = (promise: Promise<unknown>) => promise.then(() => 'kept', code);

async function brokenRig(): Promise<{ engine: FailingEngine; rig: Rig }> {
  const engine = new FailingEngine();
  return { engine, rig: await Rig.open({ engine }) };
}

describe('frames', () => {
  test('become state when their commit is on disk, not before', async () => {
    const { engine, rig } = await brokenRig();
    engine.hold();
    const accepted = rig.accept(1, [{ at: rig.clock.now(), fields: { speed: 5 } }]);
    await settle();
    expect(rig.field(1, 'speed')).toBeUndefined();
    engine.release();
    expect(await accepted).toBe(1);
    expect(rig.field(1, 'speed')).toBe(5);
  });

  test('accepted in one turn of the event loop share a commit, whoever sent them', async () => {
    const { engine, rig } = await brokenRig();
    const at = rig.clock.now();
    const seqs = [1, 2, 3].map((unit) => rig.accept(unit, [{ at, fields: { unit } }]));
    expect(await Promise.all(seqs)).toEqual([1, 1, 1]);
    expect(engine.appends).toHaveLength(1);
  });

  test('tell a waiter once for each commit, in their order', async () => {
    const { engine, rig } = await brokenRig();
    const told: number[] = [];
    const waiter = { settled: (seq: number) => void told.push(seq) };
    const unit = rig.store.units.ensure(1);
    const accept = () =>
      rig.store.accept({ unit, protocol: 'test', frame: rig.frame(1, Buffer.from('[]')), updates: [], waiter });
    engine.hold();
    accept();
    accept();
    await turn();
    accept();
    engine.release();
    await settle();
    expect(told).toEqual([1, 2]);
  });

  test('never replace what a later record said, field by field', async () => {
    const { rig } = await brokenRig();
    const now = rig.clock.now();
    await rig.accept(1, [{ at: now, fields: { a: 'new' } }]);
    await rig.accept(1, [{ at: now - 1000, fields: { a: 'old', b: 'old' } }]);
    expect([rig.field(1, 'a'), rig.field(1, 'b')]).toEqual(['new', 'old']);
  });

  test('of a clock that runs ahead are kept but are no state', async () => {
    const { engine, rig } = await brokenRig();
    const now = rig.clock.now();
    await rig.accept(1, [{ at: now + 10 * 60_000, fields: { a: 'tolerated' } }]);
    await rig.accept(1, [{ at: now + 10 * 60_000 + 1, fields: { a: 'ahead' } }]);
    expect(rig.field(1, 'a')).toBe('tolerated');
    expect(engine.get(2)?.toString('latin1')).toContain('ahead');
  });

  test('change nothing when they come again', async () => {
    const { rig } = await brokenRig();
    const sample = { at: rig.clock.now(), fields: { a: 1 } };
    await rig.accept(1, [sample]);
    const once = rig.picture();
    await rig.accept(1, [sample]);
    expect(rig.picture()).toEqual(once);
  });

  test('tell listeners once a commit which units changed', async () => {
    const { rig } = await brokenRig();
    const told: number[][] = [];
    const remove = rig.store.onChange((ids) => void told.push([...ids]));
    const at = rig.clock.now();
    await Promise.all([rig.accept(1, [{ at, fields: {} }]), rig.accept(2, [{ at, fields: {} }])]);
    remove();
    await rig.accept(3, [{ at, fields: {} }]);
    expect(told).toEqual([[1, 2]]);
  });

  test('tell listeners once a commit which rows changed, and what they were', async () => {
    const { engine, rig } = await brokenRig();
    const told: unknown[] = [];
    const remove = rig.store.onRows((rows) => void told.push(rows.filter(({ table }) => table === 'group')));
    const group = { id: 1, accountId: 1, title: 'Vans', color: 'FF0000' };
    const renamed = { ...group, title: 'Lorries' };
    engine.hold();
    const changes = [
      rig.store.change((tx) => tx.put('group', group)),
      rig.store.change((tx) => tx.put('group', renamed)),
      rig.store.change((tx) => tx.remove('group', 1)),
    ];
    expect(told).toEqual([]);
    engine.release();
    await Promise.all(changes);
    remove();
    await rig.store.change((tx) => tx.put('group', group));
    expect(told.flat()).toEqual([
      { table: 'group', id: 1, row: group, before: null },
      { table: 'group', id: 1, row: renamed, before: group },
      { table: 'group', id: 1, row: null, before: renamed },
    ]);
  });

  test('tell listeners of rows nothing that was not kept', async () => {
    const { engine, rig } = await brokenRig();
    const told: unknown[] = [];
    rig.store.onRows((rows) => void told.push(rows));
    engine.failure = new Error('disk full');
    await expect(
      rig.store.change((tx) => tx.put('group', { id: 1, accountId: 1, title: 'Vans', color: 'FF0000' })),
    ).rejects.toMatchObject({ code: 'store_write' });
    expect(told).toEqual([]);
  });
});

describe('changes of the registry', () => {
  test('show at once and are final after their commit', async () => {
    const { engine, rig } = await brokenRig();
    engine.hold();
    const registered = rig.register('111');
    expect(rig.store.registry.sourceByDeviceId('111')?.id).toBe(1);
    await turn();
    let isFinal = false;
    void registered.then(() => {
      isFinal = true;
    });
    await settle();
    expect(isFinal).toBe(false);
    engine.release();
    expect((await registered).id).toBe(1);
  });

  test('that throw leave nothing behind', async () => {
    const { engine, rig } = await brokenRig();
    const failing = rig.store.change((tx) => {
      tx.nextId('source');
      tx.put('group', { id: 1, accountId: 1, title: 'g', color: '0' });
      throw new TypeError('no');
    });
    await expect(failing).rejects.toThrow(TypeError);
    await settle();
    expect([rig.store.registry.size('group'), rig.store.registry.size('counter'), engine.appends]).toEqual([0, 0, []]);
  });

  test('that change nothing write nothing', async () => {
    const { engine, rig } = await brokenRig();
    expect(await rig.store.change(() => 'result')).toBe('result');
    expect(engine.appends).toEqual([]);
  });
});

describe.each(['ENOSPC', 'EIO'] as const)('a disk that fails with %s', (failure) => {
  test('acknowledges nothing, undoes registrations and turns readiness red', async () => {
    const { engine, rig } = await brokenRig();
    await rig.register('111');
    engine.failure = diskError(failure);
    const registered = outcomeOf(rig.register('222'));
    const accepted = outcomeOf(rig.accept(1, [{ at: rig.clock.now(), fields: { a: 1 } }]));
    expect(await Promise.all([registered, accepted])).toEqual(['store_write', 'store_write']);
    expect(rig.store.registry.sourceByDeviceId('222')).toBeUndefined();
    expect(rig.store.registry.sourceByDeviceId('111')?.id).toBe(1);
    expect(rig.field(1, 'a')).toBeUndefined();
    expect(rig.store.health.ready).toBe(false);
    expect(rig.store.health.problems[0]).toContain(failure);
  });

  test('is found out to work again without anybody asking', async () => {
    const { engine, rig } = await brokenRig();
    engine.failure = diskError(failure);
    await outcomeOf(rig.register('111'));
    rig.clock.advance(5_000);
    await settle();
    expect(rig.store.health.ready).toBe(false);
    engine.failure = undefined;
    rig.clock.advance(1_000);
    await settle();
    expect(rig.store.health).toEqual({ ready: true, problems: [] });
    expect((await rig.register('111')).deviceId).toBe('111');
    expect(await rig.accept(2, [{ at: rig.clock.now(), fields: { a: 1 } }])).toBeGreaterThan(0);
  });

  test('probes once a second, however many commits fail', async () => {
    const { engine, rig } = await brokenRig();
    engine.failure = diskError(failure);
    for (let i = 0; i < 10; i++) await outcomeOf(rig.register(`unit ${i}`));
    const before = engine.appends.length;
    for (let i = 0; i < 3; i++) {
      rig.clock.advance(1_000);
      await settle();
    }
    expect(engine.appends.length - before).toBe(3);
  });
});

test('what opened behind a failed commit fails with it: it may rest on what was undone', async () => {
  const { engine, rig } = await brokenRig();
  engine.hold();
  const first = outcomeOf(rig.register('111'));
  await turn();
  const second = outcomeOf(rig.register('222'));
  const resting = outcomeOf(rig.accept(1, [{ at: rig.clock.now(), fields: {} }]));
  engine.failure = diskError('EIO');
  engine.step();
  expect(await Promise.all([first, second, resting])).toEqual(['store_write', 'store_write', 'store_write']);
  expect(rig.store.registry.size('source')).toBe(0);
});

test('changes are undone in the reverse of their order', async () => {
  const { engine, rig } = await brokenRig();
  const title = (text: string) =>
    rig.store.change((tx) => tx.put('group', { id: 1, accountId: 1, title: text, color: '0' }));
  await title('kept');
  engine.hold();
  const first = outcomeOf(title('first'));
  await turn();
  const others = [outcomeOf(title('second')), outcomeOf(title('third'))];
  engine.failure = diskError('EIO');
  engine.release();
  await Promise.all([first, ...others]);
  expect(rig.store.registry.get('group', 1)?.title).toBe('kept');
});

test('an id that was given out is never given out again, even when its row was undone', async () => {
  const { engine, rig } = await brokenRig();
  engine.failure = diskError('EIO');
  await outcomeOf(rig.register('lost'));
  engine.failure = undefined;
  expect((await rig.register('kept')).id).toBe(2);
  const again = await Rig.open({ engine });
  expect((await again.register('next')).id).toBe(3);
});

test('what a failing disk kept all the same is not there after a restart', async () => {
  const { engine, rig } = await brokenRig();
  await rig.register('111');
  engine.failure = diskError('EIO');
  engine.keepsWhatFails = true;
  await outcomeOf(rig.register('ghost'));
  engine.failure = undefined;
  await rig.register('222');
  const again = await Rig.open({ engine });
  expect([...again.store.registry.all('source')].map((row) => row.deviceId)).toEqual(['111', '222']);
  expect(again.picture()).toEqual(rig.picture());
});

test('a closed store takes nothing and says so', async () => {
  const rig = await Rig.open({ engine: new MemoryEngine() });
  await rig.store.close();
  expect(await outcomeOf(rig.register('111'))).toBe('store_closed');
  expect(rig.store.registry.size('source')).toBe(0);
  const accepted = new Promise((resolve) => resolve(rig.accept(1, [{ at: 0, fields: {} }])));
  expect(await outcomeOf(accepted)).toBe('store_closed');
});

test('a store that is not recovered yet is not ready', async () => {
  const store = new Store({
    engine: new MemoryEngine(),
    clock: new VirtualClock(),
    metrics: new Metrics(),
    timeRules: defaultTimeRules,
    trips: defaultTripDetection,
  });
  expect([store.health.ready, store.isFull]).toEqual([false, true]);
  expect(await outcomeOf(store.change((tx) => tx.nextId('source')))).toBe('store_closed');
  store.open(1);
  expect([store.health.ready, store.isFull]).toEqual([true, false]);
});

test('a disk that lags behind bounds what is taken in', async () => {
  const { engine, rig } = await brokenRig();
  engine.hold();
  const accepted = [rig.accept(1, [])];
  await turn();
  const big = 'x'.repeat(1024 * 1024);
  while (!rig.store.isFull && accepted.length < 100) accepted.push(rig.accept(1, [{ at: 0, fields: { big } }]));
  expect(accepted.length).toBeLessThan(20);
  expect(rig.store.pendingBytes).toBeGreaterThan(8 * 1024 * 1024);
  engine.release();
  await Promise.all(accepted);
  expect(rig.store.isFull).toBe(false);
});
