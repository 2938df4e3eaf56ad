import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Position } from '../../../src/domain/update.js';
import type { SensorRow, SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { forms, type Params, TestApi, type TestUser } from '../../support/api.js';
import { codeOf, good, invalid, refusal, refused } from './registry/kit.js';

let api: TestApi;
let owner: TestUser;
let tracker: TrackerRow;
let source: SourceRow;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account();
  ({ tracker, source } = await api.tracker(owner));
});
afterEach(() => api.server.close());

const noonMs = Date.UTC(2026, 5, 15, 12);
const minute = 60_000;

const call = (path: string, params: Params = {}, user = owner) =>
  api.call(`/tracker/${path}`, { hash: user.hash, tracker_id: tracker.id, ...params });
const refuse = (path: string, params: Params, ...expected: Parameters<typeof refusal>) =>
  refused(api, `/tracker/${path}`, { hash: owner.hash, tracker_id: tracker.id, ...params }, refusal(...expected));
const faulty = (path: string, params: Params, fault: readonly [parameter: string, error: string]) =>
  refused(api, `/tracker/${path}`, { hash: owner.hash, tracker_id: tracker.id, ...params }, invalid(fault));

/** Lets a unit report, so many minutes before now. */
function report(minutesAgo: number, values: Record<string, number | boolean>, position?: Partial<Position>): void {
  const at = noonMs - minutesAgo * minute;
  api.store.report(source.id, values, { at, receivedAt: at, ...(position === undefined ? {} : { position }) });
}

/** A kilometre to the north each minute, until now. */
function drive(km: number, values: Record<string, number | boolean> = {}): void {
  for (let i = km; i >= 0; i--) report(i, values, { lat: 50 + (km - i) / 111.19508, lng: 8, speedKmh: 60 });
}

async function sensor(row: Partial<SensorRow> = {}): Promise<SensorRow> {
  return api.store.change((tx) => {
    const made: SensorRow = {
      ...{ id: tx.nextId('sensor'), trackerId: tracker.id, type: 'metering', sensorType: 'custom', name: 'Way' },
      ...{ inputName: 'can_mileage', divider: 1, ...row },
    };
    tx.put('sensor', made);
    return made;
  });
}

async function countOf(type: string, id = tracker.id): Promise<number> {
  return good(await call('counter/value/get', { type, tracker_id: id })).value as never as number;
}

const span = { from: '2026-06-15 00:00:00', to: '2026-06-15 23:59:59' };

/** Calls of one tracker with good parameters and the right needed. */
const trackerCalls = [
  ['get_counters', {}, undefined],
  ['counter/read', { type: 'odometer' }, undefined],
  ['counter/update', { type: 'odometer', multiplier: 2 }, 'tracker_update'],
  ['counter/value/get', { type: 'odometer' }, undefined],
  ['counter/value/set', { type: 'odometer', value: 5 }, 'tracker_update'],
  ['counter/data/read', { type: 'odometer', ...span }, undefined],
] as const;

