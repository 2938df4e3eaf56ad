import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, forms, TestApi, type TestUser } from '../../support/api.js';

let api: TestApi;
let owner: TestUser;
let trackerId: number;
let sensorId: number;
const tank = { type: 'metering', sensor_type: 'fuel', name: 'Tank', input_name: 'fuel_level' };
beforeAll(async () => {
  api = await TestApi.create();
  owner = await api.account();
  const { tracker, source } = await api.tracker(owner, { label: 'Käfer' });
  trackerId = tracker.id;
  const made = await api.call('/tracker/sensor/create', { hash: owner.hash, tracker_id: trackerId, sensor: tank });
  sensorId = (made.body as never as { id: number }).id;
  api.store.report(source.id, { ignition: true, board_voltage: 12.5, can_rpm: 900, fuel_level: 40 }, { position: {} });
});
afterAll(() => api.server.close());

const today = { from: '2026-06-15 00:00:00', to: '2026-06-16 00:00:00' };

/** A good request of each call. */
const goodRequests: readonly (readonly [path: string, params: () => Record<string, unknown>])[] = [
  ['user/session/renew', () => ({})],
  ['base/nothing', () => ({})],
  ['api/key/list', () => ({})],
  ['user/api_key/list', () => ({})],
  ['tracker/list_models', () => ({ compact_view: true, codes: ['telfmb920'] })],
  ['tracker/read', () => ({ tracker_id: trackerId })],
  ['tracker/list', () => ({ labels: ['Käf', 'x'] })],
  ['tracker/get_state', () => ({ tracker_id: trackerId })],
  ['tracker/get_states', () => ({ trackers: [trackerId], list_blocked: true, allow_not_exist: false })],
  ['tracker/get_last_gps_point', () => ({ tracker_id: trackerId })],
  ['tracker/get_diagnostics', () => ({ tracker_id: trackerId })],
  ['tracker/get_fuel', () => ({ tracker_id: trackerId })],
  ['tracker/get_inputs', () => ({ tracker_id: trackerId })],
  ['tracker/get_readings', () => ({ tracker_id: trackerId })],
  ['tracker/readings/list', () => ({ tracker_id: trackerId, sensor_type: 'fuel', include_components: false })],
  ['tracker/readings/batch_list', () => ({ trackers: [trackerId] })],
  ['tracker/batch_get_inputs', () => ({ trackers: [trackerId] })],
  ['tracker/get_outputs', () => ({ tracker_id: trackerId })],
  ['tracker/batch_get_outputs', () => ({ trackers: [trackerId] })],
  ['tracker/output/update', () => ({ tracker_id: trackerId, tracker_output: { number: 1, title: 'Pump' } })],
  ['tracker/sensor/list', () => ({ tracker_id: trackerId })],
  ['tracker/sensor/batch_list', () => ({ trackers: [trackerId] })],
  ['tracker/sensor/batch_copy', () => ({ base_tracker_id: trackerId, trackers: [trackerId] })],
  ['tracker/sensor/update', () => ({ tracker_id: trackerId, sensor: { ...tank, id: sensorId, divider: '2' } })],
  ['tracker/sensor/calibration_data/read', () => ({ tracker_id: trackerId, sensor_id: sensorId })],
  [
    'tracker/sensor/calibration_data/update',
    () => ({ tracker_id: trackerId, sensor_id: sensorId, data: [{ in: 1, out: 2.5 }] }),
  ],
  [
    'tracker/sensor/data/read',
    () => ({ tracker_id: trackerId, sensor_id: sensorId, from: '2026-06-15 00:00:00', to: '2026-06-16 00:00:00' }),
  ],
  ['tracker/sensor/input_name/list', () => ({})],
  ['tracker/get_counters', () => ({ tracker_id: trackerId })],
  ['tracker/counter/read', () => ({ tracker_id: trackerId, type: 'odometer' })],
  ['tracker/counter/update', () => ({ tracker_id: trackerId, type: 'odometer', multiplier: 1.5 })],
  ['tracker/counter/value/get', () => ({ tracker_id: trackerId, type: 'engine_hours' })],
  ['tracker/counter/value/list', () => ({ trackers: [trackerId], type: 'odometer' })],
  ['tracker/counter/value/set', () => ({ tracker_id: trackerId, type: 'odometer', value: 12.5 })],
  ['tracker/counter/data/read', () => ({ tracker_id: trackerId, type: 'odometer', ...today })],
  ['tracker/stats/mileage/read', () => ({ trackers: [trackerId], ...today })],
  ['tracker/raw_command/send', () => ({ tracker_id: trackerId, command: '0A ff', type: 'hex', reliable: true })],
  ['tracker/command/unconfirmed/count', () => ({ tracker_id: trackerId })],
  ['tracker/command/unconfirmed/reset', () => ({ tracker_id: trackerId })],
  ['tracker/engine_immobilizer/read', () => ({ tracker_id: trackerId })],
  ['plugin/list', () => ({})],
  ['timezone/list', () => ({ locale: 'en' })],
  ['user/get_info', () => ({ application: 'tests' })],
  ['user/settings/read', () => ({})],
  ['user/settings/update', () => ({ translit: true, balance_alert_settings: { emails: ['a@example.com'] } })],
  ['tracker/group/list', () => ({})],
  ['tracker/group/assign', () => ({ id: 0, trackers: [trackerId] })],
  ['tag/list', () => ({ filter: 'cold' })],
  ['tag/search', () => ({ tag_ids: [1, 2], entity_types: ['tracker', 'zone'] })],
  ['tracker/tags/set', () => ({ tracker_id: trackerId, tag_bindings: [] })],
  ['tracker/settings/read', () => ({ tracker_id: trackerId })],
  ['tracker/settings/update', () => ({ tracker_id: trackerId, label: 'Käfer', group_id: 0 })],
  ['tracker/settings/trip_detection/read', () => ({ tracker_id: trackerId })],
  [
    'tracker/settings/trip_detection/update',
    () => ({ tracker_id: trackerId, min_idle_duration_minutes: 5, idle_speed_threshold: 3, ignition_aware: true }),
  ],
  ['tracker/settings/lbs/read', () => ({ tracker_id: trackerId })],
  ['tracker/settings/lbs/update', () => ({ tracker_id: trackerId, max_radius: 500 })],
  ['tracker/apn_settings/read', () => ({ tracker_id: trackerId })],
  ['tracker/change_phone', () => ({ tracker_id: trackerId, phone: '491701234567', apn_name: 'internet' })],
  ['apn_settings/read', () => ({ phone: '491701234567' })],
  ['tracker/register_retry', () => ({ tracker_id: trackerId, apn_user: '', send_register_commands: false })],
  ['tracker/replace_retry', () => ({ tracker_id: trackerId, apn_password: 'secret' })],
];

