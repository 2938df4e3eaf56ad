import type { TObject, TSchema } from '@sinclair/typebox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelByCode } from '../../../src/domain/models.js';
import { readSetting, shownSetting, specialSettings, typesOf } from '../../../src/http/navixy/special-settings.js';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { forms, type Params, TestApi, type TestUser } from '../../support/api.js';
import { good, invalid, refusal, refused } from './registry/kit.js';

const types = Object.keys(specialSettings);
const schemaOf = (type: string) => specialSettings[type] as TObject;

/** Texts that the patterns of the table match. */
const samples = ['345892', '12345678', '4917012345678', '0123456789ABCDEF', '2026-01-31'];

function sampleOf(schema: TSchema): unknown {
  if (schema.enum !== undefined) return (schema.enum as string[])[0];
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 0;
  if (schema.type === 'boolean') return true;
  if (schema.type === 'array') return [sampleOf(schema.items as TSchema)];
  if (schema.type === 'object') return sampleOfForm(schema as TObject);
  if (schema.pattern === undefined) return 'x';
  return samples.find((text) => new RegExp(schema.pattern as string, 'u').test(text));
}

function sampleOfForm(schema: TObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema.properties).map(([name, each]) => [name, sampleOf(each)]));
}

const settingOf = (type: string): Record<string, unknown> => ({ ...sampleOfForm(schemaOf(type)), type });

describe('the forms of all types', () => {
  test.each(types)('%s takes what it documents and shows it as it was', (type) => {
    const setting = settingOf(type);
    expect(readSetting(setting)).toEqual({ type, value: setting, faults: [] });
    expect(shownSetting(type, setting)).toEqual(setting);
  });

  test.each(types)('%s: every range at its edges, one step inside and outside', (type) => {
    for (const [name, schema] of Object.entries(schemaOf(type).properties)) {
      if (typeof schema.minimum !== 'number' || typeof schema.maximum !== 'number') continue;
      const step = schema.type === 'integer' ? ((schema.multipleOf as number | undefined) ?? 1) : 0.01;
      const faultsWith = (value: number) => readSetting({ ...settingOf(type), [name]: value }).faults;
      for (const value of [schema.minimum, schema.maximum])
        expect([name, value, faultsWith(value)]).toEqual([name, value, []]);
      if (schema.maximum > schema.minimum) expect(faultsWith(schema.minimum + step)).toEqual([]);
      expect(faultsWith(schema.minimum - step)).toEqual([`${name} must be greater than or equal to ${schema.minimum}`]);
      expect(faultsWith(schema.maximum + step)).toEqual([`${name} must be less than or equal to ${schema.maximum}`]);
    }
  });

  test.each(types)('%s: what must be given is missed, and other words of a set are refused', (type) => {
    const { properties, required = [] } = schemaOf(type);
    for (const name of required) {
      const { [name]: _left, ...rest } = settingOf(type);
      const expected = properties[name]?.default === undefined ? [`${name} must not be null`] : [];
      expect(readSetting(rest).faults).toEqual(expected);
    }
    for (const [name, schema] of Object.entries(properties)) {
      if (schema.enum === undefined) continue;
      expect(readSetting({ ...settingOf(type), [name]: 'nonsense' }).faults).toHaveLength(1);
    }
  });

  test.each([
    ['jointech_lock_password', '345892', ['34589', '3458921', '34 892', '34,892']],
    ['hhd_lock_password', '12345678', ['1234567', '123456789', '1234567x']],
    ['vg_lock_password', '123456', ['12345', '1234567', '12345x']],
    ['digital_password', '123456', ['12345', '1234567']],
  ])('%s: passwords', (type, right, wrong) => {
    expect(readSetting({ type, password: right }).faults).toEqual([]);
    for (const password of wrong) expect(readSetting({ type, password }).faults).toHaveLength(1);
  });

  test('lists have their lengths, and steps their sizes', () => {
    const items = (count: number) => Array.from({ length: count }, () => ({ phone: '4917012345678' }));
    for (const [type, capacity] of [
      ['call_button', 1],
      ['call_buttons_v40', 4],
    ] as const) {
      expect(readSetting({ type, capacity, items: items(capacity) }).faults).toEqual([]);
      expect(readSetting({ type, capacity, items: items(capacity + 1) }).faults).toHaveLength(1);
    }
    const towing = settingOf('tow_detection_ql');
    expect(readSetting({ ...towing, rest_duration: 16, motion_duration: 150 }).faults).toEqual([
      'rest_duration must be a multiple of 15',
      'motion_duration must be a multiple of 100',
    ]);
  });

  test('a form that is not wholly published keeps what it is given', () => {
    const setting = { type: 'guard_mode_yatut', motion_sensor_mode: 'single_period', period1: '08:00-17:00' };
    expect(readSetting(setting).value).toEqual(setting);
    expect(shownSetting('guard_mode_yatut', setting)).toEqual(setting);
  });

  test('a type that is none', () => {
    for (const type of ['nonsense', '__proto__', 'constructor', '', 5])
      expect(readSetting({ type }).faults).toHaveLength(1);
    expect(readSetting({}).faults).toEqual(['type must not be null']);
  });
});

