/**
 * The past of a unit over HTTP, from a gateway with its journal on the disk: counters, mileage and raw data, with records that came late
 * and twice, before a snapshot, after a stop, and from a journal that nobody has closed.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/store/credentials.js';
import { type LocalGateway, startLocal } from '../support/gateway.js';
import { tempDir } from '../support/temp-dir.js';
import { sampleAt, Unit } from '../support/tracker-client.js';

const hash = 'e'.repeat(32);
const protocol = 'teltonika';

async function post(gateway: LocalGateway, path: string, params: Record<string, unknown>): Promise<Response> {
  const body = JSON.stringify({ hash, ...params });
  return fetch(`${gateway.url}/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

async function call(gateway: LocalGateway, path: string, params: Record<string, unknown>) {
  return (await (await post(gateway, path, params)).json()) as Record<string, unknown>;
}

async function register(gateway: LocalGateway): Promise<number> {
  await gateway.app.store.change((tx) => {
    const id = tx.nextId('session');
    tx.put('session', { id, userId: 1, digest: digestOf(hash), createdAt: tx.at, usedAt: tx.at });
  });
  const { deviceId: device_id } = await Unit.connect(gateway.port(protocol), protocol);
  const wanted = { label: 'Van', group_id: 0, plugin_id: 44, model: 'telfmb920', device_id };
  const sim = { phone: '491701234567', apn_name: 'internet' };
  const registered = await call(gateway, 'tracker/register', { ...wanted, ...sim });
  return (registered.value as { id: number }).id;
}

test('counters, mileage and raw data are what the unit sent, whatever became of the gateway', {
  timeout: 60_000,
}, async () => {
  const dataDir = tempDir();
  let gateway = await startLocal({ dataDir });
  const tracker_id = await register(gateway);
  const unit = await Unit.online(gateway.port(protocol), protocol);
  // From a full hour on, so that everything is on one day.
  const base = Math.floor(Date.now() / 3_600_000 - 2) * 3_600_000;
  const drive = (seconds: readonly number[]) => unit.report(seconds.map((second) => sampleAt(base, second)));
  await drive([0, 60]);
  await drive([180]);
  await drive([60, 120]);
  await drive([180, 240]);

  const iso = (second: number) => new Date(base + second * 1000).toISOString().replace('.000', '');
  const span = { from: iso(0), to: iso(240), iso_datetime: true };
  const answers = async () => ({
    counters: (await call(gateway, 'tracker/get_counters', { tracker_id, iso_datetime: true })).list,
    past: await call(gateway, 'tracker/counter/data/read', { tracker_id, type: 'odometer', ...span }),
    mileage: (await call(gateway, 'tracker/stats/mileage/read', { trackers: [tracker_id], ...span })).result,
    raw: await (
      await post(gateway, 'dwh/v1/tracker/raw_data/read', { tracker_id, columns: ['lat', 'states.ignition'], ...span })
    ).text(),
  });
  const before = await answers();
  // A ten-thousandth of a degree a second, but the late records are no part of what was summed up as they came.
  const km = 240 * 0.0111195;
  expect(before.counters).toEqual([
    { type: 'odometer', value: expect.closeTo(km, 2), update_time: iso(240) },
    { type: 'engine_hours', value: expect.closeTo(240 / 3600, 3), update_time: iso(240) },
  ]);
  expect(before.past.list).toEqual(
    [0, 60, 180, 240].map((second) => ({ value: expect.closeTo(second * 0.0111195, 2), update_time: iso(second) })),
  );
  expect(before.mileage).toEqual({ [tracker_id]: { [iso(0).slice(0, 10)]: { mileage: expect.closeTo(km, 1) } } });
  expect(before.raw.trimEnd().split('\n')).toEqual([
    '"msg_time","lat","states.ignition"',
    ...[0, 60, 120, 180, 240].map((second) => `"${iso(second)}",${sampleAt(base, second).position?.lat},"true"`),
  ]);

  const copy = tempDir();
  cpSync(join(dataDir, 'journal'), join(copy, 'journal'), { recursive: true });
  for (const dir of [dataDir, dataDir, copy]) {
    await gateway.stop();
    gateway = await startLocal({ dataDir: dir });
    expect(await answers()).toEqual(before);
  }
});
