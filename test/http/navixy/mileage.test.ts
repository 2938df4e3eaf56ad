import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Position } from '../../../src/domain/update.js';
import type { CallContext } from '../../../src/http/navixy/call.js';
import { mileageByDay } from '../../../src/http/navixy/counters-history.js';
import { dateFormat } from '../../../src/http/navixy/dates.js';
import { type History, type KeptRecord, noHistory } from '../../../src/store/history-records.js';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { forms, type Params, TestApi, type TestUser } from '../../support/api.js';
import { codeOf, good, invalid, refusal, refused } from './registry/kit.js';

let api: TestApi;
let owner: TestUser;
let tracker: TrackerRow;
let source: SourceRow;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account({ timeZone: 'Europe/Berlin' });
  ({ tracker, source } = await api.tracker(owner));
});
afterEach(() => api.server.close());

const path = '/tracker/stats/mileage/read';
const month = { from: '2026-05-15 00:00:00', to: '2026-06-15 00:00:00' };
const read = (params: Params = {}, user = owner) =>
  api.call(path, { hash: user.hash, trackers: [tracker.id], ...month, ...params });
const refuse = (params: Params, ...expected: Parameters<typeof refusal>) =>
  refused(api, path, { hash: owner.hash, trackers: [tracker.id], ...month, ...params }, refusal(...expected));

/** A fix so many kilometres north of the start. */
function report(time: string, km: number, more: Partial<Position> = {}, of = source): void {
  const at = Date.parse(time);
  const position = { lat: 50 + km / 111.19508, lng: 8, speedKmh: 60, ...more };
  api.store.report(of.id, more.satellites === 0 ? { gps_lbs: true } : {}, { at, receivedAt: at, position });
}

function reported(km: number): KeptRecord {
  report('2026-06-01T10:00:00Z', km);
  return api.store.reported.at(-1)!;
}

const historyOf = (records: History['records']): History => ({ ...noHistory, records });

describe('mileage', () => {
  test('is told by day in the zone of the user', async () => {
    report('2026-06-01T21:00:00Z', 0);
    report('2026-06-01T21:59:59Z', 10);
    report('2026-06-01T22:10:00Z', 15);
    report('2026-06-03T10:00:00Z', 15.004, { speedKmh: 0 });
    for (const form of forms) {
      const answer = await api.call(`/v2${path}`, { hash: owner.hash, trackers: [tracker.id], ...month }, form);
      expect(answer).toEqual({
        status: 200,
        body: {
          success: true,
          result: {
            [tracker.id]: {
              '2026-06-01': { mileage: 10 },
              '2026-06-02': { mileage: 5 },
              '2026-06-03': { mileage: 0 },
            },
          },
          limit_exceeded: false,
        },
      });
    }
  });

  test('puts records in order that came late, and counts those that came twice once', async () => {
    for (const [time, km] of [
      ['2026-06-01T10:00:00Z', 0],
      ['2026-06-01T12:00:00Z', 20],
      ['2026-06-01T11:00:00Z', 100],
      ['2026-06-01T11:00:00Z', 100],
      ['2026-06-01T12:00:00Z', 20],
    ] as const) {
      report(time, km);
    }
    expect(good(await read()).result).toEqual({ [tracker.id]: { '2026-06-01': { mileage: 180 } } });
  });

  test('knows fixes of the receiver only, within the span', async () => {
    report('2026-06-01T10:00:00Z', 0);
    report('2026-06-01T10:10:00Z', 5, { valid: false });
    report('2026-06-01T10:20:00Z', 90, { satellites: 0 });
    report('2026-06-01T10:30:00Z', 2);
    report('2026-06-01T10:40:00Z', 3);
    const span = { from: '2026-06-01 12:00:00', to: '2026-06-01 12:30:00' };
    expect(good(await read(span)).result).toEqual({ [tracker.id]: { '2026-06-01': { mileage: 2 } } });
    expect(good(await read({ ...span, to: '2026-06-01 12:00:00' })).result).toEqual({
      [tracker.id]: { '2026-06-01': { mileage: 0 } },
    });
    expect(good(await read({ from: month.from, to: month.from })).result).toEqual({ [tracker.id]: {} });
  });

  test('has the boxes that a tracker had before', async () => {
    report('2026-06-01T10:00:00Z', 0);
    report('2026-06-01T10:10:00Z', 5);
    const next = await api.store.change((tx) => {
      const row: SourceRow = { ...source, id: tx.nextId('source'), deviceId: '356307042449999' };
      tx.put('source', { ...source, corrupted: true });
      tx.put('source', row);
      tx.put('tracker', { ...tracker, sourceId: row.id, formerSourceIds: [source.id] });
      return row;
    });
    report('2026-06-01T10:20:00Z', 6, {}, next);
    expect(good(await read()).result).toEqual({ [tracker.id]: { '2026-06-01': { mileage: 6 } } });
  });

  test('of several trackers, each by its own fixes', async () => {
    const second = await api.tracker(owner);
    report('2026-06-01T10:00:00Z', 0);
    report('2026-06-01T10:10:00Z', 5);
    const result = { [tracker.id]: { '2026-06-01': { mileage: 5 } }, [second.tracker.id]: {} };
    expect(good(await read({ trackers: [tracker.id, second.tracker.id, tracker.id] })).result).toEqual(result);
    expect(good(await read({ trackers: [] })).result).toEqual({});
  });

  test('waits for its turn while the account reads as much as it may', async () => {
    const gate: { open: () => void } = { open: () => {} };
    const opened = new Promise<void>((resolve) => {
      gate.open = resolve;
    });
    let begun = 0;
    const slow = historyOf(async function* () {
      begun++;
      await opened;
      yield* [];
    });
    const other = await TestApi.create({ history: slow });
    const user = await other.account();
    const { id } = (await other.tracker(user)).tracker;
    const sensor = { type: 'metering', name: 'Fuel', sensor_type: 'fuel', input_name: 'fuel_level', divider: 1 };
    const common = { hash: user.hash, tracker_id: id, trackers: [id], ...month };
    const made = await other.call('/tracker/sensor/create', { ...common, sensor });
    const { from } = month;
    const asked = [
      other.call(path, common),
      other.call('/tracker/sensor/data/read', { ...common, to: from, sensor_id: good(made).id }),
      ...Array.from({ length: 32 }, () => other.call('/tracker/stats/mileage/read', common)),
    ];
    await vi.waitFor(async () => expect(codeOf(await other.call(path, common))).toBe(15));
    expect(begun).toBe(2);
    gate.open();
    for (const answer of await Promise.all(asked)) expect(codeOf(answer)).toBe('good');
    await other.server.close();
  });

  test('sub-users see their trackers only', async () => {
    expect(codeOf(await read({}, await api.subUser(owner, { trackerIds: [tracker.id] })))).toBe('good');
    expect(await read({}, await api.subUser(owner, { trackerIds: [] }))).toEqual(refusal(217));
  });
});

