/**
 * What a claim means for units on real sockets: without one nothing is taken, with one it goes at once, and what was made before the end
 * of an earlier one is nobody's.
 */
import { expect, test } from 'vitest';
import { behaviors } from '../../simulators/behaviors/registry.js';
import { createFleet } from '../../simulators/fleet.js';
import { decodeKept } from '../../src/ingest/decoder.js';
import { keptFrames } from '../../src/store/history.js';
import { applySetup } from '../../src/store/setup/apply.js';
import type { SetupHereDevice } from '../../src/store/setup/here-schema.js';
import { checkSetup } from '../../src/store/setup/read.js';
import { type LocalGateway, startLocal } from '../support/gateway.js';
import { sampleAt, Unit } from '../support/tracker-client.js';
import { until } from '../support/until.js';

const owners = ['one', 'two'] as const;
type Owner = (typeof owners)[number];

/** A gateway with two owners, and devices that the first one has provisioned. */
class Claims {
  readonly gateway: LocalGateway;
  readonly tokens = new Map<Owner, string>();

  private constructor(gateway: LocalGateway) {
    this.gateway = gateway;
  }

  static async start(devices: readonly SetupHereDevice[], settings = {}): Promise<Claims> {
    const claims = new Claims(await startLocal({ claims: 'required', ...settings }));
    const accounts = owners.map((name) => ({ login: `${name}@example.com`, password: 'secret' }));
    const projects = owners.map((id) => ({ id, app_id: `application-${id}`, members: [`${id}@example.com`] }));
    await claims.apply({ accounts, here: { projects } });
    await claims.apply({ here: { projects: [{ id: 'one', devices: [...devices] }] } });
    for (const name of owners) {
      const body = { email: `${name}@example.com`, password: 'secret' };
      claims.tokens.set(name, (await claims.call('POST', '/users/v2/login', { body })).body.accessToken as string);
    }
    return claims;
  }

  apply(setup: unknown) {
    return applySetup(this.gateway.app.store, checkSetup(setup));
  }

