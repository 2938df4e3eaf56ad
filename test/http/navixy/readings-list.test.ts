/**
 * Readings with a time each, and lines of several trackers: `tracker/readings/*`, `batch_get_inputs`, `get_outputs`,
 * `batch_get_outputs`, `output/update`.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { errorCodes } from '../../../src/http/navixy/errors.js';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { type Answer, TestApi, type TestUser } from '../../support/api.js';

const minuteMs = 60_000;
const at = '2026-06-15 12:00:00';
const later = '2026-06-15 12:01:00';

let api: TestApi;
let owner: TestUser;
let tracker: TrackerRow;
let source: SourceRow;
beforeAll(async () => {
  api = await TestApi.create();
  owner = await api.account();
});
beforeEach(async () => {
  ({ tracker, source } = await api.tracker(owner, { model: 'telfmb120' }));
});
afterAll(() => api.server.close());

type Sensor = Record<string, unknown>;
type Lists = Readonly<Record<'inputs' | 'states' | 'virtual_sensors' | 'counters', readonly Sensor[]>>;
const tank = { type: 'metering', sensor_type: 'fuel', name: 'Tank', input_name: 'analog_1' } as const;

const call = (name: string, params: Record<string, unknown> = {}, hash = owner.hash): Promise<Answer> =>
  api.call(`/tracker/${name}`, { hash, ...params });

async function create(sensor: Sensor): Promise<number> {
  const { body } = await call('sensor/create', { tracker_id: tracker.id, sensor });
  return (body as never as { id: number }).id;
}

const readings = async (params: Record<string, unknown> = {}) =>
  (await call('readings/list', { tracker_id: tracker.id, ...params })).body as never as Lists;

function refusal(code: keyof typeof errorCodes): Answer {
  const [description, status] = errorCodes[code];
  return { status, body: { success: false, status: { code, description } } } as never;
}

describe('tracker/readings/list', () => {
  test('of a silent tracker is empty', async () => {
    expect(await readings()).toEqual({ success: true, inputs: [], states: [], virtual_sensors: [], counters: [] });
  });

  test('shows everything with its own time', async () => {
    const id = await create({ ...tank, units_type: 'litre', parameters: { max: 60 } });
    const parameters = { calc_method: 'in_range', range_to: 10, value_titles: [{ value: '1', title: 'Low' }] };
    const state = { type: 'virtual', sensor_type: 'state', name: 'Level', input_name: 'analog_1', parameters };
    const stateId = await create(state);
    api.store.report(source.id, { analog_1: 5, can_rpm: 900, obd_vin: 'X' });
    api.store.report(source.id, { can_rpm: 950, event_code: 7 }, { at: api.clock.now() + minuteMs });
    expect(await readings()).toMatchObject({
      inputs: [
        {
          ...{ sensor_id: id, label: 'Tank', name: 'analog_1', type: 'fuel', value: 5, units: '', units_type: 'litre' },
          ...{ converted_units_type: null, converted_value: null, max_value: 60, update_time: at },
        },
        { sensor_id: null, label: 'Engine speed', name: 'can_rpm', value: 950, update_time: later },
      ],
      states: [
        { field: 'obd_vin', value: 'X', update_time: at },
        { field: 'event_code', value: '7', update_time: later },
      ],
      virtual_sensors: [{ sensor_id: stateId, value: 'Low', label: 'Level', type: 'state', update_time: at }],
    });
  });

  test('shows the counters that tracker/get_counters does', async () => {
    api.store.report(source.id, { hw_mileage: 1234.5, engine_hours: 99 });
    const { counters } = await readings();
    expect(counters).toEqual([
      { type: 'odometer', value: 1234.5, update_time: at },
      { type: 'engine_hours', value: 99, update_time: at },
    ]);
    expect((await call('get_counters', { tracker_id: tracker.id })).body).toMatchObject({ list: counters });
  });

  test('a type leaves out all others, and states and counters', async () => {
    await create(tank);
    const ignition = { type: 'virtual', sensor_type: 'virtual_ignition', name: 'Ign', input_name: 'board_voltage' };
    const id = await create({ ...ignition, parameters: { calc_method: 'in_range', range_from: 13 } });
    api.store.report(source.id, { analog_1: 5, board_voltage: 13.5, can_rpm: 900, obd_vin: 'X' });
    const names = async (sensor_type: string) => {
      const { inputs, virtual_sensors, ...rest } = await readings({ sensor_type });
      expect(rest).toEqual({ success: true });
      return [...inputs.map(({ name }) => name), ...virtual_sensors.map(({ sensor_id }) => sensor_id)];
    };
    expect(await names('fuel')).toEqual(['analog_1']);
    expect(await names('power')).toEqual(['board_voltage']);
    expect(await names('virtual_ignition')).toEqual([id]);
    expect(await names('temperature')).toEqual([]);
    const wrong = await call('readings/list', { tracker_id: tracker.id, sensor_type: 'x' });
    expect(wrong.body.status?.code).toBe(7);
  });

  test('parts of composite sensors name these, and may be left out', async () => {
    const parts = [await create(tank), await create({ ...tank, input_name: 'analog_2' })];
    const whole = { ...tank, input_name: 'composite', parameters: { parent_ids: parts } };
    const ids = [await create(whole), await create({ ...whole, parameters: { parent_ids: [parts[0]] } })];
    api.store.report(source.id, { analog_1: 1, analog_2: 2, analog_3: 3 });
    const { inputs } = await readings();
    expect(inputs.map(({ composite_sensor_ids }) => composite_sensor_ids)).toEqual([
      ids,
      [ids[0]],
      ...[undefined, undefined, undefined],
    ]);
    const without = (await readings({ include_components: false })).inputs;
    expect(without.map(({ sensor_id }) => sensor_id)).toEqual([...ids, null]);
  });

  test('an unknown tracker: 204, a blocked one: 208', async () => {
    const stranger = await api.tracker(await api.account());
    for (const tracker_id of [999_999, stranger.tracker.id]) {
      expect(await call('readings/list', { tracker_id })).toEqual(refusal(204));
    }
    await api.changeSource(source, { blocked: true });
    expect(await call('readings/list', { tracker_id: tracker.id })).toEqual(refusal(208));
    await api.changeSource(source, { corrupted: true });
    expect(await call('readings/list', { tracker_id: tracker.id })).toEqual(refusal(204));
  });
});

describe('tracker/readings/batch_list', () => {
  const batch = (trackers: unknown, more: Record<string, unknown> = {}) =>
    call('readings/batch_list', { trackers, ...more });

  test('shows the same for each tracker, blocked ones left out', async () => {
    const other = await api.tracker(owner);
    const blocked = await api.tracker(owner);
    await api.changeSource(blocked.source, { blocked: true });
    api.store.report(source.id, { analog_1: 1, obd_vin: 'X' });
    const { success: _, ...mine } = (await readings()) as never as Sensor;
    const { body } = await batch([tracker.id, other.tracker.id, blocked.tracker.id]);
    const empty = { inputs: [], states: [], virtual_sensors: [], counters: [] };
    expect(body).toEqual({ success: true, result: { [tracker.id]: mine, [other.tracker.id]: empty } });
    const filtered = await batch([tracker.id], { sensor_type: 'fuel' });
    expect(filtered.body).toEqual({ success: true, result: { [tracker.id]: { inputs: [], virtual_sensors: [] } } });
  });

  test('unknown trackers: 217; no trackers, or too many: 7', async () => {
    expect(await batch([tracker.id, 999_999])).toEqual(refusal(217));
    expect((await batch(undefined)).body.status?.code).toBe(7);
    expect((await batch(Array.from({ length: 2001 }, () => tracker.id))).body.status?.code).toBe(7);
    expect((await batch(Array.from({ length: 2000 }, () => tracker.id))).status).toBe(200);
  });
});

describe('tracker/batch_get_inputs', () => {
  test('shows what tracker/get_inputs does, of some trackers or all', async () => {
    const mine = await api.account();
    const views = [await api.tracker(mine), await api.tracker(mine, { model: 'telfmb120' })];
    const blocked = await api.tracker(mine);
    await api.changeSource(blocked.source, { blocked: true });
    api.store.report(views[1]!.source.id, { input_2: true, ignition: true });
    const data: Record<number, unknown> = {};
    for (const {
      tracker: { id },
    } of views) {
      const { body } = await call('get_inputs', { tracker_id: id }, mine.hash);
      const { success: _, user_time: __, ...rest } = body;
      data[id] = rest;
    }
    const answer = { status: 200, body: { success: true, user_time: at, data } };
    const all = [...views, blocked].map((view) => view.tracker.id);
    for (const params of [{}, { trackers: all }, { trackers: [...all, ...all] }]) {
      expect(await call('batch_get_inputs', params, mine.hash)).toEqual(answer);
    }
    const sub = await api.subUser(mine, { trackerIds: [views[0]!.tracker.id] });
    const few = (await call('batch_get_inputs', {}, sub.hash)).body as never as { data: object };
    expect(Object.keys(few.data)).toEqual([String(views[0]!.tracker.id)]);
  });
});

describe('outputs', () => {
  const outputs = async (tracker_id = tracker.id) =>
    ((await call('get_outputs', { tracker_id })).body as never as { result: unknown }).result;
  const rename = (number: unknown, title: unknown, hash = owner.hash) =>
    call('output/update', { tracker_id: tracker.id, tracker_output: { number, title } }, hash);

  test('are as many as the model has, and may be given names', async () => {
    expect(await outputs()).toEqual([
      { number: 1, title: 'OUT1' },
      { number: 2, title: 'OUT2' },
    ]);
    expect(await rename('2', 'Pump')).toEqual({ status: 200, body: { success: true } });
    const named = [
      { number: 1, title: 'OUT1' },
      { number: 2, title: 'Pump' },
    ];
    expect(await outputs()).toEqual(named);
    await call('settings/update', { tracker_id: tracker.id, label: 'x', group_id: 0 });
    const { body } = await call('batch_get_outputs', { trackers: [tracker.id] });
    expect(body).toEqual({ success: true, result: { [tracker.id]: named } });
  });

  test('are as many as were reported where the model does not say', async () => {
    const made = await api.tracker(owner, { model: 'wialon_ips', deviceId: `own-${tracker.id}` });
    expect(await outputs(made.tracker.id)).toEqual([]);
    api.store.report(made.source.id, { output_2: true });
    expect(await outputs(made.tracker.id)).toHaveLength(2);
  });

  test.each([
    [0, 'x', 'number must be greater than or equal to 1'],
    [3, 'x', 'number must be less than or equal to 2'],
    [null, 'x', 'number must not be null'],
    [1, '', 'title size must be between 1 and 60'],
    [1, 'x'.repeat(61), 'title size must be between 1 and 60'],
    [1, null, 'title must not be null'],
  ])('output %j is not called %j', async (number, title, error) => {
    expect((await rename(number, title)).body).toMatchObject({ errors: [{ parameter: 'tracker_output', error }] });
  });

  test('a name of 60 characters is right', async () => {
    expect((await rename(1, 'x'.repeat(60))).status).toBe(200);
  });

  test('of unknown and blocked trackers: 201 and 208; a name needs tracker_update: 13', async () => {
    const weak = await api.subUser(owner, { rights: ['tracker_set_output'] });
    expect(await rename(1, 'x', weak.hash)).toEqual(refusal(13));
    const able = await api.subUser(owner, { rights: ['tracker_update'] });
    expect((await rename(1, 'x', able.hash)).status).toBe(200);
    const tracker_output = { number: 1, title: 'x' };
    for (const name of ['get_outputs', 'output/update']) {
      expect(await call(name, { tracker_id: 999_999, tracker_output })).toEqual(refusal(201));
    }
    await api.changeSource(source, { blocked: true });
    for (const name of ['get_outputs', 'output/update']) {
      expect(await call(name, { tracker_id: tracker.id, tracker_output })).toEqual(refusal(208));
    }
    expect((await call('batch_get_outputs', { trackers: [tracker.id] })).status).toBe(200);
  });
});

describe.each(['batch_get_inputs', 'batch_get_outputs'])('tracker/%s', (name) => {
  test('takes 500 trackers: 221 beyond; unknown ones: 217', async () => {
    const ids = (length: number) => Array.from({ length }, () => tracker.id);
    for (const count of [0, 499, 500]) expect((await call(name, { trackers: ids(count) })).status).toBe(200);
    expect(await call(name, { trackers: ids(501) })).toEqual(refusal(221));
    const stranger = await api.tracker(await api.account());
    for (const id of [999_999, stranger.tracker.id]) {
      expect(await call(name, { trackers: [tracker.id, id] })).toEqual(refusal(217));
    }
  });
});
