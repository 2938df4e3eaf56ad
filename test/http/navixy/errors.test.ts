import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorCodes, NavixyError } from '../../../src/http/navixy/errors.js';
import { type Answer, TestApi, type TestUser } from '../../support/api.js';

let api: TestApi;
let owner: TestUser;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account();
});
afterEach(() => api.server.close());

/** The whole answer of an error. */
function refusal(code: keyof typeof errorCodes): Answer {
  const [description, status] = errorCodes[code];
  return { status, body: { success: false, status: { code, description } } } as never;
}

const unknownHash = '0'.repeat(32);

describe('the table', () => {
  test('has every documented code and no other', () => {
    const codes = Object.keys(errorCodes).map(Number);
    const span = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const undefinedCodes = [10, 205, 216, 282, 283];
    const documented = [...span(1, 15), ...span(101, 105), 111, 112, ...span(201, 284)].filter(
      (code) => !undefinedCodes.includes(code),
    );
    expect(codes).toEqual(documented);
  });

  test('answers with HTTP 400 unless the table says otherwise', () => {
    const others = Object.entries(errorCodes).filter(([, [, status]]) => status !== 400);
    expect(Object.fromEntries(others.map(([code, [, status]]) => [code, status]))).toEqual({
      ...{ 1: 500, 2: 403, 6: 500, 8: 503, 9: 412, 11: 403, 13: 403, 14: 503, 15: 429, 101: 403 },
      ...{
        204: 404,
        208: 403,
        219: 403,
        221: 403,
        225: 403,
        229: 404,
        231: 409,
        236: 402,
        238: 403,
        239: 404,
        240: 403,
      },
      ...{
        247: 409,
        249: 403,
        250: 403,
        251: 403,
        254: 500,
        257: 403,
        258: 404,
        261: 403,
        264: 403,
        265: 403,
        266: 403,
      },
      ...{ 268: 402, 271: 413, 275: 403, 276: 403, 277: 409, 278: 409 },
    });
  });

  test('an error may carry more keys', () => {
    expect(new NavixyError(203, { rules: [1, 2] }).body).toEqual({
      success: false,
      status: { code: 203, description: 'Delete entity associated with' },
      rules: [1, 2],
    });
  });
});

describe('paths', () => {
  test.each([
    '/',
    '/foo',
    '/foo/bar',
    '/foo/bar/baz',
    '/trackers/list',
    '/Tracker/list',
    '/v3x/tracker/list',
    '/v2',
    '/v2/v2/tracker/list',
    '/%zz',
    '/tracker/nonsense/read',
    '/tracker/list//',
  ])('%s is an unknown resource', async (path) => {
    expect(await api.call(path, {}, 'get')).toEqual(refusal(111));
    expect(await api.call(path, {}, 'json')).toEqual(refusal(111));
  });

  test.each([
    '/tracker',
    '/tracker/',
    '/tracker/foo',
    '/tracker/List',
    '/v2/user/session/foo',
    '/api-v2/api/key/foo',
    '/user/authenticate',
  ])('%s is an unknown action', async (path) => {
    expect(await api.call(path, { hash: owner.hash }, 'get')).toEqual(refusal(112));
    expect(await api.call(path, {}, 'form')).toEqual(refusal(112));
  });

  test('other methods are unknown actions', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH'] as const) {
      const response = await api.server.app.inject({ method, url: '/tracker/list' });
      expect([response.statusCode, response.json().status.code]).toEqual([400, 112]);
    }
  });
});

