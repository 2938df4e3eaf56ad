import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLoginLimits } from '../../../src/http/navixy/logins.js';
import { digestOf, hashPassword } from '../../../src/store/credentials.js';
import { type Answer, TestApi, type TestUser } from '../../support/api.js';

const dayMs = 86_400_000;
const password = 'correct-horse';
const passwordHash = await hashPassword(password);

let api: TestApi;
let owner: TestUser;
beforeEach(async () => {
  api = await TestApi.create({
    loginLimits: { ...defaultLoginLimits, failuresPerLogin: 3, failuresPerAddress: 5, sessionsPerUser: 4 },
  });
  owner = await api.account({ login: 'Acme@example.com', passwordHash });
});
afterEach(() => api.server.close());

const logIn = (params: Record<string, unknown> = {}): Promise<Answer> =>
  api.call('/v2/user/auth', { login: 'Acme@example.com', password, ...params });
const codeOf = ({ body }: Answer) => body.status?.code ?? 'good';
const hashOf = ({ body }: Answer) => (body as never as { hash: string }).hash;
const nothing = (hash: string): Promise<Answer> => api.call('/base/nothing', { hash });

describe('user/auth', () => {
  test('gives a session hash of 32 characters', async () => {
    const answer = await logIn();
    expect(answer).toEqual({
      status: 200,
      body: { success: true, type: 'authenticated', hash: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
    expect(codeOf(await nothing(hashOf(answer)))).toBe('good');
    expect(codeOf(await logIn({ login: 'acme@EXAMPLE.com' }))).toBe('good');
    expect(codeOf(await logIn({ dealer_id: 1 }))).toBe('good');
  });

  test('keeps only the digest of the hash', async () => {
    const hash = hashOf(await logIn());
    const rows = JSON.stringify([...api.store.registry.all('session')]);
    expect(rows).not.toContain(hash);
    expect(rows).toContain(digestOf(hash));
  });

  test('refuses a wrong password, an unknown login and another dealer alike', async () => {
    for (const params of [{ password: 'wrong' }, { login: 'nobody@example.com' }, { dealer_id: 2 }]) {
      expect(await logIn(params)).toEqual({
        status: 400,
        body: { success: false, status: { code: 102, description: 'Wrong login or password' } },
      });
    }
  });

  test('checks its parameters', async () => {
    expect(await api.call('/user/auth', { password: 'a'.repeat(41), dealer_id: 'x' })).toMatchObject({
      body: {
        status: { code: 7 },
        errors: [
          { parameter: 'login', error: 'must not be null' },
          { parameter: 'password', error: 'size must be between 1 and 40' },
          { parameter: 'dealer_id', error: 'must be an integer' },
        ],
      },
    });
  });

  test('refuses blocked users and accounts, but only those who know the password', async () => {
    await api.store.change((tx) => tx.put('user', { ...owner.user, blocked: true }));
    expect(codeOf(await logIn({ password: 'wrong' }))).toBe(102);
    expect(codeOf(await logIn())).toBe(275);
  });

  test('throttles guessing for one login, until the window has passed', async () => {
    for (let i = 0; i < 3; i++) expect(codeOf(await logIn({ password: `guess ${i}` }))).toBe(102);
    expect(await logIn()).toMatchObject({
      status: 400,
      body: { status: { code: 105, description: 'Login attempts limit exceeded, try again later' } },
    });
    api.clock.advance(defaultLoginLimits.windowMs);
    expect(codeOf(await logIn())).toBe('good');
  });

  test('a right password forgives wrong ones', async () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 2; i++) expect(codeOf(await logIn({ password: 'wrong' }))).toBe(102);
      expect(codeOf(await logIn())).toBe('good');
    }
  });

  test('throttles guessing over many logins from one address', async () => {
    for (let i = 0; i < 5; i++) expect(codeOf(await logIn({ login: `user${i}` }))).toBe(102);
    expect(codeOf(await logIn())).toBe(105);
  });

  test('allows so many live sessions, and forgets those that have ended', async () => {
    for (let i = 0; i < 3; i++) expect(codeOf(await logIn())).toBe('good');
    expect(codeOf(await logIn())).toBe(104);
    api.clock.advance(31 * dayMs);
    expect(codeOf(await logIn())).toBe('good');
    expect(api.store.registry.size('session')).toBe(1);
  });

  test('logins may race', async () => {
    const answers = await Promise.all([logIn(), logIn(), logIn(), logIn(), logIn()]);
    expect(answers.map(codeOf).sort()).toEqual([104, 104, 'good', 'good', 'good']);
  });
});

describe('sessions', () => {
  test('end with logout', async () => {
    expect(await api.call('/user/logout', { hash: owner.hash })).toEqual({ status: 200, body: { success: true } });
    expect(codeOf(await nothing(owner.hash))).toBe(4);
    expect(codeOf(await api.call('/user/logout', { hash: owner.hash }))).toBe(4);
  });

  test('end 30 days after their last use', async () => {
    for (let i = 0; i < 3; i++) {
      api.clock.advance(30 * dayMs - 1);
      expect(codeOf(await nothing(owner.hash))).toBe('good');
    }
    api.clock.advance(31 * dayMs);
    expect(codeOf(await nothing(owner.hash))).toBe(4);
    expect(codeOf(await api.call('/user/session/renew', { hash: owner.hash }))).toBe(4);
  });

  test('are prolonged by user/session/renew', async () => {
    api.clock.advance(1000);
    expect(codeOf(await api.call('/user/session/renew', { hash: owner.hash }))).toBe('good');
    const [session] = api.store.registry.sessionsOfUser(owner.user.id);
    expect(session?.usedAt).toBe(api.clock.now());
  });

  test('note their use once an hour', async () => {
    const before = api.store.changes;
    for (let i = 0; i < 240; i++) {
      expect(codeOf(await nothing(owner.hash))).toBe('good');
      api.clock.advance(60_000);
    }
    expect(api.store.changes - before).toBe(3);
  });

  test('go on when their use cannot be noted', async () => {
    api.clock.advance(2 * 3_600_000);
    api.store.broken = true;
    expect(codeOf(await nothing(owner.hash))).toBe('good');
    await new Promise((resolve) => setImmediate(resolve));
    expect(api.logLines.join('')).toContain('session use not kept');
  });

  test('are of no use once the user is gone', async () => {
    await api.store.change((tx) => tx.remove('user', owner.user.id));
    expect(codeOf(await nothing(owner.hash))).toBe(4);
  });
});

