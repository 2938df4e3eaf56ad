/** Who may connect to the state topic, for how long, and what a client may not do. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sessionLifetimeMs, touchPeriodMs } from '../../src/http/navixy/credential.js';
import { defaultLoginLimits } from '../../src/http/navixy/logins.js';
import { setPassword } from '../../src/store/accounts.js';
import { digestOf, newCredential } from '../../src/store/credentials.js';
import type { SourceRow, TrackerRow, UserRow } from '../../src/store/rows.js';
import { settle, until, within } from '../support/until.js';
import { connectPacket, idOf, password, subscribePacket, TopicKit } from './kit.js';

type Made = { tracker: TrackerRow; source: SourceRow };

let kit: TopicKit;
let a: Made;
beforeEach(async () => {
  kit = await TopicKit.open();
  [a] = (await kit.trackers('a')) as [Made];
});
afterEach(() => kit.close());

const byPassword = { username: 'acme@example.com', password };
const report = (of: Made) => kit.api.store.report(of.source.id, { hw_mileage: 1 });

async function apiKey(user: UserRow): Promise<{ readonly id: number; readonly key: string }> {
  const key = newCredential();
  const id = await kit.api.store.change((tx) => {
    const row = {
      id: tx.nextId('apiKey'),
      accountId: user.accountId,
      userId: user.id,
      title: 'x',
      digest: digestOf(key),
      prefix: key.slice(0, 4),
      createdAt: tx.at,
    };
    tx.put('apiKey', row);
    return row.id;
  });
  return { id, key };
}

async function block(change: Partial<UserRow>): Promise<void> {
  const { user } = kit.owner;
  await kit.api.store.change((tx) => tx.put('user', { ...user, ...change }));
}

async function blockAccount(): Promise<void> {
  const account = kit.api.store.registry.get('account', kit.owner.user.accountId)!;
  await kit.api.store.change((tx) => tx.put('account', { ...account, blocked: true }));
}

describe('a client is let in', () => {
  test('by login and password, without a session of its own', async () => {
    const before = kit.api.store.registry.sessionsOfUser(kit.owner.user.id).length;
    const client = await kit.connect(byPassword);
    await client.subscribe('#');
    expect((await client.rest()).map(idOf)).toEqual([a.tracker.id]);
    expect(kit.api.store.registry.sessionsOfUser(kit.owner.user.id).length).toBe(before);
  });

  test('by a session', async () => {
    const client = await kit.connect({ username: kit.owner.hash });
    expect(await client.subscribe('#')).toEqual([0]);
  });

  test('by a session and an empty password, as some clients send it', async () => {
    await kit.connect({ username: kit.owner.hash, password: '' });
  });

  test('by an API key', async () => {
    const client = await kit.connect({ username: (await apiKey(kit.owner.user)).key });
    await client.subscribe('#');
    expect((await client.rest()).map(idOf)).toEqual([a.tracker.id]);
  });

  test('that speaks MQTT 3.1', async () => {
    const client = await kit.connect({ ...byPassword, protocolId: 'MQIsdp', protocolVersion: 3 });
    await client.subscribe('#');
    expect((await client.rest()).map(idOf)).toEqual([a.tracker.id]);
  });
});

describe('a client is refused', () => {
  const refused = async (options: object, code: number, reason: string): Promise<void> => {
    await expect(kit.connect(options)).rejects.toThrow(`refused ${code}`);
    await until(() => kit.topic.connectionCount === 0, 'the end of the connection');
    expect(Object.fromEntries(kit.topic.figures.refused)).toEqual({ [reason]: 1 });
    expect(kit.logLines.join('')).toContain(`"reason":"${reason}"`);
  };

  test.each([
    ['a wrong password', { ...byPassword, password: 'wrong' }],
    ['a login that does not exist', { username: 'nobody@example.com', password }],
    ['a hash that does not exist', { username: '0123456789abcdef0123456789abcdef' }],
    ['a login without a password', { username: 'acme@example.com' }],
    ['a very long password', { ...byPassword, password: 'x'.repeat(10_000) }],
  ])('with 4 for %s', async (_, options) => refused(options, 4, 'wrong_credential'));

  test('with 4 for a session that has ended', async () => {
    kit.api.clock.advance(sessionLifetimeMs + touchPeriodMs);
    await refused({ username: kit.owner.hash }, 4, 'wrong_credential');
  });

  test.each([['nothing', {}] as const, ['an empty user name', { username: '', password: 'x' }] as const])(
    'with 5 for %s',
    async (_, options) => refused(options, 5, 'no_credential'),
  );

  test.each([
    ['user', () => block({ blocked: true }), byPassword],
    ['account', blockAccount, byPassword],
  ])('with 5 for a blocked %s', async (_, make, options) => {
    await make();
    await refused(options, 5, 'blocked');
    await expect(kit.connect({ username: kit.owner.hash })).rejects.toThrow('refused 5');
  });

  test('with 3 after too many wrong passwords, the right one too', async () => {
    const wrong = Array.from({ length: defaultLoginLimits.failuresPerLogin }, () =>
      kit.connect({ ...byPassword, password: 'wrong' }).catch(({ message }: Error) => message),
    );
    expect(new Set(await Promise.all(wrong))).toEqual(new Set(['refused 4']));
    await expect(kit.connect(byPassword)).rejects.toThrow('refused 3');
    const auth = await kit.api.call('/user/auth', { login: byPassword.username, password });
    expect(auth.body.status?.code).toBe(105);
    kit.api.clock.advance(defaultLoginLimits.windowMs);
    await kit.connect(byPassword);
  });

  test('with 1 when it speaks MQTT 5', async () => {
    const socket = kit.raw(Buffer.from('101900044d5154540502000000000c303132333435363738394142', 'hex'));
    const [answer] = await within(
      new Promise<[Buffer]>((resolve) => socket.once('data', (bytes) => resolve([bytes]))),
      'the CONNACK',
    );
    expect([answer[0], answer[3]]).toEqual([0x20, 1]);
    await until(() => kit.topic.connectionCount === 0, 'the end of the connection');
    expect(Object.fromEntries(kit.topic.figures.refused)).toEqual({ protocol_version: 1 });
  });

  test('with 2 when it wants a session to come back to and has no name', async () => {
    const packet = connectPacket(kit.owner.hash);
    const nameless = Buffer.from([
      ...packet.subarray(0, 9),
      0b1000_0000,
      0,
      0,
      0,
      0,
      ...packet.subarray(packet.indexOf('raw') + 3),
    ]);
    nameless[1] = nameless.length - 2;
    const socket = kit.raw(nameless);
    const answer = await within(new Promise<Buffer>((resolve) => socket.once('data', resolve)), 'the CONNACK');
    expect([...answer]).toEqual([0x20, 2, 0, 2]);
  });

  test('with 2 when it speaks MQTT 3.1 and its name is longer than that knows', async () => {
    const old = { ...byPassword, protocolId: 'MQIsdp', protocolVersion: 3 } as const;
    await kit.connect({ ...old, clientId: 'x'.repeat(23) });
    await expect(kit.connect({ ...old, clientId: 'x'.repeat(24) })).rejects.toThrow('refused 2');
    await until(() => kit.topic.figures.refused.get('client_id') === 1, 'the refusal');
  });

  test('and no credential is logged', async () => {
    await kit.connect(byPassword);
    await kit.connect({ username: kit.owner.hash });
    await kit.connect({ username: 'f'.repeat(32) }).catch(() => {});
    const log = kit.logLines.join('') + kit.api.logLines.join('');
    for (const secret of [password, kit.owner.hash, 'f'.repeat(32)]) expect(log).not.toContain(secret);
  });
});

describe('a connection ends with its credential', () => {
  const expectEnd = async (options: object, end: () => Promise<unknown>): Promise<void> => {
    const client = await kit.subscribed('#', options);
    await end();
    await client.ended();
    report(a);
    await settle();
    expect(client.messages).toEqual([]);
    await until(() => kit.topic.connectionCount === 0, 'the end of the connection');
    expect(Object.fromEntries(kit.topic.figures.cut)).toEqual({ credential_ended: 1 });
    expect(kit.topic.subscriptionCount).toBe(0);
  };

  test('a session that is logged out', () =>
    expectEnd({ username: kit.owner.hash }, () => kit.api.call('/user/logout', { hash: kit.owner.hash })));

  test('a key that is deleted', async () => {
    const { id, key } = await apiKey(kit.owner.user);
    await expectEnd({ username: key }, () => kit.api.store.change((tx) => tx.remove('apiKey', id)));
  });

  test('a password that is changed', () =>
    expectEnd(byPassword, () => kit.api.store.change((tx) => setPassword(tx, kit.owner.user, 'another'))));

  test('a session whose user changes the password', () =>
    expectEnd({ username: kit.owner.hash }, () =>
      kit.api.store.change((tx) => setPassword(tx, kit.owner.user, 'another')),
    ));

  test.each([
    ['a user who is blocked', () => block({ blocked: true })],
    ['a user who is removed', () => kit.api.store.change((tx) => tx.remove('user', kit.owner.user.id))],
    ['an account that is blocked', blockAccount],
    ['an account that is removed', () => kit.api.store.change((tx) => tx.remove('account', kit.owner.user.accountId))],
  ])('%s', (_, end) => expectEnd(byPassword, end));

  test('a session that is used no more; a client that gives signs of life uses it', async () => {
    const client = await kit.subscribed('#', { username: kit.owner.hash });
    kit.api.clock.advance(touchPeriodMs);
    await settle();
    client.mqtt.sendPing();
    const session = () => kit.api.store.registry.sessionsOfUser(kit.owner.user.id)[0];
    await until(() => session()?.usedAt === kit.api.clock.now(), 'the use of the session');
    kit.api.clock.advance(sessionLifetimeMs + touchPeriodMs);
    await client.ended();
  });

  test('but not when the user changes otherwise', async () => {
    const client = await kit.subscribed('#', byPassword);
    await block({ login: 'other@example.com' });
    report(a);
    expect(await client.rest()).toHaveLength(1);
  });
});

describe('while a password is checked', () => {
  /** What happens between the check and its outcome. */
  function meanwhile(happens: () => Promise<unknown>): void {
    const { logins } = kit.api.server.services;
    const check = logins.check.bind(logins);
    logins.check = async (...args) => {
      const result = await check(...args);
      await happens();
      return result;
    };
  }

  test('it may change: the client is refused', async () => {
    meanwhile(() => kit.api.store.change((tx) => setPassword(tx, kit.owner.user, 'another')));
    await expect(kit.connect(byPassword)).rejects.toThrow('refused 4');
    expect(kit.api.server.hub.audience.isEmpty).toBe(true);
  });

  test('the client may go: nothing is left of it', async () => {
    let isOver = false;
    const socket = kit.raw();
    meanwhile(async () => {
      socket.resetAndDestroy();
      await until(() => kit.topic.connectionCount === 0, 'the end of the connection');
      isOver = true;
    });
    const text = (value: string) => [0, value.length, ...Buffer.from(value)];
    const body = [...text('MQTT'), 4, 0b1100_0010, 0, 0, ...text(''), ...text(byPassword.username), ...text(password)];
    socket.write(Buffer.from([0x10, body.length, ...body]));
    await until(() => isOver, 'the check');
    await settle();
    expect(kit.api.server.hub.audience.isEmpty).toBe(true);
    expect(kit.topic.figures.refused.size).toBe(0);
  });
});

