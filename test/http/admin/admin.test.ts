/** The operator's API, route by route: what it does, what it refuses, and who may use it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../../src/errors.js';
import { newCredential } from '../../../src/store/credentials.js';
import { AdminApi } from './kit.js';

let api: AdminApi;
let owner: number;

beforeEach(async () => {
  api = await AdminApi.create();
  owner = await api.account('acme@example.com');
});
afterEach(() => api.server.close());

const refusal = (status: number, code: string) => ({ status, body: { error: { code } } });

describe('who may', () => {
  test.each(['accounts', 'sources', 'refused', 'tariffs'])('%s is for operators only', async (path) => {
    expect(await api.call('GET', path, undefined, '')).toMatchObject(refusal(401, 'unauthorized'));
    expect(await api.call('GET', path, undefined, 'abc')).toMatchObject(refusal(401, 'unauthorized'));
    expect(await api.call('GET', path, undefined, newCredential())).toMatchObject(refusal(401, 'unauthorized'));
    expect(await api.call('GET', path, undefined, await api.session(owner))).toMatchObject(refusal(403, 'forbidden'));
    expect(await api.call('GET', path)).toMatchObject({ status: 200 });
  });

  test('a session that ended is none', async () => {
    api.clock.advance(40 * 86_400_000);
    expect(await api.call('GET', 'accounts')).toMatchObject(refusal(401, 'unauthorized'));
  });

  test('an unknown path is told to operators only', async () => {
    expect(await api.call('GET', 'nothing')).toMatchObject(refusal(404, 'not_found'));
    expect(await api.call('GET', 'nothing', undefined, '')).toMatchObject(refusal(401, 'unauthorized'));
  });
});

test('pages of other hosts may not call it', async () => {
  const headers = { origin: 'https://fleet.example.com', 'access-control-request-method': 'GET' };
  const asked = await api.server.app.inject({ method: 'OPTIONS', url: '/admin/accounts', headers });
  expect(asked.statusCode).toBeGreaterThanOrEqual(400);
  expect(Object.keys(asked.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  const answer = await api.server.app.inject({
    url: '/admin/accounts',
    headers: { ...headers, authorization: `NVX ${api.hash}` },
  });
  expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([200, undefined]);
});

test('a body of nothing is an empty one', async () => {
  const { app } = api.server;
  const headers = { authorization: `NVX ${api.hash}`, 'content-type': 'application/json' };
  const send = async (method: 'PATCH' | 'POST', url: string, payload: string) =>
    (await app.inject({ method, url: `/admin/${url}`, headers, payload })).statusCode;
  await api.call('POST', 'here/projects', { id: 'p', app_id: 'p-application', members: ['acme@example.com'] });
  for (const payload of ['', 'null', '{}']) {
    expect(await send('PATCH', `accounts/${owner}`, payload)).toBe(200);
    expect(await send('POST', 'here/projects/p/devices', payload)).toBe(400);
  }
});

describe('accounts', () => {
  test('are made, read, changed and blocked', async () => {
    const made = await api.call('POST', 'accounts', { login: 'new@example.com', password: 'x', device_limit: 2 });
    expect(made).toMatchObject({ status: 201, body: { login: 'new@example.com', device_limit: 2, operator: false } });
    const { id } = made.body as unknown as { id: number };
    expect(await api.call('GET', `accounts/${id}`)).toEqual({ ...made, status: 200 });
    const change = { time_zone: 'Europe/Paris', device_limit: null, legal_type: 'individual' };
    expect(await api.call('PATCH', `accounts/${id}`, change)).toMatchObject({ status: 200, body: change });
    expect(await api.call('POST', `accounts/${id}/block`)).toMatchObject({ body: { blocked: true } });
    expect(await api.call('POST', `accounts/${id}/unblock`)).toMatchObject({ body: { blocked: false } });
  });

  test('a block locks the users of the account out', async () => {
    const session = await api.session(owner);
    const { accountId } = api.store.registry.get('user', owner)!;
    const list = () => api.server.app.inject({ url: `/tracker/list?hash=${session}` });
    expect((await list()).json()).toMatchObject({ success: true });
    await api.call('POST', `accounts/${accountId}/block`);
    expect((await list()).json()).toMatchObject({ status: { code: 275 } });
  });

  test('are found by login, page by page', async () => {
    for (let i = 0; i < 5; i++) await api.account(`user${i}@example.com`);
    expect(await api.call('GET', 'accounts?login=USER3@example.com')).toMatchObject({
      body: { total: 1, list: [{ login: 'user3@example.com' }] },
    });
    expect(await api.call('GET', 'accounts?limit=2&offset=3')).toMatchObject({
      body: { total: 7, list: [{ login: 'user1@example.com' }, { login: 'user2@example.com' }] },
    });
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'offset=-1'])
      expect(await api.call('GET', `accounts?${query}`)).toMatchObject(refusal(400, 'invalid_request'));
    expect(await api.call('GET', 'accounts?limit=1000')).toMatchObject({ status: 200 });
  });

  const faults: readonly [string, unknown, string][] = [
    ['no login', { password: 'x' }, 'login'],
    ['no password', { login: 'a' }, 'accounts[0].password'],
    ['a long password', { login: 'a', password: 'x'.repeat(41) }, 'password'],
    ['a number for a text', { login: 'a', password: 5 }, 'password'],
    ['an unknown key', { login: 'a', password: 'x', rank: 1 }, 'rank'],
    ['a prototype', JSON.parse('{"login":"a","password":"x","__proto__":{"operator":true}}'), '__proto__'],
    ['a time zone', { login: 'a', password: 'x', time_zone: 'Mars' }, 'accounts[0].time_zone'],
    ['a negative limit', { login: 'a', password: 'x', device_limit: -1 }, 'device_limit'],
    ['no object', [], ''],
  ];
  test.each(faults)('%s is refused', async (_, body, path) => {
    const { changes } = api.store;
    const answer = await api.call('POST', 'accounts', body);
    expect(answer).toMatchObject(refusal(400, 'invalid_request'));
    expect(
      (answer.body.error as unknown as { problems: { path: string }[] }).problems.map((each) => each.path),
    ).toContain(path);
    expect(api.store.changes).toBe(changes);
  });

  test('logins are unique, ids known', async () => {
    expect(await api.call('POST', 'accounts', { login: 'ACME@example.com', password: 'x' })).toMatchObject(
      refusal(409, 'conflict'),
    );
    expect(await api.call('GET', 'accounts/99')).toMatchObject(refusal(404, 'not_found'));
    expect(await api.call('PATCH', 'accounts/99', {})).toMatchObject(refusal(404, 'not_found'));
    expect(await api.call('GET', 'accounts/x')).toMatchObject(refusal(400, 'invalid_request'));
  });

  test('an operator is not blocked', async () => {
    expect(await api.call('POST', 'accounts/1/block')).toMatchObject(refusal(409, 'conflict'));
    expect(await api.call('PATCH', 'accounts/1', { blocked: true })).toMatchObject(refusal(409, 'conflict'));
  });
});

describe('users', () => {
  test('are made, changed and deleted', async () => {
    const { accountId } = api.store.registry.get('user', owner)!;
    const { tracker } = await api.tracker(owner, '356307042441013');
    const user = { login: 'bob', password: 'x', rights: ['tracker_register'], trackers: ['356307042441013'] };
    const made = await api.call('POST', `accounts/${accountId}/users`, user);
    expect(made).toMatchObject({
      status: 201,
      body: { login: 'bob', rights: ['tracker_register'], tracker_ids: [tracker.id], master: false },
    });
    const { id } = made.body as unknown as { id: number };
    const session = await api.session(id);
    expect(await api.call('PATCH', `users/${id}`, { trackers: 'all', rights: [] })).toMatchObject({
      body: { tracker_ids: null, rights: [] },
    });
    expect(await api.call('GET', `accounts/${accountId}/users`)).toMatchObject({
      body: { total: 2, list: [{ master: true }, { id }] },
    });
    expect(await api.call('DELETE', `users/${id}`)).toMatchObject({ status: 200, body: { done: true } });
    expect(await api.call('GET', `users/${id}`)).toMatchObject(refusal(404, 'not_found'));
    expect((await api.server.app.inject({ url: `/tracker/list?hash=${session}` })).json()).toMatchObject({
      status: { code: 4 },
    });
  });

  test('what cannot be is refused', async () => {
    const { accountId } = api.store.registry.get('user', owner)!;
    const path = `accounts/${accountId}/users`;
    const good = { login: 'bob', password: 'x' };
    expect(await api.call('POST', path, { ...good, rights: ['admin'] })).toMatchObject(refusal(400, 'invalid_request'));
    expect(await api.call('POST', path, { ...good, trackers: ['1'] })).toMatchObject(refusal(400, 'invalid_request'));
    expect(await api.call('POST', path, { ...good, login: 'admin' })).toMatchObject(refusal(409, 'conflict'));
    expect(await api.call('POST', 'accounts/99/users', good)).toMatchObject(refusal(404, 'not_found'));
    expect(await api.call('DELETE', `users/${owner}`)).toMatchObject(refusal(409, 'conflict'));
    expect(await api.call('PATCH', `users/${owner}`, { rights: [] })).toMatchObject(refusal(409, 'conflict'));
  });
});

describe('sources', () => {
  test('are listed and blocked', async () => {
    const { source, tracker } = await api.tracker(owner, '356307042441013');
    await api.tracker(owner, '356307042441014');
    api.store.connected.add(source.id);
    expect(await api.call('GET', 'sources?device_id=356307042441013')).toMatchObject({
      body: {
        total: 1,
        list: [{ id: source.id, tracker_ids: [tracker.id], connected: true, heard_at: null, blocked: false }],
      },
    });
    expect(await api.call('POST', `sources/${source.id}/block`)).toMatchObject({ body: { blocked: true } });
    expect(api.ended).toEqual([[source.id, 'blocked_unit']]);
    expect(await api.call('GET', 'sources?blocked=true')).toMatchObject({ body: { total: 1 } });
    expect(await api.call('GET', 'sources?blocked=false')).toMatchObject({ body: { total: 1 } });
    const session = await api.session(owner);
    const state = () => api.server.app.inject({ url: `/tracker/get_state?hash=${session}&tracker_id=${tracker.id}` });
    expect((await state()).json()).toMatchObject({ status: { code: 208 } });
    await api.call('POST', `sources/${source.id}/unblock`);
    expect((await state()).json()).toMatchObject({ success: true });
    expect(await api.call('POST', 'sources/99/block')).toMatchObject(refusal(404, 'not_found'));
  });
});

describe('what is kept for all', () => {
  const items: readonly [string, Record<string, unknown>, Record<string, unknown>, string][] = [
    ['tariffs', { id: 5, name: 'basic' }, { id: 5, name: 'basic', legal_type: null }, '5'],
    ['sims', { iccid: '8949000000000000001', phone: '491701234567' }, { phone: '491701234567' }, '8949000000000000001'],
    ['activation-codes', { code: '6045325592' }, { code: '6045325592', used_at: null, tariff_id: null }, '6045325592'],
    [
      'bundles',
      {
        imei: '356307042441021',
        model: 'telfmb920',
        iccid: '8949000000000000001',
        phone: '491701234567',
        account: 'acme@example.com',
      },
      { imei: '356307042441021', account: 'acme@example.com' },
      '356307042441021',
    ],
    [
      'clones',
      { label: 'Copy', of: '356307042441013', account: 'acme@example.com' },
      { label: 'Copy', of: '356307042441013' },
      '2',
    ],
    ['rules', { id: 10, trackers: ['356307042441013'] }, { id: 10, tracker_ids: [1] }, '10'],
    ['vehicles', { id: 11, tracker: 'Van' }, { id: 11, tracker_ids: [1] }, '11'],
  ];
  test.each(items)('%s are made, listed and deleted', async (path, item, shown, id) => {
    await api.tracker(owner, '356307042441013');
    expect(await api.call('POST', path, item)).toEqual({ status: 200, body: { outcome: 'created' } });
    expect(await api.call('POST', path, item)).toEqual({ status: 200, body: { outcome: 'unchanged' } });
    expect(await api.call('GET', path)).toMatchObject({ body: { total: 1, list: [shown] } });
    expect(await api.call('POST', path, { ...item, surplus: 1 })).toMatchObject(refusal(400, 'invalid_request'));
    expect(await api.call('DELETE', `${path}/${id}`)).toEqual({ status: 200, body: { done: true } });
    expect(await api.call('DELETE', `${path}/${id}`)).toMatchObject(refusal(404, 'not_found'));
    expect(await api.call('GET', path)).toMatchObject({ body: { total: 0 } });
  });

  test('what is tied down stays', async () => {
    const { tracker } = await api.tracker(owner, '356307042441013');
    await api.call('POST', 'clones', { label: 'Copy', of: '356307042441013', account: 'acme@example.com' });
    await api.call('POST', 'rules', { id: 10, trackers: ['356307042441013'] });
    expect(await api.call('DELETE', 'clones/2')).toMatchObject(refusal(409, 'conflict'));
    expect(await api.call('DELETE', `clones/${tracker.id}`)).toMatchObject(refusal(404, 'not_found'));
    const session = await api.session(owner);
    const deletion = await api.server.app.inject({ url: `/tracker/delete?hash=${session}&tracker_id=2` });
    expect(deletion.json()).toMatchObject({ status: { code: 203 }, rules: [10] });
    await api.call('POST', 'tariffs', { id: 1, name: 'basic' });
    expect(await api.call('DELETE', 'tariffs/1')).toMatchObject(refusal(409, 'conflict'));
  });
});

describe('operation', () => {
  test('a setup is applied as YAML and as JSON, whole or not at all', async () => {
    const yaml = 'accounts:\n  - login: acme@example.com\n    groups: [{ title: Vans }]\n';
    expect(await api.call('POST', 'setup', yaml)).toMatchObject({
      status: 200,
      body: { changed: true, sections: { groups: { created: 1 } } },
    });
    const json = { accounts: [{ login: 'acme@example.com', groups: [{ title: 'Vans' }] }] };
    expect(await api.call('POST', 'setup', json)).toMatchObject({ status: 200, body: { changed: false } });
    expect(await api.call('POST', 'setup', `${yaml}rules:\n  - { id: 1, trackers: [x] }\n`)).toMatchObject({
      status: 400,
      body: { error: { problems: [{ path: 'rules[0].trackers[0]', line: 5 }] } },
    });
    expect(await api.call('POST', 'setup', '{ "rules": [')).toMatchObject(refusal(400, 'invalid_request'));
    expect(await api.call('POST', 'setup', { navixy: {} })).toMatchObject({
      body: { error: { problems: [{ path: 'navixy', message: 'no such key' }] } },
    });
    expect(await api.call('POST', 'setup')).toMatchObject(refusal(400, 'invalid_request'));
  });

  test('the environment of the gateway cannot be read through a setup', async () => {
    const answer = await api.call('POST', 'setup', 'accounts: [{ login: new, password: "${PATH}" }]');
    expect(answer).toMatchObject(refusal(400, 'invalid_request'));
  });

  test('refused units are listed, the last one first, for a bounded number', async () => {
    for (const identity of ['1', '2', '3', '4', '2']) {
      api.refusals.note({ identity, address: '10.0.0.1', protocol: 'teltonika', reason: 'unknown_unit' });
      api.clock.advance(1000);
    }
    const answer = await api.call('GET', 'refused');
    expect(answer.body).toMatchObject({
      list: [
        {
          identity: '2',
          count: 2,
          first_at: '2026-06-15T12:00:01.000Z',
          last_at: '2026-06-15T12:00:04.000Z',
          reason: 'unknown_unit',
        },
        { identity: '4', count: 1 },
        { identity: '3', count: 1 },
      ],
    });
    expect(await api.call('GET', 'refused?identity=3')).toMatchObject({ body: { list: [{ identity: '3' }] } });
  });

  test('copies are made under names only', async () => {
    expect(await api.call('POST', 'backup')).toMatchObject(refusal(409, 'conflict'));
    const names: string[] = [];
    const backUp = async (name: string) => {
      names.push(name);
      if (name === 'taken') throw new StoreError('backup_exists', { at: name });
      return { path: `/data/backups/${name}`, sizeBytes: 5 };
    };
    await api.server.close();
    api = await AdminApi.create({ backUp });
    expect(await api.call('POST', 'backup')).toEqual({
      status: 201,
      body: { path: '/data/backups/2026-06-15T12-00-00-000Z', size_bytes: 5 },
    });
    expect(await api.call('POST', 'backup', { name: 'one' })).toMatchObject({ status: 201 });
    expect(await api.call('POST', 'backup', { name: 'taken' })).toMatchObject(refusal(409, 'conflict'));
    for (const name of ['../x', 'a/b', '', '.', 'x'.repeat(65)])
      expect(await api.call('POST', 'backup', { name })).toMatchObject(refusal(400, 'invalid_request'));
    expect(names).toEqual(['2026-06-15T12-00-00-000Z', 'one', 'taken']);
  });

  test('a change that cannot be kept is told', async () => {
    api.store.broken = true;
    expect(await api.call('POST', 'tariffs', { id: 5, name: 'basic' })).toMatchObject(refusal(503, 'unavailable'));
  });

  test('too many requests are refused', async () => {
    await api.server.close();
    api = await AdminApi.create({ rateLimit: 2 });
    expect((await api.call('GET', 'accounts')).status).toBe(200);
    expect((await api.call('GET', 'accounts')).status).toBe(200);
    expect(await api.call('GET', 'accounts')).toMatchObject(refusal(429, 'rate_limited'));
  });

  test('every route is in the OpenAPI document, with the form of its errors', async () => {
    const document = (await api.server.app.inject({ url: '/openapi.json' })).json();
    const operations = Object.entries<Record<string, { responses: Record<string, never> }>>(document.paths).filter(
      ([path]) => path.startsWith('/admin/'),
    );
    expect(operations.length).toBeGreaterThan(20);
    for (const [, methods] of operations) {
      for (const { responses } of Object.values(methods)) {
        expect(responses['4XX']).toMatchObject({
          content: { 'application/json': { schema: { properties: { error: {} } } } },
        });
      }
    }
    expect(document.paths['/admin/accounts/{id}/users'].post.parameters).toHaveLength(1);
  });
});
