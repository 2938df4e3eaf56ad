/** Whatever clients of the state topic do, it costs a bounded amount, and nobody else is held up. */
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { TopicClient } from '../support/topic-client.js';
import { settle, turn, until, within } from '../support/until.js';
import { connectPacket, idOf, stateIn, subscribePacket, TopicKit, type TopicOptions } from './kit.js';

let kit: TopicKit;
afterEach(() => kit.close());

async function open(options: TopicOptions = {}): Promise<TopicKit> {
  kit = await TopicKit.open(options);
  return kit;
}

const many = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`);
const cuts = () => Object.fromEntries(kit.topic.figures.cut);
const refusals = () => Object.fromEntries(kit.topic.figures.refused);

/** What is left to read is read. */
function closed(socket: Socket): Promise<unknown> {
  socket.resume();
  return within(new Promise((resolve) => socket.once('close', resolve)), 'the end');
}

/** Subscribes to all by hand and reads nothing from then on. */
async function deafClient(): Promise<Socket> {
  const socket = kit.raw(Buffer.concat([connectPacket(kit.owner.hash), subscribePacket('#')]));
  socket.pause();
  await until(() => kit.topic.subscriptionCount > 0, 'the subscription');
  return socket;
}

describe('a client that reads nothing', () => {
  test('is cut off, costs a bounded amount until then, and units and others go on', async () => {
    const maxBytes = 65_536;
    await open({ limits: { liveSendBufferMaxBytes: maxBytes, liveStallTimeoutMs: 10_000 } });
    const made = await kit.trackers(...many(100));
    await deafClient();
    const good = await kit.subscribed('#');
    const sizes = new Set<number>();
    const report = async (lat: number): Promise<void> => {
      for (const { source } of made) {
        kit.api.store.report(source.id, { status: 'x'.repeat(500) }, { position: { lat } });
      }
      const told = await good.rest();
      expect(told.length).toBeGreaterThan(0);
      sizes.add(kit.topic.bufferedBytes);
    };
    for (let i = 0; kit.topic.bufferedBytes < maxBytes; i++) await report(i % 90);
    for (let i = 0; i < 20; i++) await report(-i);
    expect(Math.max(...sizes)).toBeLessThan(maxBytes * 2);
    kit.api.clock.advance(9000);
    await settle();
    expect(kit.topic.connectionCount).toBe(2);
    kit.api.clock.advance(2000);
    await until(() => kit.topic.connectionCount === 1, 'the cut');
    expect(cuts()).toEqual({ slow_reader: 1 });
    expect(kit.logLines.join('')).toContain('"reason":"slow_reader"');
    expect(kit.topic.bufferedBytes).toBe(0);
    await report(1);
  });

  test('is bounded within one turn of the event loop too', async () => {
    const maxBytes = 32_768;
    await open({ limits: { liveSendBufferMaxBytes: maxBytes } });
    const made = await kit.trackers(...many(1000));
    for (const { source } of made) kit.api.store.report(source.id, { status: 'x'.repeat(500) });
    const client = await kit.connect();
    client.mqtt.subscribe('#', () => {});
    let most = 0;
    await until(async () => {
      for (let i = 0; i < 100; i++) {
        await turn();
        most = Math.max(most, kit.topic.bufferedBytes);
      }
      return client.messages.length === 1000;
    }, 'all states');
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(maxBytes * 2);
  });

  test('gets the newest states once it reads again', async () => {
    await open({ limits: { liveSendBufferMaxBytes: 65_536 } });
    const made = await kit.trackers(...many(100));
    const client = await kit.subscribed('#');
    client.mqtt.stream.pause();
    const report = (lat: number) => {
      for (const { source } of made) {
        kit.api.store.report(source.id, { status: 'x'.repeat(500) }, { position: { lat } });
      }
    };
    let lat = 0;
    while (kit.topic.bufferedBytes < 65_536) {
      lat = (lat + 1) % 80;
      report(lat);
      await settle();
    }
    for (let i = 0; i < 10; i++) {
      report(85);
      await settle();
    }
    client.mqtt.stream.resume();
    const last = new Map<number, unknown>();
    await until(() => {
      for (const message of client.messages.splice(0)) {
        const { gps } = stateIn(message) as { gps: { location: { lat: number } } };
        last.set(idOf(message), gps.location.lat);
      }
      return last.size === 100 && [...last.values()].every((each) => each === 85);
    }, 'the newest states');
  });
});

describe('numbers are bounded', () => {
  test('of connections', async () => {
    await open({ limits: { liveMaxSockets: 2 } });
    const first = await kit.connect();
    await kit.connect();
    await expect(TopicClient.connect(kit.port, { username: kit.owner.hash })).rejects.toThrow();
    expect(refusals()).toEqual({ connection_limit: 1 });
    first.end();
    await until(() => kit.topic.connectionCount === 1, 'the end');
    await kit.connect();
  });

  test('of connections a second from one address', async () => {
    await open({ rateLimit: 2 });
    await kit.connect();
    await kit.connect();
    await expect(kit.connect()).rejects.toThrow('refused 3');
    expect(refusals()).toEqual({ rate_limit: 1 });
    kit.api.clock.advance(1000);
    await kit.connect();
  });

  test('of subscriptions of a connection', async () => {
    await open({ limits: { mqttMaxSubscriptions: 2 } });
    await kit.trackers('a');
    const client = await kit.connect();
    expect(await client.subscribe(['#', '+/#', 'trackers/#'])).toEqual([0, 0, 128]);
    expect(await client.subscribe(['+/+/#', '#'])).toEqual([128, 0]);
    await client.mqtt.unsubscribeAsync('#');
    expect(await client.subscribe('trackers/#')).toEqual([0]);
    expect(kit.topic.subscriptionCount).toBe(2);
    client.end();
    await until(() => kit.topic.subscriptionCount === 0, 'the end');
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['half a CONNECT', connectPacket('x'.repeat(32)).subarray(0, 9)],
  ])('of the time to CONNECT: %s', async (_, bytes) => {
    await open({ limits: { mqttConnectTimeoutMs: 10_000 } });
    const socket = kit.raw(bytes);
    const client = await kit.connect();
    await until(() => kit.topic.connectionCount === 2, 'the connections');
    const end = closed(socket);
    kit.api.clock.advance(9999);
    await settle();
    expect(kit.topic.connectionCount).toBe(2);
    kit.api.clock.advance(1);
    await end;
    expect(cuts()).toEqual({ connect_timeout: 1 });
    expect(await client.rest()).toEqual([]);
  });

  test('of bytes in a packet: a larger one is not waited for', async () => {
    await open({ limits: { mqttPacketMaxBytes: 200 } });
    const client = await kit.connect();
    expect(await client.subscribe(['x'.repeat(180)])).toEqual([128]);
    const socket = kit.raw(Buffer.from([0x10, 0xc9, 0x01]));
    await closed(socket);
    expect(cuts()).toEqual({ packet_too_large: 1 });
    client.mqtt.subscribe('x'.repeat(250), () => {});
    await client.ended();
    await until(() => cuts().packet_too_large === 2, 'the cut');
  });

  test('of silence: a client that promised signs of life and gives none is cut', async () => {
    await open();
    const socket = kit.raw(connectPacket(kit.owner.hash, 1));
    await closed(socket);
    expect(cuts()).toEqual({ keep_alive: 1 });
  });
});

describe('a flood', () => {
  test('of pings is answered, and others are served meanwhile', async () => {
    await open();
    const [a] = await kit.trackers('a');
    const good = await kit.subscribed('#');
    const pings = 20_000;
    const socket = kit.raw(connectPacket(kit.owner.hash));
    let answeredBytes = 0;
    socket.on('data', (chunk: Buffer) => {
      answeredBytes += chunk.length;
    });
    await until(() => answeredBytes === 4, 'the CONNACK');
    socket.write(Buffer.alloc(2 * pings, Buffer.from([0xc0, 0])));
    kit.api.store.report(a!.source.id, { x: 1 });
    expect(await good.rest()).toHaveLength(1);
    await until(() => answeredBytes === 4 + 2 * pings, 'all answers');
  });

  test('of subscriptions to all costs no more than one', async () => {
    await open();
    await kit.trackers(...many(100));
    const socket = kit.raw(Buffer.concat([connectPacket(kit.owner.hash)]));
    await until(() => kit.topic.connectionCount === 1, 'the connection');
    const before = kit.topic.figures.sentMessages;
    const subscribe = subscribePacket('#');
    let sent = 0;
    socket.once('data', () => {
      socket.write(Buffer.concat(Array.from({ length: 50 }, () => subscribe)));
      sent = 50;
    });
    socket.on('data', () => {});
    await until(() => sent > 0 && kit.topic.figures.sentMessages - before >= 100, 'the states');
    await settle();
    expect(kit.topic.figures.sentMessages - before).toBeLessThan(50 * 100);
  });
});

describe('what is no MQTT', () => {
  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
    ['zeros', Buffer.alloc(100)],
    ['a SUBSCRIBE before CONNECT', subscribePacket('#')],
    ['a ping before CONNECT', Buffer.from([0xc0, 0])],
    ['a CONNECT of another protocol', Buffer.from('100c00044d515454ff020000000000', 'hex')],
    ['a CONNECT that is empty', Buffer.from([0x10, 0])],
    ['a CONNECT that ends too soon', Buffer.from('100600044d515454', 'hex')],
  ])('ends its connection and no more: %s', async (_, bytes) => {
    await open();
    const [a] = await kit.trackers('a');
    const good = await kit.subscribed('#');
    await closed(kit.raw(bytes));
    await until(() => kit.topic.connectionCount === 1, 'the end');
    expect(Object.keys(cuts())).toHaveLength(1);
    kit.api.store.report(a!.source.id, { x: 1 });
    expect(await good.rest()).toHaveLength(1);
  });

  test.each([
    ['a second CONNECT', (hash: string) => connectPacket(hash)],
    ['a SUBSCRIBE of nothing', () => Buffer.from([0x82, 2, 0, 1])],
    ['a SUBSCRIBE with QoS 3', () => Buffer.from([0x82, 6, 0, 1, 0, 1, 0x23, 3])],
    ['a SUBSCRIBE with wrong flags', () => Buffer.from([0x80, 6, 0, 1, 0, 1, 0x23, 0])],
    ['a filter that is longer than its packet', () => Buffer.from([0x82, 6, 0, 1, 0, 99, 0x23, 0])],
    ['a malformed filter', () => subscribePacket('aa#')],
    ['an acknowledgement of nothing', () => Buffer.from([0x40, 2, 0, 1])],
  ])('after CONNECT ends the connection too: %s', async (_, make) => {
    await open();
    const socket = kit.raw(connectPacket(kit.owner.hash));
    await until(() => kit.logLines.some((line) => line.includes('connected')), 'the connection');
    const end = closed(socket);
    socket.write(make(kit.owner.hash));
    await end;
    await until(() => kit.topic.connectionCount === 0, 'the end');
    expect(Object.keys(cuts())).toEqual(['malformed']);
  });

  test('random bodies of good headers break nothing', async () => {
    await open();
    await kit.trackers('a');
    const good = await kit.subscribed('#');
    let seed = 20_261_121;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return seed % below;
    };
    const heads = [0x10, 0x82, 0xa2, 0xc0, 0xe0];
    for (let round = 0; round < 150; round++) {
      const packets = Array.from({ length: 1 + random(3) }, () => {
        const body = Buffer.from(Array.from({ length: random(40) }, () => random(round % 2 === 0 ? 256 : 4)));
        return Buffer.concat([Buffer.from([heads[random(heads.length)] ?? 0, body.length]), body]);
      });
      const first = round % 3 === 0 ? Buffer.alloc(0) : connectPacket(kit.owner.hash);
      const socket = kit.raw(Buffer.concat([first, ...packets]));
      socket.end();
      await closed(socket);
    }
    await until(() => kit.topic.connectionCount === 1, 'the ends');
    expect(await good.rest()).toEqual([]);
    expect(kit.api.server.hub.audience.ofAccount(kit.owner.user.accountId)).toHaveLength(1);
  });
});

describe('a fault of the gateway itself', () => {
  test('costs the connection it happened for, and is logged', async () => {
    await open();
    const [a] = await kit.trackers('a');
    const good = await kit.subscribed('#');
    const { registry } = kit.api.store;
    const get = registry.get;
    const client = await kit.connect();
    registry.get = () => {
      throw new Error('broken');
    };
    client.mqtt.subscribe(`trackers/${a?.tracker.id}/state`, () => {});
    await client.ended();
    await expect(kit.connect()).rejects.toThrow('closed');
    registry.get = get;
    expect(kit.logLines.join('')).toContain('state topic failed');
    kit.api.store.report(a!.source.id, { x: 1 });
    expect(await good.rest()).toHaveLength(1);
  });
});

describe('a stop', () => {
  test('ends all connections, takes nobody in, and is done at once', async () => {
    await open();
    await kit.trackers('a');
    const client = await kit.subscribed('#');
    await deafClient();
    kit.raw();
    await until(() => kit.topic.connectionCount === 3, 'the connections');
    await within(kit.topic.close(), 'the stop', 2000);
    await client.ended();
    await until(() => kit.topic.connectionCount === 0, 'the ends');
    expect(cuts()).toEqual({ shutdown: 3 });
    await expect(TopicClient.connect(kit.port)).rejects.toThrow();
    kit.api.store.report(1, { x: 1 });
  });
});
