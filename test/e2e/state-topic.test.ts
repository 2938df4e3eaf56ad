/**
 * The state topic of a whole gateway: from the bytes of a unit, from device variables and from claims to the messages of a client.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { behaviorOf } from '../../simulators/behaviors/registry.js';
import { applySetup } from '../../src/store/setup/apply.js';
import { checkSetup } from '../../src/store/setup/read.js';
import { startLocal } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { LicensedDevice } from '../support/license-client.js';
import { tempDir } from '../support/temp-dir.js';
import { TopicClient, type TopicMessage } from '../support/topic-client.js';
import { sampleAt, Unit } from '../support/tracker-client.js';
import { until, within } from '../support/until.js';

const imei = behaviorOf('teltonika')?.deviceId(0) ?? '';
const named = { hardware_id: imei, product: 'GW', license_key: 'AAAA-BBBB-CCCC-DDDD' };
const tracker = { label: 'Van 7', model: 'telfmb920', device_id: imei };
const owner = { login: 'acme@example.com', password: 'correct-horse' };
const setup = {
  accounts: [{ ...owner, trackers: [tracker] }],
  licensespring: {
    api_keys: [{ key: 'client', shared_key: 'gw-shared-key-0001' }],
    products: [
      { code: 'GW', authorization_method: 'license-key', licenses: [{ key: named.license_key, max_activations: 3 }] },
    ],
  },
};
const byOwner = { username: owner.login, password: owner.password };

type Shown = { connection_status: string; gps: { location: object }; additional: Record<string, { value: string }> };

async function connected(port: number, options: object = byOwner): Promise<TopicClient> {
  const client = await TopicClient.connect(port, options);
  onTestFinished(() => client.end());
  return client;
}

/** Takes messages until one is what is waited for. */
function awaited(client: TopicClient, what: string, is: (state: Shown) => boolean): Promise<TopicMessage> {
  return until(() => {
    for (const message of client.messages.splice(0)) {
      if (message.text !== '' && is(JSON.parse(message.text) as Shown)) return message;
    }
    return undefined;
  }, what);
}

test('letting trackers in opens the state topic no more than the API', async () => {
  const listen = ['--listen', 'teltonika=0', '--listen', 'mqtt=0'];
  const gateway = await GatewayProcess.serve(['--ephemeral', '--host', '127.0.0.2', '--http-port', '0', ...listen]);
  onTestFinished(() => void gateway.end('SIGKILL'));
  const hosts = Object.fromEntries(gateway.listening.map(({ protocol, host }) => [protocol, host]));
  expect(hosts).toEqual({ teltonika: '127.0.0.2', mqtt: '127.0.0.1', http: '127.0.0.1' });
});

test('a client follows a unit of a gateway that is a process', async () => {
  const dataDir = tempDir();
  const file = join(dataDir, 'setup.json');
  writeFileSync(file, JSON.stringify(setup));
  const listen = ['--listen', 'teltonika=0', '--listen', 'mqtt=0'];
  const gateway = await GatewayProcess.serve(['--data-dir', dataDir, '--http-port', '0', '--setup', file, ...listen]);
  onTestFinished(() => void gateway.end('SIGKILL'));
  const port = gateway.port('mqtt');
  expect(gateway.listening).toContainEqual({ protocol: 'mqtt', transport: 'tcp', host: '127.0.0.1', port });

  const client = await connected(port);
  expect(await client.subscribe('trackers/+/state')).toEqual([0]);
  const first = await client.next();
  expect(first).toMatchObject({ topic: 'trackers/1/state', retain: true });
  expect(JSON.parse(first.text)).toMatchObject({ connection_status: 'just_registered' });

  const unit = await Unit.online(gateway.port('teltonika'), 'teltonika');
  await unit.report([sampleAt(Date.now())]);
  const report = await awaited(client, 'the report', ({ connection_status }) => connection_status === 'active');
  expect(report.retain).toBe(false);
  expect(await stateAsked(gateway.url)).toEqual(JSON.parse(report.text));

  const device = await LicensedDevice.connect(gateway.url, named);
  await device.activate();
  await device.track({ firmware: '03.27.07', km: 18234.5 });
  const shown = await awaited(client, 'the variables', ({ additional }) => 'variable.km' in additional);
  expect(JSON.parse(shown.text)).toMatchObject({
    additional: { 'variable.km': { value: '18234.5' }, 'variable.firmware': { value: '03.27.07' } },
  });
  await device.track({ km: 18235 });
  await awaited(client, 'the change', ({ additional }) => additional['variable.km']?.value === '18235');

  unit.client.socket.destroy();
  await awaited(client, 'the loss of the connection', ({ connection_status }) => connection_status === 'signal_lost');

  await expect(connected(port, { ...byOwner, password: 'wrong' })).rejects.toThrow('refused 4');
  const figures = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(figures).toMatch(/^milepost_mqtt_connections 1$/m);
  expect(figures).toMatch(/^milepost_mqtt_subscriptions 1$/m);
  expect(figures).toMatch(/^milepost_mqtt_buffered_bytes 0$/m);
  expect(figures).toMatch(/^milepost_mqtt_messages_total [1-9]\d*$/m);
  expect(figures).toMatch(/^milepost_mqtt_refused_total\{reason="wrong_credential"\} 1$/m);

  expect(await within(gateway.end('SIGTERM'), 'the stop')).toBe(0);
  await client.ended();
});