describe('API keys', () => {
  const create = async (title = 'dashboard') =>
    (await api.call('/api/key/create', { hash: owner.hash, title })) as Answer & { body: { value: { hash: string } } };
  const list = async () =>
    (
      (await api.call('/api/key/list', { hash: owner.hash })).body as never as {
        list: { hash: string; title: string }[];
      }
    ).list;

  test('are shown once, then masked', async () => {
    const made = await create();
    const { hash } = made.body.value;
    expect(made.body).toEqual({
      success: true,
      value: { hash: expect.stringMatching(/^[0-9a-f]{32}$/), create_date: '2026-06-15 12:00:00', title: 'dashboard' },
    });
    expect(await list()).toEqual([
      { hash: hash.slice(0, 4) + '*'.repeat(28), create_date: '2026-06-15 12:00:00', title: 'dashboard' },
    ]);
    expect(JSON.stringify([...api.store.registry.all('apiKey')])).not.toContain(hash);
  });

  test('may do what sessions do, but for sessions and keys themselves', async () => {
    const { hash } = (await create()).body.value;
    for (const path of ['/base/nothing', '/tracker/list', '/api/key/list', '/user/api_key/list']) {
      expect(codeOf(await api.call(path, { hash })), path).toBe('good');
    }
    for (const path of [
      '/user/logout',
      '/user/session/renew',
      '/api/key/create',
      '/api/key/delete',
      '/user/api_key/delete',
    ]) {
      expect(codeOf(await api.call(path, { hash, title: 'x', key: 'x', api_key: 'x' })), path).toBe(4);
    }
  });

  test('do not expire', async () => {
    const { hash } = (await create()).body.value;
    api.clock.advance(1000 * dayMs);
    expect(codeOf(await nothing(hash))).toBe('good');
  });

  test('are deleted whole, masked, and by the older name', async () => {
    const hashes = [];
    for (let i = 0; i < 3; i++) hashes.push((await create(`key ${i}`)).body.value.hash);
    const masks = (await list()).map(({ hash }) => hash);
    const results = [
      await api.call('/api/key/delete', { hash: owner.hash, key: hashes[0] }),
      await api.call('/user/api_key/delete', { hash: owner.hash, api_key: hashes[1] }),
      await api.call('/api/key/delete', { hash: owner.hash, key: masks[2] }),
    ];
    expect(results.map(codeOf)).toEqual(['good', 'good', 'good']);
    expect(await list()).toEqual([]);
    for (const hash of hashes) expect(codeOf(await nothing(hash))).toBe(4);
    for (const key of [hashes[0], masks[0], 'x']) {
      expect(codeOf(await api.call('/api/key/delete', { hash: owner.hash, key }))).toBe(201);
    }
  });

  test('a mask that fits two keys deletes none', async () => {
    const first = (await create('one')).body.value.hash;
    const row = [...api.store.registry.all('apiKey')][0]!;
    await api.store.change((tx) => tx.put('apiKey', { ...row, id: tx.nextId('apiKey'), digest: digestOf('another') }));
    const key = first.slice(0, 4) + '*'.repeat(28);
    expect(codeOf(await api.call('/api/key/delete', { hash: owner.hash, key }))).toBe(201);
    expect(await list()).toHaveLength(2);
  });

  test('belong to one account', async () => {
    const { hash } = (await create()).body.value;
    const other = await api.account();
    expect(codeOf(await api.call('/api/key/delete', { hash: other.hash, key: hash }))).toBe(201);
    expect((await api.call('/api/key/list', { hash: other.hash })).body).toEqual({ success: true, list: [] });
  });

  test('are not for sub-users', async () => {
    const sub = await api.subUser(owner, { rights: ['tracker_register', 'tracker_update'] });
    for (const path of ['/api/key/create', '/api/key/list', '/api/key/delete']) {
      expect(await api.call(path, { hash: sub.hash, title: 'x', key: 'x' }), path).toMatchObject({
        status: 403,
        body: { status: { code: 13 } },
      });
    }
  });

  test('are at most 20', async () => {
    for (let i = 0; i < 20; i++) expect(codeOf(await create())).toBe('good');
    expect(await create()).toMatchObject({ status: 402, body: { status: { code: 268 } } });
  });

  test('have a title of 1 to 255 printable characters', async () => {
    for (const title of ['a', 'a'.repeat(255), 'dash 🚚']) expect(codeOf(await create(title))).toBe('good');
    for (const title of ['', 'a'.repeat(256), '  ', 'a\tb']) expect(codeOf(await create(title))).toBe(7);
    expect(codeOf(await api.call('/api/key/create', { hash: owner.hash }))).toBe(7);
  });
});
