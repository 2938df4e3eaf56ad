import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, TestApi, type TestUser } from '../../support/api.js';

let api: TestApi;
let owner: TestUser;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account({ deviceLimit: 3 });
});
afterEach(() => api.server.close());

const good = {
  label: 'Courier',
  group_id: 0,
  plugin_id: 44,
  model: 'qlgv55lite',
  device_id: '356307042449991',
  phone: '491701234567',
  apn_name: 'internet',
};
const register = (params: Record<string, unknown>, hash = owner.hash): Promise<Answer> =>
  api.call('/tracker/register', { hash, ...params });
const codeOf = ({ body }: Answer) => body.status?.code ?? 'good';
const faultsOf = ({ body }: Answer) => (body as never as { errors: unknown }).errors;
const sourceOf = (deviceId: string) => api.store.registry.sourceByDeviceId(deviceId);

describe('tracker/register', () => {
  test('makes a tracker that is there at once', async () => {
    await api.store.change((tx) => tx.put('activationCode', { id: '123123123' }));
    const answer = await register({
      ...good,
      plugin_id: 37,
      activation_code: '123123123',
      apn_user: '',
      apn_password: 'secret',
    });
    const tracker = {
      id: 1,
      label: 'Courier',
      clone: false,
      group_id: 0,
      source: {
        id: 1,
        device_id: '356307042449991',
        model: 'qlgv55lite',
        blocked: false,
        tariff_id: 1,
        status_listing_id: null,
        creation_date: '2026-06-15',
        tariff_end_date: null,
        phone: '491701234567',
      },
      tag_bindings: [],
    };
    expect(answer).toEqual({ status: 200, body: { success: true, value: tracker } });
    expect((await api.call('/tracker/read', { hash: owner.hash, tracker_id: 1 })).body).toEqual({
      success: true,
      value: tracker,
    });
    expect((await api.call('/tracker/get_state', { hash: owner.hash, tracker_id: 1 })).body).toMatchObject({
      state: { connection_status: 'just_registered' },
    });
    expect(sourceOf('356307042449991')).toMatchObject({
      protocol: 'queclink',
      apn: { name: 'internet', user: '', password: 'secret' },
    });
  });

  test('takes the number as clients write it', async () => {
    expect(codeOf(await register({ ...good, phone: '+491701234567' }))).toBe('good');
    expect(codeOf(await register({ ...good, device_id: '356307042449992', phone: 491701234568 }))).toBe('good');
    expect([...api.store.registry.all('source')].map(({ phone }) => phone)).toEqual(['491701234567', '491701234568']);
  });

  test('an identity may come as a number', async () => {
    expect(codeOf(await register({ ...good, device_id: 356307042449991 }))).toBe('good');
    expect(sourceOf('356307042449991')).toBeDefined();
  });

  test('leaves out what the model has no use for', async () => {
    const params = {
      label: 'Own',
      group_id: '0',
      plugin_id: '44',
      model: 'wialon_ips',
      device_id: 'own-1',
      phone: 'nonsense',
      apn_name: '',
    };
    expect((await register(params)).body).toMatchObject({ value: { source: { phone: null } } });
  });

  test('makes the identity where the model asks for that', async () => {
    const params = { ...good, model: 'tt1_wp', device_id: undefined };
    const first = await register(params);
    const second = await register({ ...params, phone: '491701234568' });
    const ids = [first, second].map(
      ({ body }) => (body as never as { value: { source: { device_id: string } } }).value.source.device_id,
    );
    for (const id of ids) expect(id).toMatch(/^2\d{9}$/);
    expect(new Set(ids).size).toBe(2);
  });
});

