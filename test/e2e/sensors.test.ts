/**
 * Sensors on a whole gateway: what a unit sends over the wire is shown calibrated, now and over time, and all of it is there after a
 * restart.
 */
import { expect, test } from 'vitest';
import { digestOf } from '../../src/store/credentials.js';
import { type LocalGateway, startLocal } from '../support/gateway.js';
import { tempDir } from '../support/temp-dir.js';
import { sampleAt, Unit } from '../support/tracker-client.js';

const hash = 'd'.repeat(32);
const protocol = 'teltonika';

async function call(gateway: LocalGateway, path: string, params: Record<string, unknown>): Promise<unknown> {
  const body = JSON.stringify({ hash, ...params });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${gateway.url}/tracker/${path}`, { method: 'POST', headers, body });
  return response.json();
}

test('a calibrated sensor shows what was sent, before and after a restart', { timeout: 60_000 }, async () => {
  const dataDir = tempDir();
  let gateway = await startLocal({ dataDir });
  await gateway.app.store.change((tx) => {
    const id = tx.nextId('session');
    tx.put('session', { id, userId: 1, digest: digestOf(hash), createdAt: tx.at, usedAt: tx.at });
  });
  const { deviceId: device_id } = await Unit.connect(gateway.port(protocol), protocol);
  const wanted = { label: 'Van', group_id: 0, plugin_id: 44, model: 'telfmb920', device_id };
  const sim = { phone: '491701234567', apn_name: 'internet' };
  const registered = (await call(gateway, 'register', { ...wanted, ...sim })) as { value: { id: number } };
  const { id: tracker_id } = registered.value;

  const tank = {
    type: 'metering',
    sensor_type: 'fuel',
    name: 'Tank',
    input_name: 'board_voltage',
    units_type: 'litre',
  };
  const created = (await call(gateway, 'sensor/create', { tracker_id, sensor: tank })) as { id: number };
  const data = [
    { in: 10, out: 0 },
    { in: 12, out: 50 },
  ];
  await call(gateway, 'sensor/calibration_data/update', { tracker_id, sensor_id: created.id, data });
  await call(gateway, 'output/update', { tracker_id, tracker_output: { number: 1, title: 'Pump' } });

  const unit = await Unit.online(gateway.port(protocol), protocol);
  const base = Date.now() - 60_000;
  for (const [offsetS, volts] of [
    [10, 11],
    [0, 10],
    [10, 11],
    [20, 12],
  ] as const) {
    await unit.report([{ ...sampleAt(base, offsetS), names: ['board_voltage'], values: [volts] }]);
  }

  const at = (offsetS: number) => new Date(sampleAt(base, offsetS).at).toISOString().replace('.000', '');
  for (let start = 0; start < 3; start++) {
    if (start > 0) {
      await gateway.stop();
      gateway = await startLocal({ dataDir });
    }
    expect(await call(gateway, 'get_fuel', { tracker_id })).toMatchObject({
      inputs: [{ label: 'Tank', name: 'board_voltage', value: 50, units_type: 'litre' }],
    });
    const span = { from: at(0), to: at(60) };
    const params = { tracker_id, sensor_id: created.id, ...span, iso_datetime: true };
    const list = [0, 25, 50].map((value, i) => ({ value, get_time: at(10 * i) }));
    expect(await call(gateway, 'sensor/data/read', params)).toEqual({ success: true, list });
    expect(await call(gateway, 'sensor/data/read', { ...params, from: at(20) })).toMatchObject({ list: [list[2]] });
    expect(await call(gateway, 'sensor/list', { tracker_id })).toMatchObject({ list: [{ id: created.id, ...tank }] });
    expect(await call(gateway, 'get_outputs', { tracker_id })).toMatchObject({ result: [{ title: 'Pump' }] });
  }
});
