/**
 * What one connection may cost: bytes and time before the login, silence, garbage, size, memory, and its place among the others.
 */
import { describe, expect, test } from 'vitest';
import { protocols } from '../../src/protocols/registry.js';
import { RawClient, sampleAt, Unit } from '../support/tracker-client.js';
import { settle, turn, until } from '../support/until.js';
import { withBadChecksum } from './frames.js';
import { IngestRig } from './rig.js';

const names = protocols.map((each) => each.name);
const ping = '#P#\r\n';

async function wialon(
  options: Parameters<typeof IngestRig.open>[0] = {},
): Promise<{ rig: IngestRig; port: number; deviceId: string }> {
  const rig = await IngestRig.open(options);
  const port = await rig.tcp('wialon-ips');
  const { deviceId } = new Unit(await RawClient.connect(port), 'wialon-ips', 0);
  await rig.register(deviceId, 'wialon-ips');
  return { rig, port, deviceId };
}

describe('before the login', () => {
  test('a connection that says nothing is closed in time', async () => {
    const rig = await IngestRig.open();
    const clients = await Promise.all(
      [...names, undefined].map(async (name) => RawClient.connect(await rig.tcp(name))),
    );
    await until(() => rig.sessions.count === clients.length, 'the sessions');
    rig.pass(29_000);
    await settle();
    expect(clients.some((client) => client.isClosed)).toBe(false);
    rig.pass(3_000);
    await Promise.all(clients.map((client) => client.end()));
    expect(new Set(rig.codes())).toEqual(new Set(['login_timeout']));
  });

  test('bytes that trickle in do not extend the time', async () => {
    const { rig, port } = await wialon();
    const client = await RawClient.connect(port);
    client.send('#L#2.1;');
    for (let i = 0; i < 40 && !client.isClosed; i++) {
      client.send('1');
      await settle();
      rig.pass(1_000);
    }
    await client.end();
    expect(rig.codes()).toContain('login_timeout');
  });

  test('a login that does not end is cut off by its size', async () => {
    const { rig, port } = await wialon({ limits: { loginMaxBytes: 512 } });
    const client = await RawClient.connect(port);
    client.send(`#L#${'1'.repeat(600)}`);
    await client.end();
    expect(rig.codes()).toEqual(
      expect.arrayContaining([expect.stringMatching(/login_budget|garbage|frame_too_large/)]),
    );
  });

  test('pings do not count as a login', async () => {
    const { rig, port } = await wialon({ limits: { loginMaxBytes: 512 } });
    const client = await RawClient.connect(port);
    client.send(ping.repeat(200));
    await client.end();
    expect(client.received.length).toBeLessThan(2_000);
    expect(rig.codes().length).toBeGreaterThan(0);
  });

  test('a login and its first records in one large chunk are within the budget', async () => {
    const { rig, port, deviceId } = await wialon({ limits: { loginMaxBytes: 512 } });
    const unit = await Unit.connect(port, 'wialon-ips');
    const frames = Array.from({ length: 50 }, (_, i) => unit.frame([sampleAt(rig.clock.now(), i - 60)]));
    unit.client.send(Buffer.concat([unit.loginFrame(), ...frames]));
    await until(() => unit.count('ack') === 50, 'the acks');
    expect(rig.kept(deviceId)).toHaveLength(50);
  });

  test.each([
    ['zeros', Buffer.alloc(70, 0)],
    ['a web request', Buffer.from('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n')],
    ['a TLS hello', Buffer.from('16030100c8010000c40303'.padEnd(140, '5'), 'hex')],
    ['letters', Buffer.from('hello, is anybody there?\r\n')],
  ])('on the shared port %s are nobody', async (_, bytes) => {
    const rig = await IngestRig.open();
    const client = await RawClient.connect(await rig.tcp());
    client.send(bytes);
    await client.end();
    expect(client.received).toHaveLength(0);
    expect(rig.codes().length).toBeGreaterThan(0);
  });
});

