/** What units show of variables, held against a plain reading of all rows after any sequence of changes; and what listeners are told. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deviceVariablesEvents, unitsBlacklisted } from '../../../src/store/licensing/events.js';
import { nextLicensingId } from '../../../src/store/licensing/ids.js';
import type { DeviceVariableRow, LicenseDeviceRow } from '../../../src/store/licensing/rows.js';
import { setVariables, variablesOfUnit } from '../../../src/store/licensing/variables.js';
import { MemoryEngine } from '../../../src/store/memory-engine.js';
import { Registry } from '../../../src/store/registry.js';
import type { RowChange } from '../../../src/store/rows.js';
import { Rig, sourceRow } from '../rig.js';

const device = (id: number, hardwareId: string, active = true): LicenseDeviceRow => ({
  ...{ id, licenseId: id, hardwareId, active },
  ...{ blacklisted: false, activatedAt: 0 },
});

/** The same by looking at everything. */
function plainly(registry: Registry, hardwareId: string, afterMs: number): Map<string, unknown> {
  const active = new Set([...registry.all('licenseDevice')].filter((row) => row.active).map(({ id }) => id));
  const rows = [...registry.all('deviceVariable')]
    .filter((row) => row.hardwareId === hardwareId && active.has(row.deviceId) && row.createdAt > afterMs)
    .sort((left, right) => left.createdAt - right.createdAt || left.id - right.id);
  return new Map(rows.map(({ name, value }) => [name, value]));
}

test('the newest of each name, whatever was changed in whatever order', () => {
  const hardware = fc.constantFrom('h1', 'h2');
  const change = fc.oneof(
    fc.record({
      table: fc.constant('licenseDevice' as const),
      id: fc.integer({ min: 1, max: 4 }),
      active: fc.boolean(),
      isGone: fc.boolean(),
    }),
    fc.record({
      table: fc.constant('deviceVariable' as const),
      id: fc.integer({ min: 1, max: 12 }),
      name: fc.constantFrom('a', 'b', 'c'),
      createdAt: fc.integer({ min: 1, max: 5 }),
      isGone: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 60 }),
      hardware,
      fc.integer({ min: 0, max: 3 }),
      (changes, name, afterMs) => {
        const registry = new Registry();
        changes.forEach((each, i) => {
          const hardwareId = each.id % 2 === 0 ? 'h1' : 'h2';
          const row =
            each.table === 'licenseDevice'
              ? device(each.id, hardwareId, each.active)
              : {
                  id: each.id,
                  deviceId: each.id % 2 === 0 ? 2 + (each.id % 4) : each.id % 4,
                  hardwareId,
                  name: each.name,
                  value: i,
                  createdAt: each.createdAt,
                };
          registry.apply({ table: each.table, id: each.id, row: each.isGone ? null : row } as RowChange);
          const shown = registry.licensing.shown.of(name, afterMs);
          expect(new Map(shown.map((variable) => [variable.name, variable.value]))).toEqual(
            plainly(registry, name, afterMs),
          );
          expect(registry.licensing.shown.of(name, afterMs)).toBe(shown);
        });
      },
    ),
  );
});

