import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { LiveClient } from '../../support/live-client.js';
import { settle, until, within } from '../../support/until.js';
import { LiveKit, type LiveOptions } from './live-kit.js';

let kit: LiveKit;
afterEach(() => kit.close());

async function open(options: LiveOptions = {}): Promise<LiveKit> {
  kit = await LiveKit.open(options);
  return kit;
}

const all = { type: 'state_batch', target: { type: 'all' }, rate_limit: '0s' } as never;

/** Upgrades by hand and reads nothing from then on. */
async function deafClient(message: object): Promise<{ readonly closed: Promise<unknown>; destroy(): void }> {
  const socket = connect(kit.port, '127.0.0.1');
  const key = Buffer.alloc(16).toString('base64');
  socket.write(
    `GET /event/subscription HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once('readable', resolve));
  socket.read();
  const payload = Buffer.from(JSON.stringify(message));
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
  socket.write(Buffer.concat([head, payload]));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  return { closed, destroy: () => socket.destroy() };
}

describe('a subscriber that reads nothing', () => {
  test('is cut off, costs a bounded amount until then, and nobody else is held up', async () => {
    await open({ limits: { liveSendBufferMaxBytes: 65_536, liveStallTimeoutMs: 10_000 } });
    const made = await kit.trackers(...Array.from({ length: 100 }, (_, i) => `t${i}`));
    const good = await kit.subscribed(all, 0);
    const { hash } = kit.owner;
    const deaf = await deafClient({ action: 'subscribe', hash, requests: [all] });
    await until(() => kit.api.server.hub.subscriptionCount === 2, 'the subscription');
    await good.rest();
    const sizes = new Set<number>();
    const report = async (mileage: number): Promise<void> => {
      for (const { source } of made) kit.api.store.report(source.id, { hw_mileage: mileage, note: 'x'.repeat(500) });
      expect((await good.rest()).length).toBeGreaterThan(0);
      sizes.add(kit.api.server.hub.bufferedBytes);
    };
    for (let i = 0; kit.api.server.hub.bufferedBytes < 65_536; i++) await report(i);
    for (let i = 0; i < 20; i++) await report(-i);
    expect(Math.max(...sizes)).toBeLessThan(65_536 * 4);
    kit.api.clock.advance(9000);
    await settle();
    expect(kit.api.server.hub.socketCount).toBe(2);
    kit.api.clock.advance(2000);
    await until(() => kit.api.server.hub.socketCount === 1, 'the cut');
    expect(kit.api.logLines.join('')).toContain('"reason":"slow_reader"');
    await report(1);
    deaf.destroy();
    await within(deaf.closed, 'the end of the connection');
  });

  test('gets the newest states once it reads again', async () => {
    await open({ limits: { liveSendBufferMaxBytes: 65_536 } });
    const made = await kit.trackers(...Array.from({ length: 100 }, (_, i) => `t${i}`));
    const client = await kit.subscribed(all, 0);
    await client.rest();
    client.socket.pause();
    for (let i = 0; i < 400; i++) {
      for (const { source } of made) kit.api.store.report(source.id, { status: `${i} ${'x'.repeat(500)}` });
      await settle();
    }
    expect(kit.api.server.hub.bufferedBytes).toBeGreaterThan(0);
    client.socket.resume();
    const last = new Map<number, string>();
    await until(() => {
      for (const text of client.texts.splice(0)) {
        const { data } = JSON.parse(text) as {
          data: { source_id: number; additional: { status: { value: string } } }[];
        };
        for (const { source_id, additional } of data) last.set(source_id, additional.status.value.split(' ')[0] ?? '');
      }
      return last.size === 100 && [...last.values()].every((value) => value === '399');
    }, 'the newest states');
  });

  test('is cut off when it leaves even answers unread', async () => {
    await open({ limits: { liveSendBufferMaxBytes: 2048 } });
    const client = await kit.connect();
    client.socket.pause();
    const trackers = Array.from({ length: 3000 }, (_, i) => i);
    const message = JSON.stringify({ action: 'subscribe', hash: kit.owner.hash, events: ['state'], trackers });
    await until(() => {
      for (let i = 0; i < 20; i++) client.socket.send(message);
      return kit.api.server.hub.socketCount === 0;
    }, 'the cut');
  });
});

describe('numbers are bounded', () => {
  test('of connections', async () => {
    await open({ limits: { liveMaxSockets: 2 } });
    const first = await kit.connect();
    await kit.connect();
    await expect(LiveClient.connect(kit.port)).rejects.toThrow('HTTP 429');
    await first.close();
    await until(() => kit.api.server.hub.socketCount === 1, 'the end');
    await kit.connect();
  });

  test('of subscriptions: code 267', async () => {
    await open({ limits: { liveMaxSubscriptions: 2 } });
    const [a] = await kit.trackers('a');
    const client = await kit.subscribed(all, 1);
    const { hash } = kit.owner;
    const state = { type: 'state', trackers: [a!.tracker.id] };
    const message = {
      action: 'subscribe',
      hash,
      requests: [state, { type: 'readings_batch', target: { type: 'all' } }],
    };
    expect(await client.ask(message)).toEqual({
      type: 'error',
      action: 'subscription/subscribe',
      status: { code: 267, description: 'Too many entities' },
      data: { events: ['state', 'readings_batch'] },
    });
    const answer = await client.ask({ action: 'subscribe', hash, requests: [state] });
    expect(answer.type).toBe('response');
    await client.rest();
    const again = await client.ask({ action: 'subscribe', hash, requests: [state] });
    expect(again.type).toBe('response');
    await client.close();
    await until(() => kit.api.server.hub.subscriptionCount === 0, 'the end');
  });

  test('of messages: code 15', async () => {
    await open({ rateLimit: 5 });
    const client = await kit.connect();
    const message = { action: 'unsubscribe', hash: kit.owner.hash, requests: [{ type: 'state' }] };
    const codes: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      const frame = await client.ask(message);
      codes.push((frame.status as { code?: number } | undefined)?.code ?? frame.type);
    }
    // The connection was a request of this address too.
    expect(codes).toEqual(['response', 'response', 'response', 'response', 15, 15]);
    kit.api.clock.advance(1000);
    expect((await client.ask(message)).type).toBe('response');
  });

  test('of bytes in a message', async () => {
    await open({ bodyLimitBytes: 1000 });
    const client = await kit.connect();
    expect((await client.ask(' '.repeat(1000))).status).toMatchObject({ code: 5 });
    client.send(' '.repeat(1001));
    expect((await client.closed).code).toBe(1009);
  });

  test('of connections that ask for nothing', async () => {
    await open({ limits: { liveIdleTimeoutMs: 60_000 } });
    await kit.trackers('a');
    const idle = await kit.connect();
    const busy = await kit.subscribed(all, 1);
    kit.api.clock.advance(59_000);
    await settle();
    expect([idle.isClosed, busy.isClosed]).toEqual([false, false]);
    kit.api.clock.advance(1000);
    expect(await idle.closed).toEqual({ code: 1000, reason: 'idle_timeout' });
    await busy.ask({ action: 'unsubscribe', hash: kit.owner.hash, requests: [{ type: 'state_batch' }] });
    kit.api.clock.advance(60_000);
    expect((await busy.closed).code).toBe(1000);
  });
});

describe('what goes wrong', () => {
  test('in one tracker is logged, and all others are served', async () => {
    await open();
    const [a, b] = await kit.trackers('a', 'b');
    const { stateOf } = kit.api.store;
    const client = await kit.subscribed(all, 1);
    kit.api.store.stateOf = (id) => {
      if (id === a!.source.id) throw new Error('broken');
      return stateOf.call(kit.api.store, id);
    };
    kit.api.store.report(b!.source.id, { x: 1 });
    expect(await client.rest()).toMatchObject([{ data: [{ source_id: b!.source.id }] }]);
    expect(() => kit.api.store.report(a!.source.id, { x: 1 })).not.toThrow();
    expect(await client.rest()).toEqual([]);
    expect(kit.api.logLines.join('')).toContain('live events failed');
    kit.api.store.stateOf = stateOf;
    kit.api.store.report(a!.source.id, { x: 2 });
    expect(await client.rest()).toMatchObject([{ data: [{ source_id: a!.source.id }] }]);
  });

  test('on the wire ends the connection and no more', async () => {
    await open();
    const other = await kit.connect();
    const client = await kit.connect();
    // An unmasked frame, which no client may send.
    (client.socket as never as { _socket: { write(bytes: Buffer): void } })._socket.write(Buffer.from([0x81, 1, 0x41]));
    await within(client.closed, 'the end of the connection');
    expect(await other.rest()).toEqual([]);
    await until(() => kit.api.server.hub.socketCount === 1, 'the end');
  });

  test('hashes are not logged', async () => {
    await open();
    const client = await kit.subscribed(all, 0);
    client.send({ action: 'subscribe', hash: kit.owner.hash, requests: 'x' });
    await client.next();
    expect(kit.api.logLines.join('')).not.toContain(kit.owner.hash);
  });
});

describe('a stop', () => {
  test('says goodbye to everybody, takes nobody in, and does not wait for those who do not answer', async () => {
    await open();
    await kit.trackers('a');
    const client = await kit.subscribed(all, 1);
    const deaf = await deafClient({ action: 'subscribe', hash: kit.owner.hash, requests: [all] });
    await until(() => kit.api.server.hub.subscriptionCount === 2, 'the subscription');
    await within(kit.api.server.close(), 'the stop', 4000);
    expect(await client.closed).toEqual({ code: 1001, reason: 'shutdown' });
    deaf.destroy();
    await until(() => kit.api.server.hub.socketCount === 0, 'the end of all');
    kit.api.store.report(1, { x: 1 });
  });
});
