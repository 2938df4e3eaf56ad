/**
 * The promises as a caller of the API sees them, on a whole gateway in this process whose disk and clock obey the test.
 */
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { exportRecords } from '../../src/cli/export.js';
import type { StateUpdate } from '../../src/domain/update.js';
import { diskError, FailingEngine } from '../support/failing-engine.js';
import { type LocalGateway, startLocal } from '../support/gateway.js';
import { DatagramClient, RawClient, sampleAt, Unit } from '../support/tracker-client.js';
import { settle, until } from '../support/until.js';

type Body = { readonly [name: string]: unknown };

async function call(gateway: LocalGateway, path: string, body: Body): Promise<{ status: number; body: Body }> {
  const response = await fetch(`${gateway.url}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

async function login(gateway: LocalGateway): Promise<string> {
  return (await call(gateway, 'user/auth', { login: 'admin', password: 'secret' })).body.hash as string;
}

const registration = (hash: string, deviceId: string): Body => ({
  hash,
  label: 'Van',
  group_id: 0,
  plugin_id: 44,
  model: 'telfmb920',
  device_id: deviceId,
  phone: `49${deviceId.slice(-9)}`,
  apn_name: 'internet',
});

async function register(gateway: LocalGateway, hash: string, deviceId: string): Promise<number> {
  const { body } = await call(gateway, 'tracker/register', registration(hash, deviceId));
  return (body.value as { id: number }).id;
}

interface StateBody {
  readonly gps: { readonly updated: string; readonly location: { lat: number }; readonly speed: number };
  readonly ignition: boolean | null;
  readonly connection_status: string;
}

async function stateOf(gateway: LocalGateway, hash: string, trackerId: number): Promise<StateBody> {
  return (await call(gateway, 'v2/tracker/get_state', { hash, tracker_id: trackerId })).body.state as StateBody;
}

const exported = (gateway: LocalGateway, unit?: string) => [
  ...exportRecords(gateway.app.store.engine, {
    unit,
    fromMs: Number.NEGATIVE_INFINITY,
    toMs: Number.POSITIVE_INFINITY,
  }),
];

const deviceIdOf = (n: number) => {
  const { deviceId } = new Unit({ socket: { on: () => {} } } as never, 'teltonika', n);
  return deviceId;
};

async function withTracker(): Promise<{ gateway: LocalGateway; hash: string; id: number; unit: Unit }> {
  const gateway = await startLocal();
  const hash = await login(gateway);
  const id = await register(gateway, hash, deviceIdOf(0));
  return { gateway, hash, id, unit: await Unit.online(gateway.port('teltonika'), 'teltonika') };
}

const asBacklog = (sample: StateUpdate): StateUpdate => ({ ...sample, backlog: true });

test('registering takes effect at once: the unit that was refused a moment ago is let in', async () => {
  const gateway = await startLocal();
  const hash = await login(gateway);
  const stranger = await Unit.connect(gateway.port('teltonika'), 'teltonika');
  stranger.client.send(stranger.loginFrame());
  expect((await stranger.client.end()).toString('hex')).toBe('00');
  const id = await register(gateway, hash, stranger.deviceId);
  const unit = await Unit.online(gateway.port('auto'), 'teltonika');
  await unit.report([sampleAt(Date.now(), -10)]);
  expect(await stateOf(gateway, hash, id)).toMatchObject({ connection_status: 'active', ignition: true });
  unit.client.socket.destroy();
  await until(async () => (await stateOf(gateway, hash, id)).connection_status !== 'active', 'the loss to show');
});

test('late records are kept and never replace what is newer', async () => {
  const { gateway, hash, id, unit } = await withTracker();
  await unit.report([sampleAt(Date.now(), -10, true)]);
  const before = await stateOf(gateway, hash, id);
  await unit.report([asBacklog(sampleAt(Date.now(), -5000, false)), asBacklog(sampleAt(Date.now(), -4000, false))]);
  const after = await stateOf(gateway, hash, id);
  expect([after.gps, after.ignition]).toEqual([before.gps, true]);
  expect(exported(gateway).map((record) => record.time)).toHaveLength(3);
});

test('records of a clock that runs ahead are acknowledged and kept, counted, and no state', async () => {
  const { gateway, hash, id, unit } = await withTracker();
  await unit.report([sampleAt(Date.now(), -10)]);
  const before = await stateOf(gateway, hash, id);
  await unit.report([sampleAt(Date.now(), 3 * 3600)]);
  expect((await stateOf(gateway, hash, id)).gps).toEqual(before.gps);
  expect(exported(gateway)).toHaveLength(2);
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toContain('milepost_records_not_state_total{protocol="teltonika",reason="future"} 1');
  await unit.report([sampleAt(Date.now(), -1, false)]);
  expect((await stateOf(gateway, hash, id)).ignition).toBe(false);
});

test('what is sent twice, in other frames and over another transport, is in the history once', async () => {
  const { gateway, unit } = await withTracker();
  const samples = [-30, -20, -10].map((offset) => sampleAt(Date.now(), offset));
  await unit.report(samples);
  await unit.report(samples.slice(1));
  const datagrams = new DatagramClient(gateway.port('teltonika', 'udp'));
  const { behavior } = unit;
  expect(behavior.window).toBe(1);
  unit.client.send(unit.frame([samples[0] as StateUpdate]));
  await unit.next('ack');
  expect(exported(gateway, unit.deviceId).map((record) => Date.parse(record.time as string))).toEqual(
    samples.map((sample) => sample.at),
  );
  expect(datagrams.received).toEqual([]);
});

test('while the disk fails the gateway is not ready, registers nobody and acknowledges nothing', async () => {
  const engine = new FailingEngine();
  const gateway = await startLocal({}, { engine });
  const hash = await login(gateway);
  const known = await register(gateway, hash, deviceIdOf(0));
  const unit = await Unit.online(gateway.port('teltonika'), 'teltonika', 0);
  await unit.report([sampleAt(Date.now(), -20)]);
  const before = await stateOf(gateway, hash, known);

  engine.failure = diskError('ENOSPC');
  unit.client.send(unit.frame([sampleAt(Date.now(), -10, false)]));
  await unit.client.end();
  expect(unit.count('ack')).toBe(1);
  const refused = await call(gateway, 'tracker/register', registration(hash, deviceIdOf(1)));
  expect(refused.body.success).toBe(false);
  expect(refused.status).toBe(503);
  const ready = await fetch(`${gateway.url}/readyz`);
  expect(ready.status).toBe(503);
  expect(JSON.stringify(await ready.json())).toContain('ENOSPC');
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
  expect((await stateOf(gateway, hash, known)).gps).toEqual(before.gps);
  const { body } = await call(gateway, 'tracker/list', { hash });
  expect(body.list).toHaveLength(1);

  engine.failure = undefined;
  await until(async () => (await fetch(`${gateway.url}/readyz`)).status === 200, 'readiness to come back');
  const added = await register(gateway, hash, deviceIdOf(1));
  expect(added).toBeGreaterThan(known);
  await (await Unit.online(gateway.port('teltonika'), 'teltonika', 0)).report([sampleAt(Date.now(), -10, false)]);
  expect((await stateOf(gateway, hash, known)).ignition).toBe(false);
});

test('the operator is told when nothing can be kept, and when it can again', async () => {
  const told: string[] = [];
  const log = pino(
    { level: 'info' },
    { write: (line: string) => void (/journal|kept/.test(line) && told.push(JSON.parse(line).level)) },
  );
  const engine = new FailingEngine();
  const gateway = await startLocal({ open: true }, { engine, log });
  engine.failure = diskError('ENOSPC');
  const units = await Promise.all([1, 2].map(() => RawClient.connect(gateway.port('wialon-ips'))));
  for (const [n, unit] of units.entries()) unit.send(`#L#86800000000000${n};NA\r\n`);
  await Promise.all(units.map((unit) => unit.end()));
  engine.failure = undefined;
  await until(async () => (await fetch(`${gateway.url}/readyz`)).status === 200, 'readiness to come back');
  expect(told).toEqual([50, 30]);
});