describe('the store', () => {
  async function opened(engine = new MemoryEngine()): Promise<Rig> {
    return Rig.open({ engine });
  }

  test('tells of units whose variables changed, and of the variables', async () => {
    const rig = await opened();
    const { store } = rig;
    const source = await rig.register('h1');
    const told: number[][] = [];
    const events: unknown[] = [];
    store.onChange((ids) => told.push([...ids]));
    store.onRows((rows) => events.push(...deviceVariablesEvents(store.registry, rows)));
    const made = await store.change((tx) => {
      const id = nextLicensingId(tx, () => false);
      tx.put('licenseDevice', device(id, 'h1'));
      tx.put('licenseDevice', device(id + 1000, 'nobody'));
      return tx.registry.get('licenseDevice', id)!;
    });
    await store.change((tx) =>
      setVariables(
        tx,
        made,
        new Map<string, string | number>([
          ['b', 1],
          ['a', 'x'],
        ]),
      ),
    );
    await store.change((tx) => setVariables(tx, device(made.id + 1000, 'nobody'), new Map([['a', 1]])));
    await store.change((tx) => tx.remove('licenseDevice', made.id));
    await store.change((tx) => tx.put('tag', { id: 1, accountId: 1, name: 'x', color: 'ffffff' }));
    expect(told).toEqual([[source.id], [source.id], [source.id]]);
    const at = rig.clock.now();
    expect(events).toEqual([
      { deviceId: 'h1', product: '', changed: ['b', 'a'], at, sourceId: source.id },
      { deviceId: 'nobody', product: '', changed: ['a'], at },
    ]);
    await store.close();
  });

  test('finds the units that come onto the blacklist', async () => {
    const rig = await opened();
    const source = await rig.register('h1');
    const listed = { id: '0:h1', hardwareId: 'h1' };
    const changes: RowChange[] = [
      { table: 'licenseBlacklist', id: '0:h1', row: listed },
      { table: 'licenseBlacklist', id: '0:h2', row: { id: '0:h2', hardwareId: 'h2' } },
      { table: 'licenseBlacklist', id: '0:h1', row: null },
      { table: 'licenseDevice', id: 1, row: { ...device(1, 'h1'), blacklisted: true } },
      { table: 'licenseDevice', id: 1, row: device(1, 'h1') },
    ];
    expect(unitsBlacklisted(rig.store.registry, changes)).toEqual([source.id, source.id]);
    await rig.store.close();
  });

  test('shows after a restart what was shown before, from the journal and from a snapshot alone', async () => {
    const engine = new MemoryEngine();
    let rig = await opened(engine);
    const { store } = rig;
    const source = await rig.register('h1');
    await store.change((tx) => {
      tx.put('licenseDevice', device(1, 'h1'));
      setVariables(
        tx,
        device(1, 'h1'),
        new Map<string, string | number | boolean>([
          ['a', 'x'],
          ['b', 1.5],
          ['c', false],
        ]),
      );
    });
    rig.clock.advance(1000);
    await store.change((tx) => setVariables(tx, device(1, 'h1'), new Map([['a', 2]])));
    const before = variablesOfUnit(store.registry, source);
    expect(before.map(({ name, value }) => [name, value])).toEqual([
      ['a', 2],
      ['b', 1.5],
      ['c', false],
    ]);
    await store.drained();
    rig = await opened(engine);
    expect(variablesOfUnit(rig.store.registry, source)).toEqual(before);
    await rig.snapshots.run();
    rig = await Rig.open({ engine, retention: { maxAgeMs: 1, maxBytes: 1 } });
    rig.clock.advance(86_400_000);
    await rig.accept(source.id, [{ at: rig.clock.now(), fields: { x: 1 } }]);
    rig.clock.advance(86_400_000);
    await rig.snapshots.run();
    expect(engine.bounds()?.first ?? 99).toBeGreaterThan(2);
    rig = await opened(engine);
    expect(variablesOfUnit(rig.store.registry, source)).toEqual(before);
    await rig.store.close();
  });
});

test('a box that is gone shows nothing, and its successor nothing from before', () => {
  const registry = new Registry();
  const put = (table: RowChange['table'], row: { readonly id: number }) =>
    void registry.apply({ table, id: row.id, row } as RowChange);
  const variable = (id: number, createdAt: number): DeviceVariableRow => ({
    ...{ id, deviceId: 1, hardwareId: 'h1', name: `v${id}` },
    ...{ value: id, createdAt },
  });
  put('licenseDevice', device(1, 'h1'));
  for (const [id, at] of [
    [1, 10],
    [2, 20],
    [3, 21],
  ] as const)
    put('deviceVariable', variable(id, at));
  const gone = { ...sourceRow(1, 'h1'), corrupted: true, corruptedAt: 20 };
  put('source', gone);
  put('source', sourceRow(2, 'h1'));
  expect(variablesOfUnit(registry, gone)).toEqual([]);
  expect(variablesOfUnit(registry, sourceRow(2, 'h1')).map(({ name }) => name)).toEqual(['v3']);
});

test('ids are never given twice, and pass over those an operator chose', async () => {
  const rig = await Rig.open({ engine: new MemoryEngine() });
  const first = rig.clock.now() * 1000;
  const ids = await rig.store.change((tx) => {
    const taken = new Set([first, first + 2]);
    return Array.from({ length: 3 }, () => nextLicensingId(tx, (id) => taken.has(id)));
  });
  expect(ids).toEqual([first + 1, first + 3, first + 4]);
  expect(await rig.store.change((tx) => nextLicensingId(tx, () => false))).toBe(first + 5);
  await rig.store.close();
});