describe('client ids', () => {
  test('are names among the clients of one user: the newer takes the place of the older', async () => {
    const first = await kit.connect({ ...byPassword, clientId: 'screen' });
    const second = await kit.subscribed('#', { username: kit.owner.hash, clientId: 'screen' });
    await first.ended();
    report(a);
    expect(await second.rest()).toHaveLength(1);
    await until(() => kit.topic.connectionCount === 1, 'the end of the older');
  });

  test('of other users are of no concern', async () => {
    const stranger = await kit.api.account();
    const first = await kit.subscribed('#', { ...byPassword, clientId: 'screen' });
    const second = await kit.connect({ username: stranger.hash, clientId: 'screen' });
    report(a);
    expect(await first.rest()).toHaveLength(1);
    expect(await second.rest()).toEqual([]);
  });

  test('need not be there', async () => {
    await kit.connect({ ...byPassword, clientId: '' });
    await kit.connect({ ...byPassword, clientId: '' });
    expect(kit.topic.connectionCount).toBe(2);
  });

  test('of a refused client throw nobody out', async () => {
    const first = await kit.connect({ ...byPassword, clientId: 'screen' });
    await kit.connect({ ...byPassword, clientId: 'screen', password: 'wrong' }).catch(() => {});
    expect(await first.rest()).toEqual([]);
  });
});