describe('after the login', () => {
  test('silence ends the connection, anything heard keeps it', async () => {
    const { rig, port } = await wialon();
    const unit = await Unit.online(port, 'wialon-ips');
    for (let i = 1; i <= 3; i++) {
      rig.pass(800_000);
      unit.client.send(ping);
      await until(() => unit.count('heartbeat') === i, 'an answer');
    }
    rig.pass(898_000);
    await settle();
    expect(unit.client.isClosed).toBe(false);
    rig.pass(4_000);
    await unit.client.end();
    expect(rig.codes()).toContain('idle_timeout');
  });

  test.each([
    ['teltonika', Buffer.from('00000000ffffffff08', 'hex')],
    ['gt06', Buffer.from('7979ffff12', 'hex')],
    ['wialon-ips', Buffer.from('#I#1000000000;0;1;211126;145546;a.jpg\r\n')],
  ])(
    '%s: a frame that announces more than the limit is refused, the connection ends after a few',
    async (name, head) => {
      const rig = await IngestRig.open({ limits: { frameMaxBytes: 4096 } });
      const port = await rig.tcp(name);
      const { deviceId } = new Unit(await RawClient.connect(port), name, 0);
      await rig.register(deviceId, name);
      const unit = await Unit.online(port, name);
      const junk = Buffer.alloc(16_384, 0x23);
      for (let i = 0; i < 100 && !unit.client.isClosed; i++) {
        unit.client.send(Buffer.concat([head, junk]));
        await turn();
      }
      await unit.client.end();
      expect(rig.codes()).toEqual(expect.arrayContaining([expect.stringMatching(/too_many_strikes|frame_too_large/)]));
      expect(rig.kept(deviceId)).toEqual([]);
    },
  );

  test('a unit that does not read is not read either, and is cut off', async () => {
    const { rig, port, deviceId } = await wialon();
    const slow = await Unit.online(port, 'wialon-ips', 0);
    const other = new Unit(await RawClient.connect(port), 'wialon-ips', 1);
    await rig.register(other.deviceId, 'wialon-ips');
    const good = await Unit.online(port, 'wialon-ips', 1);
    slow.client.socket.pause();
    const chunk = Buffer.from(ping.repeat(13_000));
    let sent = 0;
    while (slow.client.socket.writableLength < 1_000_000 && sent < 2_000) {
      slow.client.send(chunk);
      if (++sent % 10 === 0) await good.report([sampleAt(rig.clock.now(), -sent)]);
      await turn();
    }
    expect(slow.client.socket.writableLength).toBeGreaterThan(500_000);
    await good.report([sampleAt(rig.clock.now(), -1)]);
    rig.pass(910_000);
    await until(() => !rig.sessions.isConnected(rig.source(deviceId).id), 'the cut');
    expect(rig.codes()).toEqual(expect.arrayContaining([expect.stringMatching(/slow_reader|idle_timeout/)]));
  }, 60_000);

  test('a unit whose unread answers pile up is cut off at the limit', async () => {
    const { rig, port, deviceId } = await wialon({ limits: { sendBufferMaxBytes: 1024 } });
    const unit = await Unit.online(port, 'wialon-ips');
    unit.client.socket.pause();
    const chunk = Buffer.from(ping.repeat(13_000));
    for (let i = 0; i < 2_000 && unit.client.socket.writableLength < 1_000_000; i++) {
      unit.client.send(chunk);
      await turn();
    }
    rig.pass(1_000);
    await until(() => !rig.sessions.isConnected(rig.source(deviceId).id), 'the cut');
    expect(rig.codes()).toContain('slow_reader');
  }, 60_000);

  test('a good frame in between forgives bad ones', async () => {
    const { rig, port, deviceId } = await wialon();
    const unit = await Unit.online(port, 'wialon-ips');
    for (let i = 0; i < 10; i++) {
      unit.client.send(withBadChecksum(unit.frame([sampleAt(rig.clock.now(), i - 50)])));
      await unit.report([sampleAt(rig.clock.now(), i - 20)]);
    }
    await until(() => rig.kept(deviceId).length === 10, 'ten records');
    await until(() => unit.count('ack') === 20, 'an answer to every frame');
    expect(unit.client.isClosed).toBe(false);
  });

  test('a connection that turns to another unit speaks for that one only', async () => {
    const { rig, port, deviceId } = await wialon();
    const unit = await Unit.online(port, 'wialon-ips', 0);
    const other = new Unit(await RawClient.connect(port), 'wialon-ips', 1);
    const source = await rig.register(other.deviceId, 'wialon-ips');
    const command = rig.sessions
      .linkOf(rig.source(deviceId).id)
      ?.send({ kind: 'text', text: 'for the first' })
      .catch((error: { code: string }) => error.code);
    await unit.next('command');
    unit.client.send(other.loginFrame());
    await unit.next('login');
    expect(await command).toBe('unit_offline');
    expect(rig.sessions.linkOf(rig.source(deviceId).id)).toBeUndefined();
    expect(rig.sessions.linkOf(source.id)).toBeDefined();
    await unit.report([sampleAt(rig.clock.now(), -10)]);
    expect([rig.kept(deviceId).length, rig.kept(other.deviceId).length]).toEqual([0, 1]);
    unit.client.socket.destroy();
    await until(() => rig.sessions.linkOf(source.id) === undefined, 'the end of the session');
    expect(rig.sessions.isConnected(rig.source(deviceId).id)).toBe(false);
  });
});

