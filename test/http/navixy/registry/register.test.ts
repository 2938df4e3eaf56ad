import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BundleRow } from '../../../../src/store/rows.js';
import { TestApi, type TestUser } from '../../../support/api.js';
import { codeOf, good, invalid, refusal, refused, shownIn } from './kit.js';

let api: TestApi;
let owner: TestUser;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account({ deviceLimit: 5 });
});
afterEach(() => api.server.close());

const device = {
  ...{ label: 'Courier', group_id: 0, plugin_id: 44, model: 'qlgv55lite', device_id: '356307042449991' },
  ...{ phone: '491701234567', apn_name: 'internet' },
};
const app = { label: 'Phone', group_id: 0, plugin_id: 35, model: 'mobile_unknown_xgps' };
const quick = { label: 'Bundled', group_id: 0, imei: '356307042441021' };
const call = (path: string, params: Record<string, unknown>, user = owner) =>
  api.call(`/tracker/${path}`, { hash: user.hash, ...params });
const refuse = (path: string, params: Record<string, unknown>, ...expected: Parameters<typeof refusal>) =>
  refused(api, `/tracker/${path}`, { hash: owner.hash, ...params }, refusal(...expected));

async function addBundle(change: Partial<BundleRow> = {}, withSim = true): Promise<void> {
  await api.store.change((tx) => {
    const row: BundleRow = {
      ...{ id: quick.imei, model: 'telfmb920', iccid: '8949000000000000001', phone: '491709999999' },
      ...{ accountId: owner.user.accountId, ...change },
    };
    tx.put('bundle', row);
    if (withSim) tx.put('sim', { id: row.iccid, phone: row.phone });
  });
}
const addCode = (id: string, change: Record<string, unknown> = {}) =>
  api.store.change((tx) => tx.put('activationCode', { id, ...change }));
const setLegalType = (legalType: 'sole_trader' | 'individual') =>
  api.store.change((tx) => {
    const account = tx.registry.get('account', owner.user.accountId)!;
    tx.put('account', { ...account, legalType });
  });

describe('activation codes', () => {
  test('are used up, once', async () => {
    await addCode('6045325592');
    const first = shownIn(await call('register', { ...device, plugin_id: 37, activation_code: '6045325592' }));
    expect(api.store.registry.get('activationCode', '6045325592')).toEqual({
      ...{ id: '6045325592', usedAt: api.clock.now(), trackerId: first.id },
    });
    const again = { ...device, device_id: '356307042449992', phone: '491701234568', activation_code: '6045325592' };
    for (const plugin_id of [37, 44]) await refuse('register', { ...again, plugin_id }, 227);
  });

  test('227: unknown, with every plugin that takes one', async () => {
    for (const plugin_id of [37, 44]) await refuse('register', { ...device, plugin_id, activation_code: 'x' }, 227);
    for (const plugin_id of [35, 68]) await refuse('register', { ...app, plugin_id, activation_code: 'x' }, 227);
  });

  test('a code is not used up by a registration that is refused', async () => {
    await addCode('1');
    await api.tracker(owner, { deviceId: device.device_id });
    await refuse('register', { ...device, activation_code: '1' }, 224);
    expect(api.store.registry.get('activationCode', '1')).toEqual({ id: '1' });
  });

  test('may carry a tariff', async () => {
    await addCode('1', { tariffId: 7 });
    expect(shownIn(await call('register', { ...device, activation_code: '1' })).source.tariff_id).toBe(7);
  });

  test.each([37, 68])('plugin %i needs one', async (plugin_id) => {
    const params = { ...(plugin_id === 37 ? device : app), plugin_id };
    const expected = invalid(['activation_code', 'must not be null']);
    await refused(api, '/tracker/register', { hash: owner.hash, ...params }, expected);
  });

  test.each(['', 'a b', 'x'.repeat(41)])('%j is none', async (activation_code) => {
    expect(codeOf(await call('register', { ...device, activation_code }))).toBe(7);
  });

  test('of 40 characters is one', async () => {
    await addCode('x'.repeat(40));
    expect(codeOf(await call('register', { ...device, activation_code: 'x'.repeat(40) }))).toBe('good');
  });
});

describe('apps on phones (plugins 35 and 68)', () => {
  test('get their identity from the server, and have no number', async () => {
    const params = { ...app, device_id: 'mine', phone: '491701234567', notification_email: 'a@example.com' };
    const first = shownIn(await call('register', params));
    const second = shownIn(await call('register', params));
    expect(first.source).toMatchObject({ model: 'mobile_unknown_xgps', phone: null });
    expect(first.source.device_id).toMatch(/^9\d{9}$/);
    expect(second.source.device_id).not.toBe(first.source.device_id);
  });

  test('222: for nothing else, and nothing else for them', async () => {
    for (const plugin_id of [35, 68]) {
      await refuse('register', { ...device, plugin_id, activation_code: '1' }, 222);
    }
    for (const plugin_id of [1, 37, 44]) {
      await refuse('register', { ...app, plugin_id, activation_code: '1', device_id: 'x' }, 222);
    }
  });
});

