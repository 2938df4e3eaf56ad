import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appOf, HereApi } from './kit.js';

let api: HereApi;
let client: string;
beforeAll(async () => {
  api = await HereApi.create();
  client = await api.clientToken('p0');
});
afterAll(() => api.close(false));

const error = (status: number) => ({ status, body: { code: status, id: expect.any(String) } });
const owner = () => api.owners[0]!.token;
const stranger = () => api.owners[1]!.token;
const app = `/registry/v2/${appOf(0)}`;
const post = (path: string, body?: unknown, token = owner()) =>
  api.call('POST', path, { token, ...(body === undefined ? {} : { body }) });
const get = (path: string, token = owner()) => api.call('GET', path, { token });
const items = (body: unknown) => body as { data: Record<string, string>[]; count: number; pageToken?: string };

describe('one device', () => {
  test('gets an id and a secret, and is claimed where that is wanted', async () => {
    const made = await post(`${app}/one-device`);
    expect(made).toMatchObject({ status: 201, body: { deviceId: expect.any(String) } });
    expect(Object.keys(made.body).sort()).toEqual(['deviceId', 'deviceSecret']);
    expect((made.body as { deviceSecret?: string }).deviceSecret).toMatch(/^[\w-]{43}$/);
    const claimed = await post(`${app}/one-device?autoclaim=true`, undefined, client);
    expect(claimed).toMatchObject({ status: 201, body: { trackingId: expect.stringMatching(/^HERE-/) } });
    expect((await post(`${app}/one-device?autoclaim=false`)).body.trackingId).toBeUndefined();
  });

  test.each([
    ['?autoclaim=yes', 400],
    ['?autoclaim=true&autoclaim=true', 400],
  ])('%s is %d', async (query, status) => {
    expect(await post(`${app}/one-device${query}`)).toMatchObject(error(status));
  });

  test('is for members of the project whose application it is', async () => {
    expect(await post('/registry/v2/short12/one-device')).toMatchObject(error(400));
    expect(await post('/registry/v2/unknown-app/one-device')).toMatchObject(error(404));
    expect(await post(`${app}/one-device`, undefined, stranger())).toMatchObject(error(403));
    expect(await post(`${app}/one-device`, undefined, 'h1.unknown')).toMatchObject(error(401));
  });
});