describe('a call answers the same', () => {
  test.each(goodRequests)('%s by GET, form and JSON, under every base', async (path, params) => {
    const answers = [];
    for (const base of ['', '/v2', '/api-v2']) {
      for (const end of ['', '/']) {
        for (const form of forms) {
          answers.push(await api.call(`${base}/${path}${end}`, { hash: owner.hash, ...params() }, form));
        }
      }
    }
    expect(answers[0]).toMatchObject({ status: 200, body: { success: true } });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });
});

describe('credentials', () => {
  const read = (url: string, headers: Record<string, string> = {}, payload?: Record<string, unknown>) =>
    api.server.app
      .inject({
        method: payload === undefined ? 'GET' : 'POST',
        url,
        headers,
        ...(payload === undefined ? {} : { payload }),
      })
      .then(answerOf);

  test('go in the header after NVX and one space', async () => {
    const good = await read('/base/nothing', { authorization: `NVX ${owner.hash}` });
    expect(good).toEqual({ status: 200, body: { success: true } });
    for (const authorization of [
      `NVX${owner.hash}`,
      `NVX  ${owner.hash}`,
      `Bearer ${owner.hash}`,
      `nvx ${owner.hash}`,
      owner.hash,
    ]) {
      expect((await read('/base/nothing', { authorization })).body.status).toEqual({
        code: 3,
        description: 'Wrong hash',
      });
    }
  });

  test('the body comes before the query, the query before the header', async () => {
    const wrong = 'f'.repeat(32);
    const url = `/base/nothing?hash=${owner.hash}`;
    expect((await read(url, { authorization: `NVX ${wrong}` })).body.success).toBe(true);
    expect((await read(url, {}, { hash: wrong })).body.status?.code).toBe(4);
    expect((await read(`/base/nothing?hash=${wrong}`, {}, { hash: owner.hash })).body.success).toBe(true);
    expect((await read(url, {}, { hash: null })).body.success).toBe(true);
  });
});