describe('bundles (plugin 1)', () => {
  const bundled = { label: 'Bundled', group_id: 0, plugin_id: 1, model: 'telfmb920', device_id: quick.imei };

  test('bring the number of their SIM card', async () => {
    await addBundle();
    expect(shownIn(await call('register', bundled)).source).toMatchObject({
      ...{ device_id: quick.imei, model: 'telfmb920', phone: '491709999999' },
    });
    await refuse('register', bundled, 224);
  });

  test('258: none of this identity, of another account, or with another model', async () => {
    await refuse('register', bundled, 258);
    const other = await api.account();
    await addBundle({ accountId: other.user.accountId });
    await refuse('register', bundled, 258);
    await addBundle();
    await refuse('register', { ...bundled, model: 'qlgv55lite' }, 258);
  });

  test('226: a SIM card nobody knows', async () => {
    await addBundle({}, false);
    await refuse('register', bundled, 226);
    await refuse('register_quick', quick, 226);
  });
});

describe('tariffs', () => {
  test('225: of another legal type, before the identity and after the limit', async () => {
    await api.store.change((tx) => tx.put('tariff', { id: 1, name: 'basic', legalType: 'legal_entity' }));
    expect(codeOf(await call('register', device))).toBe('good');
    await setLegalType('sole_trader');
    await refuse('register', device, 225);
    for (let i = 0; i < 4; i++) await api.tracker(owner);
    await refuse('register', device, 221);
  });
});

describe('tracker/register_quick', () => {
  test('takes everything from the bundle', async () => {
    await addBundle({ activationCode: '77' });
    await addCode('77', { tariffId: 3 });
    expect(shownIn(await call('register_quick', quick))).toMatchObject({
      ...{ label: 'Bundled', group_id: 0, clone: false },
      source: { device_id: quick.imei, model: 'telfmb920', phone: '491709999999', tariff_id: 3 },
    });
    expect(api.store.registry.get('activationCode', '77')?.trackerId).toBe(1);
  });

  test('refusals, in their order', async () => {
    const other = await api.account();
    await refuse('register_quick', quick, 201);
    await addBundle({ accountId: other.user.accountId }, false);
    await refuse('register_quick', quick, 201);
    await addBundle({ model: 'nonsense', activationCode: '77' }, false);
    await refuse('register_quick', { ...quick, group_id: 9 }, 220);
    await addBundle({ model: 'pt10', activationCode: '77' }, false);
    await refuse('register_quick', { ...quick, group_id: 9 }, 222);
    await addBundle({ activationCode: '77' }, false);
    await refuse('register_quick', { ...quick, group_id: 9 }, 204);
    await refuse('register_quick', quick, 226);
    await addBundle({ activationCode: '77' });
    await refuse('register_quick', quick, 227);
    await addCode('77', { usedAt: 5 });
    await refuse('register_quick', quick, 227);
    await addCode('77');
    for (let i = 0; i < 5; i++) await api.tracker(owner, i === 0 ? { deviceId: quick.imei } : {});
    await refuse('register_quick', quick, 221);
    const [first, second] = [...api.store.registry.all('source')];
    await api.changeSource(second!, { corrupted: true });
    await api.store.change((tx) => tx.put('tariff', { id: 1, name: 'basic', legalType: 'individual' }));
    await refuse('register_quick', quick, 225);
    await setLegalType('individual');
    await refuse('register_quick', quick, 224);
    await api.changeSource(first!, { corrupted: true });
    await api.tracker(owner, { phone: '491709999999' });
    await refuse('register_quick', quick, 223);
  });

  test('parameters', async () => {
    const expected = invalid(
      ['label', 'must not be null'],
      ['group_id', 'must not be null'],
      ['imei', 'must match "^[0-9a-zA-Z-]{1,64}$"'],
    );
    await refused(api, '/tracker/register_quick', { hash: owner.hash, imei: 'a b' }, expected);
  });
});

