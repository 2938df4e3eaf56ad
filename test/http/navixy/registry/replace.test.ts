import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SourceRow, TrackerRow } from '../../../../src/store/rows.js';
import { TestApi, type TestUser } from '../../../support/api.js';
import { codeOf, good, invalid, refusal, refused, shownIn } from './kit.js';

let api: TestApi;
let owner: TestUser;
let tracker: TrackerRow;
let source: SourceRow;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account({ deviceLimit: 5 });
  ({ tracker, source } = await api.tracker(owner, { deviceId: '356307042441013', phone: '491700000001' }));
  api.store.report(source.id, { board_voltage: 12 }, { position: {} });
});
afterEach(() => api.server.close());

const box = {
  ...{ plugin_id: 37, model: 'qlgv55lite', device_id: '356307042449991' },
  ...{ phone: '491701234567', apn_name: 'internet' },
};
const quickImei = '356307042441021';
const call = (path: string, params: Record<string, unknown>, user = owner) =>
  api.call(`/tracker/${path}`, { hash: user.hash, tracker_id: tracker.id, ...params });
const refuse = (path: string, params: Record<string, unknown>, ...expected: Parameters<typeof refusal>) =>
  refused(api, `/tracker/${path}`, { hash: owner.hash, tracker_id: tracker.id, ...params }, refusal(...expected));
const statusOf = async (tracker_id = tracker.id) => {
  const { state } = good(await call('get_state', { tracker_id })) as never as { state: { connection_status: string } };
  return state.connection_status;
};
const clone = () =>
  api.store.change((tx) => {
    const row: TrackerRow = { ...tracker, id: tx.nextId('tracker'), label: 'copy', clone: true };
    tx.put('tracker', row);
    return row;
  });
const addBundle = (model = 'telfmb920', withSim = true) =>
  api.store.change((tx) => {
    const bundle = { id: quickImei, model, iccid: '8949', phone: '491709999999', accountId: owner.user.accountId };
    tx.put('bundle', bundle);
    if (withSim) tx.put('sim', { id: '8949', phone: bundle.phone });
  });