describe('refusals', () => {
  test('211 beyond 31 days', async () => {
    await refuse({ to: '2026-06-15 00:00:01' }, 211);
    good(await read());
  });

  test('211 beyond as many fixes as are held at once', async () => {
    const history = historyOf(async function* () {
      for (let i = 1; i <= 3; i++) yield { ...reported(i), at: i };
    });
    const context = { services: { history }, dates: dateFormat('UTC', true) } as CallContext;
    const span = { fromMs: 0, toMs: 10 };
    expect(await mileageByDay(context, tracker, span, 3)).toEqual({ '1970-01-01': { mileage: 0 } });
    await expect(mileageByDay(context, tracker, span, 2)).rejects.toMatchObject({ code: 211 });
  });

  test('217 for unknown, foreign and deleted trackers', async () => {
    const other = await api.tracker(await api.account());
    for (const id of [99, other.tracker.id]) await refuse({ trackers: [tracker.id, id] }, 217);
    await api.changeSource(source, { corrupted: true });
    await refuse({}, 217);
  });

  test('221 beyond 128 ids, whether there are such trackers and whether they repeat or not', async () => {
    const ids = (count: number, of: (i: number) => number) => Array.from({ length: count }, (_, i) => of(i));
    await refuse({ trackers: ids(129, () => tracker.id) }, 221);
    await refuse({ trackers: ids(129, (i) => 1000 + i) }, 221);
    await refuse({ trackers: ids(128, (i) => 1000 + i) }, 217);
    good(await read({ trackers: ids(128, () => tracker.id) }));
  });

  test('7 for what is missing or wrong', async () => {
    const missing = ['trackers', 'from', 'to'].map((name) => [name, 'must not be null'] as const);
    await refused(api, path, { hash: owner.hash }, invalid(...missing));
    const { body } = await read({ from: month.to, to: month.from });
    expect(body).toMatchObject({ status: { code: 7 }, errors: [{ parameter: 'to' }] });
    expect(await read({ trackers: ['x'] })).toEqual(invalid(['trackers', 'must be an integer']));
    expect(await read({ trackers: [null] })).toEqual(invalid(['trackers', 'must not be null']));
  });
});
