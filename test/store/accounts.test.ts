import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import {
  createAccount,
  createAdministrator,
  type NewTracker,
  registerTracker,
  setPassword,
} from '../../src/store/accounts.js';
import { MemoryStore } from '../support/memory-store.js';

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore(new VirtualClock());
});

const administrator = { login: 'admin', passwordHash: 'hash' };
const registered = (wanted: Partial<NewTracker>) =>
  store.change((tx) =>
    registerTracker(tx, { accountId: 1, label: 'Van', model: 'telfmb920', deviceId: '1', ...wanted }),
  );

describe('createAdministrator', () => {
  test('makes account 1 with a master user who is the operator, in UTC', async () => {
    const made = await store.change((tx) => createAdministrator(tx, administrator));
    expect(made).toMatchObject({
      ok: true,
      created: true,
      user: { id: 1, accountId: 1, login: 'admin', master: true, operator: true },
    });
    expect(store.registry.get('account', 1)).toEqual({ id: 1, blocked: false, createdAt: Date.UTC(2026, 0, 1) });
    expect(store.registry.userByLogin('ADMIN')).toMatchObject({ timeZone: 'UTC', measurementSystem: 'metric' });
  });

  test('changes nothing where there is one', async () => {
    await store.change((tx) => createAdministrator(tx, administrator));
    const changes = store.changes;
    const again = await store.change((tx) => createAdministrator(tx, { login: 'root', passwordHash: 'other' }));
    expect(again).toMatchObject({ ok: true, created: false, user: { login: 'admin', password: 'hash' } });
    expect([store.changes, store.registry.size('user')]).toEqual([changes, 1]);
  });
});

describe('createAccount', () => {
  test('keeps what is asked for', async () => {
    const wanted = {
      login: 'a@example.com',
      passwordHash: 'h',
      timeZone: 'Europe/Berlin',
      measurementSystem: 'us' as const,
      locale: 'de',
      deviceLimit: 5,
    };
    const made = await store.change((tx) => createAccount(tx, wanted));
    expect(made).toMatchObject({
      ok: true,
      account: { deviceLimit: 5 },
      user: {
        timeZone: 'Europe/Berlin',
        measurementSystem: 'us',
        locale: 'de',
        master: true,
        operator: false,
        rights: [],
      },
    });
  });

  test('refuses a login in use, however it is written', async () => {
    await store.change((tx) => createAccount(tx, administrator));
    const refused = await store.change((tx) => createAccount(tx, { ...administrator, login: 'Admin' }));
    expect(refused).toEqual({ ok: false, reason: 'login_in_use' });
    expect(store.registry.size('account')).toBe(1);
  });
});

describe('setPassword', () => {
  test('changes the password and ends the sessions of that user', async () => {
    const made = await store.change((tx) => createAccount(tx, administrator));
    if (!made.ok) throw new Error(made.reason);
    await store.change((tx) => {
      for (const [id, userId] of [
        [1, 1],
        [2, 1],
        [3, 2],
      ] as const) {
        tx.put('session', { id, userId, digest: `d${id}`, createdAt: 0, usedAt: 0 });
      }
    });
    await store.change((tx) => setPassword(tx, made.user, 'new'));
    expect(store.registry.get('user', 1)?.password).toBe('new');
    expect([...store.registry.all('session')].map(({ id }) => id)).toEqual([3]);
  });
});

describe('registerTracker', () => {
  beforeEach(() => store.change((tx) => createAccount(tx, administrator)));

  test('makes a source and its tracker', async () => {
    const made = await registered({
      deviceId: 'any_thing:1',
      phone: '49170',
      apn: { name: 'a', user: '', password: '' },
    });
    expect(made).toMatchObject({
      ok: true,
      source: {
        id: 1,
        accountId: 1,
        deviceId: 'any_thing:1',
        protocol: 'teltonika',
        phone: '49170',
        blocked: false,
        tariffId: 1,
      },
      tracker: { id: 1, accountId: 1, sourceId: 1, label: 'Van', clone: false, groupId: 0, tagBindings: [] },
    });
    expect(store.registry.sourceByDeviceId('any_thing:1')?.id).toBe(1);
    expect(store.registry.sourceByPhone('49170')?.id).toBe(1);
    expect(store.registry.trackersOfSource(1)).toHaveLength(1);
  });

  test.each<[string, Partial<NewTracker>]>([
    ['unknown_account', { accountId: 9, model: 'nonsense' }],
    ['unknown_model', { model: 'nonsense', groupId: 9 }],
    ['unregistrable_model', { model: 'pt10', groupId: 9 }],
    ['unknown_group', { groupId: 9, deviceId: 'taken' }],
    ['device_id_in_use', { deviceId: 'taken', phone: '49170' }],
    ['phone_in_use', { deviceId: 'free', phone: '49170' }],
  ])('refuses with %s and changes nothing', async (reason, wanted) => {
    await registered({ deviceId: 'taken', phone: '49170' });
    const changes = store.changes;
    expect(await registered(wanted)).toEqual({ ok: false, reason });
    expect(store.changes).toBe(changes);
  });

  test('goes by the limit of the account; clones and deleted boxes do not count', async () => {
    await store.change((tx) => tx.put('account', { ...tx.registry.get('account', 1)!, deviceLimit: 1 }));
    const made = await registered({ deviceId: 'a' });
    if (!made.ok) throw new Error(made.reason);
    await store.change((tx) => tx.put('tracker', { ...made.tracker, id: tx.nextId('tracker'), clone: true }));
    expect(await registered({ deviceId: 'a' })).toEqual({ ok: false, reason: 'device_limit' });
    await store.change((tx) => tx.put('source', { ...made.source, corrupted: true }));
    expect(await registered({ deviceId: 'a' })).toMatchObject({ ok: true, source: { id: 2 } });
  });

  test('a deleted box leaves its identity and number free, and its ids taken', async () => {
    const made = await registered({ deviceId: 'a', phone: '49170' });
    if (!made.ok) throw new Error(made.reason);
    await store.change((tx) => tx.put('source', { ...made.source, corrupted: true }));
    expect(await registered({ deviceId: 'a', phone: '49170' })).toMatchObject({
      ok: true,
      source: { id: 2 },
      tracker: { id: 2 },
    });
  });
});