describe('tracker/replace', () => {
  test('keeps the tracker, and frees the old box', async () => {
    const sensor = { id: 1, trackerId: tracker.id, type: 'metering', sensorType: 'fuel', name: 'Tank' } as const;
    await api.store.change((tx) => {
      tx.put('tracker', {
        ...tracker,
        groupId: 0,
        tagBindings: [{ tagId: 4, ordinal: 1 }],
        settings: { lbsMaxRadiusM: 5 },
      });
      tx.put('sensor', sensor);
      tx.put('rule', { id: 10, accountId: owner.user.accountId, trackerIds: [tracker.id] });
    });
    expect(await statusOf()).toBe('signal_lost');
    api.store.connected.add(source.id);
    const shown = shownIn(await call('replace', box));
    expect(shown).toMatchObject({
      ...{ id: tracker.id, label: tracker.label, clone: false, tag_bindings: [{ tag_id: 4, ordinal: 1 }] },
      source: { id: 2, device_id: box.device_id, model: box.model, phone: box.phone },
    });
    expect(shown).toEqual(shownIn(await call('read', {})));
    expect(await statusOf()).toBe('just_replaced');
    expect(api.store.connected.has(source.id)).toBe(false);
    expect(api.store.registry.get('tracker', tracker.id)).toMatchObject({
      ...{ formerSourceIds: [source.id], settings: { lbsMaxRadiusM: 5 }, replacedAt: api.clock.now() },
    });
    expect(api.store.registry.get('sensor', 1)).toEqual(sensor);
    api.store.report(2, {}, { position: {} });
    api.store.connected.add(2);
    expect(await statusOf()).toBe('active');
    expect(codeOf(await register(source.deviceId, '491700000001'))).toBe('good');
  });

  const register = (device_id: string, phone: string) => {
    const params = { label: 'old', group_id: 0, plugin_id: 44, model: 'telfmb920', device_id, phone, apn_name: 'a' };
    return api.call('/tracker/register', { hash: owner.hash, ...params });
  };

  test('the SIM card may move to the new box, its identity may not', async () => {
    await refuse('replace', { ...box, device_id: source.deviceId }, 224);
    expect(shownIn(await call('replace', { ...box, phone: '+491700000001' })).source.phone).toBe('491700000001');
  });

  test.each(['replace', 'corrupt'])('%s takes back the commands of the old box', async (path) => {
    good(await call('raw_command/send', { command: 'cpureset' }));
    const commandsOf = () => [...api.store.registry.all('command')].map(({ sourceId, state }) => [sourceId, state]);
    expect(commandsOf()).toEqual([[source.id, 'queued']]);
    good(await call(path, path === 'replace' ? box : {}));
    expect(commandsOf()).toEqual([[source.id, 'cancelled']]);
  });

  test('clones come along', async () => {
    const copy = await clone();
    good(await call('replace', box));
    expect(shownIn(await call('read', { tracker_id: copy.id }))).toMatchObject({ clone: true, source: { id: 2 } });
    expect(await statusOf(copy.id)).toBe('just_replaced');
    await refuse('replace', { ...box, tracker_id: copy.id }, 219);
  });

  test('activation codes are passed over', async () => {
    await api.store.change((tx) => tx.put('activationCode', { id: '1' }));
    good(await call('replace', { ...box, activation_code: '1' }));
    expect(api.store.registry.get('activationCode', '1')).toEqual({ id: '1' });
  });

  test('a bundled box brings its number', async () => {
    await addBundle();
    const params = { plugin_id: 1, model: 'telfmb920', device_id: quickImei };
    expect(shownIn(await call('replace', params)).source.phone).toBe('491709999999');
  });

  test('7: apps are not replaced, and replace nothing', async () => {
    const params = { hash: owner.hash, tracker_id: tracker.id, ...box };
    const words = 'must not be a mobile app';
    await refused(api, '/tracker/replace', { ...params, model: 'mobile_unknown_xgps' }, invalid(['model', words]));
    await api.changeSource(source, { model: 'mobile_unknown_xgps' });
    await refused(api, '/tracker/replace', params, invalid(['tracker_id', words]));
    const quick = { hash: owner.hash, tracker_id: tracker.id, imei: quickImei };
    await refused(api, '/tracker/replace_quick', quick, invalid(['tracker_id', words]));
  });

  test.each([
    ['tracker_id', 'must not be null'],
    ['model', 'must not be null'],
    ['plugin_id', 'must not be null'],
    ['device_id', 'must not be null'],
    ['phone', 'must not be null'],
    ['apn_name', 'must not be null'],
  ])('7: %s is needed', async (parameter, error) => {
    const params: Record<string, unknown> = { hash: owner.hash, tracker_id: tracker.id, ...box };
    delete params[parameter];
    await refused(api, '/tracker/replace', params, invalid([parameter, error]));
  });

  test('refusals, in their order', async () => {
    const other = await api.account();
    const theirs = await api.tracker(other);
    const wrong = { ...box, model: 'nonsense', plugin_id: 99 };
    for (const tracker_id of [99, theirs.tracker.id]) await refuse('replace', { ...wrong, tracker_id }, 201);
    const silent = await api.tracker(owner);
    await api.changeSource(silent.source, { blocked: true });
    await refuse('replace', { ...wrong, tracker_id: silent.tracker.id }, 208);
    await api.changeSource(silent.source, { blocked: false });
    await refuse('replace', { ...wrong, tracker_id: silent.tracker.id }, 266);
    await refuse('replace', wrong, 220);
    for (const plugin_id of [0, 4, 35, 68]) await refuse('replace', { ...box, plugin_id }, 222);
    for (const model of ['pt10']) await refuse('replace', { ...box, model }, 222);
    await refuse('replace', { plugin_id: 1, model: 'telfmb920', device_id: quickImei }, 258);
    await addBundle('telfmb920', false);
    await refuse('replace', { plugin_id: 1, model: 'telfmb920', device_id: quickImei }, 226);
    const taken = { ...box, device_id: silent.source.deviceId, phone: '491700000009' };
    await api.changeSource(silent.source, { phone: '491700000009' });
    await setAccount({ deviceLimit: 1 });
    await api.store.change((tx) => tx.put('tariff', { id: 1, name: 'basic', legalType: 'individual' }));
    await refuse('replace', taken, 221);
    await setAccount({ deviceLimit: 2 });
    await refuse('replace', taken, 225);
    await setAccount({ legalType: 'individual' });
    await refuse('replace', taken, 224);
    await refuse('replace', { ...taken, device_id: box.device_id }, 223);
    await api.changeSource(source, { corrupted: true });
    await refuse('replace', box, 201);
    const sub = await api.subUser(owner, { rights: ['tracker_register'] });
    expect(codeOf(await call('replace', box, sub))).toBe(13);
  });

  const setAccount = (change: Record<string, unknown>) =>
    api.store.change((tx) => {
      const account = tx.registry.get('account', owner.user.accountId)!;
      tx.put('account', { ...account, ...change });
    });
});