describe('the order of checks', () => {
  test('1: rate limit, before everything', async () => {
    const limited = await TestApi.create({ rateLimit: 3 });
    for (let i = 0; i < 3; i++) expect((await limited.call('/foo', {}, 'get')).body.status?.code).toBe(111);
    expect(await limited.call('/foo', {}, 'get')).toEqual(refusal(15));
    expect(await limited.post('/tracker/list', '{', { 'content-type': 'application/json' })).toEqual(refusal(15));
    limited.clock.advance(1000);
    expect((await limited.call('/foo', {}, 'get')).body.status?.code).toBe(111);
    await limited.server.close();
  });

  test('2 and 3: size and format, before path and credential', async () => {
    const json = { 'content-type': 'application/json' };
    for (const path of ['/foo', '/tracker/foo', '/tracker/list']) {
      expect(await api.post(path, `{"x":"${'a'.repeat(1024 * 1024)}"}`, json), path).toEqual(refusal(9));
      expect(await api.post(path, '{', json), path).toEqual(refusal(5));
    }
    expect(await api.call('/tracker/list', { labels: '["a' }, 'form')).toEqual(refusal(5));
    expect(await api.call('/tracker/foo', { labels: '["a' }, 'form')).toEqual(refusal(112));
  });

  test('4: path, before the credential', async () => {
    expect(await api.call('/tracker/foo', { hash: unknownHash })).toEqual(refusal(112));
  });

  test('5 and 6: credential, before rights and parameters', async () => {
    for (const hash of [undefined, '', 'short', 'a'.repeat(31), 'a'.repeat(33), 5, ['x'], {}, true]) {
      expect(await api.call('/tracker/read', { hash, tracker_id: 'x' }), String(hash)).toEqual(refusal(3));
    }
    expect(await api.call('/tracker/read', { hash: unknownHash, tracker_id: 'x' })).toEqual(refusal(4));
    expect(await api.call('/tracker/read', { hash: '__proto__'.padEnd(32, '_') })).toEqual(refusal(4));
  });

  test('7: blocked users, before rights', async () => {
    const sub = await api.subUser(owner, { blocked: true });
    expect(await api.call('/tracker/register', { hash: sub.hash })).toEqual(refusal(275));
    const other = await api.account();
    await api.store.change((tx) => {
      const account = tx.registry.get('account', other.user.accountId)!;
      tx.put('account', { ...account, blocked: true });
    });
    expect(await api.call('/tracker/list', { hash: other.hash })).toEqual(refusal(275));
  });

  test('9: rights, before parameters', async () => {
    const sub = await api.subUser(owner, { rights: ['tracker_update'] });
    expect(await api.call('/tracker/register', { hash: sub.hash })).toEqual(refusal(13));
    const able = await api.subUser(owner, { rights: ['tracker_register'] });
    expect((await api.call('/tracker/register', { hash: able.hash })).body.status?.code).toBe(7);
  });

  test('10: parameters, all faults at once, before the tracker', async () => {
    const { status, body } = await api.call('/tracker/register', {
      hash: owner.hash,
      label: '',
      group_id: 'x',
      plugin_id: 37,
    });
    expect([status, body]).toEqual([
      400,
      {
        success: false,
        status: { code: 7, description: 'Invalid parameters' },
        errors: [
          { parameter: 'label', error: 'size must be between 1 and 60' },
          { parameter: 'group_id', error: 'must be an integer' },
          { parameter: 'model', error: 'must not be null' },
          { parameter: 'activation_code', error: 'must not be null' },
        ],
      },
    ]);
  });

  test('11 and 12: the tracker, then whether it is blocked', async () => {
    const { tracker, source } = await api.tracker(owner);
    expect(await api.call('/tracker/get_state', { hash: owner.hash, tracker_id: 999 })).toEqual(refusal(201));
    await api.changeSource(source, { blocked: true });
    expect(await api.call('/tracker/get_state', { hash: owner.hash, tracker_id: tracker.id })).toEqual(refusal(208));
    await api.changeSource(source, { blocked: true, corrupted: true });
    expect(await api.call('/tracker/get_state', { hash: owner.hash, tracker_id: tracker.id })).toEqual(refusal(201));
  });
});

describe('rate limit of credentials', () => {
  test('sessions of a user count together, API keys apart', async () => {
    const limited = await TestApi.create({ rateLimit: 10 });
    const user = await limited.account();
    const again = await limited.session(user.user);
    const key = (await limited.call('/api/key/create', { hash: user.hash, title: 'k' })).body as never as {
      value: { hash: string };
    };
    limited.clock.advance(1000);
    for (let i = 0; i < 5; i++) {
      expect((await ask(limited, user.hash, `10.0.0.${i}`)).status).toBe(200);
      expect((await ask(limited, again.hash, `10.0.1.${i}`)).status).toBe(200);
    }
    expect((await ask(limited, user.hash, '10.0.2.1')).body.status?.code).toBe(15);
    expect((await ask(limited, key.value.hash, '10.0.2.2')).status).toBe(200);
    await limited.server.close();
  });

  async function ask(from: TestApi, hash: string, remoteAddress: string): Promise<Answer> {
    const response = await from.server.app.inject({ url: `/base/nothing?hash=${hash}`, remoteAddress });
    return { status: response.statusCode, body: response.json() };
  }
});

describe('the store', () => {
  test('a change that cannot be kept is refused with code 14', async () => {
    api.store.broken = true;
    expect(await api.call('/user/session/renew', { hash: owner.hash })).toEqual(refusal(14));
  });
});
