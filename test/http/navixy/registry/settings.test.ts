import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SourceRow, TrackerRow } from '../../../../src/store/rows.js';
import { type Params, TestApi, type TestUser } from '../../../support/api.js';
import { codeOf, good, invalid, refusal, refused, shownIn } from './kit.js';

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

const call = (path: string, params: Params = {}, user = owner) =>
  api.call(`/${path}`, { hash: user.hash, tracker_id: tracker.id, ...params });
const refuse = (path: string, params: Params, ...expected: Parameters<typeof refusal>) =>
  refused(api, `/${path}`, { hash: owner.hash, tracker_id: tracker.id, ...params }, refusal(...expected));

/** Calls of a tracker with good parameters, the code of an unknown one and the right needed. */
const trackerCalls = [
  ['read', {}, 201, undefined],
  ['update', { label: 'x', group_id: 0 }, 201, 'tracker_update'],
  ['trip_detection/read', {}, 204, undefined],
  ['trip_detection/update', { min_idle_duration_minutes: 5, idle_speed_threshold: 3 }, 204, 'tracker_update'],
  ['lbs/read', {}, 201, undefined],
  ['lbs/update', { max_radius: 5 }, 201, 'tracker_update'],
  ['tracking/read', {}, 201, undefined],
  ['tracking/update', { tracking_settings: {} }, 201, 'tracker_configure'],
] as const;

describe.each(trackerCalls)('tracker/settings/%s', (name, params, missing, right) => {
  const path = `tracker/settings/${name}`;

  test('refuses unknown, foreign and blocked trackers', async () => {
    const other = await api.account();
    const theirs = await api.tracker(other);
    for (const tracker_id of [99, theirs.tracker.id]) await refuse(path, { ...params, tracker_id }, missing);
    await api.changeSource(source, { blocked: true });
    await refuse(path, params, 208);
  });

  test('writing needs a right', async () => {
    const sub = await api.subUser(owner, { rights: ['tag_update'] });
    const able = await api.subUser(owner, { rights: right === undefined ? [] : [right] });
    if (right !== undefined) expect(await call(path, params, sub)).toEqual(refusal(13));
    expect(codeOf(await call(path, params, able))).not.toBe(13);
  });
});

describe('label and group', () => {
  test('are changed together', async () => {
    await api.store.change((tx) =>
      tx.put('group', { id: 7, accountId: owner.user.accountId, title: 'Vans', color: 'FF0000' }),
    );
    good(await call('tracker/settings/update', { label: 'Käfer', group_id: 7 }));
    const settings = { label: 'Käfer', group_id: 7 };
    expect((await call('tracker/settings/read')).body).toEqual({ success: true, settings });
    expect(shownIn(await call('tracker/read'))).toMatchObject(settings);
  });

  test('refusals', async () => {
    const other = await api.account();
    await api.store.change((tx) =>
      tx.put('group', { id: 8, accountId: other.user.accountId, title: 'Theirs', color: 'FF0000' }),
    );
    for (const group_id of [8, 99]) await refuse('tracker/settings/update', { label: 'x', group_id }, 204);
    const params = { hash: owner.hash, tracker_id: tracker.id };
    const missing = invalid(['group_id', 'must not be null'], ['label', 'must not be null']);
    await refused(api, '/tracker/settings/update', params, missing);
    for (const [label, error] of [
      ['', 'size must be between 1 and 60'],
      ['x'.repeat(61), 'size must be between 1 and 60'],
      ['a>b', 'must not contain < or >'],
    ] as const) {
      await refused(api, '/tracker/settings/update', { ...params, label, group_id: 0 }, invalid(['label', error]));
    }
    good(await call('tracker/settings/update', { label: 'x'.repeat(60), group_id: 0 }));
  });
});