describe('nothing is kept for clients that are away', () => {
  test('no subscription and no message', async () => {
    const lasting = { ...byPassword, clientId: 'lasting', clean: false };
    const client = await kit.connect(lasting);
    expect([client.sessionPresent, await client.subscribe('#', 1)]).toEqual([false, [0]]);
    await client.rest();
    client.end();
    await until(() => kit.topic.connectionCount === 0, 'the end of the connection');
    report(a);
    const again = await kit.connect(lasting);
    expect(again.sessionPresent).toBe(false);
    report(a);
    expect(await again.rest()).toEqual([]);
    await again.subscribe('#');
    expect((await again.rest()).map(({ retain }) => retain)).toEqual([true]);
  });
});

describe('clients only listen', () => {
  test.each([0, 1, 2] as const)('a PUBLISH with QoS %i ends the connection, and nobody gets it', async (qos) => {
    const other = await kit.subscribed('#');
    const client = await kit.connect(byPassword);
    client.mqtt.publish(`trackers/${a.tracker.id}/state`, 'forged', { qos, retain: true }, () => {});
    await client.ended();
    await until(() => kit.topic.figures.cut.get('publish') === 1, 'the cut');
    expect(await other.rest()).toEqual([]);
    const later = await kit.connect(byPassword);
    await later.subscribe('#');
    expect((await later.rest()).map(({ text }) => text)).not.toContain('forged');
  });

  test('a will is ignored', async () => {
    const other = await kit.subscribed('#');
    const will = { topic: `trackers/${a.tracker.id}/state`, payload: Buffer.from('forged'), retain: true };
    const client = await kit.connect({ ...byPassword, will: { ...will, qos: 1 } });
    client.mqtt.stream.destroy();
    await until(() => kit.topic.connectionCount === 1, 'the end of the connection');
    expect(await other.rest()).toEqual([]);
  });

  test('and hear nothing of each other', async () => {
    const socket = kit.raw(Buffer.concat([connectPacket(kit.owner.hash), subscribePacket('$SYS/#')]));
    const bytes: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void bytes.push(chunk));
    await until(() => Buffer.concat(bytes).toString('hex').includes('9003000180'), 'the SUBACK');
    await kit.connect(byPassword);
    await settle();
    expect(Buffer.concat(bytes).toString('hex')).toBe('200200009003000180');
  });
});