describe('how many', () => {
  test('connections in all are limited, and a place becomes free again', async () => {
    const { rig, port } = await wialon({ limits: { maxConnections: 4 } });
    await until(() => rig.sessions.count === 1, 'the first');
    const admitted = [await RawClient.connect(port), await RawClient.connect(port), await RawClient.connect(port)];
    await until(() => rig.sessions.count === 4, 'four sessions');
    await (await RawClient.connect(port)).end();
    expect(admitted.some((client) => client.isClosed)).toBe(false);
    admitted[0]?.socket.destroy();
    await until(() => rig.sessions.count === 3, 'a place');
    const next = await RawClient.connect(port);
    await until(() => rig.sessions.count === 4, 'the place to be taken');
    expect(next.isClosed).toBe(false);
  });

  test('connections from one address are limited, those of others are not', async () => {
    const { rig, port } = await wialon({ limits: { maxConnectionsPerAddress: 2 } });
    const [second, third] = [await RawClient.connect(port), await RawClient.connect(port)];
    await third?.end();
    expect(second?.isClosed).toBe(false);
    const other = await RawClient.connect(port, { localAddress: '127.0.0.2' });
    await until(() => rig.sessions.count === 3, 'the other address');
    expect(other.isClosed).toBe(false);
    expect(await rig.metrics.text()).toContain('code="address_limit",protocol="wialon-ips"} 1');
  });

  test('nothing is left of connections that are gone', async () => {
    const rig = await IngestRig.open({ open: true });
    for (const name of names) {
      const port = await rig.tcp(name);
      const units = await Promise.all([1, 2, 3].map((n) => Unit.online(port, name, n)));
      for (const unit of units) unit.client.socket.destroy();
    }
    await until(() => rig.sessions.count === 0, 'the end of all sessions');
    for (const name of names) expect(rig.metrics.of(name).connections).toBe(0);
  });
});

describe('a disk that lags behind', () => {
  test('holds up units, and lets all go on when it has caught up, half frames too', async () => {
    const { rig, port, deviceId } = await wialon();
    const other = new Unit(await RawClient.connect(port), 'wialon-ips', 1);
    await rig.register(other.deviceId, 'wialon-ips');
    const eager = await Unit.online(port, 'wialon-ips', 0);
    const patient = await Unit.online(port, 'wialon-ips', 1);
    rig.engine.hold();
    const frame = eager.frame([sampleAt(rig.clock.now(), -10)]);
    const chunk = Buffer.concat(Array.from({ length: 600 }, () => frame));
    let sent = 0;
    while (!rig.store.isFull && sent < 2_000) {
      eager.client.send(chunk);
      sent++;
      await turn();
    }
    expect(rig.store.isFull).toBe(true);
    const half = patient.frame([sampleAt(rig.clock.now(), -5)]);
    patient.client.send(half.subarray(0, 20));
    await settle();
    expect(rig.store.pendingBytes).toBeLessThan(32 * 1024 * 1024);
    rig.engine.release();
    await until(() => !rig.store.isFull, 'the disk');
    rig.pass(1_000);
    patient.client.send(half.subarray(20));
    await patient.next('ack');
    await until(() => eager.count('ack') === sent * 600, 'every ack', 60_000);
    expect(rig.kept(deviceId)).toHaveLength(sent * 600);
  }, 120_000);
});

test('a unit that logs in on a registration that fails is nobody, and its data is nobody else’s', async () => {
  const rig = await IngestRig.open();
  const port = await rig.tcp('wialon-ips');
  const unit = await Unit.connect(port, 'wialon-ips', 0);
  rig.engine.hold();
  const registered = rig.register(unit.deviceId, 'wialon-ips').catch((error: { code: string }) => error.code);
  unit.client.send(unit.loginFrame());
  await unit.next('login');
  rig.engine.failure = new Error('EIO');
  rig.engine.release();
  expect(await registered).toBe('store_write');
  rig.engine.failure = undefined;
  const next = await rig.register('another', 'wialon-ips');
  unit.client.send(unit.frame([sampleAt(rig.clock.now(), -10)]));
  await unit.client.end();
  expect(unit.count('ack')).toBe(0);
  expect([rig.kept('another'), rig.store.stateOf(next.id)?.recordAt ?? 0]).toEqual([[], 0]);
});

test('a stop reads nothing more, answers what is on its way and then hangs up', async () => {
  const { rig, port, deviceId } = await wialon();
  const unit = await Unit.online(port, 'wialon-ips');
  rig.engine.hold();
  unit.client.send(unit.frame([sampleAt(rig.clock.now(), -20)]));
  await until(() => rig.engine.heldCount === 1, 'a commit under way');
  rig.sessions.drainAll();
  const drained = rig.store.drained();
  unit.client.send(unit.frame([sampleAt(rig.clock.now(), -10)]));
  await settle();
  rig.engine.release();
  await drained;
  rig.sessions.closeAll('shutdown');
  await unit.client.end();
  expect([unit.count('ack'), rig.kept(deviceId).length]).toEqual([1, 1]);
});
