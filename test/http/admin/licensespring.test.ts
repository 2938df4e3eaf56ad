/** The operator's routes about the licence API: making, listing and deleting what it needs, and what may not be deleted. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { activate, deactivate } from '../../../src/store/licensing/activation.js';
import { findLicense } from '../../../src/store/licensing/find.js';
import { setVariables } from '../../../src/store/licensing/variables.js';
import { AdminApi } from './kit.js';

let api: AdminApi;

beforeEach(async () => {
  api = await AdminApi.create();
});
afterEach(() => api.server.close());

const path = (name: string) => `licensespring/${name}`;
const refusal = (status: number, code: string) => ({ status, body: { error: { code } } });
const post = (name: string, body: unknown) => api.call('POST', path(name), body);
const get = async (name: string) =>
  (await api.call('GET', path(name))).body as never as { list: never[]; total: number };
const created = { status: 200, body: { outcome: 'created' } };

async function product(code = 'GW', authorization_method = 'license-key'): Promise<number> {
  expect(await post('products', { code, authorization_method })).toEqual(created);
  return api.store.registry.licensing.productByCode(code)!.id;
}

/** A device of a licence of its own, with a variable. */
async function device(hardwareId = '356307042441013'): Promise<{ id: number; licenseId: number }> {
  const productId = await product();
  expect(await post(`products/${productId}/licenses`, { key: 'A', max_activations: 2 })).toEqual(created);
  return api.store.change((tx) => {
    const found = findLicense(tx.registry, { product: 'GW', hardwareId, licenseKey: 'A' });
    if (!found.ok) throw new Error(found.reason);
    const apiKey = { id: 'k', sharedKey: '', readOnly: false, revoked: false };
    const done = activate(tx, found, { hardwareId, apiKey, facts: { os_ver: 'Linux', is_vm: false } });
    if (!done.ok) throw new Error(done.reason);
    setVariables(
      tx,
      done.device,
      new Map<string, string | number>([
        ['b', 1],
        ['a', 'x'],
      ]),
    );
    return { id: done.device.id, licenseId: done.license.id };
  });
}

test.each(['api-keys', 'products', 'licenses', 'users', 'devices', 'blacklist'])(
  '%s are for operators only',
  async (name) => {
    expect(await api.call('GET', path(name), undefined, '')).toMatchObject(refusal(401, 'unauthorized'));
    expect(await get(name)).toEqual({ list: [], total: 0 });
  },
);

describe('API keys', () => {
  test('are made, changed, listed without their secret, and deleted', async () => {
    await product();
    expect(await post('api-keys', { key: 'k', shared_key: 'secret' })).toEqual(created);
    expect(await post('api-keys', { key: 'k', shared_key: 'secret' })).toMatchObject({
      body: { outcome: 'unchanged' },
    });
    expect(await post('api-keys', { key: 'k', read_only: true, products: ['GW'] })).toMatchObject({
      body: { outcome: 'updated' },
    });
    expect(await get('api-keys')).toEqual({
      list: [{ key: 'k', read_only: true, revoked: false, products: ['GW'] }],
      total: 1,
    });
    expect(await api.call('DELETE', path('api-keys/k'))).toEqual({ status: 200, body: { done: true } });
    expect(await api.call('DELETE', path('api-keys/k'))).toMatchObject(refusal(404, 'not_found'));
  });

  test.each([
    ['no secret', { key: 'k' }],
    ['a quote', { key: 'a"b', shared_key: 'x' }],
    ['an unknown member', { key: 'k', shared_key: 'x', rank: 1 }],
    ['an unknown product', { key: 'k', shared_key: 'x', products: ['nope'] }],
    ['an environment variable', { key: 'k', shared_key: '${PATH}' }],
  ])('%s is refused', async (_, body) => {
    expect(await post('api-keys', body)).toMatchObject(refusal(400, 'invalid_request'));
  });
});

