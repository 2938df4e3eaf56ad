/**
 * What sensors that are set up show: by the calls for last values, over time, and with calibration.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { errorCodes } from '../../../src/http/navixy/errors.js';
import type { SourceRow, TrackerRow, UserRow } from '../../../src/store/rows.js';
import { type Answer, TestApi, type TestUser } from '../../support/api.js';

const minuteMs = 60_000;
const dayMs = 86_400_000;

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

type Body = Record<string, never>;
type Sensor = Record<string, unknown>;
const tank = { type: 'metering', sensor_type: 'fuel', name: 'Tank', input_name: 'analog_1' } as const;

async function call(name: string, params: Record<string, unknown> = {}, hash = owner.hash): Promise<Answer> {
  return api.call(`/tracker/${name}`, { hash, tracker_id: tracker.id, ...params });
}

async function create(sensor: Sensor): Promise<number> {
  const { body } = await call('sensor/create', { sensor });
  expect(body).toMatchObject({ success: true });
  return (body as Body).id as unknown as number;
}

const inputs = async (name: string, hash = owner.hash) => ((await call(name, {}, hash)).body as Body).inputs as unknown;

function refusal(code: keyof typeof errorCodes): Answer {
  const [description, status] = errorCodes[code];
  return { status, body: { success: false, status: { code, description } } } as never;
}

describe('a metering sensor', () => {
  test('takes the place of the automatic one, and its type says where it is shown', async () => {
    api.store.report(source.id, { analog_1: 2.5, analog_2: 1 });
    await create({ ...tank, divider: 0.1, units: 'litres', units_type: 'litre', parameters: { min: 0, max: 10 } });
    expect(await inputs('get_readings')).toMatchObject([{ name: 'analog_2' }]);
    expect(await inputs('get_fuel')).toEqual([
      {
        ...{ label: 'Tank', name: 'analog_1', type: 'fuel', value: 25, units: 'litres', units_type: 'litre' },
        ...{ converted_units_type: null, converted_value: null, min_value: 0, max_value: 100 },
      },
    ]);
  });

  test('shows nothing before its input is reported, or out of range', async () => {
    await create({ ...tank, parameters: { min: 1, max: 5 } });
    expect(await call('get_fuel')).toMatchObject({ body: { inputs: [], update_time: null } });
    for (const [raw, isShown] of [
      [0.99, false],
      [1, true],
      [5, true],
      [5.01, false],
    ] as const) {
      api.store.report(source.id, { analog_1: raw });
      expect(((await inputs('get_fuel')) as unknown[]).length, String(raw)).toBe(isShown ? 1 : 0);
    }
  });

  test('follows its calibration at once', async () => {
    const id = await create({ ...tank, divider: 10, parameters: { max: 4 } });
    api.store.report(source.id, { analog_1: 1.5 });
    const data = [
      { in: 2, out: 300 },
      { in: 1, out: 100 },
    ];
    expect((await call('sensor/calibration_data/update', { sensor_id: id, data })).body).toEqual({ success: true });
    expect(await inputs('get_fuel')).toMatchObject([{ value: 20, max_value: 30 }]);
    const { body } = await call('sensor/calibration_data/read', { sensor_id: id });
    expect(body).toEqual({ success: true, value: [data[1], data[0]] });
    await call('sensor/calibration_data/update', { sensor_id: id, data: [] });
    expect(await inputs('get_fuel')).toMatchObject([{ value: 0.15, max_value: 0.4 }]);
    expect((await call('sensor/calibration_data/read', { sensor_id: id })).body).toMatchObject({ value: [] });
  });

  test('shows a falling range the right way round', async () => {
    await create({ ...tank, divider: -1, parameters: { min: 1, max: 5 } });
    await create({ ...tank, input_name: 'analog_2', divider: -1, parameters: { min: 1 } });
    api.store.report(source.id, { analog_1: 2, analog_2: 2 });
    const [both, one] = (await inputs('get_fuel')) as Sensor[];
    expect(both).toMatchObject({ value: -2, min_value: -5, max_value: -1 });
    expect(one).toMatchObject({ value: -2, max_value: -1 });
    expect(one).not.toHaveProperty('min_value');
  });

  test.each<[UserRow['measurementSystem'], string, number, string | null, number | null]>([
    ['metric', 'fahrenheit', 212, 'celsius', 100],
    ['us', 'fahrenheit', 212, null, null],
    ['us', 'celsius', -40, 'fahrenheit', -40],
    ['metric', 'gallon_us', 10, 'litre', 37.854118],
    ['imperial', 'gallon_us', 10, 'gallon_uk', 8.326742],
    ['us', 'gallon_uk', 10, 'gallon_us', 12.009499],
    ['metric_gal_us', 'litre', 3.785411784, 'gallon_us', 1],
    ['us', 'furlong', 5, null, null],
    ['us', 'constructor', 5, null, null],
    ['us', 'custom', 5, null, null],
  ])('in the %s system %s are converted', async (measurementSystem, units_type, value, type, convertedValue) => {
    const user = await api.subUser(owner, { measurementSystem });
    await create({ ...tank, units_type });
    api.store.report(source.id, { analog_1: value });
    expect(await inputs('get_fuel', user.hash)).toMatchObject([
      { value, units_type, converted_units_type: type, converted_value: convertedValue },
    ]);
  });

  test('reads numbers out of text, flags, and masks of lines', async () => {
    await create({ ...tank, sensor_type: 'custom', input_name: 'rs232_1' });
    await create({ ...tank, sensor_type: 'custom', input_name: 'input_status' });
    await create({ ...tank, sensor_type: 'custom', input_name: 'moving' });
    api.store.report(source.id, { rs232_1: '12.5', input_1: false, input_2: true, moving: true });
    expect(await inputs('get_readings')).toMatchObject([{ value: 12.5 }, { value: 2 }, { value: 1 }]);
  });

  test('is shown where its input belongs, whatever its type', async () => {
    await create({ ...tank, input_name: 'can_rpm' });
    api.store.report(source.id, { can_rpm: 900 });
    expect(await inputs('get_fuel')).toEqual([]);
    expect(await inputs('get_diagnostics')).toMatchObject([{ label: 'Tank', type: 'fuel' }]);
  });
});

describe('a composite sensor', () => {
  test('adds up its parts, or takes their average, once each has a value', async () => {
    const parts = [await create({ ...tank, divider: 2 }), await create({ ...tank, input_name: 'analog_2' })];
    const whole = { ...tank, input_name: 'composite', name: 'Both', parameters: { parent_ids: parts } };
    await create(whole);
    await create({ ...whole, name: 'Mean', group_type: 'avg', divider: 10 });
    api.store.report(source.id, { analog_1: 10 });
    expect(await inputs('get_fuel')).toMatchObject([{ label: 'Tank' }]);
    api.store.report(source.id, { analog_2: 7 }, { at: api.clock.now() + minuteMs });
    const { body } = await call('get_fuel');
    expect(body).toMatchObject({
      inputs: [{ value: 5 }, { value: 7 }, { label: 'Both', value: 12 }, { label: 'Mean', value: 0.6 }],
      update_time: '2026-06-15 12:01:00',
    });
  });
});

describe('tracker/get_inputs', () => {
  const discrete = { type: 'discrete', sensor_type: 'ignition', name: 'Key', input_number: 2 } as const;
  const states = async () => ((await call('get_inputs')).body as Body).states as unknown;

  test('shows what was set up, by the state of its input', async () => {
    await create(discrete);
    await create({ ...discrete, sensor_type: 'hood', name: 'Bonnet', input_number: 3 });
    const shown = [
      { type: 'ignition', name: 'Key', status: false, input_number: 2 },
      { type: 'hood', name: 'Bonnet', status: false, input_number: 3 },
    ];
    expect(await states()).toEqual(shown);
    api.store.report(source.id, { input_2: true, input_3: false, ignition: false });
    expect(await states()).toEqual([{ ...shown[0], status: true }, shown[1]]);
  });

  test('an ignition is what the unit calls so while its wire is silent', async () => {
    await create(discrete);
    api.store.report(source.id, { ignition: true });
    expect(await call('get_inputs')).toMatchObject({
      body: { states: [{ type: 'ignition', status: true }], update_time: '2026-06-15 12:00:00' },
    });
  });

  test('the ignition shows itself unless something else is on its wire', async () => {
    api.store.report(source.id, { ignition: true, input_1: true });
    await create({ ...discrete, sensor_type: 'door' });
    expect(await states()).toMatchObject([{ type: 'door' }, { type: 'ignition', name: null, input_number: 1 }]);
    await create({ ...discrete, sensor_type: 'door', input_number: 1 });
    expect(await states()).toMatchObject([{ type: 'door' }, { type: 'door', status: true }]);
  });

  test.each(['power', 'charge', 'detach'])('%s is shown as custom', async (sensor_type) => {
    await create({ ...discrete, sensor_type });
    expect(await states()).toMatchObject([{ type: 'custom', name: 'Key' }]);
  });
});

describe('tracker/sensor/data/read', () => {
  const read = (sensor_id: number, more: Record<string, unknown> = {}) =>
    call('sensor/data/read', { sensor_id, from: '2026-06-15 12:00:00', to: '2026-06-15 13:00:00', ...more });
  const listOf = async (sensor_id: number, more: Record<string, unknown> = {}) =>
    ((await read(sensor_id, more)).body as Body).list as unknown;

  test('lists values by their times, each once', async () => {
    const id = await create({ ...tank, divider: 10, parameters: { max: 100 } });
    const start = api.clock.now();
    for (const [minute, analog_1] of [
      [2, 30],
      [0, 10],
      [1, 101],
      [2, 30],
      [60, 40],
      [61, 50],
    ] as const) {
      api.store.report(source.id, { analog_1, other: 1 }, { at: start + minute * minuteMs });
    }
    api.store.report(source.id, { other: 2 }, { at: start + 3 * minuteMs });
    expect(await listOf(id)).toEqual([
      { value: 1, get_time: '2026-06-15 12:00:00' },
      { value: 3, get_time: '2026-06-15 12:02:00' },
      { value: 4, get_time: '2026-06-15 13:00:00' },
    ]);
    expect(await listOf(id, { raw_data: true, to: '2026-06-15 12:01:00' })).toEqual([
      { value: 10, get_time: '2026-06-15 12:00:00' },
      { value: 101, get_time: '2026-06-15 12:01:00' },
    ]);
  });

  test('takes calibration and titles as they are now', async () => {
    const id = await create(tank);
    const parameters = { calc_method: 'in_range', range_from: 2, value_titles: [{ value: '1', title: 'Full' }] };
    const state = await create({
      type: 'virtual',
      sensor_type: 'state',
      name: 'S',
      input_name: 'analog_1',
      parameters,
    });
    api.store.report(source.id, { analog_1: 1 });
    api.store.report(source.id, { analog_1: 2 }, { at: api.clock.now() + minuteMs });
    const data = [
      { in: 1, out: 50 },
      { in: 2, out: 80 },
    ];
    await call('sensor/calibration_data/update', { sensor_id: id, data });
    expect(await listOf(id)).toMatchObject([{ value: 50 }, { value: 80 }]);
    expect(await listOf(id, { raw_data: 'true' })).toMatchObject([{ value: 1 }, { value: 2 }]);
    expect(await listOf(state)).toMatchObject([{ value: '0' }, { value: 'Full' }]);
    expect(await listOf(state, { raw_data: true })).toMatchObject([{ value: '1' }, { value: '2' }]);
  });

  test('puts parts together as they come', async () => {
    const parts = [await create(tank), await create({ ...tank, input_name: 'analog_2' })];
    const id = await create({ ...tank, input_name: 'composite', parameters: { parent_ids: parts, max: 10 } });
    const start = api.clock.now();
    const reports = [{ analog_1: 1 }, { analog_2: 2 }, { other: 1 }, { analog_1: 3, analog_2: 4 }, { analog_1: 9 }];
    reports.forEach((values, minute) => {
      api.store.report(source.id, values as Record<string, number>, { at: start + minute * minuteMs });
    });
    const raw = [
      { value: 3, get_time: '2026-06-15 12:01:00' },
      { value: 7, get_time: '2026-06-15 12:03:00' },
      { value: 13, get_time: '2026-06-15 12:04:00' },
    ];
    expect(await listOf(id)).toEqual(raw.slice(0, 2));
    expect(await listOf(id, { raw_data: true })).toEqual(raw);
  });

  test('goes back to boxes that the tracker had before', async () => {
    const id = await create(tank);
    api.store.report(source.id, { analog_1: 1 });
    const next = await api.tracker(owner, { model: 'telfmb120' });
    const replaced = { ...tracker, sourceId: next.source.id, formerSourceIds: [source.id] };
    await api.store.change((tx) => tx.put('tracker', replaced));
    api.store.report(next.source.id, { analog_1: 2 }, { at: api.clock.now() + minuteMs });
    expect(await listOf(id)).toMatchObject([{ value: 1 }, { value: 2 }]);
  });

  test('reads dates in the zone of the user, or ISO 8601', async () => {
    const id = await create(tank);
    api.store.report(source.id, { analog_1: 1 });
    const berliner = await api.subUser(owner, { timeZone: 'Europe/Berlin' });
    const asked = async (from: string, to: string) =>
      (await call('sensor/data/read', { sensor_id: id, from, to }, berliner.hash)).body as Body;
    const list = [{ value: 1, get_time: '2026-06-15 14:00:00' }];
    expect(await asked('2026-06-15 14:00:00', '2026-06-15 14:00:00')).toEqual({ success: true, list });
    expect(await asked('2026-06-15T12:00:00Z', '2026-06-15T16:00:00+04:00')).toMatchObject({ list });
    expect(await asked('2026-06-15 12:00:00', '2026-06-15 13:59:59')).toMatchObject({ list: [] });
  });

  test('spans 30 days: 211 beyond', async () => {
    const id = await create(tank);
    expect((await read(id, { to: '2026-07-15 11:59:59' })).status).toBe(200);
    expect((await read(id, { to: '2026-07-15 12:00:00' })).status).toBe(200);
    expect(await read(id, { to: '2026-07-15 12:00:01' })).toEqual(refusal(211));
  });

  test('a month is one where the clocks change', async () => {
    const id = await create(tank);
    const berliner = await api.subUser(owner, { timeZone: 'Europe/Berlin' });
    const asked = async (to: string) =>
      (await call('sensor/data/read', { sensor_id: id, from: '2026-10-10 00:00:00', to }, berliner.hash)).status;
    expect([await asked('2026-11-09 00:00:00'), await asked('2026-11-09 00:00:01')]).toEqual([200, 400]);
  });

  test('thins out values that are too many', async () => {
    const id = await create(tank);
    const start = api.clock.now();
    for (let i = 0; i < 20_001; i++) api.store.report(source.id, { analog_1: i }, { at: start + i * 100 });
    const values = ((await listOf(id)) as { value: number }[]).map(({ value }) => value);
    expect(values.length).toBeGreaterThan(5000);
    expect(values.length).toBeLessThanOrEqual(20_000);
    expect(values).toEqual([...new Set(values)].sort((left, right) => left - right));
    expect(values.at(-1)).toBe(20_000);
  });

  test.each([
    [{ from: null }, { parameter: 'from', error: 'must not be null' }],
    [{ from: 'yesterday' }, { parameter: 'from', error: expect.stringMatching(/^must be a date/) }],
    [{ to: '2026-02-30 00:00:00' }, { parameter: 'to', error: expect.stringMatching(/^must be a date/) }],
    [{ to: '2026-06-15 11:59:59' }, { parameter: 'to', error: 'must not be before `from`' }],
    [{ raw_data: 'maybe' }, { parameter: 'raw_data', error: 'must be true or false' }],
    [{ sensor_id: 'x' }, { parameter: 'sensor_id', error: 'must be an integer' }],
  ])('%j is wrong: 7', async (params, error) => {
    expect(await read(1, params)).toEqual({ status: 400, body: { ...refusal(7).body, errors: [error] } });
  });

  test('an unknown sensor: 201; a discrete one: 228', async () => {
    expect(await read(999_999)).toEqual(refusal(201));
    const door = await create({ type: 'discrete', sensor_type: 'door', name: 'Door', input_number: 1 });
    expect(await read(door)).toEqual(refusal(228));
    expect(await read(door, { tracker_id: 999_999 })).toEqual(refusal(201));
    expect(await read(door, { to: new Date(api.clock.now() + 31 * dayMs).toISOString() })).toEqual(refusal(228));
  });
});

describe('calibration', () => {
  test('is for metering sensors: 228', async () => {
    const door = await create({ type: 'discrete', sensor_type: 'door', name: 'Door', input_number: 1 });
    const parameters = { calc_method: 'identity' };
    const state = await create({ type: 'virtual', sensor_type: 'state', name: 'S', input_name: 'x', parameters });
    for (const sensor_id of [door, state]) {
      expect(await call('sensor/calibration_data/read', { sensor_id })).toEqual(refusal(228));
      expect(await call('sensor/calibration_data/update', { sensor_id, data: [] })).toEqual(refusal(228));
    }
    expect(await call('sensor/calibration_data/read', { sensor_id: 999_999 })).toEqual(refusal(201));
    expect(await call('sensor/calibration_data/update', { sensor_id: 999_999, data: [] })).toEqual(refusal(201));
    expect(await call('sensor/calibration_data/read', { tracker_id: 999_999, sensor_id: door })).toEqual(refusal(201));
  });

  test.each([
    [null, 'must not be null'],
    [5, 'must be an array'],
    [[{ in: 1 }], 'out must not be null'],
    [[{ in: 'x', out: 1 }], 'in must be a number'],
    [
      [
        { in: 1, out: 1 },
        { in: 1.0, out: 2 },
      ],
      'in must only contain unique elements',
    ],
    [Array.from({ length: 1001 }, (_, i) => ({ in: i, out: i })), 'size must be between 0 and 1000'],
  ])('takes no data like %j', async (data, error) => {
    const sensor_id = await create(tank);
    expect((await call('sensor/calibration_data/update', { sensor_id, data })).body).toMatchObject({
      errors: [{ parameter: 'data', error }],
    });
  });

  test('takes 1000 points, as text too', async () => {
    const sensor_id = await create(tank);
    const data = Array.from({ length: 1000 }, (_, i) => ({ in: String(i), out: i / 2 }));
    const params = { sensor_id, data: JSON.stringify(data) };
    expect((await call('sensor/calibration_data/update', params)).body).toEqual({ success: true });
    expect((await call('sensor/calibration_data/read', { sensor_id })).body).toMatchObject({
      value: expect.arrayContaining([{ in: 999, out: 499.5 }]),
    });
  });
});

describe('tracker/sensor/input_name/list', () => {
  test('lists every name once, families without a number', async () => {
    const { body } = await call('sensor/input_name/list');
    const list = (body as Body).list as unknown as { input_name: string; description: string }[];
    const names = list.map(({ input_name }) => input_name);
    expect(new Set(names).size).toBe(names.length);
    expect(list).toContainEqual({ input_name: 'analog', description: 'Analog input [N]' });
    expect(list).toContainEqual({ input_name: 'board_voltage', description: 'External supply' });
    expect(list).toContainEqual({ input_name: 'rs232', description: 'Serial port data [N]' });
    expect(list).toContainEqual({ input_name: 'moving', description: expect.any(String), value_type: 'Boolean' });
    expect(list).toContainEqual({ input_name: 'obd_vin', description: expect.any(String), value_type: 'String' });
    expect(list).toContainEqual({
      input_name: 'obd_dtc_number',
      description: expect.any(String),
      value_type: 'Integer',
    });
    expect(list).toContainEqual({
      ...{ input_name: 'obd_mil_activated_distance', description: expect.any(String), value_type: 'Double' },
    });
    expect(list).toContainEqual({
      ...{ input_name: 'can_hood_state', description: 'Hood open', value_type: 'Boolean' },
      value_titles: { '0': 'Closed', '1': 'Opened' },
    });
  });
});

describe('the ignition in tracker/get_state', () => {
  const wired = { type: 'discrete', sensor_type: 'ignition', name: 'Key', input_number: 2 } as const;
  const byVoltage = {
    ...{ type: 'virtual', sensor_type: 'virtual_ignition', name: 'Generator', input_name: 'board_voltage' },
    parameters: { calc_method: 'in_range', range_from: 13, value_titles: [{ value: '1', title: 'Running' }] },
  } as const;
  const shown = async () => {
    const one = (await call('get_state')).body as Body;
    const all = (await call('get_states', { trackers: [tracker.id] })).body as Body;
    expect((all.states as unknown as Record<string, unknown>)[tracker.id]).toEqual(one.state);
    const { ignition, ignition_update } = one.state as unknown as Sensor;
    return [ignition, ignition_update];
  };

  test('is told by a wired sensor, else by a virtual one, else by the unit', async () => {
    expect(await shown()).toEqual([undefined, undefined]);
    const start = api.clock.now();
    api.store.report(source.id, { ignition: false });
    expect(await shown()).toEqual([false, '2026-06-15 12:00:00']);
    const virtual = await create(byVoltage);
    expect(await shown()).toEqual([false, '2026-06-15 12:00:00']);
    api.store.report(source.id, { board_voltage: 13.8 }, { at: start + minuteMs });
    expect(await shown()).toEqual([true, '2026-06-15 12:01:00']);
    const id = await create(wired);
    expect(await shown()).toEqual([false, '2026-06-15 12:00:00']);
    api.store.report(source.id, { input_2: true }, { at: start + 2 * minuteMs });
    expect(await shown()).toEqual([true, '2026-06-15 12:02:00']);
    await call('sensor/delete', { sensor_id: id });
    await call('sensor/update', {
      sensor: { ...byVoltage, id: virtual, parameters: { calc_method: 'in_range', range_from: 14 } },
    });
    expect(await shown()).toEqual([false, '2026-06-15 12:01:00']);
    await call('sensor/delete', { sensor_id: virtual });
    expect(await shown()).toEqual([false, '2026-06-15 12:00:00']);
  });

  test('of a clone is that of its device', async () => {
    await create(wired);
    api.store.report(source.id, { input_2: true });
    const clone = await api.store.change((tx) => {
      const row = { ...tracker, id: tx.nextId('tracker'), clone: true };
      tx.put('tracker', row);
      return row;
    });
    const { body } = await call('get_states', { trackers: [tracker.id, clone.id] });
    expect(body).toMatchObject({ states: { [clone.id]: { ignition: true }, [tracker.id]: { ignition: true } } });
  });
});
