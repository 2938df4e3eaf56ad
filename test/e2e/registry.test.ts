/**
 * Changes of the registry while units are connected: sessions end, other boxes take over, settings act on what comes, and all of it is
 * there after a restart.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, startApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { digestOf } from '../../src/store/credentials.js';
import { checkedClient, codeOf } from '../support/checked-client.js';

const hash = 'c'.repeat(32);
let dir: string;
let app: App;
let sockets: Socket[];

async function open(): Promise<void> {
  const options = { dataDir: join(dir, 'data'), httpPort: 0, listen: ['wialon-ips=0'], logLevel: 'silent' };
  app = await startApp(readConfig({ MILEPOST_ADMIN_PASSWORD: 'secret' }, options), { log: pino({ level: 'silent' }) });
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'milepost-'));
  sockets = [];
  await open();
  await app.store.change((tx) => {
    const id = tx.nextId('session');
    tx.put('session', { id, userId: 1, digest: digestOf(hash), createdAt: tx.at, usedAt: tx.at });
  });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await app.stop();
  await rm(dir, { recursive: true, force: true });
});

const portOf = (name: string) => app.listening.find(({ protocol }) => protocol === name)!.port;

const client = () => checkedClient({ url: `http://127.0.0.1:${portOf('http')}`, hash });

const register = async (device_id: string) => {
  const params = { label: 'Van', group_id: 0, plugin_id: 44, model: 'wialon_ips', device_id };
  return (await client().call('tracker/register', params)).value.id;
};
const stateOf = async (tracker_id: number) => (await client().call('tracker/get_state', { tracker_id })).state;

/** A unit: what it says is answered by one line, or by the end of the connection. */
class Unit {
  readonly #socket: Socket;
  readonly closed: Promise<void>;
  #lines: string[] = [];
  #waiting: ((line: string) => void) | undefined;

  constructor() {
    this.#socket = connect(portOf('wialon-ips'), '127.0.0.1');
    sockets.push(this.#socket);
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    void this.closed.then(() => this.#take('closed'));
    this.#socket.on('error', () => {});
    this.#socket.on('data', (bytes) => {
      for (const line of bytes.toString().split('\r\n')) if (line !== '') this.#take(line);
    });
  }

  ask(line: string): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    const ready = this.#lines.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  login(deviceId: string): Promise<string> {
    return this.ask(`#L#${deviceId};NA`);
  }

  /** A position now, or a little later, km/h. */
  move(speedKmh: number, aheadMs = 0): Promise<string> {
    const now = new Date(Date.now() + aheadMs);
    const digits = (at: number, length: number) =>
      now
        .toISOString()
        .replace(/\D/g, '')
        .slice(at, at + length);
    const date = `${digits(6, 2)}${digits(4, 2)}${digits(2, 2)};${digits(8, 6)}`;
    return this.ask(`#SD#${date};5230.0000;N;01324.0000;E;${speedKmh};90;30;9`);
  }

  #take(line: string): void {
    const resolve = this.#waiting;
    this.#waiting = undefined;
    if (resolve === undefined) this.#lines.push(line);
    else resolve(line);
  }
}

async function restart(): Promise<void> {
  await app.stop();
  await open();
}

test('replacing a device ends its session, and the new one takes over', async () => {
  const tracker_id = await register('old-box');
  const replacement = { tracker_id, plugin_id: 44, model: 'wialon_ips', device_id: 'new-box' };
  expect(await codeOf(client().call('tracker/replace', replacement))).toBe(266);
  const old = new Unit();
  expect(await old.login('old-box')).toBe('#AL#1');
  expect(await old.move(50)).toBe('#ASD#1');
  expect(await stateOf(tracker_id)).toMatchObject({ connection_status: 'active', movement_status: 'moving' });
  expect(await codeOf(client().call('tracker/corrupt', { tracker_id }))).toBe(243);
  expect(await client().call('tracker/replace', replacement)).toMatchObject({
    value: { id: tracker_id, source: { device_id: 'new-box' } },
  });
  await old.closed;
  expect(await stateOf(tracker_id)).toMatchObject({ connection_status: 'just_replaced' });
  expect(await new Unit().login('old-box')).not.toBe('#AL#1');
  await restart();
  expect(await stateOf(tracker_id)).toMatchObject({ connection_status: 'just_replaced' });
  const fresh = new Unit();
  expect(await fresh.login('new-box')).toBe('#AL#1');
  expect(await fresh.move(0)).toBe('#ASD#1');
  expect(await stateOf(tracker_id)).toMatchObject({ connection_status: 'active', movement_status: 'parked' });
});

test('trip detection settings act on what comes next, and after a restart', async () => {
  const tracker_id = await register('box');
  const params = { tracker_id, min_idle_duration_minutes: 5, idle_speed_threshold: 60 };
  expect(await client().call('tracker/settings/trip_detection/update', params)).toEqual({ success: true });
  const unit = new Unit();
  await unit.login('box');
  expect(await unit.move(59)).toBe('#ASD#1');
  expect(await stateOf(tracker_id)).toMatchObject({ movement_status: 'parked' });
  await restart();
  expect(await stateOf(tracker_id)).toMatchObject({ movement_status: 'parked' });
  const again = new Unit();
  await again.login('box');
  expect(await again.move(60, 1000)).toBe('#ASD#1');
  expect(await stateOf(tracker_id)).toMatchObject({ movement_status: 'moving' });
});

test('a deleted device is free again, and registered anew has no past', async () => {
  const tracker_id = await register('box');
  expect(await client().call('tracker/corrupt', { tracker_id })).toEqual({ success: true });
  expect(await new Unit().login('box')).not.toBe('#AL#1');
  await restart();
  expect(await codeOf(client().call('tracker/corrupt', { tracker_id }))).toBe(252);
  const next = await register('box');
  expect(next).not.toBe(tracker_id);
  expect(await stateOf(next)).toMatchObject({ connection_status: 'just_registered' });
  expect(await new Unit().login('box')).toBe('#AL#1');
});
