/** Calls of pages from other hosts, as browsers make them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { calls } from '../../../src/http/navixy/call-list.js';
import { TestApi } from '../../support/api.js';

let api: TestApi;
let url: string;
let hash: string;
beforeAll(async () => {
  api = await TestApi.create();
  ({ hash } = await api.account());
  const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => api.server.close());

const origin = 'https://fleet.example.com';
const preflight = (path: string) =>
  fetch(`${url}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,authorization,nvx-iso-datetime',
    },
  });
const allowedOrigin = (response: Response) => response.headers.get('access-control-allow-origin');

test('a browser is told before any call, under every base, that it may make it', async () => {
  for (const path of calls.map(({ name }) => `/${name}`).concat('/v2/tracker/list', '/api-v2/tracker/get_state/')) {
    const response = await preflight(path);
    expect([path, response.status, await response.text()]).toEqual([path, 204, '']);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'Content-Type, Authorization, NVX-ISO-DateTime',
      'access-control-max-age': '86400',
    });
  }
});

test('every answer may be read, good or not, and no cookies are wanted', async () => {
  const body = JSON.stringify({ hash });
  for (const [path, init, status] of [
    ['/tracker/list', { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body }, 200],
    ['/v2/tracker/list', { headers: { origin, authorization: `NVX ${hash}` } }, 200],
    [`/tracker/get_states?hash=${hash}`, { headers: { origin } }, 200],
    ['/tracker/list', { headers: { origin } }, 400],
    ['/tracker/list', { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: '{' }, 400],
    ['/tracker/nonsense', { headers: { origin } }, 400],
    ['/%zz', { headers: { origin } }, 400],
  ] as const) {
    const response = await fetch(`${url}${path}`, init);
    expect([path, response.status, allowedOrigin(response)]).toEqual([path, status, '*']);
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
  }
});

test('a call that there is not is refused before it is made', async () => {
  for (const [path, code] of [
    ['/tracker/nonsense', 112],
    ['/nonsense', 111],
  ] as const) {
    const response = await preflight(path);
    expect([response.status, await response.json()]).toMatchObject([400, { status: { code } }]);
    expect(response.headers.has('access-control-allow-methods')).toBe(false);
  }
});

test('the operator’s pages are not for others', async () => {
  for (const path of ['/healthz', '/metrics']) expect(allowedOrigin(await fetch(`${url}${path}`))).toBeNull();
});
