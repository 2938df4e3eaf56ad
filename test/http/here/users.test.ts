import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAccount } from '../../../src/store/accounts.js';
import { hashPassword } from '../../../src/store/credentials.js';
import { appOf, HereApi } from './kit.js';

let api: HereApi;
beforeEach(async () => {
  api = await HereApi.create();
  const passwordHash = await hashPassword('correct-horse');
  await api.store.change((tx) => createAccount(tx, { login: 'acme@example.com', passwordHash }));
  await api.project({ id: 'p5', app_id: appOf(5), members: ['acme@example.com'] });
});
afterEach(() => api.close(false));

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

const error = (status: number) => ({ status, body: { code: status, id: expect.any(String) } });
const good = { email: 'acme@example.com', password: 'correct-horse' };
const post = (path: string, body: unknown, headers = {}) => api.call('POST', `/users/v2/${path}`, { body, headers });
const login = async () => (await post('login', good)).body as unknown as Tokens;
const works = async (token: string) => (await api.call('GET', '/users/v2/devices', { token })).status;

describe('logging in', () => {
  test('gives tokens that are good for a day', async () => {
    const { body, status } = await post('login', { ...good, realm: 'my-realm' });
    expect(status).toBe(200);
    expect(body).toEqual({
      accessToken: expect.stringMatching(/^h1\.[\w-]{43}$/),
      refreshToken: expect.stringMatching(/^h1\.[\w-]{43}$/),
      expiresIn: 86_400,
      userId: expect.stringMatching(/^HERE-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      realm: 'my-realm',
      tokenType: 'Bearer',
    });
    expect((await post('login', good)).body).toMatchObject({
      realm: 'IoT',
      userId: (body as { userId: never }).userId,
    });
    const { accessToken } = body as unknown as Tokens;
    api.clock.advance(86_399_999);
    expect(await works(accessToken)).toBe(200);
    api.clock.advance(1);
    expect(await works(accessToken)).toBe(401);
  });

  test('is refused with a wrong password, and to the blocked', async () => {
    expect(await post('login', { ...good, password: 'wrong' })).toMatchObject(error(401));
    expect(await post('login', { ...good, email: 'nobody@example.com' })).toMatchObject(error(401));
    const tokens = await login();
    const user = api.store.registry.userByLogin(good.email)!;
    await api.store.change((tx) => tx.put('user', { ...user, blocked: true }));
    expect(await post('login', good)).toMatchObject(error(403));
    expect(await post('refresh', tokens)).toMatchObject(error(403));
    expect(await works(tokens.accessToken)).toBe(403);
  });

  test('is not tried for ever', async () => {
    for (let n = 0; n < 10; n++) expect((await post('login', { ...good, password: 'wrong' })).status).toBe(401);
    expect(await post('login', good)).toMatchObject({ ...error(429), headers: { 'retry-after': '300' } });
  });

  test.each([
    undefined,
    [],
    {},
    { email: 'x' },
    { ...good, email: '' },
    { ...good, password: '' },
    { ...good, realm: '' },
    { ...good, password: 1 },
    '{',
  ])('with %j is no request', async (body) => {
    expect(await post('login', body)).toMatchObject(error(400));
  });

  test('takes JSON under any name', async () => {
    for (const type of ['text/plain;charset=UTF-8', 'application/json', 'application/x-www-form-urlencoded']) {
      const reply = await post('login', JSON.stringify(good), { 'content-type': type });
      expect([type, reply.status]).toEqual([type, 200]);
    }
  });

  test('ends with the password', async () => {
    const { accessToken, ...rest } = await login();
    const user = api.store.registry.userByLogin(good.email)!;
    const password = await hashPassword('another');
    await api.store.change((tx) => tx.put('user', { ...user, password }));
    expect(await works(accessToken)).toBe(401);
    expect(await post('refresh', { accessToken, ...rest })).toMatchObject(error(401));
  });
});

describe('refreshing', () => {
  test('gives other tokens once, also after the access token has ended', async () => {
    const tokens = await login();
    api.clock.advance(86_400_000);
    const body = JSON.stringify(tokens);
    const fresh = await post('refresh', body, { 'content-type': 'text/plain;charset=UTF-8' });
    expect(fresh).toMatchObject({ status: 200, body: { expiresIn: 86_400, realm: 'IoT' } });
    expect(await works((fresh.body as unknown as Tokens).accessToken)).toBe(200);
    expect(await post('refresh', tokens)).toMatchObject(error(401));
    api.clock.advance(30 * 86_400_000);
    expect(await post('refresh', fresh.body)).toMatchObject(error(401));
  });

  test('needs both tokens of one login', async () => {
    const one = await login();
    const other = await login();
    expect(await post('refresh', { ...one, refreshToken: other.refreshToken })).toMatchObject(error(401));
    expect(await post('refresh', { ...one, accessToken: 'h1.x' })).toMatchObject(error(401));
    for (const body of [{}, { accessToken: 'x' }, { ...one, refreshToken: '' }])
      expect(await post('refresh', body)).toMatchObject(error(400));
    expect(await works(one.accessToken)).toBe(200);
  });
});

describe('exchanging', () => {
  const scope = 'hrn:here:authorization::milepost:project/p5';

  test('gives a token for one project that ends with the one it was made of', async () => {
    const { accessToken } = await login();
    api.clock.advance(1_000_000);
    const reply = await post('tokenExchange', { accessToken, scope });
    expect(reply).toMatchObject({
      status: 200,
      body: {
        ...{ accessToken: expect.stringMatching(/^h1\./), tokenType: 'Bearer', expiresIn: 85_400, scope },
        issuedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
      },
    });
    const scoped = (reply.body as unknown as Tokens).accessToken;
    expect(await works(scoped)).toBe(200);
    expect(await post('tokenExchange', { accessToken: scoped, scope })).toMatchObject({ status: 200 });
    api.clock.advance(85_400_000);
    expect(await works(scoped)).toBe(401);
  });

  test('is refused for what is no project of the user', async () => {
    const { accessToken } = await login();
    for (const other of ['milepost:project/p0', 'milepost:project/unknown', 'else:project/p5']) {
      const body = { accessToken, scope: `hrn:here:authorization::${other}` };
      expect(await post('tokenExchange', body)).toMatchObject(error(404));
    }
    for (const body of [{ accessToken, scope: 'p5' }, { accessToken }, { scope }, { accessToken: '', scope }])
      expect(await post('tokenExchange', body)).toMatchObject(error(400));
    expect(await post('tokenExchange', { accessToken: 'h1.x', scope })).toMatchObject(error(401));
    expect(await post('tokenExchange', { accessToken: await api.clientToken('p5'), scope })).toMatchObject(error(403));
  });
});

describe('tokens', () => {
  test.each([
    ['', 401],
    ['Bearer', 401],
    ['Bearer ', 401],
    ['Basic abc', 401],
    ['Bearer h1.unknown', 401],
    [`Bearer ${'x'.repeat(2000)}`, 401],
    ['NVX 0123456789abcdef0123456789abcdef', 401],
  ])('"%s" is %d', async (authorization, status) => {
    const reply = await api.call('GET', '/users/v2/devices', {
      headers: authorization === '' ? {} : { authorization },
    });
    expect(reply).toMatchObject({ ...error(status), headers: { 'www-authenticate': 'Bearer' } });
    expect(reply.body).toMatchObject({ error: 'Unauthorized', details: { hereErrorCode: 401306 } });
  });

  test('of applications end while the account is blocked', async () => {
    const token = await api.clientToken('p0');
    const { accountId } = api.store.registry.get('project', 'p0')!;
    const account = api.store.registry.get('account', accountId)!;
    await api.store.change((tx) => tx.put('account', { ...account, blocked: true }));
    expect(await works(token)).toBe(403);
    await api.store.change((tx) => tx.put('account', account));
    expect(await works(token)).toBe(200);
  });

  test('are kept as digests, and only so many', async () => {
    const tokens: string[] = [];
    const user = api.owners[0]!.user;
    for (let n = 0; n < 120; n++) tokens.push((await api.credentials(user)).token);
    expect(api.store.registry.claims.tokensOfUser(user.id)).toHaveLength(100);
    const rows = JSON.stringify([...api.store.registry.all('token')]);
    expect(rows).not.toContain('h1.');
    expect(await works(tokens[119]!)).toBe(200);
    const others = await Promise.all(tokens.map(works));
    expect(others.filter((status) => status === 200)).toHaveLength(100);
  });
});