async function stateAsked(url: string): Promise<unknown> {
  const body = (params: object) => ({ method: 'POST', body: new URLSearchParams({ ...params }) });
  const { hash } = (await (await fetch(`${url}/user/auth`, body(owner))).json()) as { hash: string };
  const answer = await fetch(`${url}/tracker/get_state`, body({ hash, tracker_id: '1' }));
  return ((await answer.json()) as { state: unknown }).state;
}

test('a device is told of as long as it is claimed', async () => {
  const gateway = await startLocal({ claims: 'required', listen: ['teltonika=0', 'mqtt=0'] });
  const project = { id: 'one', app_id: 'application-one', members: [owner.login], devices: [{ id: imei }] };
  await applySetup(gateway.app.store, checkSetup({ accounts: [owner] }));
  await applySetup(gateway.app.store, checkSetup({ here: { projects: [project] } }));
  const call = async (method: string, path: string, token?: string, body?: object) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(gateway.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return JSON.parse(text === '' ? '{}' : text) as Record<string, string>;
  };
  const client = await connected(gateway.port('mqtt'));
  await client.subscribe('#');
  expect(await client.rest()).toEqual([]);

  const login = { email: owner.login, password: owner.password };
  const { accessToken } = await call('POST', '/users/v2/login', undefined, login);
  const { trackingId } = await call('PUT', `/registry/v2/devices/${imei}`, accessToken);
  const claimed = await client.next();
  expect([claimed.retain, JSON.parse(claimed.text)]).toMatchObject([false, { connection_status: 'just_registered' }]);

  await call('DELETE', `/registry/v2/${trackingId}`, accessToken);
  await until(() => client.messages.some(({ topic, text }) => topic === claimed.topic && text === ''), 'the end');
  client.messages.length = 0;
  const { trackingId: again } = await call('PUT', `/registry/v2/devices/${imei}`, accessToken);
  const anew = await client.next();
  expect(again).not.toBe(trackingId);
  expect(anew.topic).not.toBe(claimed.topic);
});

test('the port is open where it is asked for, and a port that is taken stops the start', async () => {
  const without = await startLocal({ listen: ['teltonika=0'] });
  expect(without.app.listening.map(({ protocol }) => protocol)).not.toContain('mqtt');
  const gateway = await startLocal({ listen: ['mqtt=0'] });
  const port = gateway.port('mqtt');
  expect(gateway.app.listening.map(({ protocol }) => protocol)).toEqual(['mqtt', 'http']);
  await expect(startLocal({ listen: [`mqtt=${port}`] })).rejects.toMatchObject({ code: 'port_in_use' });
  await gateway.stop();
  const later = await startLocal({ listen: [`mqtt=${port}`] });
  expect(later.port('mqtt')).toBe(port);
});