test('a gateway that cannot write at its start does not start, and leaves no port open', async () => {
  const engine = new FailingEngine();
  engine.failure = diskError('EIO');
  await expect(startLocal({ listen: ['auto=0'] }, { engine })).rejects.toMatchObject({ code: 'store_write' });
  await settle();
  expect(engine.isClosed).toBe(true);
});

test('a stop commits what is under way, answers it and keeps a snapshot', async () => {
  const engine = new FailingEngine();
  const gateway = await startLocal({ open: true }, { engine });
  const units = await Promise.all([0, 1, 2].map((n) => Unit.online(gateway.port('teltonika'), 'teltonika', n)));
  engine.hold();
  for (const unit of units) unit.client.send(unit.frame([sampleAt(Date.now(), -10)]));
  await until(() => engine.heldCount === 1, 'a commit under way');
  await settle();
  const stopped = gateway.stop();
  await settle();
  expect(units.map((unit) => unit.count('ack'))).toEqual([0, 0, 0]);
  engine.release();
  await stopped;
  await Promise.all(units.map((unit) => unit.client.end()));
  expect(units.map((unit) => unit.count('ack'))).toEqual([1, 1, 1]);
  expect([...engine.rows('units')]).toHaveLength(3);
});

test('a stop under load ends, and takes in nothing that it does not answer', async () => {
  const gateway = await startLocal({ open: true });
  const units = await Promise.all(Array.from({ length: 20 }, (_, n) => Unit.online(gateway.port('gt06'), 'gt06', n)));
  let isOver = false;
  const sending = Promise.all(
    units.map(async (unit) => {
      for (let i = 0; !isOver && !unit.client.isClosed; i++) {
        unit.client.send(unit.frame([sampleAt(Date.now(), -10_000 + i)]));
        await settle();
      }
    }),
  );
  await until(() => units.every((unit) => unit.count('ack') > 20), 'the load');
  const { store } = gateway.app;
  await gateway.stop();
  isOver = true;
  await sending;
  await Promise.all(units.map((unit) => unit.client.end()));
  const acknowledged = units.reduce((sum, unit) => sum + unit.count('ack'), 0);
  const kept = [
    ...exportRecords(store.engine, {
      unit: undefined,
      fromMs: Number.NEGATIVE_INFINITY,
      toMs: Number.POSITIVE_INFINITY,
    }),
  ];
  expect(kept.length).toBe(acknowledged);
});

test('logs tell units and codes, no positions and no secrets', async () => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const { createLog } = await import('../../src/log.js');
  const log = createLog({ level: 'info', pretty: false, destination: sink });
  const gateway = await startLocal({ open: true }, { log });
  onTestFinished(() => void sink.destroy());
  const hash = await login(gateway);
  const unit = await Unit.online(gateway.port('teltonika'), 'teltonika');
  await unit.report([sampleAt(Date.now(), -10)]);
  await call(gateway, 'tracker/list', { hash });
  await gateway.stop();
  const text = lines.join('');
  expect(text).toContain(unit.deviceId);
  expect(text).not.toContain(hash);
  expect(text).not.toContain('52.49');
});