describe('many devices', () => {
  test('are made by number or by their external ids, and told in two steps', async () => {
    const made = await post(`${app}/devices`, { count: 3 });
    expect(made).toMatchObject({ status: 202, body: { jobId: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
    const { jobId } = made.body as unknown as { jobId: string };
    expect((await get(`/registry/v2/${jobId}/status`)).body).toEqual({ status: 'complete', percent: 100 });
    const results = await get(`/registry/v2/${jobId}/results`);
    expect(results.body).toMatchObject({ count: 3 });
    expect(Object.keys(results.body)).toEqual(['data', 'count']);
    for (const item of items(results.body).data) expect(Object.keys(item)).toEqual(['deviceId', 'deviceSecret']);
    const page = items((await get(`/registry/v2/${jobId}/results?count=2`)).body);
    expect([page.count, page.data.length]).toEqual([2, 2]);
    const rest = items((await get(`/registry/v2/${jobId}/results?count=2&pageToken=${page.pageToken}`)).body);
    expect(rest.pageToken).toBeUndefined();
    expect([...page.data, ...rest.data]).toEqual(items(results.body).data);
  });

  test('that exist are told apart, the others are made', async () => {
    const body = { devices: [{ id: 'one' }, { id: 'two' }, { id: 'one' }] };
    const made = await post(`${app}/devices?autoclaim=true`, body);
    const { jobId } = made.body as unknown as { jobId: string };
    const results = (await get(`/registry/v2/${jobId}/results`)).body as unknown as {
      data: Record<string, string>[];
      errors: { id: string; error: object }[];
    };
    expect(results.data.map(({ externalId }) => externalId)).toEqual(['one', 'two']);
    for (const item of results.data) {
      expect(item).toMatchObject({
        deviceId: expect.stringMatching(/^VRDE-/),
        trackingId: expect.stringMatching(/^VRTR-/),
      });
    }
    expect(results.errors).toMatchObject([{ id: 'one', error: { code: 409, error: 'Conflict' } }]);
  });

  test('that exist need no room', async () => {
    const full = await HereApi.create();
    await full.project({ id: 'p0', licence: { quota: 2 } });
    const make = (...ids: string[]) => {
      const body = { devices: ids.map((id) => ({ id })) };
      return full.call('POST', `${app}/devices`, { token: full.owners[0]!.token, body });
    };
    expect((await make('one')).status).toBe(202);
    expect(await make('one', 'two', 'three')).toMatchObject(error(403));
    expect((await make('one', 'two')).status).toBe(202);
    expect((await make('one')).status).toBe(202);
    expect(await make('three')).toMatchObject(error(403));
    await full.close(false);
  });

  test.each([
    [undefined, '', 400],
    [{}, '', 400],
    [[], '', 400],
    [{ count: 0 }, '', 400],
    [{ count: 1001 }, '', 400],
    [{ count: '1' }, '', 400],
    [{ count: 1.5 }, '', 400],
    [{ count: 1 }, '?autoclaim=true', 400],
    [{ count: 1, devices: [{ id: 'x' }] }, '', 400],
    [{ devices: [] }, '', 400],
    [{ devices: Array.from({ length: 101 }, (_, i) => ({ id: `d${i}` })) }, '', 400],
    [{ devices: [{ id: '' }] }, '', 400],
    [{ devices: [{ id: 'x'.repeat(51) }] }, '', 400],
    [{ devices: [{}] }, '', 400],
    [{ devices: [{ id: 'x'.repeat(50) }] }, '', 202],
    [{ devices: Array.from({ length: 100 }, (_, i) => ({ id: `e${i}` })) }, '', 202],
    [{ count: 1 }, '', 202],
  ])('%j%s is %d', async (body, query, status) => {
    expect((await post(`${app}/devices${query}`, body)).status).toBe(status);
  });

  test('jobs are told to their project for a day', async () => {
    const { jobId } = (await post(`${app}/devices`, { count: 1 })).body as unknown as { jobId: string };
    for (const part of ['status', 'results']) {
      expect(await get(`/registry/v2/${jobId}/${part}`, stranger())).toMatchObject(error(403));
      expect(await get(`/registry/v2/no-uuid-at-all/${part}`)).toMatchObject(error(400));
      expect(await get(`/registry/v2/3f0c5c0e-5d0f-4c59-9a53-0f0b8f0f3a11/${part}`)).toMatchObject(error(404));
      expect((await get(`/registry/v2/${jobId.toUpperCase()}/${part}`)).status).toBe(200);
    }
    const fresh = await HereApi.create();
    const made = await fresh.call('POST', `${app}/devices`, { token: fresh.owners[0]!.token, body: { count: 1 } });
    const status = `/registry/v2/${(made.body as unknown as { jobId: string }).jobId}/status`;
    const token = await fresh.clientToken('p0');
    fresh.clock.advance(86_399_999);
    expect((await fresh.call('GET', status, { token })).status).toBe(200);
    fresh.clock.advance(1);
    expect((await fresh.call('GET', status, { token: await fresh.clientToken('p0') })).status).toBe(404);
    await fresh.close(false);
  });
});

describe('licences', () => {
  test('count what was provisioned and has not been ended', async () => {
    const before = (await get(`${app}/licenseCount`)).body as unknown as { count: number; updatedAt: string };
    expect(before.updatedAt).toMatch(/^2026-06-15T12:/);
    api.clock.advance(1000);
    const { deviceId } = (await post(`${app}/one-device`)).body as unknown as { deviceId: string };
    const after = { count: before.count + 1, updatedAt: new Date(api.now).toISOString() };
    expect((await get(`${app}/licenseCount`)).body).toEqual(after);
    await api.call('PUT', `/registry/v2/devices/${deviceId}`, { token: owner() });
    expect((await get(`${app}/licenseCount`)).body).toEqual(after);
    expect(await get(`${app}/licenseCount`, stranger())).toMatchObject(error(403));
    expect(await get('/registry/v2/unknown-app/licenseCount')).toMatchObject(error(404));
  });

  test('are listed with what is left of them', async () => {
    await api.project({
      id: 'p3',
      app_id: appOf(3),
      name: 'Third',
      members: ['owner0@example.com'],
      licence: { type: 'evaluation', expires_at: '2030-01-01', quota: 2 },
    });
    const { body } = await get('/registry/v2/licenses');
    expect(body).toMatchObject({ start: 0, end: 2, total: 2 });
    expect((body as unknown as { licenses: object[] }).licenses[1]).toEqual({
      ...{ appId: appOf(3), projectId: 'p3', projectName: 'Third', projectDescription: 'Third', type: 'evaluation' },
      ...{ projectHrn: 'hrn:here:authorization::milepost:project/p3', expired: false, features: [], realm: 'IoT' },
      ...{ expiryDate: '2030-01-01T00:00:00.000Z', quota: { provisioning: 2 } },
    });
    const total = async (query: string) => (await get(`/registry/v2/licenses${query}`)).body;
    expect(await total('?startIndex=1&endIndex=2')).toMatchObject({ start: 1, end: 2, total: 2 });
    expect(await total('?startIndex=5&endIndex=9')).toMatchObject({ start: 5, end: 5, total: 2, licenses: [] });
    expect(await total('?projectIds=p3,p9')).toMatchObject({ total: 1 });
    expect(await total('?projectTypes=tracking,indoor')).toMatchObject({ total: 2 });
    expect(await total('?projectTypes=lastmile')).toMatchObject({ total: 0 });
    for (const query of ['projectTypes=else', 'startIndex=-1', 'startIndex=x', 'startIndex=3&endIndex=2'])
      expect(await get(`/registry/v2/licenses?${query}`)).toMatchObject(error(400));
    expect((await get('/registry/v2/licenses', client)).body).toMatchObject({ total: 1 });
  });

  test('hold provisioning to the quota, and an evaluation to ten at a time', async () => {
    const third = `/registry/v2/${appOf(3)}`;
    expect(await post(`${third}/devices`, { count: 3 })).toMatchObject(error(403));
    expect((await post(`${third}/devices`, { count: 2 })).status).toBe(202);
    expect(await post(`${third}/one-device`)).toMatchObject(error(403));
    await api.project({ id: 'p3', licence: { quota: 100 } });
    expect(await post(`${third}/devices`, { count: 11 })).toMatchObject(error(403));
    expect((await post(`${third}/devices`, { count: 10 })).status).toBe(202);
    await api.project({ id: 'p3', licence: { expires_at: '2026-06-15T12:00:00Z' } });
    expect(await post(`${third}/devices`, { count: 1 })).toMatchObject(error(403));
    expect(await post(`${third}/one-device`)).toMatchObject(error(403));
  });
});

describe('lists of devices', () => {
  test('are in the order of their making, a page at a time', async () => {
    const lister = await HereApi.create();
    const token = lister.owners[0]!.token;
    for (let n = 0; n < 5; n++) {
      await lister.project({ id: 'p0', devices: [{ id: `physical-${n}` }, { external_id: `virtual-${n}` }] });
      lister.clock.advance(1000);
    }
    const pages: ReturnType<typeof items>[] = [];
    for (let pageToken = ''; pages.length === 0 || pageToken !== ''; ) {
      const query = pageToken === '' ? '' : `&pageToken=${pageToken}`;
      const page = items((await lister.call('GET', `${app}/devices?count=3${query}`, { token })).body);
      pages.push(page);
      pageToken = page.pageToken ?? '';
    }
    expect(pages.map(({ count }) => count)).toEqual([3, 3, 3, 1]);
    const all = pages.flatMap(({ data }) => data);
    expect(new Set(all.map(({ deviceId }) => deviceId)).size).toBe(10);
    const times = all.map(({ timestamp }) => Number(timestamp));
    expect(times).toEqual([...times].sort((left, right) => left - right));
    expect(all.filter(({ externalId }) => externalId !== undefined)).toHaveLength(5);
    for (const query of [
      'count=0',
      'count=101',
      'count=x',
      'count=1.5',
      'pageToken=nonsense',
      'pageToken=',
      'count=1&count=1',
    ])
      expect([query, (await lister.call('GET', `${app}/devices?${query}`, { token })).status]).toEqual([query, 400]);
    for (const query of ['count=1', 'count=100']) {
      expect((await lister.call('GET', `${app}/devices?${query}`, { token })).status).toBe(200);
    }
    expect((await lister.call('GET', `${app}/devices`, { token: lister.owners[1]!.token })).status).toBe(403);
    expect((await lister.call('GET', '/registry/v2/unknown-app/devices', { token })).status).toBe(404);
    await lister.close(false);
  });

  test('of claimed devices are in the order of their claims, with their shadows', async () => {
    const lister = await HereApi.create();
    const { token } = lister.owners[0]!;
    await lister.provision(0, 1, 2);
    await lister.project({ id: 'p0', devices: [{ external_id: 'box' }] });
    for (const n of [2, 0]) {
      await lister.claim(n, 0);
      lister.clock.advance(1000);
    }
    await lister.call('PUT', `/registry/v2/devices/box?appId=${appOf(0)}`, { token });
    await lister.claim(1, 1);
    const list = await lister.call('GET', '/users/v2/devices', { token });
    const claims = [2, 0].map((n) => lister.store.registry.claims.openClaimOf(String(356_307_042_441_013 + n))!.id);
    const shadow = { reported: {}, desired: { system: { stateVersion: 1, lastModifiedGeofenceTimestamp: 0 } } };
    expect(list.body).toEqual({
      count: 3,
      data: [
        ...claims.map((trackingId) => ({ trackingId, shadow })),
        { trackingId: expect.stringMatching(/^VRTR-/), externalId: 'box', appId: appOf(0), shadow },
      ],
    });
    const page = items((await lister.call('GET', '/users/v2/devices?count=2&projectId=p0', { token })).body);
    const rest = await lister.call('GET', `/users/v2/devices?count=2&pageToken=${page.pageToken}`, { token });
    expect(items(rest.body).data).toMatchObject([{ externalId: 'box' }]);
    for (const query of ['count=0', 'count=101', 'projectId=', 'pageToken=x'])
      expect((await lister.call('GET', `/users/v2/devices?${query}`, { token })).status).toBe(400);
    expect((await lister.call('GET', '/users/v2/devices?projectId=p1', { token })).status).toBe(403);
    expect((await lister.call('GET', '/users/v2/devices', {})).status).toBe(401);
    await lister.close(false);
  });
});