describe('tracker/replace_quick', () => {
  test('takes everything from the bundle', async () => {
    await addBundle();
    const shown = shownIn(await call('replace_quick', { imei: quickImei }));
    expect(shown).toMatchObject({ id: tracker.id, source: { device_id: quickImei, phone: '491709999999' } });
    expect(await statusOf()).toBe('just_replaced');
    await refuse('replace_quick', { imei: quickImei }, 266);
  });

  test('refusals', async () => {
    await refuse('replace_quick', { imei: quickImei }, 201);
    await refuse('replace_quick', { imei: quickImei, tracker_id: 99 }, 201);
    await addBundle('nonsense');
    await refuse('replace_quick', { imei: quickImei }, 220);
    await addBundle('pt10');
    await refuse('replace_quick', { imei: quickImei }, 222);
    await addBundle('mobile_unknown_xgps');
    await refuse('replace_quick', { imei: quickImei }, 222);
    await addBundle();
    await api.store.change((tx) => tx.remove('sim', '8949'));
    await refuse('replace_quick', { imei: quickImei }, 226);
    await addBundle();
    await api.tracker(owner, { phone: '491709999999' });
    await refuse('replace_quick', { imei: quickImei }, 223);
    await api.tracker(owner, { deviceId: quickImei });
    await refuse('replace_quick', { imei: quickImei }, 224);
    const copy = await clone();
    await refuse('replace_quick', { imei: quickImei, tracker_id: copy.id }, 219);
    await api.changeSource(source, { blocked: true });
    await refuse('replace_quick', { imei: quickImei }, 208);
    const faults = invalid(['tracker_id', 'must not be null'], ['imei', 'must not be null']);
    await refused(api, '/tracker/replace_quick', { hash: owner.hash }, faults);
    const sub = await api.subUser(owner, { rights: ['tracker_register'] });
    expect(codeOf(await call('replace_quick', { imei: quickImei }, sub))).toBe(13);
  });
});

