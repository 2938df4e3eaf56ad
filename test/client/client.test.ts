import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AdminApiError,
  type ClientOptions,
  type Fetch,
  NavixyApiError,
  NavixyClient,
  UnexpectedAnswerError,
} from '../../src/client/index.js';
import { hashPassword } from '../../src/store/credentials.js';
import { AdminApi } from '../http/admin/kit.js';
import { TestApi, type TestUser } from '../support/api.js';

let api: TestApi;
let owner: TestUser;
let trackerId: number;
let url: string;
beforeAll(async () => {
  api = await TestApi.create();
  owner = await api.account({ login: 'owner@example.com', passwordHash: await hashPassword('secret') });
  const { tracker, source } = await api.tracker(owner);
  trackerId = tracker.id;
  api.store.report(source.id, { board_voltage: 12.5 }, { position: { speedKmh: 63 } });
  url = `http://127.0.0.1:${(await api.server.listen({ host: '127.0.0.1', port: 0 })).port}`;
});
afterAll(() => api.server.close());

const client = (options: Partial<ClientOptions> = {}) => new NavixyClient({ url, hash: owner.hash, ...options });

/** What a promise is rejected with. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('calls', () => {
  test('answer with what the API answers', async () => {
    const { state, user_time } = await client().call('tracker/get_state', { tracker_id: trackerId });
    expect([state.gps.speed, user_time]).toEqual([63, '2026-06-15 12:00:00']);
    const { list } = await client().call('tracker/list');
    expect(list.map(({ label }) => label)).toEqual(['Van']);
    const { states } = await client().call('tracker/get_states', { trackers: [trackerId, 999], allow_not_exist: true });
    expect(Object.keys(states)).toEqual([String(trackerId)]);
  });

  test('work under every base, with or without a slash', async () => {
    for (const base of [url, `${url}/`, `${url}/v2`, `${url}/api-v2//`]) {
      expect(await client({ url: base }).call('base/nothing')).toEqual({ success: true });
    }
  });

  test('give dates as ISO 8601 when asked to', async () => {
    const { user_time } = await client({ isoDates: true }).call('tracker/get_state', { tracker_id: trackerId });
    expect(user_time).toBe('2026-06-15T12:00:00Z');
  });

  test('leave out what is undefined', async () => {
    expect((await client().call('tracker/list', { labels: undefined })).list).toHaveLength(1);
  });
});

describe('credentials', () => {
  test('a session is made and ended', async () => {
    const session = client({ hash: undefined });
    const hash = await session.logIn('owner@example.com', 'secret');
    expect(session.hash).toBe(hash);
    expect((await session.call('tracker/list')).list).toHaveLength(1);
    await session.logOut();
    expect(session.hash).toBeUndefined();
    expect(await failureOf(client({ hash }).call('tracker/list'))).toMatchObject({ code: 4 });
  });

  test('an API key serves as well', async () => {
    const { value } = await client().call('api/key/create', { title: 'dashboard' });
    expect(await client().as(value.hash).call('base/nothing')).toEqual({ success: true });
    expect(await failureOf(client().as(undefined).call('base/nothing'))).toMatchObject({ code: 3 });
  });
});

describe('errors of the tracker API', () => {
  test('tell code, description, HTTP status and path', async () => {
    const error = await failureOf(client().call('tracker/get_state', { tracker_id: 999 }));
    expect(error).toBeInstanceOf(NavixyApiError);
    expect(error).toMatchObject({
      ...{ name: 'NavixyApiError', code: 201, description: 'Not found in database', httpStatus: 400, extra: {} },
      ...{ path: '/tracker/get_state', message: '/tracker/get_state: 201 Not found in database', faults: [] },
    });
  });

  test('tell every fault of every parameter', async () => {
    const wrong = { tracker_id: 'x' as never, command: '0g', type: 'hex' } as const;
    const error = await failureOf(client().call('tracker/raw_command/send', wrong));
    const faults = [
      { parameter: 'tracker_id', error: 'must be an integer' },
      { parameter: 'command', error: 'Non-hex string' },
    ];
    expect(error).toMatchObject({ code: 7, faults, extra: { errors: faults } });
    expect(String(error)).toContain('(tracker_id must be an integer; command Non-hex string)');
  });

  test('hold whatever else the answer holds', async () => {
    const body = '{"success":false,"status":{"code":203,"description":"Delete entity associated with"},"rules":[1,2]}';
    const fetch: Fetch = async () => ({ status: 400, text: async () => body });
    const error = await failureOf(client({ fetch }).call('tracker/delete', { tracker_id: 1 }));
    expect(error).toMatchObject({ code: 203, extra: { rules: [1, 2] } });
  });

  test('never show the credential', async () => {
    const error = (await failureOf(client({ hash: 'f'.repeat(32) }).call('tracker/list'))) as Error;
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain('f'.repeat(32));
  });
});

describe('answers that are none', () => {
  test.each(['<html>502 Bad Gateway</html>', '"text"', 'null', '', '{}', '{"success":false}', '{"error":1}'])(
    '%s',
    async (text) => {
      const fetch: Fetch = async () => ({ status: 502, text: async () => text });
      const error = await failureOf(client({ fetch }).call('tracker/list'));
      expect(error).toBeInstanceOf(UnexpectedAnswerError);
      expect(error).toMatchObject({ httpStatus: 502, path: '/tracker/list' });
      expect(await failureOf(client({ fetch }).admin('GET /sources'))).toBeInstanceOf(UnexpectedAnswerError);
    },
  );

  test('a request that takes too long is given up', async () => {
    const fetch: Fetch = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expect(await failureOf(client({ fetch, timeoutMs: 1 }).call('base/nothing'))).toMatchObject({
      name: 'TimeoutError',
    });
  });

  test('a server that cannot be reached is what fetch says', async () => {
    const fetch: Fetch = async () => {
      throw new TypeError('fetch failed');
    };
    expect(await failureOf(client({ fetch }).call('base/nothing'))).toBeInstanceOf(TypeError);
  });
});

describe('the operator’s API', () => {
  let operated: AdminApi;
  let admin: NavixyClient;
  beforeAll(async () => {
    operated = await AdminApi.create();
    const { port } = await operated.server.listen({ host: '127.0.0.1', port: 0 });
    admin = new NavixyClient({ url: `http://127.0.0.1:${port}`, hash: operated.hash });
  });
  afterAll(() => operated.server.close());

  test('takes ids in paths, queries and bodies', async () => {
    const made = await admin.admin('POST /accounts', { body: { login: 'acme@example.com', password: 'secret' } });
    expect(made).toMatchObject({ login: 'acme@example.com', blocked: false });
    const changed = await admin.admin('PATCH /accounts/:id', { params: { id: made.id }, body: { blocked: true } });
    expect(changed.blocked).toBe(true);
    const { list, total } = await admin.admin('GET /accounts', { query: { login: 'acme@example.com', limit: 1 } });
    expect([list.map(({ id }) => id), total]).toEqual([[made.id], 1]);
    expect((await admin.admin('GET /accounts')).total).toBe(2);
  });

  test('takes a setup as an object or as YAML', async () => {
    const body = { tariffs: [{ id: 1, name: 'basic' }] };
    expect(await admin.admin('POST /setup', { body })).toMatchObject({ changed: true });
    const text = 'tariffs:\n  - { id: 1, name: basic }\n';
    expect(await admin.admin('POST /setup', { body: text })).toMatchObject({ changed: false });
    expect(await admin.admin('DELETE /tariffs/:id', { params: { id: 1 } })).toEqual({ done: true });
  });

  test('errors tell code, status, and where', async () => {
    const missing = await failureOf(admin.admin('GET /sources/:id', { params: { id: 999 } }));
    expect(missing).toBeInstanceOf(AdminApiError);
    expect(missing).toMatchObject({ code: 'not_found', httpStatus: 404, path: '/admin/sources/999', problems: [] });
    const wrong = await failureOf(admin.admin('POST /setup', { body: 'tariffs:\n  - { id: x }\n' }));
    expect(wrong).toMatchObject({
      code: 'invalid_request',
      problems: expect.arrayContaining([expect.objectContaining({ line: 2 })]),
    });
    expect(await failureOf(admin.as(undefined).admin('GET /accounts'))).toMatchObject({ code: 'unauthorized' });
  });

  test('an id cannot leave its place in the path', async () => {
    const error = await failureOf(admin.admin('GET /users/:id', { params: { id: '../accounts?x=' } }));
    expect(error).toMatchObject({ path: '/admin/users/..%2Faccounts%3Fx%3D', httpStatus: 400 });
  });
});
