/**
 * Commands over real sockets: virtual units connect to the gateway, commands come in through HTTP, and the journal outlives the gateway.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BehaviorFactory } from '../../simulators/behavior.js';
import { gt06Behavior } from '../../simulators/behaviors/gt06.js';
import { teltonikaBehavior } from '../../simulators/behaviors/teltonika.js';
import { createFleet, type Fleet } from '../../simulators/fleet.js';
import { type App, startApp } from '../../src/app.js';
import type { AdminRequest, NavixyClient } from '../../src/client/index.js';
import { readConfig } from '../../src/config.js';
import { registerTracker } from '../../src/store/accounts.js';
import { digestOf, newCredential } from '../../src/store/credentials.js';
import type { CommandRow, SourceRow, TrackerRow } from '../../src/store/rows.js';
import { checkedClient, codeOf } from '../support/checked-client.js';

let dir: string;
let app: App;
let hash: string;
let fleets: Fleet[];

async function open(options: Record<string, unknown> = {}): Promise<void> {
  const config = readConfig(
    { MILEPOST_ADMIN_PASSWORD: 'secret' },
    { dataDir: join(dir, 'data'), httpPort: 0, listen: ['teltonika=0', 'gt06=0'], logLevel: 'silent', ...options },
  );
  app = await startApp(config, { log: pino({ level: 'silent' }) });
  hash = newCredential();
  await app.store.change((tx) => {
    const id = tx.nextId('session');
    tx.put('session', { id, userId: 1, digest: digestOf(hash), createdAt: tx.at, usedAt: tx.at });
  });
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'milepost-'));
  fleets = [];
  await open();
});
afterEach(async () => {
  for (const fleet of fleets) await fleet.stop(0);
  await app.stop();
  await rm(dir, { recursive: true, force: true });
});

async function tracker(factory: BehaviorFactory, model: string): Promise<{ tracker: TrackerRow; source: SourceRow }> {
  const deviceId = factory.deviceId(0);
  const outcome = await app.store.change((tx) => registerTracker(tx, { accountId: 1, label: 'Van', model, deviceId }));
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome;
}

function drive(factory: BehaviorFactory, onCommand: (text: string) => void = () => {}): Fleet {
  const { host, port } = app.listening.find(({ protocol }) => protocol === factory.protocol)!;
  const fleet = createFleet({
    groups: [{ factory, endpoint: { host, port, transport: 'tcp' } }],
    devices: 1,
    intervalMs: 200,
    backoffMs: { min: 50, max: 100 },
    hooks: { onCommand: (_, text) => onCommand(text) },
  });
  fleets.push(fleet);
  fleet.start();
  return fleet;
}

function client(): NavixyClient {
  const { port } = app.listening.find(({ protocol }) => protocol === 'http')!;
  return checkedClient({ url: `http://127.0.0.1:${port}`, hash });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const startedAt = Date.now();
  while (!(await condition())) {
    if (Date.now() - startedAt > 15_000) throw new Error('it never happens');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const rowOf = (id: number): CommandRow => app.store.registry.get('command', id)!;
const stateIs = (id: number, state: string) => () => rowOf(id).state === state;

test('a command is answered and the answer kept, for each protocol', async () => {
  for (const [factory, model, words] of [
    [teltonikaBehavior, 'telfmb920', 'getver'],
    [gt06Behavior, 'concox_gt06n', 'VERSION#'],
  ] as const) {
    const { tracker: it, source } = await tracker(factory, model);
    drive(factory);
    await until(() => app.links.linkOf(source.id) !== undefined);
    expect(await client().call('tracker/raw_command/send', { tracker_id: it.id, command: words })).toEqual({
      success: true,
    });
    const { id } = app.store.registry.commandsOfSource(source.id)[0]!;
    await until(stateIs(id, 'answered'));
    expect(rowOf(id)).toMatchObject({ attempts: 1, state: 'answered' });
    expect(rowOf(id).result).not.toBe('');
  }
}, 30_000);

test('hex reaches the unit as the bytes it stands for', async () => {
  const { tracker: it, source } = await tracker(teltonikaBehavior, 'telfmb920');
  const heard: string[] = [];
  drive(teltonikaBehavior, (text) => heard.push(text));
  await until(() => app.links.linkOf(source.id) !== undefined);
  const hex = Buffer.from('getinfo').toString('hex');
  await client().call('tracker/raw_command/send', { tracker_id: it.id, command: hex, type: 'hex' });
  await until(stateIs(1, 'answered'));
  expect(heard).toEqual(['getinfo']);
}, 30_000);

test('commands wait for an offline unit, over a restart, and arrive in order after its first record', async () => {
  const { tracker: it } = await tracker(teltonikaBehavior, 'telfmb920');
  for (const command of ['getver', 'getinfo', 'getstatus']) {
    expect(await client().call('tracker/raw_command/send', { tracker_id: it.id, command })).toEqual({ success: true });
  }
  expect(
    await client().call('tracker/raw_command/send', { tracker_id: it.id, command: 'cpureset', reliable: false }),
  ).toEqual({
    success: true,
  });
  expect(await client().call('tracker/command/unconfirmed/count', { tracker_id: it.id })).toMatchObject({ count: 3 });
  await app.stop();
  await open();
  expect(await client().call('tracker/command/unconfirmed/count', { tracker_id: it.id })).toMatchObject({ count: 3 });
  const heard: string[] = [];
  const fleet = drive(teltonikaBehavior, (text) => {
    if (heard.length === 0) expect(fleet.stats.recordsAcknowledged).toBeGreaterThan(0);
    heard.push(text);
  });
  await until(stateIs(3, 'answered'));
  expect(heard).toEqual(['getver', 'getinfo', 'getstatus']);
  expect(rowOf(4)).toMatchObject({ state: 'failed', result: 'unit_offline' });
}, 30_000);

test('an output is confirmed by what the unit reports next, and refused while it is offline', async () => {
  const { tracker: it } = await tracker(teltonikaBehavior, 'telfmb920');
  const set = () => client().call('tracker/output/set', { tracker_id: it.id, output: 1, enable: true });
  const outputs = async () => {
    return (await client().call('tracker/get_state', { tracker_id: it.id })).state.outputs[0] === true;
  };
  expect(await codeOf(set())).toBe(213);
  expect(app.store.registry.size('command')).toBe(0);
  const fleet = drive(teltonikaBehavior);
  await until(() => fleet.stats.recordsAcknowledged > 0);
  expect(await outputs()).toBe(false);
  expect(await set()).toEqual({ success: true });
  await until(outputs);
  expect(rowOf(1).state).toBe('answered');
}, 30_000);

test('a silent unit: the time is up, and the command goes again after the next login', async () => {
  await app.stop();
  await open({ commandTimeoutMs: 300, httpRateLimit: 0 });
  const mute: BehaviorFactory = {
    ...teltonikaBehavior,
    create: (options) => Object.assign(teltonikaBehavior.create(options), { answer: () => undefined }),
  };
  const { tracker: it } = await tracker(teltonikaBehavior, 'telfmb920');
  const first = drive(mute);
  await until(() => first.stats.recordsAcknowledged > 0);
  await client().call('tracker/raw_command/send', { tracker_id: it.id, command: 'getver' });
  await client().call('tracker/raw_command/send', { tracker_id: it.id, command: 'getinfo', reliable: false });
  await until(stateIs(2, 'failed'));
  expect(rowOf(1)).toMatchObject({ state: 'queued', attempts: 1 });
  expect(rowOf(2).result).toBe('command_timeout');
  await first.stop(0);
  drive(teltonikaBehavior);
  await until(stateIs(1, 'answered'));
  expect(rowOf(1).attempts).toBe(2);
}, 30_000);

test('a position is asked for over the connection when the last fix is old, and by SMS through the file', async () => {
  await app.stop();
  const smsGatewayFile = join(dir, 'sms.jsonl');
  await open({ smsGatewayFile });
  const { tracker: it, source } = await tracker(teltonikaBehavior, 'telfmb920');
  const ask = (type: 'sms' | 'gprs', tracker_id = it.id) =>
    client().call('tracker/location_request', { tracker_id, type });
  expect(await codeOf(ask('gprs'))).toBe(213);
  const fleet = drive(teltonikaBehavior);
  await until(() => fleet.stats.recordsAcknowledged > 0);
  expect(await codeOf(ask('gprs'))).toBe(256);
  app.store.stateOf(source.id)!.fixAt = 0;
  await fleet.stop(0);
  const other = await app.store.change((tx) =>
    registerTracker(tx, { accountId: 1, label: 'Old', model: 'tt1_wp', deviceId: '2000000001', phone: '491701234567' }),
  );
  expect(await ask('sms', other.ok ? other.tracker.id : 0)).toEqual({ success: true });
  await until(stateIs(1, 'sent'));
  const line = JSON.parse(await readFile(smsGatewayFile, 'utf8')) as Record<string, string>;
  expect(line).toEqual({ at: expect.any(String), phone: '491701234567', text: '$WP+GETLOCATION=0000' });
}, 30_000);

test('the operator reads what became of commands, and takes one back', async () => {
  const { tracker: it, source } = await tracker(teltonikaBehavior, 'telfmb920');
  await client().call('tracker/raw_command/send', { tracker_id: it.id, command: 'getver' });
  await client().call('tracker/raw_command/send', { tracker_id: it.id, command: 'getinfo' });
  const command = (id: number) => ({ params: { id } });
  const cancelled = await client().admin('POST /commands/:id/cancel', command(2));
  expect(cancelled).toMatchObject({ id: 2, state: 'cancelled', result: null });
  await expect(client().admin('POST /commands/:id/cancel', command(2))).rejects.toMatchObject({
    ...{ httpStatus: 409, code: 'conflict' },
  });
  drive(teltonikaBehavior);
  await until(stateIs(1, 'answered'));
  expect(await client().admin('GET /commands/:id', command(1))).toMatchObject({
    id: 1,
    source_id: source.id,
    device_id: source.deviceId,
    account_id: 1,
    kind: 'text',
    command: 'getver',
    via: 'link',
    reliable: true,
    state: 'answered',
    attempts: 1,
    result: rowOf(1).result,
  });
  const listed = (query: AdminRequest<'GET /commands'>['query'] & {}) => client().admin('GET /commands', { query });
  for (const query of [{ source: source.id }, { device_id: source.deviceId }, { limit: 10 }]) {
    expect(await listed(query)).toMatchObject({ list: [{ id: 2 }, { id: 1 }], total: 2 });
  }
  expect(await listed({ state: 'answered' })).toMatchObject({ list: [{ id: 1 }], total: 1 });
  expect(await listed({ source: 99 })).toMatchObject({ list: [], total: 0 });
  await expect(listed({ state: 'nonsense' })).rejects.toMatchObject({ httpStatus: 400 });
  for (const id of [3, 99_999]) {
    await expect(client().admin('GET /commands/:id', command(id))).rejects.toMatchObject({ httpStatus: 404 });
  }
  await expect(client().admin('POST /commands/:id/cancel', command(3))).rejects.toMatchObject({ httpStatus: 404 });
}, 30_000);