describe('trip detection', () => {
  const trips = { min_idle_duration_minutes: 5, idle_speed_threshold: 3 };

  test('has its defaults until it is set', async () => {
    const flags = { ignition_aware: false, motion_sensor_aware: false };
    expect((await call('tracker/settings/trip_detection/read')).body).toEqual({ success: true, ...trips, ...flags });
    const wanted = { min_idle_duration_minutes: 1440, idle_speed_threshold: 200, ignition_aware: true };
    good(await call('tracker/settings/trip_detection/update', wanted));
    good(await call('tracker/settings/trip_detection/update', { ...trips, motion_sensor_aware: true }));
    expect((await call('tracker/settings/trip_detection/read')).body).toEqual({
      ...{ success: true, ...trips, ignition_aware: true, motion_sensor_aware: true },
    });
    expect(api.store.registry.tripsOfSource(source.id)).toEqual({
      ...{ idleSpeedKmh: 3, minIdleMs: 300_000, ignitionAware: true, motionAware: true },
    });
  });

  test.each([
    ['min_idle_duration_minutes', 0, 'must be greater than or equal to 1'],
    ['min_idle_duration_minutes', 1441, 'must be less than or equal to 1440'],
    ['idle_speed_threshold', -1, 'must be greater than or equal to 0'],
    ['idle_speed_threshold', 201, 'must be less than or equal to 200'],
    ['ignition_aware', 'maybe', 'must be true or false'],
  ])('%s %j: %s', async (parameter, value, error) => {
    const params = { hash: owner.hash, tracker_id: tracker.id, ...trips, [parameter]: value };
    await refused(api, '/tracker/settings/trip_detection/update', params, invalid([parameter, error]));
  });

  test.each([
    ['min_idle_duration_minutes', 1],
    ['min_idle_duration_minutes', 1440],
    ['idle_speed_threshold', 0],
    ['idle_speed_threshold', 200],
  ])('%s may be %i', async (parameter, value) => {
    good(await call('tracker/settings/trip_detection/update', { ...trips, [parameter]: value }));
    expect(good(await call('tracker/settings/trip_detection/read'))[parameter]).toBe(value);
  });
});

describe('positions from cells', () => {
  test('have their largest radius', async () => {
    expect(good(await call('tracker/settings/lbs/read')).value).toEqual({ max_radius: 10_000 });
    for (const max_radius of [0, 10_000]) {
      good(await call('tracker/settings/lbs/update', { max_radius }));
      expect(good(await call('tracker/settings/lbs/read')).value).toEqual({ max_radius });
    }
    for (const max_radius of [-1, 10_001]) {
      expect(codeOf(await call('tracker/settings/lbs/update', { max_radius }))).toBe(7);
    }
  });
});

describe('tracking mode', () => {
  test('is kept for models that have one', async () => {
    await api.changeSource(source, { model: 'tt1_wp' });
    expect(good(await call('tracker/settings/tracking/read')).value).toEqual({});
    const tracking_settings = { type: 'tt1', interval: 30, nested: { angle: 15 } };
    good(await call('tracker/settings/tracking/update', { tracking_settings }));
    expect(good(await call('tracker/settings/tracking/read')).value).toEqual(tracking_settings);
    const large = { text: 'x'.repeat(4097 - JSON.stringify({ text: '' }).length) };
    expect(codeOf(await call('tracker/settings/tracking/update', { tracking_settings: large }))).toBe(7);
    good(await call('tracker/settings/tracking/update', { tracking_settings: { text: large.text.slice(1) } }));
    await api.store.change((tx) => tx.put('tracker', { ...tracker, clone: true }));
    await refuse('tracker/settings/tracking/update', { tracking_settings }, 219);
  });

  test('214: for models that have none', async () => {
    await refuse('tracker/settings/tracking/read', {}, 214);
    await refuse('tracker/settings/tracking/update', { tracking_settings: {} }, 214);
  });
});