describe('tracker/replace_retry', () => {
  test('keeps the access point of the new box', async () => {
    good(await call('replace', box));
    const shown = shownIn(await call('replace_retry', { apn_name: 'iot', apn_user: '', apn_password: 'p' }));
    expect(shown.source.device_id).toBe(box.device_id);
    expect(api.store.registry.get('source', shown.source.id)?.apn).toEqual({ name: 'iot', user: '', password: 'p' });
  });

  test('refusals, in their order', async () => {
    await refuse('replace_retry', { tracker_id: 99 }, 204);
    const silent = await api.tracker(owner);
    const params = { tracker_id: silent.tracker.id };
    await refuse('replace_retry', params, 266);
    api.store.connected.add(silent.source.id);
    await refuse('replace_retry', params, 242, { status: { code: 242, description: 'Device already connected' } });
    await api.changeSource(silent.source, { model: 'wialon_ips' });
    await refuse('replace_retry', params, 214);
    await api.store.change((tx) => tx.put('tracker', { ...silent.tracker, clone: true }));
    await refuse('replace_retry', params, 219);
    await api.changeSource(silent.source, { blocked: true });
    await refuse('replace_retry', params, 208);
    await api.changeSource(silent.source, { corrupted: true });
    await refuse('replace_retry', params, 204);
    const faults = invalid(['tracker_id', 'must not be null'], ['apn_name', 'must not be empty']);
    await refused(api, '/tracker/replace_retry', { hash: owner.hash, apn_name: '' }, faults);
    const sub = await api.subUser(owner, { rights: ['tracker_register'] });
    expect(codeOf(await call('replace_retry', params, sub))).toBe(13);
  });
});

describe('tracker/corrupt', () => {
  test('deletes the device with its clones, and frees identity and number', async () => {
    const copy = await clone();
    expect((await call('corrupt', {})).body).toEqual({ success: true });
    for (const tracker_id of [tracker.id, copy.id]) await refuse('read', { tracker_id }, 201);
    expect(good(await api.call('/tracker/list', { hash: owner.hash })).list).toEqual([]);
    await api.tracker(owner, { deviceId: source.deviceId, phone: '491700000001' });
    expect(api.store.registry.get('source', source.id)).toMatchObject({ corrupted: true });
  });

  test('refusals, in their order', async () => {
    const other = await api.account();
    const theirs = await api.tracker(other);
    for (const tracker_id of [99, theirs.tracker.id]) await refuse('corrupt', { tracker_id }, 201);
    const copy = await clone();
    api.store.connected.add(source.id);
    await refuse('corrupt', {}, 243);
    await api.changeSource(source, { corrupted: true });
    await refuse('corrupt', {}, 252);
    await refuse('corrupt', { tracker_id: copy.id }, 219);
    await api.changeSource(source, { corrupted: true, blocked: true });
    await refuse('corrupt', {}, 208);
    await refuse('corrupt', { tracker_id: copy.id }, 208);
    const blind = await api.subUser(owner, { rights: ['tracker_register'], trackerIds: [] });
    expect(codeOf(await call('corrupt', {}, blind))).toBe(201);
    const sub = await api.subUser(owner, { rights: ['tracker_configure'] });
    expect(await call('corrupt', {}, sub)).toEqual(refusal(13));
  });

  test('243: heard from just now by datagram', async () => {
    const quiet = await TestApi.create({ isConnectionOriented: () => false });
    const user = await quiet.account();
    const made = await quiet.tracker(user);
    const params = { hash: user.hash, tracker_id: made.tracker.id };
    quiet.store.report(made.source.id, {}, { position: {} });
    await refused(quiet, '/tracker/corrupt', params, refusal(243));
    quiet.clock.advance(599_999);
    await refused(quiet, '/tracker/corrupt', params, refusal(243));
    quiet.clock.advance(1);
    good(await quiet.call('/tracker/corrupt', params));
    await quiet.server.close();
  });
});