describe('products and licences', () => {
  test('are made, listed and deleted', async () => {
    const id = await product();
    expect(await post('products', { code: 'GW', name: 'Gateway' })).toMatchObject({ body: { outcome: 'updated' } });
    const license = { key: 'A', validity_period: '2027-06-15', allow_unlimited_activations: true };
    expect(await post(`products/${id}/licenses`, license)).toEqual(created);
    expect(await get('products')).toEqual({
      list: [
        {
          ...{ id, code: 'GW', name: 'Gateway', authorization_method: 'license-key' },
          ...{ enabled: true, archived: false, licenses: 1 },
        },
      ],
      total: 1,
    });
    const { list } = await get('licenses');
    const [shown] = list as never as [{ id: number }];
    expect(shown).toEqual({
      ...{ id: shown.id, product: 'GW', key: 'A', users: [], type: 'perpetual', enabled: true, active: false },
      ...{ validity_period: '2027-06-15T00:00:00.000Z', max_activations: 1, allow_unlimited_activations: true },
      ...{ times_activated: 0, transfer_count: 0 },
    });
    expect(await api.call('DELETE', path(`products/${id}`))).toMatchObject(refusal(409, 'conflict'));
    expect(await api.call('DELETE', path(`licenses/${shown.id}`))).toMatchObject({ body: { done: true } });
    expect(await api.call('DELETE', path(`licenses/${shown.id}`))).toMatchObject(refusal(404, 'not_found'));
    await post('blacklist', { hardware_id: 'x', product: 'GW' });
    expect(await api.call('DELETE', path(`products/${id}`))).toMatchObject({ body: { done: true } });
    expect(await get('blacklist')).toMatchObject({ total: 0 });
    expect(await post(`products/${id}/licenses`, { key: 'A' })).toMatchObject(refusal(404, 'not_found'));
  });

  test('a product that a key is for stays', async () => {
    const id = await product();
    await post('api-keys', { key: 'k', shared_key: 'x', products: ['GW'] });
    expect(await api.call('DELETE', path(`products/${id}`))).toMatchObject(refusal(409, 'conflict'));
  });

  test('what is wrong is told with its place', async () => {
    const id = await product();
    expect(await post(`products/${id}/licenses`, { key: 'A', users: [{ email: 'e' }] })).toMatchObject({
      ...{ status: 400, body: { error: { problems: [{ path: 'licensespring.products[0].licenses[0].users' }] } } },
    });
    expect(await post(`products/${id}/licenses`, { key: 5 })).toMatchObject(refusal(400, 'invalid_request'));
    expect(await post('products', { code: 'NEW' })).toMatchObject(refusal(400, 'invalid_request'));
    expect(await post('products', { code: 'GW', licenses: [] })).toMatchObject(refusal(400, 'invalid_request'));
  });
});

test('users are listed with their licences, and taken from them when they are deleted', async () => {
  const id = await product('APP', 'user');
  const users = [
    { email: 'eve@example.com', password: 'x', first_name: 'Eve' },
    { email: 'bob@example.com', password: 'y' },
  ];
  expect(await post(`products/${id}/licenses`, { id: 9, users })).toEqual(created);
  const { list } = await get('users');
  const [eve] = list as never as [{ id: number }];
  expect(eve).toEqual({
    ...{ id: eve.id, email: 'eve@example.com', first_name: 'Eve', last_name: '', phone: '', license_ids: [9] },
  });
  expect(await get('licenses')).toMatchObject({ list: [{ users: ['eve@example.com', 'bob@example.com'], key: null }] });
  expect(await api.call('DELETE', path(`users/${eve.id}`))).toMatchObject({ body: { done: true } });
  expect(await get('licenses')).toMatchObject({ list: [{ users: ['bob@example.com'] }] });
  expect(await api.call('DELETE', path(`users/${eve.id}`))).toMatchObject(refusal(404, 'not_found'));
});