describe('parameters', () => {
  test.each([
    ['label', 'must not be null'],
    ['group_id', 'must not be null'],
    ['plugin_id', 'must not be null'],
    ['model', 'must not be null'],
    ['device_id', 'must not be null'],
    ['phone', 'must not be null'],
    ['apn_name', 'must not be null'],
  ])('%s is needed', async (parameter, error) => {
    const answer = await register({ ...good, [parameter]: undefined });
    expect([codeOf(answer), faultsOf(answer)]).toEqual([7, [{ parameter, error }]]);
  });

  test.each([
    ['label', 'x'.repeat(61), 'size must be between 1 and 60'],
    ['label', 'a<b', 'must not contain < or >'],
    ['device_id', '3563 070424', 'must match "^[0-9a-zA-Z-]{1,64}$"'],
    ['device_id', 'x'.repeat(65), 'must match "^[0-9a-zA-Z-]{1,64}$"'],
    ['device_id', '', 'must match "^[0-9a-zA-Z-]{1,64}$"'],
    ['device_id', '3563070424499', 'must consist of 14-16 digits'],
    ['device_id', '35630704244999123', 'must consist of 14-16 digits'],
    ['device_id', 'abcdefghijklmno', 'must consist of 14-16 digits'],
    ['phone', '1234', 'must consist of 5-15 digits'],
    ['phone', '1234567890123456', 'must consist of 5-15 digits'],
    ['phone', '++12345', 'must consist of 5-15 digits'],
    ['apn_name', '', 'must not be empty'],
    ['apn_name', 'x'.repeat(41), 'size must be between 0 and 40'],
    ['apn_user', 'x'.repeat(41), 'size must be between 0 and 40'],
    ['apn_password', 'x'.repeat(41), 'size must be between 0 and 40'],
    ['activation_code', 'x y', 'must match "^[0-9A-Za-z]{1,40}$"'],
    ['send_register_commands', 'maybe', 'must be true or false'],
  ])('%s %j: %s', async (parameter, value, error) => {
    const answer = await register({ ...good, [parameter]: value });
    expect([codeOf(answer), faultsOf(answer)]).toEqual([7, [{ parameter, error }]]);
    expect(api.store.registry.size('tracker')).toBe(0);
  });

  test.each([
    ['navixy_ngp', 'abcde', 'abcdef', 'a'.repeat(32), 'a'.repeat(33)],
    ['suntech_st300', '12345678', '123456789', '000000001', '1234567890'],
    ['telfmb920', '1'.repeat(13), '1'.repeat(14), '1'.repeat(16), '1'.repeat(17)],
  ])('identities of %s have their lengths', async (model, short, shortest, longest, long) => {
    const base = { ...good, model, phone: undefined, apn_name: 'a' };
    const phones = ['49170000001', '49170000002'];
    for (const device_id of [short, long])
      expect(codeOf(await register({ ...base, device_id, phone: phones[0] }))).toBe(7);
    for (const [i, device_id] of [shortest, longest].entries()) {
      expect(codeOf(await register({ ...base, device_id, phone: phones[i] })), device_id).toBe('good');
    }
  });

  test('plugin 37 needs an activation code', async () => {
    const answer = await register({ ...good, plugin_id: 37 });
    expect([codeOf(answer), faultsOf(answer)]).toEqual([
      7,
      [{ parameter: 'activation_code', error: 'must not be null' }],
    ]);
  });
});

describe('refusals, in their order', () => {
  test('220: unknown model, before the plugin', async () => {
    expect(await register({ ...good, model: 'nonsense', plugin_id: 99 })).toMatchObject({
      status: 400,
      body: { status: { code: 220 } },
    });
    expect(codeOf(await register({ ...good, model: '__proto__' }))).toBe(220);
  });

  test('222: a plugin that is unknown, or a model that it does not serve, before the group', async () => {
    for (const plugin_id of [0, 4, 99]) expect(codeOf(await register({ ...good, plugin_id, group_id: 5 }))).toBe(222);
    for (const model of ['pt10', 'mobile_unknown_xgps'])
      expect(codeOf(await register({ ...good, model, group_id: 5 }))).toBe(222);
  });

  test('204 with HTTP 404: no such group, or one of another account', async () => {
    const other = await api.account();
    await api.store.change((tx) => {
      tx.put('group', { id: 1, accountId: owner.user.accountId, title: 'Vans', color: 'FF0000' });
      tx.put('group', { id: 2, accountId: other.user.accountId, title: 'Theirs', color: 'FF0000' });
    });
    for (const group_id of [-1, 2, 3])
      expect(await register({ ...good, group_id })).toMatchObject({ status: 404, body: { status: { code: 204 } } });
    expect((await register({ ...good, group_id: 1 })).body).toMatchObject({ value: { group_id: 1 } });
  });

  test('258 with HTTP 404: no bundle', async () => {
    expect(await register({ ...good, plugin_id: 1 })).toMatchObject({ status: 404, body: { status: { code: 258 } } });
  });

  test('221 with HTTP 403: the account is full, before the identity', async () => {
    for (let i = 0; i < 3; i++) {
      expect(codeOf(await register({ ...good, device_id: `35630704244999${i}`, phone: `4917012345${i}` }))).toBe(
        'good',
      );
    }
    expect(await register({ ...good, device_id: '356307042449990' })).toMatchObject({
      status: 403,
      body: { status: { code: 221 } },
    });
    await api.changeSource(sourceOf('356307042449990')!, { corrupted: true });
    expect(codeOf(await register({ ...good, device_id: '356307042449990' }))).toBe('good');
  });

  test('224: the identity is taken, in any account, before the number', async () => {
    const other = await api.account();
    expect(codeOf(await register(good, other.hash))).toBe('good');
    expect(codeOf(await register(good))).toBe(224);
    expect(codeOf(await register({ ...good, device_id: '356307042449992' }))).toBe(223);
    expect(api.store.registry.size('tracker')).toBe(1);
  });

  test('13: a sub-user without the right', async () => {
    const sub = await api.subUser(owner, { rights: ['tracker_update'] });
    expect(await register(good, sub.hash)).toMatchObject({ status: 403, body: { status: { code: 13 } } });
    const able = await api.subUser(owner, { rights: ['tracker_register'] });
    expect(codeOf(await register(good, able.hash))).toBe('good');
  });

  test('14: the store is broken, and then nothing is registered', async () => {
    api.store.broken = true;
    expect(codeOf(await register(good))).toBe(14);
    expect(sourceOf(good.device_id)).toBeUndefined();
    api.store.broken = false;
    expect(codeOf(await register(good))).toBe('good');
  });
});

test('of registrations that race for one identity, one wins', async () => {
  const answers = await Promise.all([1, 2, 3, 4].map((i) => register({ ...good, phone: `4917012345${i}` })));
  expect(answers.map(codeOf).sort()).toEqual([224, 224, 224, 'good']);
});