test('every special control and setting of the catalogue has its form', () => {
  for (const code of ['jointech_jt701', 'jointech_jt709']) {
    expect(typesOf(modelByCode(code))).toEqual([
      'jointech_lock_password',
      'electronic_lock_password',
      'device_status_settings',
    ]);
  }
  expect(typesOf(modelByCode('telfmb920'))).toEqual([]);
  expect(typesOf(undefined)).toEqual([]);
});

describe('tracker/settings/special', () => {
  let api: TestApi;
  let owner: TestUser;
  let tracker: TrackerRow;
  let source: SourceRow;
  beforeAll(async () => {
    api = await TestApi.create();
    owner = await api.account();
    ({ tracker, source } = await api.tracker(owner, { model: 'jointech_jt701', deviceId: '1234567890' }));
  });
  afterAll(() => api.server.close());

  const base = '/tracker/settings/special';
  const withOwner = (params: Params) => ({ hash: owner.hash, tracker_id: tracker.id, ...params });
  const read = async (params: Params = {}) => good(await api.call(`${base}/read`, withOwner(params)));
  const update = (value: Params) => api.call(`${base}/update`, withOwner({ value }));
  const refuse = (action: string, params: Params, expected: ReturnType<typeof refusal>) =>
    refused(api, `${base}/${action}`, withOwner(params), expected);

  test('before anything was set', async () => {
    const lock = { password: null, remember_password: false };
    expect(await read()).toEqual({
      success: true,
      list: [
        { type: 'jointech_lock_password', ...lock },
        { type: 'electronic_lock_password', ...lock },
        { type: 'device_status_settings', offline_timeout_seconds: 600 },
      ],
    });
  });

  test('what is set is kept, the same in every form', async () => {
    for (const form of forms) {
      const value = { type: 'jointech_lock_password', password: `34589${form.length}`, remember_password: true };
      const answer = await api.call(`/v2${base}/update`, withOwner({ value }), form);
      expect(answer).toEqual({ status: 200, body: { success: true } });
      expect(await read({ type: 'jointech_lock_password' })).toEqual({ success: true, value });
    }
    expect(api.store.registry.get('specialSettings', `${source.id}:jointech_lock_password`)).toMatchObject({
      sourceId: source.id,
    });
    good(await update({ type: 'device_status_settings', offline_timeout_seconds: 60 }));
    expect((await read()).list).toHaveLength(3);
  });

  test('a password that is not to be remembered is not kept', async () => {
    const type = 'jointech_lock_password';
    good(await update({ type, password: '345892', remember_password: false }));
    expect(await read({ type })).toMatchObject({ value: { type, password: null, remember_password: false } });
    good(await update({ type, password: null, remember_password: true }));
    expect(await read({ type })).toMatchObject({ value: { password: null, remember_password: true } });
  });

  test('7: values that are out of range', async () => {
    const fault = (error: string) => invalid(['value', error]);
    const type = 'jointech_lock_password';
    await refuse('update', { value: { type, password: '12345' } }, fault('password must match "^[^ ,]{6}$"'));
    await refuse('update', { value: { type, remember_password: 5 } }, fault('remember_password must be true or false'));
    await refuse('update', { value: {} }, fault('type must not be null'));
    await refuse('update', { value: { type: 'x' } }, fault('type is not a type of special settings'));
    await refuse('update', { value: [1] }, fault('must be an object'));
    await refuse('update', {}, fault('must not be null'));
    for (const offline_timeout_seconds of [59, 259_200_001]) {
      const answer = await update({ type: 'device_status_settings', offline_timeout_seconds });
      expect(answer.body.status?.code).toBe(7);
    }
  });

  test('214: a model without, or with others', async () => {
    await refuse('read', { type: 'pwr_off_key' }, refusal(214));
    await refuse('read', { type: 'nonsense' }, refusal(214));
    await refuse('update', { value: { type: 'pwr_off_key', mode: 'enable' } }, refusal(214));
    const other = await api.tracker(owner, { model: 'telfmb920' });
    const tracker_id = other.tracker.id;
    await refuse('read', { tracker_id }, refusal(214));
    await refuse('read', { tracker_id, type: 'jointech_lock_password' }, refusal(214));
    await refuse('update', { tracker_id, value: { type: 'pwr_off_key', mode: 'enable' } }, refusal(214));
  });

  test('when a device counts as offline is set for any model, and kept to', async () => {
    const other = await api.tracker(owner, { model: 'telfmb920' });
    const silent = await api.tracker(owner, { model: 'telfmb920' });
    const tracker_id = other.tracker.id;
    const type = 'device_status_settings';
    expect(await read({ tracker_id, type })).toMatchObject({ value: { type, offline_timeout_seconds: 600 } });
    const value = { type, offline_timeout_seconds: 7200 };
    good(await api.call(`${base}/update`, withOwner({ tracker_id, value })));
    expect(await read({ tracker_id, type })).toEqual({ success: true, value });
    for (const { source: each } of [other, silent]) {
      api.store.connected.add(each.id);
      api.store.report(each.id, {}, { position: {} });
    }
    const statuses = async () => {
      const trackers = [tracker_id, silent.tracker.id];
      const { states } = good(await api.call('/tracker/get_states', withOwner({ trackers })));
      return Object.values(states as never as Record<string, { connection_status: string }>).map(
        (each) => each.connection_status,
      );
    };
    api.clock.advance(7_200_000 - 1);
    expect(await statuses()).toEqual(['idle', 'offline']);
    api.clock.advance(1);
    expect(await statuses()).toEqual(['offline', 'offline']);
    const name = 'set_special_settings_command';
    const shorter = { name, special_settings: { ...value, offline_timeout_seconds: 60 } };
    good(await api.call('/tracker/send_command', withOwner({ tracker_id, command: shorter })));
    api.store.report(other.source.id, {}, { position: {} });
    expect((await statuses())[0]).toBe('active');
    api.clock.advance(60_000);
    expect((await statuses())[0]).toBe('offline');
  });

  test('when a device counts as offline stays when another takes its place', async () => {
    const old = await api.tracker(owner, { model: 'telfmb920' });
    const tracker_id = old.tracker.id;
    const value = { type: 'device_status_settings', offline_timeout_seconds: 90 };
    good(await api.call(`${base}/update`, withOwner({ tracker_id, value })));
    api.store.report(old.source.id, {}, { position: {} });
    const box = { plugin_id: 44, model: 'wialon_ips', device_id: 'new-box' };
    good(await api.call('/tracker/replace', withOwner({ tracker_id, ...box })));
    expect(await read({ tracker_id, type: value.type })).toMatchObject({ value });
  });
});
