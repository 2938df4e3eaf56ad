import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, TestApi, type TestUser } from '../../support/api.js';

let api: TestApi;
let owner: TestUser;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account();
});
afterEach(() => api.server.close());

const codeOf = ({ body }: Answer) => body.status?.code ?? 'good';
const idsOf = ({ body }: Answer) => (body as never as { list: { id: number }[] }).list.map(({ id }) => id);
const list = (params: Record<string, unknown> = {}, hash = owner.hash) =>
  api.call('/tracker/list', { hash, ...params });

/** Calls that take one tracker. */
const singleCalls = [
  'read',
  'get_state',
  'get_last_gps_point',
  'get_diagnostics',
  'get_fuel',
  'get_inputs',
  'get_readings',
];

describe('tracker/list', () => {
  beforeEach(async () => {
    for (const label of ['Van 1', 'van 2', 'Truck', '100%']) await api.tracker(owner, { label });
  });

  test('lists all, by id', async () => {
    expect(idsOf(await list())).toEqual([1, 2, 3, 4]);
    expect(idsOf(await list({ include: ['x'], labels: null }))).toEqual([1, 2, 3, 4]);
  });

  test('labels match any part, upper case apart from lower', async () => {
    expect(idsOf(await list({ labels: ['Van', 'ruc'] }))).toEqual([1, 3]);
    expect(idsOf(await list({ labels: '["%"]' }))).toEqual([4]);
    expect((await list({ labels: ['nothing'] })).body).toEqual({ success: true, list: [] });
  });

  test('labels have their limits', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `label ${i}`);
    for (const labels of [many(1), many(1024), ['x'.repeat(60)]]) expect(codeOf(await list({ labels }))).toBe('good');
    const faults = [
      [[], 'size must be between 1 and 1024'],
      [many(1025), 'size must be between 1 and 1024'],
      [['x'.repeat(61)], 'size must be between 1 and 60'],
      [[''], 'size must be between 1 and 60'],
      [['a', null], 'must not be null'],
      [['a', 'a'], 'must only contain unique elements'],
      [{ a: 1 }, 'must be an array'],
    ];
    for (const [labels, error] of faults) {
      expect((await list({ labels })).body).toMatchObject({
        status: { code: 7 },
        errors: [{ parameter: 'labels', error }],
      });
    }
    expect(codeOf(await list({ labels: 'Van' }))).toBe(5);
  });

  test('blocked trackers are listed, deleted ones are not', async () => {
    const [first, second] = [...api.store.registry.all('source')];
    await api.changeSource(first!, { blocked: true });
    await api.changeSource(second!, { corrupted: true });
    expect(idsOf(await list())).toEqual([1, 3, 4]);
  });
});

describe('who sees a tracker', () => {
  test('nobody of another account', async () => {
    const other = await api.account();
    const { tracker } = await api.tracker(other);
    expect(idsOf(await list())).toEqual([]);
    for (const call of singleCalls) {
      expect(await api.call(`/tracker/${call}`, { hash: owner.hash, tracker_id: tracker.id }), call).toEqual(
        await api.call(`/tracker/${call}`, { hash: owner.hash, tracker_id: 999 }),
      );
    }
    const asked = { hash: owner.hash, trackers: [tracker.id] };
    expect(codeOf(await api.call('/tracker/get_states', asked))).toBe(217);
    expect((await api.call('/tracker/get_states', { ...asked, allow_not_exist: true })).body).toMatchObject({
      states: {},
      not_exist: [tracker.id],
    });
  });

  test('sub-users only what was assigned to them, where something was', async () => {
    for (let i = 0; i < 3; i++) await api.tracker(owner);
    const all = await api.subUser(owner);
    const some = await api.subUser(owner, { trackerIds: [2], rights: ['tracker_register'] });
    expect(idsOf(await list({}, all.hash))).toEqual([1, 2, 3]);
    expect(idsOf(await list({}, some.hash))).toEqual([2]);
    expect(codeOf(await api.call('/tracker/read', { hash: some.hash, tracker_id: 1 }))).toBe(201);
    const params = { label: 'new', group_id: 0, plugin_id: 44, model: 'wialon_ips', device_id: 'own-1' };
    expect(codeOf(await api.call('/tracker/register', { hash: some.hash, ...params }))).toBe('good');
    expect(idsOf(await list({}, some.hash))).toEqual([2, 4]);
  });

  test('deleted trackers exist for no call', async () => {
    const { tracker, source } = await api.tracker(owner);
    await api.changeSource(source, { corrupted: true });
    for (const call of singleCalls) {
      expect(codeOf(await api.call(`/tracker/${call}`, { hash: owner.hash, tracker_id: tracker.id })), call).toBe(201);
    }
  });

  test('blocked trackers are read but not used', async () => {
    const { tracker, source } = await api.tracker(owner);
    await api.changeSource(source, { blocked: true });
    for (const call of singleCalls) {
      const answer = await api.call(`/tracker/${call}`, { hash: owner.hash, tracker_id: tracker.id });
      if (call === 'read') expect(answer.body).toMatchObject({ value: { source: { blocked: true } } });
      else
        expect(answer, call).toMatchObject({
          status: 403,
          body: { status: { code: 208, description: 'Device blocked' } },
        });
    }
  });

  test.each(singleCalls)('%s needs a tracker id', async (call) => {
    for (const [tracker_id, error] of [
      [undefined, 'must not be null'],
      ['x', 'must be an integer'],
      [1.5, 'must be an integer'],
      [2 ** 31, 'must be less than or equal to 2147483647'],
    ]) {
      expect((await api.call(`/tracker/${call}`, { hash: owner.hash, tracker_id })).body).toMatchObject({
        status: { code: 7 },
        errors: [{ parameter: 'tracker_id', error }],
      });
    }
    for (const tracker_id of [0, -1, 2 ** 31 - 1]) {
      expect(codeOf(await api.call(`/tracker/${call}`, { hash: owner.hash, tracker_id }))).toBe(201);
    }
  });
});

