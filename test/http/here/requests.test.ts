import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HereApi, imei } from './kit.js';

let api: HereApi;
beforeAll(async () => {
  api = await HereApi.create();
});
afterAll(() => api.close(false));

const requestId = '3f0c5c0e-5d0f-4c59-9a53-0f0b8f0f3a11';
const error = (status: number) => ({ status, body: { code: status, id: expect.any(String) } });
const token = (owner: number) => api.owners[owner]!.token;
const devicePath = (n: number) => `/registry/v2/devices/${imei(n)}`;

describe('parameters at their edges', () => {
  const put = (path: string) => api.call('PUT', path, { token: token(0) });

  test.each([
    ['x'.repeat(50), 404],
    ['x'.repeat(51), 400],
    ['x'.repeat(500), 400],
    [encodeURIComponent('ü'.repeat(50)), 404],
    [encodeURIComponent('ü'.repeat(51)), 400],
    ['%20', 404],
    ['a%2Fb', 404],
    ['%zz', 400],
    [`${imei(0)}?appId=1234567`, 400],
    [`${imei(0)}?appId=12345678`, 404],
    [`${imei(0)}?appId=`, 400],
    [`${imei(0)}?projectId=`, 400],
    [`${imei(0)}?projectId=${'x'.repeat(51)}`, 400],
    [`${imei(0)}?projectId=${'x'.repeat(50)}`, 403],
    [`${imei(0)}?projectId=p0&projectId=p0`, 400],
    [`${imei(0)}?appId=12345678&appId=12345678`, 400],
    [`${imei(0)}?else=1&else=2`, 404],
    [`${imei(0)}/?projectId=p0`, 404],
  ])('%s is %d', async (path, status) => {
    expect(await put(`/registry/v2/devices/${path}`)).toMatchObject(error(status));
  });

  test.each([
    ['c232ab00-9414-11ec-b3c8-9f6bdeced846', 400],
    ['6ba7b811-9dad-31d1-80b4-00c04fd430c8', 400],
    ['3F0C5C0E-5D0F-4C59-9A53-0F0B8F0F3A11', 404],
    [requestId, 404],
    ['3f0c5c0e-5d0f-4c59-7a53-0f0b8f0f3a11', 400],
    ['', 400],
  ])('request id "%s" is %d', async (id, status) => {
    const reply = await api.call('PUT', devicePath(0), { token: token(0), headers: { 'x-request-id': id } });
    expect(reply).toMatchObject(error(status));
    const echoed = reply.headers['x-request-id'];
    if (status === 404) expect([echoed, reply.body.id]).toEqual([id, id]);
    else expect(echoed).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('health', () => {
  test.each(['/registry/v2', '/users/v2', '/v2', '/v3', '/shadows/v2'])('of %s', async (base) => {
    expect(await api.call('GET', `${base}/health`)).toMatchObject({ status: 200, body: { message: 'healthy' } });
    const { status, body } = await api.call('GET', `${base}/version`);
    expect([status, Object.values(body)]).toEqual([200, ['1.2.3']]);
    api.health = { ready: false, problems: ['disk'] };
    expect(await api.call('GET', `${base}/health`)).toMatchObject({ ...error(500), body: { message: 'disk' } });
    api.health = undefined;
  });
});

describe('unknown paths', () => {
  test.each([
    ...['/registry', '/registry/', '/registry/v2', '/registry/v3/x', '/registry/v2/a/b/c', '/users', '/users/v2/else'],
    ...['/shadows/v2', '/shadows/v2/a/b/c', '/traces/v2', '/v3/else', '/v3/batch/else'],
  ])('%s is an error of this API', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE'] as const)
      expect(await api.call(method, path)).toMatchObject({
        ...error(404),
        headers: { 'x-request-id': expect.any(String) },
      });
    expect((await api.call('POST', path, { body: '{' })).body).toMatchObject({ error: 'Not Found' });
  });

  test.each(['/v2/tracker/else', '/else', '/v2/else', '/device-http', '/registryx', '/v30'])(
    '%s is not',
    async (path) => {
      expect((await api.call('GET', path)).body).toMatchObject({ success: false });
    },
  );

  test('the tracker API is where it was', async () => {
    for (const path of ['/v2/tracker/list', '/api-v2/tracker/list', '/tracker/list/']) {
      expect(await api.navixy(path, 0, {})).toMatchObject({ success: true });
    }
  });
});

describe('too many requests', () => {
  test('are refused by address without a token, and by holder with one', async () => {
    const limited = await HereApi.create({ rateLimit: 2 });
    const get = (token?: string) => limited.call('GET', '/users/v2/devices', { token });
    const headers = { 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '0', 'retry-after': '1' };
    for (const token of [undefined, limited.owners[0]!.token, limited.owners[1]!.token]) {
      await get(token);
      await get(token);
      const refused = await get(token);
      expect(refused).toMatchObject({ ...error(429), headers, body: { error: 'Too Many Requests' } });
      expect(refused.body).not.toHaveProperty('details');
    }
    expect((await limited.call('GET', '/registry/v2/health')).status).toBe(429);
    expect((await limited.call('GET', '/registry/else')).status).toBe(429);
    limited.clock.advance(1000);
    expect((await get(limited.owners[0]!.token)).status).toBe(200);
    await limited.close(false);
  });
});