describe('the user', () => {
  test('settings are read as they were set', async () => {
    expect((await call('user/settings/read')).body).toEqual({
      success: true,
      settings: {
        ...{ time_zone: 'UTC', locale: 'en', measurement_system: 'metric', date_format: 'yyyyMMdd_hyphens' },
        ...{ hour_mode: 'TWENTY_FOUR_HOURS', geocoder: 'osm', route_provider: 'osrm', translit: false },
      },
      file_storage_settings: { auto_overwrite: false },
      balance_alert_settings: { emails: [] },
      first_user_balance_warning_period: '7d',
      second_user_balance_warning_period: '2d',
    });
    const flat = {
      ...{ time_zone: 'Asia/Kolkata', locale: 'de_DE', measurement_system: 'us', hour_mode: 'TWELVE_HOURS' },
      ...{ translit: true, geocoder: 'google', balance_alert_settings: { emails: ['a@example.com'] } },
    };
    expect((await call('user/settings/update', flat)).body).toEqual({ success: true });
    good(await call('user/settings/update', { first_user_balance_warning_period: '9d' }));
    expect((await call('user/settings/read')).body).toMatchObject({
      settings: { time_zone: 'Asia/Kolkata', locale: 'de_DE', measurement_system: 'us', hour_mode: 'TWELVE_HOURS' },
      balance_alert_settings: { emails: ['a@example.com'] },
      first_user_balance_warning_period: '9d',
    });
    expect(good(await call('tracker/get_state')).user_time).toBe('2026-06-15 17:30:00');
  });

  test.each([
    ['time_zone', 'Mars/Olympus', 'must be a known time zone'],
    ['locale', 'English', 'must match "^[a-z]{2,3}(?:[_-][A-Z]{2})?$"'],
    ['measurement_system', 'furlongs', 'Should be one of [metric, imperial, us, metric_gal_us, nautical]'],
    ['hour_mode', '24', 'Should be one of [TWENTY_FOUR_HOURS, TWELVE_HOURS]'],
    ['first_user_balance_warning_period', '7', 'must match "^\\d{1,3}d$"'],
  ])('%s %j: %s', async (parameter, value, error) => {
    const params = { hash: owner.hash, [parameter]: value };
    await refused(api, '/user/settings/update', params, invalid([parameter, error]));
  });

  test('get_info tells sub-users of their master and their rights', async () => {
    const mine = good(await call('user/get_info')) as never as Record<string, unknown>;
    expect(mine).toMatchObject({
      ...{ paas_id: 1, premium_gis: false, features: [], tariff_restrictions: { allowed_maps: ['osm'] } },
      user_info: { id: owner.user.id, login: owner.user.login, legal_type: 'legal_entity', time_zone: 'UTC' },
    });
    expect(mine).not.toHaveProperty('master');
    expect(mine).not.toHaveProperty('privileges');
    const sub = await api.subUser(owner, { rights: ['tracker_update'] });
    expect((await call('user/get_info', { application: 'x' }, sub)).body).toMatchObject({
      user_info: { login: sub.user.login },
      master: { login: owner.user.login },
      privileges: { rights: ['tracker_update'] },
    });
  });

  test('timezone/list needs no credential', async () => {
    const { list } = good(await api.call('/timezone/list', { locale: 'en' }, 'get')) as never as {
      list: { zone_id: string }[];
    };
    const zone = (id: string) => list.find(({ zone_id }) => zone_id === id);
    const rest = { country_code: null, alt_ids: [] };
    expect(zone('Europe/Berlin')).toEqual({
      ...{ zone_id: 'Europe/Berlin', description: '(UTC+01:00) Berlin', base_offset: 1, dst_offset: 1, ...rest },
    });
    expect(zone('Australia/Lord_Howe')).toMatchObject({ base_offset: 10.5, dst_offset: 0.5 });
    expect(zone('Asia/Brisbane') ?? zone('Australia/Brisbane')).toMatchObject({ base_offset: 10, dst_offset: 0 });
    expect(zone('UTC')).toMatchObject({ description: '(UTC) UTC', base_offset: 0, dst_offset: 0 });
  });
});

describe('tracker/list_models', () => {
  const listed = async (params: Params) => good(await call('tracker/list_models', params)).list as never as Params[];

  test('shows all, some, and only what registration needs', async () => {
    const all = await listed({});
    expect(all.length).toBeGreaterThan(50);
    expect(await listed({ codes: ['telfmb920', 'nonsense', 'wialon_ips'] })).toHaveLength(2);
    expect(await listed({ codes: [] })).toEqual([]);
    const [compact] = await listed({ codes: ['telfmb920'], compact_view: true });
    const keys = ['id', 'code', 'name', 'vendor', 'type', 'id_type', 'has_phone', 'has_apn_settings', 'register'];
    expect(Object.keys(compact ?? {})).toEqual(keys);
    const [full] = await listed({ codes: ['telfmb920'] });
    expect(full).toMatchObject({ ...compact, special_control: expect.any(String), digital_inputs: expect.any(Number) });
    expect(full).not.toHaveProperty('protocol');
  });

  test('numbered inputs are listed one by one, or by their highest number', async () => {
    const inputs = async (compact_index: boolean) =>
      (await listed({ compact_index })).flatMap(({ inputs: names }) => names as string[]);
    const [compact, each] = [await inputs(true), await inputs(false)];
    expect(each.length).toBeGreaterThan(compact.length);
    expect(each).toContain('analog_1');
  });
});