  async call(method: string, path: string, { token = '', body }: { token?: string | undefined; body?: unknown } = {}) {
    const response = await fetch(`${this.gateway.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
  }

  async claim(deviceId: string, owner: Owner): Promise<string> {
    const path = `/registry/v2/devices/${deviceId}`;
    const { status, body } = await this.call('PUT', path, { token: this.tokens.get(owner) });
    expect(status).toBe(201);
    return body.trackingId as string;
  }

  async unclaim(trackingId: string, owner: Owner): Promise<void> {
    const { status } = await this.call('DELETE', `/registry/v2/${trackingId}`, { token: this.tokens.get(owner) });
    expect(status).toBe(204);
  }

  /** Times of what an owner sees of a device. */
  async traces(trackingId: string, owner: Owner): Promise<readonly number[]> {
    const times: number[] = [];
    for (let pageToken = ''; ; ) {
      const query = pageToken === '' ? '' : `?pageToken=${pageToken}`;
      const { status, body } = await this.call('GET', `/traces/v2/${trackingId}${query}`, {
        token: this.tokens.get(owner),
      });
      expect(status).toBe(200);
      times.push(...(body.data as { timestamp: number }[]).map(({ timestamp }) => timestamp));
      if (body.pageToken === undefined) return times;
      pageToken = body.pageToken as string;
    }
  }

  async figure(name: string, labels: Readonly<Record<string, string>>): Promise<number> {
    const { url } = this.gateway;
    const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    const found = lines.filter((line) => line.startsWith(`${name}{`) && wanted.every((part) => line.includes(part)));
    return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Times of all records kept under the sources that a device ever had. */
  kept(deviceId: string): number[] {
    const { registry, engine } = this.gateway.app.store;
    const sources = [...registry.all('source')].filter((source) => source.deviceId === deviceId);
    return sources.flatMap(({ id }) =>
      [...keptFrames(engine, id)].flatMap(({ entry }) => (decodeKept(entry) ?? []).map((each) => each.at)),
    );
  }
}

const withLogin = ['teltonika', 'gt06', 'wialon-ips'] as const;
const deviceOf = (protocol: string, n = 0) => behaviors.find((each) => each.protocol === protocol)!.deviceId(n);

test.each(withLogin)('%s: refused unclaimed, let in once claimed, cut off when given up', async (protocol) => {
  const id = deviceOf(protocol);
  const claims = await Claims.start([{ id }]);
  const port = claims.gateway.port(protocol);
  const unclaimed = await Unit.connect(port, protocol);
  unclaimed.client.send(unclaimed.loginFrame());
  await unclaimed.client.end();
  expect(unclaimed.downlinks.every((each) => each.kind === 'login' && !each.accepted)).toBe(true);
  expect(await claims.figure('milepost_errors_total', { code: 'unclaimed_unit', protocol })).toBe(1);

  const trackingId = await claims.claim(id, 'one');
  const unit = await Unit.online(port, protocol);
  const baseMs = Date.now();
  expect(await unit.report([sampleAt(baseMs)])).toMatchObject({ kind: 'ack' });
  expect(await claims.traces(trackingId, 'one')).toHaveLength(1);
  const source = claims.gateway.app.store.registry.sourceByDeviceId(id);
  expect(source?.model).toBe(protocol === 'teltonika' ? 'telfmb920' : source?.model);
  expect(source?.protocol).toBe(protocol);

  await claims.unclaim(trackingId, 'one');
  await unit.client.end();
  const late = await Unit.connect(port, protocol);
  late.client.send(Buffer.concat([late.loginFrame(), late.frame([sampleAt(baseMs, 1)])]));
  await late.client.end();
  expect(late.count('ack')).toBe(0);
  expect(claims.kept(id)).toHaveLength(1);
});

test('a registered unit needs a claim too, and an unknown one is not registered on sight', async () => {
  const claims = await Claims.start([{ id: deviceOf('teltonika', 0) }], { open: true });
  const tracker = { label: 'Van', model: 'telfmb920', device_id: deviceOf('teltonika', 0) };
  const other = { label: 'Other', model: 'telfmb920', device_id: deviceOf('teltonika', 1) };
  await claims.apply({ accounts: [{ login: 'one@example.com', trackers: [tracker, other] }] });
  const port = claims.gateway.port('teltonika');
  for (const n of [0, 1, 2]) {
    const unit = await Unit.connect(port, 'teltonika', n);
    unit.client.send(unit.loginFrame());
    expect((await unit.client.end()).toString('hex')).toBe('00');
  }
  const reasons = await claims.figure('milepost_errors_total', { code: 'unclaimed_unit' });
  expect([reasons, await claims.figure('milepost_errors_total', { code: 'unknown_unit' })]).toEqual([2, 1]);
  await claims.claim(deviceOf('teltonika', 0), 'one');
  const unit = await Unit.online(port, 'teltonika', 0);
  expect(await unit.report([sampleAt(Date.now())])).toMatchObject({ kind: 'ack' });
});

test('with claims off a registered unit goes on, and a provisioned one waits for its claim', async () => {
  const ids = [0, 1].map((n) => deviceOf('teltonika', n));
  const claims = await Claims.start([{ id: ids[0] as string }], { claims: 'off', open: true });
  const port = claims.gateway.port('teltonika');
  await Unit.online(port, 'teltonika', 1);
  const provisioned = await Unit.connect(port, 'teltonika', 0);
  provisioned.client.send(provisioned.loginFrame());
  expect((await provisioned.client.end()).toString('hex')).toBe('00');
  await claims.claim(ids[0] as string, 'two');
  await Unit.online(port, 'teltonika', 0);
});

test('a live unit is taken over by a claim without a break', async () => {
  const id = deviceOf('teltonika');
  const claims = await Claims.start([{ id }], { claims: 'off' });
  const tracker = { label: 'Van', model: 'telfmb920', device_id: id };
  await claims.apply({ accounts: [{ login: 'one@example.com', trackers: [tracker] }] });
  const unit = await Unit.online(claims.gateway.port('teltonika'), 'teltonika');
  await unit.report([sampleAt(Date.now(), -20)]);
  const trackingId = await claims.claim(id, 'one');
  await unit.report([sampleAt(Date.now(), -10)]);
  expect(await claims.traces(trackingId, 'one')).toHaveLength(2);
  expect(unit.client.isClosed).toBe(false);
});

test('records from the time of another owner are acknowledged and dropped', async () => {
  const id = deviceOf('teltonika');
  const claims = await Claims.start([{ id }]);
  const port = claims.gateway.port('teltonika');
  await claims.unclaim(await claims.claim(id, 'one'), 'one');
  const endedAt = Date.now();
  const trackingId = await claims.claim(id, 'two');
  const unit = await Unit.online(port, 'teltonika');
  const old = [-300, -200, -100].map((seconds) => sampleAt(endedAt, seconds));
  expect(await unit.report(old)).toMatchObject({ kind: 'ack' });
  const own = sampleAt(endedAt, 5);
  expect(await unit.report([...old, own])).toMatchObject({ kind: 'ack' });
  expect(await claims.traces(trackingId, 'two')).toEqual([own.at]);
  expect(claims.kept(id)).toEqual([own.at]);
  const dropped = { protocol: 'teltonika', reason: 'previous_owner' };
  expect(await claims.figure('milepost_records_dropped_total', dropped)).toBe(6);
});

test('devices change hands under load: nothing is lost, and nothing crosses', { timeout: 60_000 }, async () => {
  const count = 12;
  const groups = withLogin.map((protocol) => behaviors.find((each) => each.protocol === protocol)!);
  const ids = Array.from({ length: count }, (_, n) => groups[n % groups.length]!.deviceId(n));
  const claims = await Claims.start(ids.map((id) => ({ id })));
  const acknowledged = new Map<string, Set<number>>(ids.map((id) => [id, new Set()]));
  const fleet = createFleet({
    groups: groups.map((factory) => ({
      factory,
      endpoint: { host: '127.0.0.1', port: claims.gateway.port(factory.protocol), transport: 'tcp' as const },
    })),
    devices: count,
    intervalMs: 50,
    seed: 7,
    backoffMs: { min: 10, max: 40 },
    hooks: {
      onAcknowledged: (id, updates) => {
        for (const { at } of updates) acknowledged.get(id)?.add(Math.floor(at / 1000));
      },
    },
  });
  const ackedOf = (id: string) => acknowledged.get(id)?.size ?? 0;
  const first = new Map<string, string>();
  for (const id of ids) first.set(id, await claims.claim(id, 'one'));
  fleet.start();
  try {
    await until(() => ids.every((id) => ackedOf(id) >= 2), 'records of everybody', 30_000);
    for (const id of ids) await claims.unclaim(first.get(id) as string, 'one');
    const before = fleet.stats.recordsMade;
    await until(() => fleet.stats.recordsMade > before + 20 * count, 'records in the units', 30_000);
    // A claim for a moment: what the units hold by now is nobody's.
    for (const id of ids) await claims.unclaim(await claims.claim(id, 'one'), 'one');
    const kept = new Map(ids.map((id) => [id, claims.kept(id)]));
    const second = new Map<string, string>();
    for (const id of ids) second.set(id, await claims.claim(id, 'two'));
    const reclaimed = Math.floor(Date.now() / 1000);
    const newest = (id: string) => Math.max(0, ...(acknowledged.get(id) ?? []));
    await until(() => ids.every((id) => newest(id) > reclaimed + 1), 'records for the new owners', 30_000);
    await fleet.stop(10_000);
    for (const id of ids) {
      const { notBefore = 0 } = claims.gateway.app.store.registry.sourceByDeviceId(id) ?? {};
      expect(notBefore).toBeGreaterThan(0);
      const seen = await claims.traces(second.get(id) as string, 'two');
      expect(seen.filter((at) => at < notBefore)).toEqual([]);
      const seenSeconds = new Set([...seen, ...(kept.get(id) ?? [])].map((at) => Math.floor(at / 1000)));
      const lost = [...(acknowledged.get(id) ?? [])].filter((s) => s * 1000 >= notBefore && !seenSeconds.has(s));
      expect([id, lost]).toEqual([id, []]);
    }
    const reason = { reason: 'previous_owner' };
    expect(await claims.figure('milepost_records_dropped_total', reason)).toBeGreaterThan(count);
  } finally {
    await fleet.stop(0);
  }
  const store = claims.gateway.app.store.registry;
  expect([store.claims.openClaimsOf('one').length, store.claims.openClaimsOf('two').length]).toEqual([0, count]);
});