describe('devices', () => {
  test('are listed with what is known of them, and their variables by name', async () => {
    const { id, licenseId } = await device();
    const { source } = await api.tracker(await api.account('acme@example.com'), '356307042441013');
    expect(await get('devices')).toEqual({
      list: [
        {
          ...{ id, license_id: licenseId, product: 'GW', hardware_id: '356307042441013', active: true },
          ...{ blacklisted: false, activated_at: '2026-06-15T12:00:00.000Z', variables: 2, source_id: source.id },
          facts: { os_ver: 'Linux', is_vm: false },
        },
      ],
      total: 1,
    });
    expect(await get(`devices/${id}/variables`)).toEqual({
      list: [
        { name: 'a', value: 'x', created_at: '2026-06-15T12:00:00.000Z' },
        { name: 'b', value: 1, created_at: '2026-06-15T12:00:00.000Z' },
      ],
      total: 2,
    });
    expect(await get('devices?hardware_id=356307042441013')).toMatchObject({ total: 1 });
    expect(await get('devices?hardware_id=other')).toMatchObject({ total: 0 });
    expect(await get(`devices?license_id=${licenseId}`)).toMatchObject({ total: 1 });
    expect(await get('devices?license_id=1')).toMatchObject({ total: 0 });
    expect(await api.call('GET', path('devices/1/variables'))).toMatchObject(refusal(404, 'not_found'));
  });

  test('are put on the blacklist and taken from it', async () => {
    const { id } = await device();
    expect(await post(`devices/${id}/blacklist`, undefined)).toMatchObject({
      status: 200,
      body: { blacklisted: true },
    });
    expect(await post(`devices/${id}/blacklist`, undefined)).toMatchObject({ body: { blacklisted: true } });
    expect(await post(`devices/${id}/unblacklist`, undefined)).toMatchObject({ body: { blacklisted: false } });
    expect(await post('devices/1/blacklist', undefined)).toMatchObject(refusal(404, 'not_found'));
  });

  test('go with their variables, alone or with their licence', async () => {
    const first = await device();
    expect(await api.call('DELETE', path(`devices/${first.id}`))).toMatchObject({ body: { done: true } });
    expect(api.store.registry.size('deviceVariable')).toBe(0);
    expect(await api.call('DELETE', path(`devices/${first.id}`))).toMatchObject(refusal(404, 'not_found'));
    await api.store.change((tx) => {
      const found = findLicense(tx.registry, { product: 'GW', hardwareId: 'h', licenseKey: 'A' });
      if (!found.ok) throw new Error(found.reason);
      const apiKey = { id: 'k', sharedKey: '', readOnly: false, revoked: false };
      const done = activate(tx, found, { hardwareId: 'h', apiKey, facts: {} });
      if (!done.ok) throw new Error(done.reason);
      setVariables(tx, done.device, new Map([['a', 1]]));
      deactivate(tx, done);
    });
    expect(await api.call('DELETE', path(`licenses/${first.licenseId}`))).toMatchObject({ body: { done: true } });
    for (const table of ['license', 'licenseDevice', 'deviceVariable'] as const)
      expect(api.store.registry.size(table)).toBe(0);
  });
});

test('the blacklist', async () => {
  await product();
  expect(await post('blacklist', { hardware_id: 'h/1' })).toEqual(created);
  expect(await post('blacklist', { hardware_id: 'h/1' })).toMatchObject({ body: { outcome: 'unchanged' } });
  expect(await post('blacklist', { hardware_id: 'h/1', product: 'GW' })).toEqual(created);
  expect(await get('blacklist')).toEqual({
    list: [
      { hardware_id: 'h/1', product: null },
      { hardware_id: 'h/1', product: 'GW' },
    ],
    total: 2,
  });
  const remove = (query: string) => api.call('DELETE', path(`blacklist?${query}`));
  expect(await remove('hardware_id=h%2F1')).toMatchObject({ body: { done: true } });
  expect(await remove('hardware_id=h%2F1')).toMatchObject(refusal(404, 'not_found'));
  expect(await remove('hardware_id=h%2F1&product=nope')).toMatchObject(refusal(404, 'not_found'));
  expect(await remove('product=GW')).toMatchObject(refusal(400, 'invalid_request'));
  expect(await remove('hardware_id=h%2F1&product=GW')).toMatchObject({ body: { done: true } });
  expect(await get('blacklist')).toMatchObject({ total: 0 });
});

test('units that are on it are flagged', async () => {
  await api.tracker(await api.account('acme@example.com'), '356307042441013');
  const flag = async () => ((await api.call('GET', 'sources')).body as never as { list: object[] }).list[0];
  expect(await flag()).toMatchObject({ blacklisted: false, blocked: false });
  await post('blacklist', { hardware_id: '356307042441013' });
  expect(await flag()).toMatchObject({ blacklisted: true, blocked: false });
});