describe('bodies', () => {
  const nothing = (payload: string, type?: string) =>
    api.post('/base/nothing', payload, type === undefined ? {} : { 'content-type': type });
  const asJson = () => JSON.stringify({ hash: owner.hash });

  test('JSON is read under any content type that does not forbid it', async () => {
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'application/vnd.api+json',
      'text/plain',
    ]) {
      expect((await nothing(asJson(), type)).body.success, type).toBe(true);
    }
    expect((await nothing(asJson())).body.success).toBe(true);
    expect((await nothing(`\n ${asJson()}`)).body.success).toBe(true);
    expect((await nothing(asJson(), 'application/x-www-form-urlencoded')).body.success).toBe(true);
  });

  test('a content type that is none is no content type', async () => {
    for (const type of ['', 'json', '/', 'application', '; charset=utf-8']) {
      expect((await nothing(asJson(), type)).body.success, type).toBe(true);
      expect((await nothing(`hash=${owner.hash}`, type)).body.success, type).toBe(true);
      expect((await nothing('{"hash": ', type)).body.status?.code).toBe(5);
    }
  });

  test('a form is read under any content type but JSON', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', undefined]) {
      expect((await nothing(`a=b&hash=${owner.hash}`, type)).body.success, type).toBe(true);
    }
    expect((await nothing(`hash=${owner.hash}`, 'application/json')).body.status?.code).toBe(5);
  });

  test('a byte order mark in front of JSON is passed over', async () => {
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      expect((await nothing(`\ufeff${asJson()}`, type)).body.success, type).toBe(true);
    }
    expect((await nothing('\ufeff', 'application/json')).body.status?.code).toBe(3);
    expect((await nothing('{}\ufeff{', 'application/json')).body.status?.code).toBe(5);
  });

  test('what is not JSON, or no object, has the wrong format', async () => {
    for (const text of ['{', '{"hash": }', '[1]', '"text"', '5', 'null', '{"a":1} x']) {
      const answer = await nothing(text, 'application/json');
      expect(answer, text).toEqual({
        status: 400,
        body: { success: false, status: { code: 5, description: 'Wrong request format' } },
      });
    }
    expect((await nothing('{"hash": ', 'text/plain')).body.status?.code).toBe(5);
    expect((await nothing('--x', 'multipart/form-data; boundary=x')).body.status?.code).toBe(5);
  });

  test('an empty body holds no parameters', async () => {
    expect(
      (await api.post(`/base/nothing?hash=${owner.hash}`, '', { 'content-type': 'application/json' })).body.success,
    ).toBe(true);
    expect((await nothing('', 'application/json')).body.status?.code).toBe(3);
  });

  test('beyond 1 MiB a request is too large', async () => {
    const padding = 1024 * 1024 - JSON.stringify({ hash: owner.hash, x: '' }).length;
    const sized = (extra: number) => JSON.stringify({ hash: owner.hash, x: 'a'.repeat(padding + extra) });
    expect((await nothing(sized(0), 'application/json')).body.success).toBe(true);
    expect(await nothing(sized(1), 'application/json')).toEqual({
      status: 412,
      body: { success: false, status: { code: 9, description: 'Too large request' } },
    });
  });

  test('the last of several values counts, in forms as in JSON', async () => {
    const get = `/tracker/read?hash=${owner.hash}&tracker_id=999&tracker_id=${trackerId}`;
    expect(answerOf(await api.server.app.inject(get)).body.success).toBe(true);
    const json = `{"hash":"${owner.hash}","tracker_id":999,"tracker_id":${trackerId}}`;
    expect((await api.post('/tracker/read', json)).body.success).toBe(true);
    expect(
      (await api.post('/tracker/read', `hash=${owner.hash}&tracker_id=999&tracker_id=${trackerId}`)).body.success,
    ).toBe(true);
  });

  test('names that objects inherit are parameters like any other: unknown ones', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'fieldValue'];
    for (const name of names) {
      const json = `{"hash":"${owner.hash}","tracker_id":${trackerId},"${name}":{"tracker_id":1,"success":false}}`;
      expect((await api.post('/tracker/read', json)).body.success, name).toBe(true);
      const form = `hash=${owner.hash}&tracker_id=${trackerId}&${name}=1`;
      expect((await api.post('/tracker/read', form)).body.success, name).toBe(true);
    }
    const inherited = `{"__proto__":{"hash":"${owner.hash}","tracker_id":${trackerId}}}`;
    expect((await api.post('/tracker/read', inherited)).body.status?.code).toBe(3);
    expect(({} as Record<string, unknown>).tracker_id).toBeUndefined();
  });
});
