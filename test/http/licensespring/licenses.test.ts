/** Licences on hardware: activation with its limits, checking, deactivation, products; and the one shape of every error. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  answerOf,
  device,
  imei,
  LicenseApi,
  licenseKey,
  type Oddities,
  type Params,
  refusal,
  user,
  userDevice,
} from './kit.js';

let api: LicenseApi;

beforeEach(async () => {
  api = await LicenseApi.create();
});
afterEach(() => api.server.close());

const activate = (params: Params = {}, oddities: Oddities = {}) =>
  api.call('activate_license', { ...device, ...params }, oddities);
const check = (params: Params = device) => api.call('check_license', params);
const license = (change: Params) =>
  api.setUp({ products: [{ code: 'GW', licenses: [{ key: licenseKey, ...change }] }] });
const product = (change: Params) => api.setUp({ products: [{ code: 'GW', ...change }] });

const neutral = {
  is_expired: false,
  is_trial: false,
  validity_period: null,
  maintenance_period: null,
  start_date: null,
  enable_maintenance_period: false,
  max_activations: 3,
  times_activated: 1,
  allow_unlimited_activations: false,
  transfer_count: 0,
  max_transfers: 0,
  allow_grace_period: false,
  grace_period: 0,
  allow_overages: false,
  max_overages: 0,
  allow_offline_activation: false,
  is_air_gapped: false,
  is_hardware_key_auth: false,
  is_floating: false,
  is_floating_cloud: false,
  floating_timeout: 120,
  can_borrow: false,
  max_borrow_time: 0,
  prevent_vm: false,
  license_template_id: null,
  metadata: {},
  custom_fields: [],
  product_features: [],
  company: { id: 1 },
  customer: {
    email: '',
    company_name: '',
    reference: '',
    phone: '',
    first_name: '',
    last_name: '',
    city: '',
    postcode: '',
    state: '',
    country: '',
    address: '',
    customer_account: null,
    metadata: {},
  },
  installation_file: null,
};
const integer = expect.any(Number) as number;
const text = expect.any(String) as string;
const gateway = {
  product_id: integer,
  product_name: 'Gateway',
  short_code: 'GW',
  authorization_method: 'license-key',
  allow_trial: false,
  trial_days: 0,
  metadata: {},
};

describe('activation', () => {
  test('by a key', async () => {
    expect(await activate()).toEqual({
      status: 200,
      body: {
        ...neutral,
        id: integer,
        license_key: licenseKey,
        license_type: 'perpetual',
        active: true,
        request: 'activation',
        device_id: integer,
        hardware_id: imei,
        product_details: gateway,
        license_signature: text,
      },
    });
  });

  test('by a user, whose e-mail address takes the place of the key', async () => {
    const { body } = await api.call('activate_license', userDevice);
    expect(body).toEqual({
      ...neutral,
      id: integer,
      license_type: 'perpetual',
      active: true,
      request: 'activation',
      device_id: integer,
      hardware_id: imei,
      max_activations: 1,
      user: {
        id: 1,
        email: user.username,
        first_name: 'Eve',
        last_name: '',
        phone_number: '',
        is_initial_password: false,
      },
      product_details: { ...gateway, product_name: 'App', short_code: 'APP', authorization_method: 'user' },
      license_signature: text,
    });
  });

  test('ids have 16 digits, grow, and are exact', async () => {
    const ids: number[] = [];
    for (const hardware_id of ['a', 'b', 'c']) ids.push((await api.activate({ hardware_id })).device_id!);
    expect([...ids].sort((left, right) => left - right)).toEqual(ids);
    for (const id of ids) {
      expect(String(id)).toMatch(/^\d{16}$/);
      expect(Number.isSafeInteger(id)).toBe(true);
    }
    expect(new Set(ids).size).toBe(3);
  });

  test('again is the same device, and does not count', async () => {
    const first = await api.activate();
    const { changes } = api.store;
    api.clock.advance(60_000);
    expect(await api.activate()).toEqual(first);
    expect(api.store.changes).toBe(changes);
  });

  test('a device that was deactivated is the same one again, and does not count', async () => {
    const { device_id } = await api.activate();
    await api.call('deactivate_license', device);
    expect(await api.activate()).toMatchObject({ device_id, times_activated: 1, transfer_count: 1 });
  });

  test('the limit', async () => {
    for (const hardware_id of ['a', 'b', 'c']) await api.activate({ hardware_id });
    expect(await activate({ hardware_id: 'd' })).toEqual(refusal('license_activated_max_times'));
    expect((await activate({ hardware_id: 'a' })).status).toBe(200);
    await license({ allow_unlimited_activations: true });
    expect((await activate({ hardware_id: 'd' })).body).toMatchObject({
      times_activated: 4,
      allow_unlimited_activations: true,
    });
  });

  test('sets variables', async () => {
    const { device_id } = await api.activate({ variables: { firmware: '1', wired: true, km: 1.5 } });
    const created_at = api.clock.now();
    expect((await api.call('get_device_variables', device)).body).toEqual([
      { variable: 'firmware', value: '1', device_id, created_at },
      { variable: 'km', value: 1.5, device_id, created_at },
      { variable: 'wired', value: true, device_id, created_at },
    ]);
    api.clock.advance(5);
    await api.activate({ variables: { km: 2 } });
    expect((await api.call('get_device_variables', device)).body).toMatchObject([{}, { value: 2 }, {}]);
  });

  test('remembers what a client tells of itself, and ignores what it does not know', async () => {
    const facts = { is_vm: true, vm_info: 'kvm', os_ver: 'Linux', hostname: 'box', ip: '10.0.0.1', mac_address: 'aa' };
    const { device_id } = await api.activate({
      ...facts,
      app_ver: null,
      foo: { bar: 1 },
      sdk_ver: '1',
      bundle_code: 'x',
    });
    expect(api.store.registry.get('licenseDevice', device_id!)?.facts).toEqual(facts);
    await api.activate({ os_ver: 'Linux 7' });
    expect(api.store.registry.get('licenseDevice', device_id!)?.facts).toEqual({ ...facts, os_ver: 'Linux 7' });
    const { changes } = api.store;
    await api.activate({ ...facts, os_ver: 'Linux 7' });
    expect(api.store.changes).toBe(changes);
  });

  test.each([
    ['a truth that is a text', { is_vm: 'true' }],
    ['a version that is a number', { app_ver: 1 }],
    ['a long version', { app_ver: 'x'.repeat(256) }],
    ['variables that are none', { variables: 'x' }],
    ['a variable without a value', { variables: { a: null } }],
    ['an id token', { id_token: 'x', customer_account_code: 'y' }],
    ['a code', { code: 'x' }],
    ['a customer account', { customer_account_code: 'y' }],
    ['an empty password', { password: '' }],
  ])('%s is refused', async (_, params) => {
    expect(await activate(params)).toEqual(refusal('validation_error'));
    expect((await check()).body).toMatchObject({ code: 'license_not_active' });
  });

  test('single sign-on is not taken for a missing key', async () => {
    const { license_key: _, ...rest } = device;
    expect(await api.call('activate_license', rest)).toEqual(refusal('missing_parameters'));
    expect(await api.call('activate_license', { ...rest, product: 'nope' })).toEqual(refusal('unknown_product'));
    expect(await api.call('activate_license', { ...rest, is_vm: 'x' })).toEqual(refusal('validation_error'));
    expect(await api.call('activate_license', { ...rest, id_token: 'x' })).toEqual(refusal('validation_error'));
    expect(await api.call('activate_license', { product: 'GW', id_token: 'x' })).toEqual(refusal('missing_parameters'));
  });

  test('errors in their order', async () => {
    await api.setUp({
      api_keys: [{ key: 'narrow', products: ['APP'] }],
      blacklist: [imei],
    });
    await license({ enabled: false, max_activations: 0 });
    await product({ enabled: false, archived: true });
    const narrow = (params: Params = {}) => activate(params, { apiKey: 'narrow', sharedKey: 'shared-4' });
    expect(await narrow({ product: 'nope', license_key: 'nope' })).toEqual(refusal('unknown_product'));
    expect(await narrow({ license_key: 'nope' })).toEqual(refusal('license_not_found'));
    expect(await narrow({ license_id: 1 })).toEqual(refusal('license_not_found'));
    expect(await narrow()).toEqual(refusal('license_not_enabled'));
    await license({ enabled: true });
    expect(await narrow()).toEqual(refusal('disabled_product'));
    await product({ enabled: true });
    expect(await narrow()).toEqual(refusal('archived_product'));
    await product({ archived: false });
    expect(await narrow()).toEqual(refusal('api_key_product_not_allowed'));
    expect(await activate()).toEqual(refusal('blacklisted'));
    expect(await activate({ hardware_id: 'other' })).toEqual(refusal('license_activated_max_times'));
    const { changes } = api.store;
    await license({ max_activations: 1 });
    expect((await activate({ hardware_id: 'other' })).status).toBe(200);
    expect(api.store.changes).toBe(changes + 2);
  });

  test('a refusal keeps no variables', async () => {
    await api.activate();
    await license({ enabled: false });
    expect(await activate({ variables: { a: 1 } })).toEqual(refusal('license_not_enabled'));
    await license({ enabled: true });
    expect((await api.call('get_device_variables', device)).body).toEqual([]);
  });

  test('a blacklisted device', async () => {
    const { device_id } = await api.activate();
    await api.store.change((tx) => {
      tx.put('licenseDevice', { ...tx.registry.get('licenseDevice', device_id!)!, blacklisted: true });
    });
    expect(await activate()).toEqual(refusal('blacklisted'));
  });

  test('a password that is wrong, missing, or of nobody', async () => {
    const call = (params: Params) => api.call('activate_license', { ...userDevice, ...params });
    expect(await call({ password: 'wrong' })).toEqual(refusal('license_not_found'));
    expect(await call({ username: 'nobody@example.com' })).toEqual(refusal('license_not_found'));
    expect(await call({ password: undefined })).toEqual(refusal('missing_parameters'));
    expect(await call({ username: undefined, license_key: licenseKey })).toEqual(refusal('missing_parameters'));
    expect((await call({})).status).toBe(200);
  });

  test('guessing passwords is given up for a while', async () => {
    const call = (password: string) => api.call('activate_license', { ...userDevice, password });
    for (let i = 0; i < 10; i++) expect(await call('wrong')).toEqual(refusal('license_not_found'));
    expect(await call(user.password)).toEqual(refusal('too_many_requests'));
    api.clock.advance(5 * 60_000);
    expect((await call(user.password)).status).toBe(200);
  });

  test('a password that changes while it is checked is not taken', async () => {
    const pending = api.call('activate_license', userDevice);
    await api.store.change((tx) => tx.put('licenseUser', { ...tx.registry.get('licenseUser', 1)!, password: 'x' }));
    expect([200, 400]).toContain((await pending).status);
    expect(await api.call('activate_license', userDevice)).toEqual(refusal('license_not_found'));
  });

  test('fifty at once never pass the limit', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => activate({ hardware_id: `h${i}` })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect((await check({ ...device, hardware_id: 'h0' })).body).toMatchObject({ times_activated: 3 });
  });
});

describe('checking', () => {
  test('shows the licence', async () => {
    const { id, device_id } = await api.activate();
    expect(await check()).toEqual({
      status: 200,
      body: {
        ...neutral,
        id,
        license_key: licenseKey,
        license_type: 'perpetual',
        license_active: true,
        license_enabled: true,
        is_borrowed: false,
        borrowed_until: null,
        device_id,
        hardware_id: imei,
        product_details: gateway,
        license_signature: text,
      },
    });
  });

  test('ignores what clients send besides', async () => {
    const { id } = await api.activate();
    const more = {
      env: 'linux',
      include_expired_features: false,
      os_ver: 'x',
      hostname: 'y',
      app_ver: '1',
      foo: 'bar',
    };
    expect((await check({ ...device, ...more, license_id: id })).status).toBe(200);
    expect(await check({ ...device, ...more, license_id: 'x' })).toEqual(refusal('validation_error'));
  });

  test('tells of the end of a licence, which stops nothing', async () => {
    await license({ validity_period: '2026-06-20', type: 'time-limited' });
    await api.activate();
    const validity = { validity_period: '2026-06-20T00:00:00.000Z', license_type: 'time-limited' };
    expect((await check()).body).toMatchObject({ is_expired: false, ...validity });
    api.clock.advance(5 * 86_400_000);
    expect((await check()).body).toMatchObject({ is_expired: true, ...validity });
    expect((await api.call('track_device_variables', { ...device, variables: { a: 1 } })).status).toBe(200);
  });

  test('errors in their order', async () => {
    expect(await check({ hardware_id: imei, product: 'GW' })).toEqual(refusal('missing_parameters'));
    expect(await check({ ...device, hardware_id: '' })).toEqual(refusal('validation_error'));
    expect(await check({ ...device, product: 'nope' })).toEqual(refusal('unknown_product'));
    expect(await check({ ...device, license_key: 'nope' })).toEqual(refusal('license_not_found'));
    expect(await check()).toEqual(refusal('license_not_active'));
    await license({ active: true, enabled: false });
    expect(await check()).toEqual(refusal('license_not_enabled'));
    await license({ enabled: true });
    expect(await check()).toEqual(refusal('device_not_found'));
    await api.setUp({ blacklist: [imei] });
    expect(await check()).toEqual(refusal('blacklisted'));
  });
});

describe('deactivation', () => {
  test('wants no password, and counts', async () => {
    await api.activate(userDevice);
    const { password: _, ...named } = userDevice;
    expect(await api.call('deactivate_license', { ...named, foo: 1 })).toEqual({
      status: 200,
      body: 'license_deactivated',
    });
    expect(await api.call('deactivate_license', named)).toEqual(refusal('device_not_found'));
    expect([...api.store.registry.all('license')].find(({ userIds }) => userIds)).toMatchObject({
      active: true,
      transferCount: 1,
      timesActivated: 1,
    });
  });

  test('errors in their order', async () => {
    const call = (params: Params) => api.call('deactivate_license', params);
    expect(await call({ hardware_id: imei, product: 'GW' })).toEqual(refusal('missing_parameters'));
    expect(await call({ ...device, code: 'x' })).toEqual(refusal('validation_error'));
    expect(await call({ ...device, product: 'nope' })).toEqual(refusal('unknown_product'));
    expect(await call({ ...device, license_key: 'nope' })).toEqual(refusal('license_not_found'));
    expect(await call(device)).toEqual(refusal('license_not_active'));
    await license({ active: true, enabled: false });
    expect(await call(device)).toEqual(refusal('license_not_enabled'));
    await license({ enabled: true });
    await api.setUp({ blacklist: ['bad'] });
    expect(await call({ ...device, hardware_id: 'bad' })).toEqual(refusal('blacklisted'));
    expect(await call(device)).toEqual(refusal('device_not_found'));
  });
});

describe('products', () => {
  test('are told', async () => {
    expect(await api.call('product_details', { product: 'GW', sdk_ver: '1' })).toEqual({
      status: 200,
      body: {
        ...gateway,
        floating_timeout: 120,
        allow_overages: false,
        max_overages: 0,
        prevent_vm: false,
        company: { id: 1 },
      },
    });
  });

  test('or not', async () => {
    expect(await api.call('product_details', {})).toEqual(refusal('missing_parameters'));
    expect(await api.call('product_details', { product: '' })).toEqual(refusal('validation_error'));
    expect(await api.call('product_details', { product: 'gw' })).toEqual(refusal('unknown_product'));
  });
});

describe('paths', () => {
  test.each([
    ['GET', '/api/v4'],
    ['GET', '/api/v4/'],
    ['GET', '/api/v4/nothing'],
    ['POST', '/api/v4/device_variables'],
    ['GET', '/api/v4/track_device_variables'],
    ['POST', '/api/v4/get_device_variables'],
    ['HEAD', '/api/v4/check_license'],
    ['PUT', '/api/v4/activate_license'],
    ['DELETE', '/api/v4/activate_license/x'],
    ['GET', '/api/v4/%'],
    ['GET', '/api/v4/%c0'],
    ['POST', '/api/v4/Track_device_variables'],
  ])('%s %s is not found, signed or not', async (method, url) => {
    const response = await api.server.app.inject({ method: method as 'GET', url });
    if (method === 'HEAD') expect(response.statusCode).toBe(404);
    else expect(answerOf(response)).toEqual(refusal('not_found'));
  });

  test('nor is any other method, whatever comes with it', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND', 'TRACE']) {
      for (const payload of ['no json', 'x'.repeat(70_000)]) {
        const request = { method: method as 'POST', url: '/api/v4/check_license', headers: { 'content-type': 'x' } };
        const response = await api.server.app.inject({ ...request, ...(method === 'TRACE' ? {} : { payload }) });
        expect([method, answerOf(response)]).toEqual([method, refusal('not_found')]);
      }
    }
  });

  test.each(['/api/v3/check_license', '/api/v40', '/api'])('%s is of another dialect', async (url) => {
    expect((await api.server.app.inject({ url })).json()).toMatchObject({ success: false, status: { code: 111 } });
  });
});

test('too many requests of one address are refused, whatever they ask', async () => {
  await api.server.close();
  api = await LicenseApi.create({ rateLimit: 2 });
  expect((await check()).status).toBe(400);
  expect((await check()).body).toMatchObject({ code: 'license_not_active' });
  expect(await check()).toEqual(refusal('too_many_requests'));
  expect(await api.call('nothing')).toEqual(refusal('too_many_requests'));
  api.clock.advance(1000);
  expect((await check()).body).toMatchObject({ code: 'license_not_active' });
});

test('a shared key that cannot be read is a fault of the server', async () => {
  await api.store.change((tx) => {
    tx.put('licenseApiKey', { ...tx.registry.get('licenseApiKey', 'key-1')!, sharedKey: 'aes256gcm$x$y$z' });
  });
  expect(await check()).toEqual(refusal('internal_error'));
});