describe.each(trackerCalls)('tracker/%s', (path, params, right) => {
  test('answers the same by GET, form and JSON', async () => {
    drive(2);
    const answers = [];
    for (const form of forms) {
      answers.push(
        await api.call(`/v2/tracker/${path}`, { hash: owner.hash, tracker_id: tracker.id, ...params }, form),
      );
    }
    good(answers[0]!);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test('refuses unknown, foreign, deleted and blocked trackers', async () => {
    const other = await api.tracker(await api.account());
    for (const tracker_id of [99, other.tracker.id]) await refuse(path, { ...params, tracker_id }, 204);
    await api.changeSource(source, { blocked: true });
    await refuse(path, params, 208);
    await api.changeSource(source, { corrupted: true });
    await refuse(path, params, 204);
  });

  test('sub-users see their trackers only and need the right', async () => {
    drive(2);
    const rights = right === undefined ? [] : [right];
    expect(codeOf(await call(path, params, await api.subUser(owner, { rights, trackerIds: [tracker.id] })))).toBe(
      'good',
    );
    expect(await call(path, params, await api.subUser(owner, { rights, trackerIds: [] }))).toEqual(refusal(204));
    const unable = await call(path, params, await api.subUser(owner, { rights: ['tracker_configure'] }));
    if (right !== undefined) expect(unable).toEqual(refusal(13));
  });

  test('needs its parameters', async () => {
    const missing = ['tracker_id', ...Object.keys(params)].map((name) => [name, 'must not be null'] as const);
    await refused(api, `/tracker/${path}`, { hash: owner.hash }, invalid(...missing));
    if (!('type' in params)) return;
    for (const type of ['mileage', 'ODOMETER', '']) {
      await faulty(path, { ...params, type }, ['type', 'Should be one of [odometer, engine_hours]']);
    }
  });
});

describe('settings and values', () => {
  test.each([
    ['counter/read', { type: 'odometer' }],
    ['counter/update', { type: 'engine_hours', multiplier: 1 }],
    ['counter/value/set', { type: 'engine_hours', value: 1 }],
  ])('219: %s of a clone', async (path, params) => {
    await api.store.change((tx) => tx.put('tracker', { ...tracker, id: 50, clone: true }));
    await refuse(path, { ...params, tracker_id: 50 }, 219);
    await api.changeSource(source, { blocked: true });
    await refuse(path, { ...params, tracker_id: 50 }, 208);
  });

  test.each([
    ['counter/update', { type: 'odometer', multiplier: 1.5 }],
    ['counter/value/set', { type: 'odometer', value: 1 }],
  ])('8: %s that cannot be kept', async (path, params) => {
    api.store.broken = true;
    await refuse(path, params, 8);
  });

  test.each([
    ['counter/update', 'multiplier', [0, 1e6, '0.5'], -0.001, 'must be greater than or equal to 0'],
    ['counter/update', 'multiplier', [], 1_000_000.1, 'must be less than or equal to 1000000'],
    ['counter/update', 'multiplier', [], 'much', 'must be a number'],
    ['counter/value/set', 'value', [0, 1e9, '12.5'], -0.001, 'must be greater than or equal to 0'],
    ['counter/value/set', 'value', [], 1_000_000_000.1, 'must be less than or equal to 1000000000'],
    ['counter/value/set', 'value', [], true, 'must be a number'],
  ])('%s: bounds of %s', async (path, name, allowed, wrong, error) => {
    for (const value of allowed) good(await call(path, { type: 'odometer', [name]: value }));
    await faulty(path, { type: 'odometer', [name]: wrong }, [name, error]);
  });

  test('each counter has an id of its own that never changes', async () => {
    const second = await api.tracker(owner);
    const ids = new Set<unknown>();
    for (const tracker_id of [tracker.id, second.tracker.id]) {
      for (const type of ['odometer', 'engine_hours']) {
        const { value } = good(await call('counter/read', { type, tracker_id }));
        expect(value).toEqual({ id: expect.any(Number), type, multiplier: 1 });
        ids.add((value as never as { id: number }).id);
      }
    }
    expect(ids.size).toBe(4);
    const before = good(await call('counter/read', { type: 'odometer' }));
    good(await call('counter/update', { type: 'odometer', multiplier: 1.25 }));
    const after = good(await call('counter/read', { type: 'odometer' }));
    expect(after.value).toEqual({ ...(before.value as never as object), multiplier: 1.25 });
  });
});

describe('the odometer', () => {
  test('204 while nothing is known', async () => {
    await refuse('counter/value/get', { type: 'odometer' }, 204);
    report(5, { ignition: true });
    await refuse('counter/value/get', { type: 'odometer' }, 204);
    expect(good(await call('get_counters')).list).toEqual([
      { type: 'engine_hours', value: 0, update_time: '2026-06-15 11:55:00' },
    ]);
  });

  test('is the way between fixes', async () => {
    drive(3);
    expect(await countOf('odometer')).toBe(3);
    expect((await call('get_counters')).body).toEqual({
      ...{ success: true, user_time: '2026-06-15 12:00:00' },
      list: [{ type: 'odometer', value: 3, update_time: '2026-06-15 12:00:00' }],
    });
  });

  test('is among the readings of the tracker', async () => {
    drive(3);
    const counters = [{ type: 'odometer', value: 3, update_time: '2026-06-15 12:00:00' }];
    expect(good(await call('readings/list')).counters).toEqual(counters);
    const batch = await api.call('/tracker/readings/batch_list', { hash: owner.hash, trackers: [tracker.id] });
    expect(good(batch).result).toMatchObject({ [tracker.id]: { counters } });
  });

  test("the unit's own total comes first", async () => {
    drive(3, { hw_mileage: 1234.5678 });
    expect(await countOf('odometer')).toBe(1234.568);
  });

  test('is multiplied', async () => {
    drive(3);
    good(await call('counter/update', { type: 'odometer', multiplier: 1.5 }));
    expect(await countOf('odometer')).toBe(4.5);
  });

  test('once set goes on from there, whatever the multiplier becomes', async () => {
    report(10, { hw_mileage: 100 });
    good(await call('counter/value/set', { type: 'odometer', value: 50_000 }));
    expect(await countOf('odometer')).toBe(50_000);
    report(5, { hw_mileage: 110 });
    expect(await countOf('odometer')).toBe(50_010);
    good(await call('counter/update', { type: 'odometer', multiplier: 2 }));
    expect(await countOf('odometer')).toBe(50_010);
    report(4, { hw_mileage: 120 });
    expect(await countOf('odometer')).toBe(50_030);
    expect(await call('get_counters')).toMatchObject({ body: { list: [{ update_time: '2026-06-15 12:00:00' }] } });
    report(3, { hw_mileage: 0 });
    expect(await countOf('odometer')).toBe(49_790);
  });

  test('can be set before the unit was ever heard', async () => {
    good(await call('counter/value/set', { type: 'odometer', value: 7 }));
    expect(await countOf('odometer')).toBe(7);
    drive(2);
    expect(await countOf('odometer')).toBe(9);
  });

  test('a total that is turned back does not take it below 0', async () => {
    report(10, { hw_mileage: 100 });
    good(await call('counter/value/set', { type: 'odometer', value: 5 }));
    report(5, { hw_mileage: 1 });
    expect(await countOf('odometer')).toBe(0);
  });

  test('follows a sensor that was chosen', async () => {
    const { id } = await sensor({ divider: 2 });
    report(10, { hw_mileage: 100, can_mileage: 3000 });
    good(await call('counter/update', { type: 'odometer', multiplier: 1, sensor_id: id }));
    expect(good(await call('counter/read', { type: 'odometer' })).value).toMatchObject({ sensor_id: id });
    expect(await countOf('odometer')).toBe(1500);
    good(await call('counter/value/set', { type: 'odometer', value: 10 }));
    report(5, { can_mileage: 3010 });
    expect(await countOf('odometer')).toBe(15);
    good(await call('counter/update', { type: 'odometer', multiplier: 1 }));
    expect(good(await call('counter/read', { type: 'odometer' })).value).not.toHaveProperty('sensor_id');
    report(4, { can_mileage: 4000, hw_mileage: 101 });
    expect(await countOf('odometer')).toBe(16);
  });

  test('of a sensor without a value is not known; without the sensor the best total is', async () => {
    const { id } = await sensor({ inputName: 'obd_custom_odometer' });
    report(10, { hw_mileage: 100 });
    good(await call('counter/update', { type: 'odometer', multiplier: 1, sensor_id: id }));
    await refuse('counter/value/get', { type: 'odometer' }, 204);
    await api.store.change((tx) => tx.remove('sensor', id));
    expect(await countOf('odometer')).toBe(100);
  });

  test('7: sensors it cannot follow', async () => {
    const wrong = ['sensor_id', 'must be a metering sensor of the tracker'] as const;
    const other = await api.tracker(owner);
    const discrete = await sensor({ type: 'discrete', sensorType: 'door', inputNumber: 1 });
    const theirs = await sensor({ trackerId: other.tracker.id });
    for (const sensor_id of [99, discrete.id, theirs.id]) {
      await faulty('counter/update', { type: 'odometer', multiplier: 1, sensor_id }, wrong);
    }
    const { id } = await sensor();
    const hours = { type: 'engine_hours', multiplier: 1, sensor_id: id };
    await faulty('counter/update', hours, ['sensor_id', 'must be null']);
  });

  test('of a clone is that of the device', async () => {
    drive(2);
    good(await call('counter/value/set', { type: 'odometer', value: 100 }));
    await api.store.change((tx) => tx.put('tracker', { ...tracker, id: 50, clone: true }));
    expect(await countOf('odometer', 50)).toBe(100);
    const { list } = good(await call('counter/data/read', { type: 'odometer', tracker_id: 50, ...span }));
    expect(list).toHaveLength(3);
  });
});

describe('a tracker whose box was replaced', () => {
  async function replace(): Promise<void> {
    const old = source;
    const next = await api.store.change((tx) => {
      const row: SourceRow = { ...old, id: tx.nextId('source'), deviceId: '356307042449999' };
      tx.put('source', { ...old, corrupted: true });
      tx.put('source', row);
      tx.put('tracker', { ...tracker, sourceId: row.id, formerSourceIds: [old.id], replacedAt: tx.at });
      return row;
    });
    source = next;
  }

  test('goes on counting where the old one stopped', async () => {
    report(20, { hw_mileage: 500 });
    await replace();
    expect(await countOf('odometer')).toBe(500);
    drive(2);
    expect(await countOf('odometer')).toBe(502);
    report(0, { hw_mileage: 30 });
    expect(await countOf('odometer')).toBe(30);
  });

  test('keeps what it was set to', async () => {
    report(20, { hw_mileage: 500 });
    good(await call('counter/value/set', { type: 'odometer', value: 1000 }));
    report(15, { hw_mileage: 510 });
    await replace();
    expect(await countOf('odometer')).toBe(1010);
    drive(2, { hw_mileage: 3 });
    expect(await countOf('odometer')).toBe(1012);
    good(await call('counter/value/set', { type: 'odometer', value: 2000 }));
    report(0, { hw_mileage: 4 });
    expect(await countOf('odometer')).toBe(2001);
  });

  test('shows the history of both', async () => {
    drive(2);
    await replace();
    drive(1);
    good(await call('counter/value/set', { type: 'odometer', value: 10 }));
    const { list } = good(await call('counter/data/read', { type: 'odometer', ...span }));
    expect((list as never as { value: number }[]).map(({ value }) => value)).toEqual([7, 9, 10]);
  });
});

describe('engine hours', () => {
  test('are the time with the ignition on', async () => {
    report(90, { ignition: true });
    report(30, { ignition: true });
    report(0, { ignition: false });
    expect(await countOf('engine_hours')).toBe(1.5);
  });

  test("the unit's own come first, and they are multiplied", async () => {
    report(30, { ignition: true, can_engine_hours: 812.25 });
    good(await call('counter/update', { type: 'engine_hours', multiplier: 2 }));
    expect(await countOf('engine_hours')).toBe(1624.5);
  });
});

describe('tracker/counter/value/list', () => {
  const list = (params: Params) => ({ hash: owner.hash, type: 'odometer', ...params });

  test('has the values of several trackers', async () => {
    const second = await api.tracker(owner);
    drive(2);
    const trackers = [tracker.id, second.tracker.id, tracker.id];
    for (const form of forms) {
      const answer = await api.call('/v2/tracker/counter/value/list', list({ trackers }), form);
      expect(answer).toEqual({ status: 200, body: { success: true, value: { [tracker.id]: 2 } } });
    }
    api.store.report(second.source.id, { hw_mileage: 18.9 });
    const answer = good(await api.call('/tracker/counter/value/list', list({ trackers })));
    expect(answer.value).toEqual({ [tracker.id]: 2, [second.tracker.id]: 18.9 });
    expect(good(await api.call('/tracker/counter/value/list', list({ trackers: [] }))).value).toEqual({});
  });

  test('204 when none has a value, 217 when one is not known', async () => {
    const other = await api.tracker(await api.account());
    const path = '/tracker/counter/value/list';
    await refused(api, path, list({ trackers: [tracker.id] }), refusal(204));
    for (const id of [99, other.tracker.id]) {
      await refused(api, path, list({ trackers: [tracker.id, id] }), refusal(217));
    }
    await api.changeSource(source, { corrupted: true });
    await refused(api, path, list({ trackers: [tracker.id] }), refusal(217));
  });

  test('takes 2000 trackers', async () => {
    const path = '/tracker/counter/value/list';
    drive(1);
    good(await api.call(path, list({ trackers: new Array(2000).fill(tracker.id) })));
    const answer = await api.call(path, list({ trackers: new Array(2001).fill(tracker.id) }));
    expect(answer).toEqual(invalid(['trackers', 'size must be between 0 and 2000']));
  });
});

describe('tracker/counter/data/read', () => {
  const shown = async (params: Params = {}) =>
    good(await call('counter/data/read', { type: 'odometer', ...span, ...params })).list;

  test('shows the way as it added up', async () => {
    drive(3);
    good(await call('counter/update', { type: 'odometer', multiplier: 2 }));
    expect(await shown()).toEqual([
      { value: 0, update_time: '2026-06-15 11:57:00' },
      { value: 2, update_time: '2026-06-15 11:58:00' },
      { value: 4, update_time: '2026-06-15 11:59:00' },
      { value: 6, update_time: '2026-06-15 12:00:00' },
    ]);
    expect(await shown({ from: '2026-06-15 11:58:30', to: '2026-06-15 11:59:30' })).toEqual([
      { value: 4, update_time: '2026-06-15 11:59:00' },
    ]);
    expect(await shown({ from: '2026-06-14 00:00:00', to: '2026-06-14 01:00:00' })).toEqual([]);
  });

  test('shows totals of the unit by their times, each once', async () => {
    report(3, { hw_mileage: 10 });
    report(1, { hw_mileage: 12 });
    report(2, { hw_mileage: 11 });
    report(2, { hw_mileage: 11 });
    report(0, { ignition: true });
    expect(await shown()).toEqual([
      { value: 10, update_time: '2026-06-15 11:57:00' },
      { value: 11, update_time: '2026-06-15 11:58:00' },
      { value: 12, update_time: '2026-06-15 11:59:00' },
    ]);
  });

  test('shows the sensor that was chosen', async () => {
    const { id } = await sensor({ divider: 10 });
    report(3, { can_mileage: 100, hw_mileage: 3 });
    report(2, { can_mileage: 200 });
    good(await call('counter/update', { type: 'odometer', multiplier: 3, sensor_id: id }));
    expect(await shown()).toMatchObject([{ value: 30 }, { value: 60 }]);
  });

  test('shows hours', async () => {
    report(90, { ignition: true });
    report(30, { ignition: true });
    report(0, { ignition: false });
    expect(await shown({ type: 'engine_hours' })).toMatchObject([{ value: 0 }, { value: 1 }, { value: 1.5 }]);
  });

  test('dates come and go in the zone and form that are asked for', async () => {
    report(1, { hw_mileage: 12 });
    const params = { from: '2026-06-15T11:00:00Z', to: '2026-06-15T15:00:00+03:00', iso_datetime: true };
    expect(await shown(params)).toEqual([{ value: 12, update_time: '2026-06-15T11:59:00Z' }]);
  });

  test('of more values than fit into an answer every so many-th is shown', async () => {
    for (let i = 20_500; i >= 0; i--) {
      const at = noonMs - i * 1000;
      api.store.report(source.id, { hw_mileage: 30_000 - i }, { at, receivedAt: at });
    }
    const list = (await shown()) as never as { value: number }[];
    expect(list.length).toBeGreaterThan(9000);
    expect(list.length).toBeLessThanOrEqual(20_000);
    expect(list.at(-1)?.value).toBe(30_000);
    expect(list.every(({ value }, i) => i === 0 || value > list[i - 1]!.value)).toBe(true);
  });

  test('211 beyond 31 days', async () => {
    const params = { type: 'odometer', from: '2026-05-15 00:00:00' };
    good(await call('counter/data/read', { ...params, to: '2026-06-15 00:00:00' }));
    await refuse('counter/data/read', { ...params, to: '2026-06-15 00:00:01' }, 211);
  });

  test('a month is one wherever the clocks change', async () => {
    const user = await api.account({ timeZone: 'Europe/Berlin' });
    const theirs = await api.tracker(user);
    const params = { tracker_id: theirs.tracker.id, type: 'odometer', from: '2025-10-01 00:00:00' };
    good(await call('counter/data/read', { ...params, to: '2025-11-01 00:00:00' }, user));
    expect(codeOf(await call('counter/data/read', { ...params, to: '2025-11-01 00:00:01' }, user))).toBe(211);
  });

  test('7: dates that are none, or the wrong way round', async () => {
    const params = { type: 'odometer', ...span };
    for (const from of ['yesterday', '2026-06-31 00:00:00']) {
      const { body } = await call('counter/data/read', { ...params, from });
      expect(body).toMatchObject({ status: { code: 7 }, errors: [{ parameter: 'from' }] });
    }
    const { body } = await call('counter/data/read', { ...params, from: '2026-06-16 00:00:00' });
    expect(body).toMatchObject({ status: { code: 7 }, errors: [{ parameter: 'to' }] });
    good(await call('counter/data/read', { ...params, from: span.to, to: span.to }));
  });
});
