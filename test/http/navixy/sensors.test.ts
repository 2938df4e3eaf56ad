/**
 * Sensors that are set up: `tracker/sensor/list`, `batch_list`, `create`, `update`, `delete`, `batch_copy`.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { errorCodes } from '../../../src/http/navixy/errors.js';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { type Answer, forms, TestApi, type TestUser } from '../../support/api.js';

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
const metering = { type: 'metering', sensor_type: 'fuel', name: 'Tank', input_name: 'lls_level_1' } as const;
const discrete = { type: 'discrete', sensor_type: 'door', name: 'Back door', input_number: 2 } as const;
const virtual = {
  ...{ type: 'virtual', sensor_type: 'state', name: 'Supply', input_name: 'board_voltage' },
  parameters: { calc_method: 'in_range', range_from: 10 },
} as const;

const call = (name: string, params: Record<string, unknown>, hash = owner.hash) =>
  api.call(`/tracker/sensor/${name}`, { hash, ...params });

async function create(sensor: Sensor, trackerId = tracker.id): Promise<number> {
  const { body } = await call('create', { tracker_id: trackerId, sensor });
  expect(body).toEqual({ success: true, id: expect.any(Number) });
  return (body as never as { id: number }).id;
}

async function list(trackerId = tracker.id): Promise<Sensor[]> {
  return ((await call('list', { tracker_id: trackerId })).body as never as { list: Sensor[] }).list;
}

function refusal(code: keyof typeof errorCodes): Answer {
  const [description, status] = errorCodes[code];
  return { status, body: { success: false, status: { code, description } } } as never;
}

async function cloneOf(original: TrackerRow): Promise<TrackerRow> {
  return api.store.change((tx) => {
    const clone = { ...original, id: tx.nextId('tracker'), clone: true };
    tx.put('tracker', clone);
    return clone;
  });
}

describe('a sensor', () => {
  test('is listed as it was set up, with defaults', async () => {
    const ids = [await create(metering), await create(discrete), await create(virtual)];
    expect(await list()).toEqual([
      {
        ...metering,
        id: ids[0],
        ...{ divider: 1, accuracy: 0, units: '', units_type: 'custom', group_type: null },
        parameters: {
          ...{ ignore_drains_in_move: false, ignore_refuels_in_move: false, refuel_gap_minutes: 5 },
          custom_field_name: false,
        },
      },
      { ...discrete, id: ids[1] },
      { ...virtual, id: ids[2], custom_field_name: false },
    ]);
  });

  test('keeps everything that it was given', async () => {
    const full = {
      ...metering,
      ...{ divider: 2.5, accuracy: 0.25, units: 'l', units_type: 'litre', group_type: 'avg' },
      parameters: {
        ...{ volume: 80, min: -1.5, max: 4095, max_lowering_by_time: 10, max_lowering_by_mileage: 20 },
        ...{ ignore_drains_in_move: true, ignore_refuels_in_move: true, refuel_gap_minutes: 7 },
        custom_field_name: false,
      },
    };
    const titles = [
      { value: '1', title: 'On' },
      { value: '0', title: '' },
    ];
    const state = { ...virtual, parameters: { calc_method: 'bit_index', bit_index: 3, value_titles: titles } };
    await create(full);
    await create(state);
    expect(await list()).toMatchObject([full, state]);
  });

  test.each(forms)('is set up by %s, and what does not concern its kind is ignored', async (form) => {
    const sensor = { ...discrete, divider: 3, input_number: '2', parameters: { min: 1 }, unknown: 'x' };
    const params = { hash: owner.hash, tracker_id: tracker.id, sensor };
    const { body } = await api.call('/tracker/sensor/create', params, form);
    expect(await list()).toEqual([{ ...discrete, id: (body as never as { id: number }).id }]);
  });

  test('is changed as a whole, its calibration stays', async () => {
    const id = await create({ ...metering, divider: 2, parameters: { min: 1 } });
    const data = [{ in: 1, out: 2 }];
    expect((await call('calibration_data/update', { tracker_id: tracker.id, sensor_id: id, data })).status).toBe(200);
    const sensor = { ...metering, id, name: 'Other' };
    expect(await call('update', { tracker_id: tracker.id, sensor })).toEqual({ status: 200, body: { success: true } });
    expect(await list()).toMatchObject([{ id, name: 'Other', divider: 1 }]);
    expect((await list())[0]?.parameters).not.toHaveProperty('min');
    expect(api.store.registry.get('sensor', id)?.calibration).toEqual(data);
  });

  test('is deleted', async () => {
    const ids = [await create(metering), await create(discrete)];
    expect((await call('delete', { tracker_id: tracker.id, sensor_id: ids[0] })).body).toEqual({ success: true });
    expect(await list()).toMatchObject([{ id: ids[1] }]);
    expect(await call('delete', { tracker_id: tracker.id, sensor_id: ids[0] })).toEqual(refusal(201));
    expect(await create(metering)).toBeGreaterThan(ids[1]!);
  });

  test('belongs to the device: a clone shows it and cannot change it', async () => {
    const id = await create(metering);
    const clone = await cloneOf(tracker);
    expect(await list(clone.id)).toEqual(await list());
    for (const [name, params] of [
      ['create', { sensor: discrete }],
      ['update', { sensor: { ...metering, id } }],
      ['delete', { sensor_id: id }],
      ['calibration_data/update', { sensor_id: id, data: [] }],
      ['batch_copy', { base_tracker_id: tracker.id, trackers: [clone.id] }],
    ] as const) {
      expect(await call(name, { tracker_id: clone.id, ...params }), name).toEqual(refusal(219));
    }
  });
});

describe('wrong sensors', () => {
  const titles = (count: number) => Array.from({ length: count }, (_, i) => ({ value: String(i), title: 'x' }));
  test.each<[string, Sensor, string]>([
    ['no type', { ...metering, type: null }, 'type must not be null'],
    ['unknown type', { ...metering, type: 'x' }, 'type Should be one of [metering, discrete, virtual]'],
    ['no name', { ...metering, name: undefined }, 'name must not be null'],
    ['empty name', { ...metering, name: '' }, 'name size must be between 1 and 100'],
    ['long name', { ...metering, name: 'x'.repeat(101) }, 'name size must be between 1 and 100'],
    ['no input', { ...metering, input_name: null }, 'input_name must not be null'],
    ['long input', { ...metering, input_name: 'x'.repeat(65) }, 'input_name size must be between 1 and 64'],
    ['no divider at all', { ...metering, divider: 0 }, 'divider must not be 0'],
    ['low accuracy', { ...metering, accuracy: -0.25 }, 'accuracy must be greater than or equal to 0'],
    ['high accuracy', { ...metering, accuracy: 100.25 }, 'accuracy must be less than or equal to 100'],
    ['accuracy between steps', { ...metering, accuracy: 0.3 }, 'accuracy must be a multiple of 0.25'],
    [
      'empty range',
      { ...metering, parameters: { min: 2, max: 1 } },
      'parameters max must be greater than or equal to min',
    ],
    ['no parts', { ...metering, input_name: 'composite' }, 'parameters parent_ids must not be empty'],
    [
      'unknown parts',
      { ...metering, parameters: { parent_ids: [999_999] } },
      'parameters parent_ids must be other metering sensors',
    ],
    [
      'a part twice',
      { ...metering, parameters: { parent_ids: [1, 1] } },
      'parameters parent_ids must only contain unique elements',
    ],
    [
      'field of its own',
      { ...metering, parameters: { custom_field_name: true } },
      'custom_field_name must be false for this model',
    ],
    ['field of its own', { ...virtual, custom_field_name: true }, 'custom_field_name must be false for this model'],
    ['no input number', { ...discrete, input_number: null }, 'input_number must not be null'],
    ['input 0', { ...discrete, input_number: 0 }, 'input_number must be greater than or equal to 1'],
    ['input 9', { ...discrete, input_number: 9 }, 'input_number must be less than or equal to 8'],
    ['no method', { ...virtual, parameters: {} }, 'parameters calc_method must not be null'],
    [
      'no range',
      { ...virtual, parameters: { calc_method: 'in_range' } },
      'parameters range_from or range_to must not be null',
    ],
    [
      'wrong range',
      { ...virtual, parameters: { calc_method: 'in_range', range_from: 2, range_to: 1 } },
      'parameters range_to must be greater than or equal to range_from',
    ],
    ['no bit', { ...virtual, parameters: { calc_method: 'bit_index' } }, 'parameters bit_index must not be null'],
    [
      'bit 0',
      { ...virtual, parameters: { calc_method: 'bit_index', bit_index: 0 } },
      'parameters bit_index must be greater than or equal to 1',
    ],
    [
      '101 titles',
      { ...virtual, parameters: { calc_method: 'identity', value_titles: titles(101) } },
      'parameters value_titles size must be between 0 and 100',
    ],
    [
      'a value twice',
      { ...virtual, parameters: { calc_method: 'identity', value_titles: [...titles(1), ...titles(1)] } },
      'parameters value_titles must only contain unique elements',
    ],
    ['no object', 'x' as never, ''],
  ])('%s', async (_, sensor, error) => {
    const answer = await call('create', { tracker_id: tracker.id, sensor });
    if (error === '') expect(answer.body.status?.code).toBe(5);
    else {
      const errors = [{ parameter: 'sensor', error }];
      expect(answer).toEqual({ status: 400, body: { ...refusal(7).body, errors } });
    }
    expect(await list()).toEqual([]);
  });

  test.each<[Sensor]>([
    [{ ...metering, name: 'x'.repeat(100), input_name: 'x'.repeat(64), accuracy: 100, divider: -0.5 }],
    [{ ...metering, parameters: { min: 1, max: 1 } }],
    [{ ...discrete, input_number: 8 }],
    [{ ...discrete, input_number: 1 }],
    [{ ...virtual, parameters: { calc_method: 'bit_index', bit_index: 53, value_titles: titles(100) } }],
    [{ ...virtual, parameters: { calc_method: 'in_range', range_from: 1, range_to: 1 } }],
  ])('at the edge is right: %j', async (sensor) => {
    await create(sensor);
    expect(await list()).toMatchObject([sensor]);
  });

  test.each([
    ['metering', metering, 'ignition'],
    ['discrete', discrete, 'fuel'],
    ['virtual', virtual, 'custom'],
  ])('%s sensors have types of their own', async (_, sensor, sensor_type) => {
    const { body } = await call('create', { tracker_id: tracker.id, sensor: { ...sensor, sensor_type } });
    expect(body).toMatchObject({
      errors: [{ parameter: 'sensor', error: expect.stringMatching(/^sensor_type Should/) }],
    });
  });

  test.each([
    'ignition',
    'sos_button',
    'power',
    'engine',
    'car_alarm',
    'door',
    'charge',
    'detach',
    'custom',
    'mass',
    'hood',
    'car_lock',
  ])('a discrete sensor may be of type %s', async (sensor_type) => {
    await create({ ...discrete, sensor_type });
  });

  test('fields of its own are for models that have them', async () => {
    const made = await api.tracker(owner, { model: 'wialon_ips', deviceId: `own-${tracker.id}` });
    await create({ ...metering, parameters: { custom_field_name: true } }, made.tracker.id);
    await create({ ...virtual, custom_field_name: true }, made.tracker.id);
    expect(await list(made.tracker.id)).toMatchObject([
      { parameters: { custom_field_name: true } },
      { custom_field_name: true },
    ]);
  });

  test('an update needs the id, and keeps the kind', async () => {
    const id = await create(metering);
    const updates = async (sensor: Sensor) => (await call('update', { tracker_id: tracker.id, sensor })).body;
    expect(await updates(metering)).toMatchObject({ errors: [{ parameter: 'sensor', error: 'id must not be null' }] });
    expect(await updates({ ...discrete, id })).toMatchObject({
      errors: [{ parameter: 'sensor', error: 'type must not change' }],
    });
  });
});

describe('what is there once only', () => {
  test('the input of metering and of discrete sensors: 232', async () => {
    const id = await create(metering);
    await create(discrete);
    for (const sensor of [
      { ...metering, name: 'x' },
      { ...discrete, sensor_type: 'custom' },
    ]) {
      expect(await call('create', { tracker_id: tracker.id, sensor })).toEqual(refusal(232));
    }
    const other = await create({ ...metering, input_name: 'lls_level_2' });
    const sensor = { ...metering, id: other };
    expect(await call('update', { tracker_id: tracker.id, sensor })).toEqual(refusal(232));
    expect((await call('update', { tracker_id: tracker.id, sensor: { ...metering, id } })).status).toBe(200);
    await create({ ...virtual, input_name: metering.input_name });
    await create({ ...virtual, input_name: metering.input_name });
  });

  test('the ignition, wired and virtual: 270', async () => {
    const ignition = { ...discrete, sensor_type: 'ignition', input_number: 1 };
    const virtualIgnition = { ...virtual, sensor_type: 'virtual_ignition' };
    const id = await create(ignition);
    await create(virtualIgnition);
    for (const sensor of [ignition, { ...ignition, input_number: 3 }, virtualIgnition]) {
      expect(await call('create', { tracker_id: tracker.id, sensor })).toEqual(refusal(270));
    }
    const door = await create(discrete);
    const sensor = { ...ignition, input_number: 4, id: door };
    expect(await call('update', { tracker_id: tracker.id, sensor })).toEqual(refusal(270));
    expect(
      (await call('update', { tracker_id: tracker.id, sensor: { ...ignition, id, input_number: 5 } })).status,
    ).toBe(200);
  });
});

describe('composite sensors', () => {
  test('are made of metering sensors that have no parts themselves', async () => {
    const parts = [await create(metering), await create({ ...metering, input_name: 'lls_level_2' })];
    const door = await create(discrete);
    const composite = { ...metering, input_name: 'composite', parameters: { parent_ids: parts } };
    const ids = [await create(composite), await create(composite)];
    expect((await list()).at(-1)).toMatchObject({ parameters: { parent_ids: parts } });
    const wrong = async (name: string, sensor: Sensor) =>
      expect((await call(name, { tracker_id: tracker.id, sensor })).body.status?.code).toBe(7);
    await wrong('create', { ...composite, parameters: { parent_ids: [door] } });
    await wrong('create', { ...composite, parameters: { parent_ids: [ids[0]] } });
    await wrong('update', { ...composite, id: ids[0], parameters: { parent_ids: [ids[0]] } });
    await wrong('update', { ...composite, id: parts[0], parameters: { parent_ids: [parts[1]] } });
    expect((await call('delete', { tracker_id: tracker.id, sensor_id: parts[0] })).status).toBe(200);
    expect((await list()).at(-1)).toMatchObject({ parameters: { parent_ids: [parts[1]] } });
  });
});

describe('tracker/sensor/batch_list', () => {
  test('lists the sensors of each tracker', async () => {
    const other = await api.tracker(owner);
    await api.changeSource(other.source, { blocked: true });
    await create(metering);
    const { body } = await call('batch_list', { trackers: [tracker.id, other.tracker.id, tracker.id] });
    expect(body).toEqual({ success: true, result: { [tracker.id]: await list(), [other.tracker.id]: [] } });
    expect((await call('batch_list', { trackers: [] })).body).toEqual({ success: true, result: {} });
  });

  test('takes 500 trackers', async () => {
    const ids = (length: number) => Array.from({ length }, () => tracker.id);
    expect((await call('batch_list', { trackers: ids(499) })).status).toBe(200);
    expect((await call('batch_list', { trackers: ids(500) })).status).toBe(200);
    expect(await call('batch_list', { trackers: ids(501) })).toEqual(refusal(221));
    expect(await call('batch_list', { trackers: [tracker.id, 999_999] })).toEqual(refusal(217));
  });
});

describe('tracker/sensor/batch_copy', () => {
  test('puts copies in the place of what was there, calibration and parts included', async () => {
    const parts = [await create(metering), await create({ ...metering, input_name: 'lls_level_2' })];
    await create({ ...metering, input_name: 'composite', parameters: { parent_ids: parts } });
    const data = [{ in: 1, out: 2 }];
    await call('calibration_data/update', { tracker_id: tracker.id, sensor_id: parts[1], data });
    const targets = [];
    for (let i = 0; i < 2; i++) targets.push((await api.tracker(owner, { model: 'telfmb120' })).tracker);
    const erased = await create(discrete, targets[0]!.id);
    const trackers = [targets[0]!.id, targets[1]!.id, tracker.id];
    const before = await list();
    expect((await call('batch_copy', { base_tracker_id: tracker.id, trackers })).body).toEqual({ success: true });
    expect(await list()).toEqual(before);
    for (const { id } of targets) {
      const [one, two, whole, ...more] = await list(id);
      expect([one, two, more]).toMatchObject([{ ...metering }, { input_name: 'lls_level_2' }, []]);
      expect(whole).toMatchObject({ parameters: { parent_ids: [one?.id, two?.id] } });
      expect((await call('calibration_data/read', { tracker_id: id, sensor_id: two?.id })).body).toMatchObject({
        value: data,
      });
    }
    expect(api.store.registry.get('sensor', erased)).toBeUndefined();
  });

  test('is for one model, and all or nothing', async () => {
    await create(metering);
    const same = (await api.tracker(owner, { model: 'telfmb120' })).tracker.id;
    const other = (await api.tracker(owner, { model: 'telfmb920' })).tracker.id;
    const copy = (trackers: unknown, base = tracker.id) => call('batch_copy', { base_tracker_id: base, trackers });
    expect(await copy([same, other])).toEqual(refusal(272));
    expect(await copy([same, 999_999])).toEqual(refusal(201));
    expect(await copy([same], 999_999)).toEqual(refusal(201));
    expect(await list(same)).toEqual([]);
    expect((await copy([])).body.status?.code).toBe(7);
    expect((await copy(Array.from({ length: 501 }, () => same))).body.status?.code).toBe(7);
    expect((await copy(Array.from({ length: 500 }, () => same))).status).toBe(200);
  });
});

describe('who may', () => {
  const writes = ['create', 'update', 'delete', 'batch_copy', 'calibration_data/update'];
  test.each(writes)('%s needs tracker_update', async (name) => {
    const id = await create(metering);
    const params = {
      ...{ tracker_id: tracker.id, sensor_id: id, data: [], base_tracker_id: tracker.id, trackers: [tracker.id] },
      sensor: name === 'create' ? discrete : { ...metering, id },
    };
    const weak = await api.subUser(owner, { rights: ['tracker_configure'] });
    expect(await call(name, params, weak.hash)).toEqual(refusal(13));
    const able = await api.subUser(owner, { rights: ['tracker_update'] });
    expect((await call(name, params, able.hash)).status).toBe(200);
    const blind = await api.subUser(owner, { rights: ['tracker_update'], trackerIds: [] });
    expect(await call(name, params, blind.hash)).toEqual(refusal(201));
  });

  test('trackers and sensors of others look unknown', async () => {
    const stranger = await api.account();
    const foreign = await api.tracker(stranger);
    const id = await create(metering);
    const own = await api.tracker(owner);
    for (const [name, params] of [
      ['list', { tracker_id: foreign.tracker.id }],
      ['create', { tracker_id: foreign.tracker.id, sensor: discrete }],
      ['update', { tracker_id: own.tracker.id, sensor: { ...metering, id } }],
      ['delete', { tracker_id: own.tracker.id, sensor_id: id }],
      ['batch_copy', { base_tracker_id: tracker.id, trackers: [foreign.tracker.id] }],
      ['batch_copy', { base_tracker_id: foreign.tracker.id, trackers: [tracker.id] }],
    ] as const) {
      expect(await call(name, params), name).toEqual(refusal(201));
    }
    expect(await call('batch_list', { trackers: [foreign.tracker.id] })).toEqual(refusal(217));
  });

  test('a blocked tracker: 208', async () => {
    const id = await create(metering);
    await api.changeSource(source, { blocked: true });
    for (const [name, params] of [
      ['list', {}],
      ['create', { sensor: discrete }],
      ['update', { sensor: { ...metering, id } }],
      ['delete', { sensor_id: id }],
    ] as const) {
      expect(await call(name, { tracker_id: tracker.id, ...params }), name).toEqual(refusal(208));
    }
  });

  test('a change that cannot be kept changes nothing: 14', async () => {
    api.store.broken = true;
    expect(await call('create', { tracker_id: tracker.id, sensor: metering })).toEqual(refusal(14));
    api.store.broken = false;
    expect(await list()).toEqual([]);
  });
});

test('whatever is sent as a sensor, it is refused as a whole or shown as it was taken', async () => {
  const odd = (...good: unknown[]) => fc.oneof({ weight: 40, arbitrary: fc.constantFrom(...good) }, fc.jsonValue());
  const parameters = fc.record(
    {
      ...{
        min: odd(0, '1.5'),
        max: odd(10),
        calc_method: odd('in_range', 'identity'),
        range_from: odd(1),
        bit_index: odd(1),
      },
      value_titles: odd([{ value: '1', title: 'x' }], []),
      parent_ids: odd([], [1]),
    },
    { requiredKeys: [] },
  );
  const sensor = fc.record(
    {
      ...{ type: odd('metering', 'discrete', 'virtual'), sensor_type: odd('fuel', 'door', 'state'), name: odd('x') },
      ...{ input_name: odd('analog_1', '__proto__'), input_number: odd(1, '8'), divider: odd(1, '2'), units: odd('l') },
      ...{ accuracy: odd(0.25), units_type: odd('litre', 'constructor'), group_type: odd('sum'), parameters },
    },
    { requiredKeys: ['type', 'sensor_type', 'name'] },
  );
  let created = 0;
  await fc.assert(
    fc.asyncProperty(sensor, async (wanted) => {
      const before = await list();
      const { body } = await call('create', { tracker_id: tracker.id, sensor: wanted });
      if (!body.success) {
        expect([7, 232]).toContain(body.status?.code);
        expect(await list()).toEqual(before);
        return;
      }
      created++;
      const made = (await list()).at(-1)!;
      expect([made.type, made.sensor_type]).toEqual([wanted.type, wanted.sensor_type]);
      expect((await call('update', { tracker_id: tracker.id, sensor: made })).body).toEqual({ success: true });
      expect((await list()).at(-1)).toEqual(made);
      await call('delete', { tracker_id: tracker.id, sensor_id: made.id });
    }),
    { numRuns: 300 },
  );
  expect(created).toBeGreaterThan(0);
});