describe('tracker/register_retry', () => {
  const name = { apn_name: 'internet' };

  test('keeps the access point, of a tracker or an identity', async () => {
    const { source, tracker } = await api.tracker(owner);
    const shown = shownIn(await call('register_retry', { tracker_id: tracker.id, ...name, apn_user: 'u' }));
    expect(shown).toEqual(shownIn(await call('read', { tracker_id: tracker.id })));
    expect(api.store.registry.get('source', source.id)?.apn).toEqual({ name: 'internet', user: 'u', password: '' });
    good(await call('register_retry', { device_id: source.deviceId, apn_password: 'p' }));
    expect(api.store.registry.get('source', source.id)?.apn).toEqual({ name: 'internet', user: 'u', password: 'p' });
  });

  test('the tracker id counts where both are given', async () => {
    const { tracker } = await api.tracker(owner);
    const second = await api.tracker(owner);
    const params = { tracker_id: tracker.id, device_id: second.source.deviceId };
    expect(shownIn(await call('register_retry', params)).id).toBe(tracker.id);
    await refuse('register_retry', { ...params, tracker_id: 99 }, 201);
  });

  test('7: neither, or an access point without a name', async () => {
    const params = { hash: owner.hash };
    await refused(api, '/tracker/register_retry', params, invalid(['tracker_id', 'must not be null']));
    const empty = { ...params, tracker_id: 1, apn_name: '' };
    await refused(api, '/tracker/register_retry', empty, invalid(['apn_name', 'must not be empty']));
    for (const key of ['apn_name', 'apn_user', 'apn_password']) {
      const long = { ...params, tracker_id: 1, [key]: 'x'.repeat(41) };
      await refused(api, '/tracker/register_retry', long, invalid([key, 'size must be between 0 and 40']));
    }
  });

  test('refusals, in their order', async () => {
    const other = await api.account();
    const theirs = await api.tracker(other);
    for (const tracker_id of [99, theirs.tracker.id]) await refuse('register_retry', { tracker_id }, 201);
    for (const device_id of ['nobody', theirs.source.deviceId]) await refuse('register_retry', { device_id }, 201);
    const { tracker, source } = await api.tracker(owner, { model: 'wialon_ips', deviceId: 'own-1' });
    api.store.connected.add(source.id);
    await api.store.change((tx) => tx.put('tracker', { ...tracker, clone: true }));
    await api.changeSource(source, { blocked: true });
    await refuse('register_retry', { tracker_id: tracker.id }, 208);
    await refuse('register_retry', { device_id: 'own-1' }, 208);
    await api.changeSource(source, { blocked: false });
    await refuse('register_retry', { tracker_id: tracker.id }, 219);
    await api.store.change((tx) => tx.put('tracker', tracker));
    await refuse('register_retry', { tracker_id: tracker.id }, 214);
    await api.changeSource(source, { model: 'telfmb920' });
    const connected = { status: { code: 242, description: 'Device already connected' } };
    await refuse('register_retry', { tracker_id: tracker.id }, 242, connected);
    api.store.connected.clear();
    await api.changeSource(source, { corrupted: true });
    await refuse('register_retry', { tracker_id: tracker.id }, 201);
    const sub = await api.subUser(owner, { rights: ['tracker_configure'] });
    expect(codeOf(await call('register_retry', { tracker_id: tracker.id }, sub))).toBe(13);
  });

  test('a unit that went silent just now is not connected', async () => {
    const { tracker, source } = await api.tracker(owner);
    api.store.connected.add(source.id);
    api.store.report(source.id, {}, { position: {} });
    api.store.connected.clear();
    api.clock.advance(1);
    good(await call('register_retry', { tracker_id: tracker.id }));
  });

  test('264: asked for too soon, where a pause is set', async () => {
    const patient = await TestApi.create({ setUpPauseMs: 120_000 });
    const user = await patient.account();
    const { tracker } = await patient.tracker(user);
    const params = { hash: user.hash, tracker_id: tracker.id };
    good(await patient.call('/tracker/register_retry', params));
    await refused(patient, '/tracker/register_retry', params, refusal(264, { timeout: 'PT2M', remainder: 'PT2M' }));
    patient.clock.advance(28_425);
    const expected = refusal(264, { timeout: 'PT2M', remainder: 'PT1M31.575S' });
    await refused(patient, '/tracker/register_retry', params, expected);
    patient.clock.advance(91_574);
    expect(codeOf(await patient.call('/tracker/register_retry', params))).toBe(264);
    patient.clock.advance(1);
    good(await patient.call('/tracker/register_retry', params));
    await patient.server.close();
  });
});

test('plugin/list shows the plugins that are served', async () => {
  const { list } = good(await api.call('/plugin/list', { hash: owner.hash })) as never as {
    list: { id: number; filter: { exclusion: boolean; values: string[] } }[];
  };
  expect(list.map(({ id }) => id)).toEqual([1, 35, 37, 44, 68]);
  expect(list[0]).toEqual({
    ...{ id: 1, type: 'tracker_register', ui_module: 'Registration.appPlugins.BundledSim' },
    module: 'com.navixy.plugin.tracker.register.bundled_sim',
    filter: { exclusion: true, values: ['navixymobile', 'mobile_unknown.*'] },
  });
  expect(list.filter(({ filter }) => !filter.exclusion).map(({ id }) => id)).toEqual([35, 68]);
});