describe('tracker/delete', () => {
  test('deletes a clone alone, blocked or not', async () => {
    for (const blocked of [false, true]) {
      const copy = await clone();
      await api.store.change((tx) => {
        tx.put('sensor', { id: 1, trackerId: copy.id, type: 'metering', sensorType: 'fuel', name: 'Tank' });
        tx.put('sensor', { id: 2, trackerId: tracker.id, type: 'metering', sensorType: 'fuel', name: 'Tank' });
      });
      await api.changeSource(source, { blocked });
      expect((await call('delete', { tracker_id: copy.id })).body).toEqual({ success: true });
      await refuse('read', { tracker_id: copy.id }, 201);
      await refuse('delete', { tracker_id: copy.id }, 201);
      good(await call('read', {}));
      expect([...api.store.registry.all('sensor')].map(({ id }) => id)).toEqual([2]);
    }
  });

  test('refusals, in their order', async () => {
    const copy = await clone();
    const { accountId } = owner.user;
    await refuse('delete', { tracker_id: 99 }, 201);
    await api.store.change((tx) => {
      tx.put('vehicle', { id: 4, accountId, trackerId: copy.id });
      tx.put('vehicle', { id: 3, accountId, trackerId: copy.id });
      tx.put('rule', { id: 12, accountId, trackerIds: [7, copy.id] });
      tx.put('rule', { id: 11, accountId, trackerIds: [copy.id] });
      tx.put('rule', { id: 13, accountId, trackerIds: [tracker.id] });
    });
    await refuse('delete', {}, 249);
    await refuse('delete', { tracker_id: copy.id }, 203, { rules: [11, 12] });
    await api.store.change((tx) => {
      tx.remove('rule', 11);
      tx.remove('rule', 12);
    });
    await refuse('delete', { tracker_id: copy.id }, 203, { vehicles: [3, 4] });
    const sub = await api.subUser(owner, { rights: ['tracker_register', 'tracker_update', 'admin'] });
    expect(await call('delete', { tracker_id: copy.id }, sub)).toEqual(refusal(13));
  });
});

describe('tracker/change_phone', () => {
  const phone = '491705555555';

  test('keeps number and access point', async () => {
    expect((await call('change_phone', { phone: `+${phone}`, apn_name: 'iot', apn_user: '' })).body).toEqual({
      success: true,
    });
    expect(shownIn(await call('read', {})).source.phone).toBe(phone);
    good(await call('change_phone', { phone }));
    expect(good(await call('apn_settings/read', {})).value).toEqual({ name: 'iot', user: '', password: '' });
    expect(good(await api.call('/apn_settings/read', { hash: owner.hash, phone })).value).toEqual({
      ...{ name: 'iot', user: '', password: '', operator_name: '' },
    });
  });

  test.each([
    ['1234', 7],
    ['12345', 'good'],
    ['123456789012345', 'good'],
    ['1234567890123456', 7],
    ['12345a', 7],
    ['', 7],
  ])('%j: %s', async (number, code) => {
    expect(codeOf(await call('change_phone', { phone: number }))).toBe(code);
  });

  test.each(['apn_name', 'apn_user', 'apn_password'])('%s has at most 40 characters', async (key) => {
    good(await call('change_phone', { phone, [key]: 'x'.repeat(40) }));
    expect(codeOf(await call('change_phone', { phone, [key]: 'x'.repeat(41) }))).toBe(7);
    expect(codeOf(await call('change_phone', { phone, [key]: '' }))).toBe(key === 'apn_name' ? 7 : 'good');
  });

  test('refusals, in their order', async () => {
    await refuse('change_phone', { tracker_id: 99, phone }, 201);
    const params = { hash: owner.hash, tracker_id: tracker.id };
    await refused(api, '/tracker/change_phone', params, invalid(['phone', 'must not be null']));
    await addBundle();
    await refuse('change_phone', { phone: '491709999999' }, 241);
    await api.tracker(owner, { phone: '491709999999' });
    await refuse('change_phone', { phone: '491709999999' }, 223);
    await api.changeSource(source, { model: 'wialon_ips' });
    await refuse('change_phone', { phone: '491709999999' }, 214);
    await refuse('apn_settings/read', {}, 214);
    const copy = await clone();
    await refuse('change_phone', { phone, tracker_id: copy.id }, 219);
    await api.changeSource(source, { blocked: true });
    await refuse('change_phone', { phone }, 208);
    await refuse('apn_settings/read', {}, 208);
    await refuse('apn_settings/read', { tracker_id: 99 }, 201);
    await refused(api, '/apn_settings/read', { hash: owner.hash, phone }, refusal(201));
    const sub = await api.subUser(owner, { rights: ['tracker_update'] });
    expect(await call('change_phone', { phone }, sub)).toEqual(refusal(13));
  });
});