describe('tracker/get_states', () => {
  const states = (params: Record<string, unknown>) => api.call('/tracker/get_states', { hash: owner.hash, ...params });
  const keysOf = ({ body }: Answer) => Object.keys((body as never as { states: object }).states);

  beforeEach(async () => {
    for (let i = 0; i < 4; i++) await api.tracker(owner);
    const [, second, third] = [...api.store.registry.all('source')];
    await api.changeSource(second!, { blocked: true });
    await api.changeSource(third!, { corrupted: true });
  });

  test('gives states by tracker id, duplicates once', async () => {
    const answer = await states({ trackers: [4, 1, 4] });
    expect(keysOf(answer)).toEqual(['1', '4']);
    expect(Object.keys(answer.body)).toEqual(['success', 'user_time', 'states']);
    const one = await api.call('/tracker/get_state', { hash: owner.hash, tracker_id: 1 });
    expect(answer.body).toMatchObject({ states: { 1: (one.body as never as { state: object }).state } });
  });

  test('refuses what was not allowed for: unknown, then deleted, then blocked', async () => {
    expect(codeOf(await states({ trackers: [1, 2, 3, 9] }))).toBe(217);
    expect(codeOf(await states({ trackers: [1, 2, 3] }))).toBe(201);
    expect(codeOf(await states({ trackers: [1, 2] }))).toBe(208);
    expect(codeOf(await states({ trackers: [1, 2, 3, 9], list_blocked: true }))).toBe(217);
    expect(codeOf(await states({ trackers: [1, 2, 3, 9], allow_not_exist: true }))).toBe(208);
  });

  test('lists what was allowed for', async () => {
    const answer = await states({ trackers: [1, 2, 3, 9], list_blocked: true, allow_not_exist: 'true' });
    expect(answer.body).toMatchObject({ success: true, blocked: [2], not_exist: [9, 3] });
    expect(keysOf(answer)).toEqual(['1']);
    expect((await states({ trackers: [1], list_blocked: 1, allow_not_exist: 1 })).body).toMatchObject({
      blocked: [],
      not_exist: [],
    });
  });

  test('without trackers it gives all that are not blocked', async () => {
    expect(keysOf(await states({}))).toEqual(['1', '4']);
    expect((await states({ list_blocked: true })).body).toMatchObject({ blocked: [2] });
    expect((await states({ trackers: [] })).body).toMatchObject({ states: {} });
  });

  test('takes 2000 trackers, by any form', async () => {
    const ids = Array.from({ length: 2000 }, (_, i) => 1_000_000 + i);
    const params = { hash: owner.hash, allow_not_exist: true };
    for (const form of ['get', 'form', 'json'] as const) {
      expect(codeOf(await api.call('/tracker/get_states', { ...params, trackers: ids }, form))).toBe('good');
    }
    expect((await states({ trackers: [...ids, 1] })).body).toMatchObject({
      status: { code: 7 },
      errors: [{ parameter: 'trackers', error: 'size must be between 0 and 2000' }],
    });
  });
});

describe('tracker/list_models', () => {
  const models = async (params: Record<string, unknown> = {}) =>
    (
      (await api.call('/tracker/list_models', { hash: owner.hash, ...params })).body as never as {
        list: Record<string, unknown>[];
      }
    ).list;

  test('lists the catalogue without our own remarks', async () => {
    const all = await models();
    expect(all).toHaveLength(55);
    for (const model of all) {
      expect(Object.keys(model).filter((key) => key === 'protocol' || key.startsWith('x_'))).toEqual([]);
      expect(typeof model.digital_inputs).toBe('number');
      expect(typeof model.has_phone).toBe('boolean');
    }
  });

  test('filters by code and skips unknown ones', async () => {
    expect((await models({ codes: ['tt1_wp', 'nonsense', 'telfmb920'] })).map(({ code }) => code)).toEqual([
      'telfmb920',
      'tt1_wp',
    ]);
  });

  test('has a compact view', async () => {
    expect(await models({ compact_view: true, codes: ['tt1_wp'] })).toEqual([
      {
        ...{ id: 166, code: 'tt1_wp', name: 'WondeProud TT1', vendor: 'WondeProud', type: 'vehicle', id_type: '10,2' },
        ...{ has_phone: true, has_apn_settings: true, register: true },
      },
    ]);
  });

  test('lists indexed inputs one by one unless told otherwise', async () => {
    const [full] = await models({ codes: ['tt1_wp'] });
    const [compact] = await models({ codes: ['tt1_wp'], compact_index: true });
    expect([full?.inputs, compact?.inputs]).toEqual([['analog_1', 'analog_2'], ['analog_2']]);
  });
});
