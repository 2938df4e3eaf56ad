/**
 * Device variables of a whole gateway: signed requests over real HTTP, the state and the live events of the unit, owners that follow each
 * other, the blacklist at the tracker ports, restarts and kills.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { signatureOf } from '../../src/http/here/oauth.js';
import { applySetup } from '../../src/store/setup/apply.js';
import { checkSetup } from '../../src/store/setup/read.js';
import { type LocalGateway, startLocal } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { LicensedDevice } from '../support/license-client.js';
import { LiveClient } from '../support/live-client.js';
import { tempDir } from '../support/temp-dir.js';
import { TopicClient } from '../support/topic-client.js';
import { sampleAt, Unit } from '../support/tracker-client.js';
import { until } from '../support/until.js';

const imei = '356307042441013';
const named = { hardware_id: imei, product: 'GW', license_key: 'AAAA-BBBB-CCCC-DDDD' };
const tracker = { label: 'Van 7', model: 'telfmb920', device_id: imei };
const account = (name: string) => ({ login: `${name}@example.com`, password: 'secret' });
const licensespring = {
  api_keys: [{ key: 'client', shared_key: 'gw-shared-key-0001' }],
  products: [
    { code: 'GW', authorization_method: 'license-key', licenses: [{ key: named.license_key, max_activations: 3 }] },
  ],
};

const apply = ({ app }: LocalGateway, setup: object) => applySetup(app.store, checkSetup(setup));

async function post(url: string, path: string, body: object): Promise<Record<string, never>> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await response.json()) as Record<string, never>;
}

async function logIn(url: string, name: string, password = 'secret'): Promise<string> {
  return (await post(url, 'user/auth', { login: name, password })).hash as unknown as string;
}

/** What the trackers of a user show under `additional`, by label. */
async function additional(url: string, hash: string): Promise<Record<string, unknown>> {
  const { list } = (await post(url, 'tracker/list', { hash })) as never as { list: { id: number; label: string }[] };
  const { states } = (await post(url, 'tracker/get_states', { hash, trackers: list.map(({ id }) => id) })) as never as {
    states: Record<string, { additional: Record<string, { value: string }> }>;
  };
  return Object.fromEntries(
    list.map(({ id, label }) => {
      const shown = Object.entries(states[id]?.additional ?? {});
      return [label, Object.fromEntries(shown.map(([name, { value }]) => [name, value]))];
    }),
  );
}

test('variables are shown with the unit, told live, and outlive a restart', async () => {
  const dataDir = tempDir();
  let gateway = await startLocal({ dataDir });
  await apply(gateway, { accounts: [{ ...account('acme'), trackers: [tracker] }], licensespring });
  const hash = await logIn(gateway.url, 'acme@example.com');
  const live = await LiveClient.connect(gateway.port('http'));
  onTestFinished(() => live.socket.terminate());
  const requests = [{ type: 'state_batch', target: { type: 'all' }, rate_limit: '10ms' }];
  await live.ask({ action: 'subscribe', hash, requests });

  let client = await LicensedDevice.connect(gateway.url, named);
  expect(await client.refusal()).toBe('license_not_active');
  await client.activate();
  await client.track({ firmware: '03.27.07', km: 18234.5, wired: true });
  const told = async () => {
    const { data } = await live.next();
    const [state] = (data ?? []) as { additional?: Record<string, { value: string }> }[];
    return state?.additional?.['variable.km']?.value;
  };
  await until(async () => (await told()) === '18234.5', 'the event of the variables');
  const shown = { 'variable.firmware': '03.27.07', 'variable.km': '18234.5', 'variable.wired': 'true' };
  expect(await additional(gateway.url, hash)).toEqual({ 'Van 7': shown });
  await client.track({ km: 18235 });
  await until(async () => (await told()) === '18235', 'the event of the change');
  const odd = { '\ud800': '\udfff', 'ž 😀': '', '0': -1e-7, false: false };
  await client.track(odd);
  const { publicKey } = client;
  expect(readdirSync(join(dataDir, 'keys')).sort()).toEqual(['licensespring.pem', 'secrets.key']);
  live.socket.terminate();

  await gateway.stop();
  gateway = await startLocal({ dataDir });
  client = await LicensedDevice.connect(gateway.url, named);
  expect(client.publicKey).toBe(publicKey);
  expect(await client.variables()).toEqual({ firmware: '03.27.07', km: 18235, wired: true, ...odd });
  const oddShown = Object.fromEntries(Object.entries(odd).map(([name, value]) => [`variable.${name}`, String(value)]));
  expect(await additional(gateway.url, await logIn(gateway.url, 'acme@example.com'))).toEqual({
    'Van 7': { ...shown, 'variable.km': '18235', ...oddShown },
  });
});

test('every change of what is shown is an event and a message of the state topic, and nothing else is', async () => {
  const gateway = await startLocal({ listen: ['mqtt=0'] });
  await apply(gateway, { accounts: [{ ...account('acme'), trackers: [tracker] }], licensespring });
  const hash = await logIn(gateway.url, 'acme@example.com');
  const { list } = (await post(gateway.url, 'tracker/list', { hash })) as never as { list: [{ id: number }] };
  const live = await LiveClient.connect(gateway.port('http'));
  onTestFinished(() => live.socket.terminate());
  await live.ask({ action: 'subscribe', hash, requests: [{ type: 'state', trackers: [list[0].id] }] });
  await live.rest();
  const topic = await TopicClient.connect(gateway.port('mqtt'), { username: hash });
  onTestFinished(() => topic.end());
  await topic.subscribe('trackers/+/state');
  await topic.rest();
  const shownAfter = async (change: () => Promise<void>) => {
    await change();
    const states = (await live.rest()).filter(({ event }) => event === 'state');
    const shown = states.map(({ data }) => Object.keys((data as never as { additional: object }).additional));
    const published = (await topic.rest()).map(({ text }) => Object.keys(JSON.parse(text).additional));
    expect(published).toEqual(shown);
    return shown;
  };
  const client = await LicensedDevice.connect(gateway.url, named);
  expect(await shownAfter(() => client.activate({ a: 1 }))).toEqual([['variable.a']]);
  expect(await shownAfter(() => client.track({ b: true }))).toEqual([['variable.a', 'variable.b']]);
  expect(await shownAfter(() => client.track({}))).toEqual([]);
  expect(await shownAfter(() => client.deactivate())).toEqual([[]]);
  expect(await shownAfter(() => client.activate())).toEqual([['variable.a', 'variable.b']]);
  expect(await shownAfter(() => client.activate())).toEqual([]);
  // The blacklist is about the licence API: what a unit shows stays.
  expect(await shownAfter(() => apply(gateway, { licensespring: { blacklist: [imei] } }).then(() => {}))).toEqual([]);
  expect(await client.refusal()).toBe('blacklisted');
  expect(Object.keys((await additional(gateway.url, hash))['Van 7'] as object)).toHaveLength(2);
});

test('a device that changes hands shows nothing of before to its new owner', async () => {
  const gateway = await startLocal();
  const { url } = gateway;
  const names = ['one', 'two'] as const;
  await apply(gateway, {
    accounts: names.map(account),
    here: {
      projects: names.map((id) => ({
        ...{ id, app_id: `application-${id}`, members: [`${id}@example.com`] },
        ...(id === 'one' ? { devices: [{ id: imei, model: 'telfmb920' }] } : {}),
      })),
    },
    licensespring,
  });
  const registry = async (method: string, path: string, name: string, body?: object) => {
    const { accessToken } = await post(url, 'users/v2/login', { email: `${name}@example.com`, password: 'secret' });
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` };
    const response = await fetch(`${url}/registry/v2/${path}`, {
      ...{ method, headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.ok).toBe(true);
    const text = await response.text();
    return (text === '' ? {} : JSON.parse(text)) as { trackingId: string };
  };
  const seenBy = async (name: string) => additional(url, await logIn(url, `${name}@example.com`));
  const client = await LicensedDevice.connect(url, named);
  const { trackingId } = await registry('PUT', `devices/${imei}`, 'one');
  await client.activate({ secret: 'of one' });
  expect(await seenBy('one')).toEqual({ [imei]: { 'variable.secret': 'of one' } });
  await registry('DELETE', trackingId, 'one');
  await registry('PUT', `devices/${imei}`, 'two');
  expect(await seenBy('one')).toEqual({});
  expect(await seenBy('two')).toEqual({ [imei]: {} });
  await until(() => Date.now() > (gateway.app.store.registry.lastEndOf(imei) ?? 0), 'the next millisecond');
  await client.track({ own: 'of two' });
  expect(await seenBy('two')).toEqual({ [imei]: { 'variable.own': 'of two' } });
  expect(await client.variables()).toEqual({ secret: 'of one', own: 'of two' });
});

test.each([false, true])('the blacklist at the tracker ports: %s', async (blacklistBlocksIngest) => {
  const gateway = await startLocal({ open: true, blacklistBlocksIngest });
  const port = gateway.port('teltonika');
  const unit = await Unit.online(port, 'teltonika');
  expect(await unit.report([sampleAt(Date.now())])).toMatchObject({ kind: 'ack' });
  const [source] = [...gateway.app.store.registry.all('source')];
  await apply(gateway, { licensespring: { blacklist: [source!.deviceId] } });
  if (!blacklistBlocksIngest) {
    expect(await unit.report([sampleAt(Date.now(), 1)])).toMatchObject({ kind: 'ack' });
    return;
  }
  await unit.client.end();
  const late = await Unit.connect(port, 'teltonika');
  late.client.send(late.loginFrame());
  await late.client.end();
  expect(late.downlinks.every((each) => each.kind === 'login' && !each.accepted)).toBe(true);
  expect(gateway.app.store.units.get(source!.id)?.state.recordAt).toBeGreaterThan(0);
  const other = await Unit.online(port, 'teltonika', 1);
  expect(await other.report([sampleAt(Date.now())])).toMatchObject({ kind: 'ack' });
});

test.each([false, true])('the blacklist at the door of telemetry over HTTP: %s', async (blacklistBlocksIngest) => {
  const gateway = await startLocal({ blacklistBlocksIngest });
  const { url } = gateway;
  const device = { id: imei, model: 'telfmb920', secret: 'gw-device-secret-0001' };
  const project = { id: 'p', app_id: 'application-p', members: ['acme@example.com'], devices: [device] };
  await apply(gateway, { accounts: [account('acme')], here: { projects: [project] }, licensespring });
  const login = await post(url, 'users/v2/login', { email: 'acme@example.com', password: 'secret' });
  const ofUser = { authorization: `Bearer ${login.accessToken}` };
  const call = async (method: string, path: string, headers: Record<string, string>, body?: object) =>
    fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const { trackingId } = (await (await call('PUT', `/registry/v2/devices/${imei}`, ofUser)).json()) as never;
  let nonce = 0;
  const logInDevice = () => {
    const signed = { deviceId: imei, nonce: String(nonce++), timestamp: String(Math.floor(Date.now() / 1000)) };
    const signature = encodeURIComponent(signatureOf(`${url}/v2/token`, signed, device.secret));
    const { timestamp } = signed;
    const authorization = `OAuth realm="x",oauth_consumer_key="${imei}",oauth_nonce="${signed.nonce}",oauth_signature_method="HMAC-SHA256",oauth_timestamp="${timestamp}",oauth_version="1.0",oauth_signature="${signature}"`;
    return call('POST', '/v2/token', { authorization });
  };
  const token = (await (await logInDevice()).json()) as { accessToken: string };
  const ofDevice = { authorization: `Bearer ${token.accessToken}` };
  const telemetry = () => ({ timestamp: Date.now(), position: { lat: 52.5, lng: 13.4, accuracy: 5 } });
  const statuses = async () => {
    const answers = [
      await call('POST', '/v2/', ofDevice, [telemetry()]),
      await call('POST', '/v3/', ofDevice, { data: [telemetry()] }),
      await call('POST', '/v3/', ofUser, { id: trackingId, data: [telemetry()] }),
      await call('POST', '/v3/batch', ofUser, { data: [{ id: trackingId, ...telemetry() }] }),
      await logInDevice(),
    ];
    return answers.map(({ status }) => status);
  };
  expect(await statuses()).toEqual([200, 200, 200, 204, 200]);
  await apply(gateway, { licensespring: { blacklist: [{ hardware_id: imei, product: 'GW' }] } });
  expect(await statuses()).toEqual(blacklistBlocksIngest ? [403, 403, 403, 403, 403] : [200, 200, 200, 204, 200]);
});

const rounds = 4;

test('kill -9 loses no variable that was answered', { timeout: 120_000 }, async () => {
  const dataDir = tempDir();
  const env = { MILEPOST_ADMIN_PASSWORD: 'secret' };
  const args = ['--data-dir', dataDir, '--listen', 'teltonika=0', '--http-port', '0', '--log-level', 'error'];
  const serve = () => GatewayProcess.serve([...args, '--http-rate-limit', '0'], env);
  let gateway = await serve();
  const headers = { authorization: `NVX ${await logIn(gateway.url, 'admin')}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ accounts: [{ ...account('acme'), trackers: [tracker] }], licensespring });
  expect((await fetch(`${gateway.url}/admin/setup`, { method: 'POST', headers, body })).status).toBe(200);
  let client = await LicensedDevice.connect(gateway.url, named);
  await client.activate();
  const answered = new Map<string, number>();
  const begun = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const writers = Array.from({ length: 8 }, (_, n) => writeUntilCut(client, `v${n}`, { answered, begun }));
    const before = [...answered.values()].reduce((sum, value) => sum + value, 0);
    const enough = before + 40 + Math.floor(Math.random() * 80);
    await until(() => [...answered.values()].reduce((sum, value) => sum + value, 0) >= enough, 'answers', 30_000);
    await gateway.end('SIGKILL');
    await Promise.all(writers);
    gateway = await serve();
    client = await LicensedDevice.connect(gateway.url, named);
    const kept = await client.variables();
    for (const [name, value] of answered) {
      expect(kept[name]).toBeGreaterThanOrEqual(value);
      expect(kept[name]).toBeLessThanOrEqual(begun.get(name) as number);
    }
    const shown = (await additional(gateway.url, await logIn(gateway.url, 'acme@example.com')))['Van 7'];
    expect(shown).toEqual(
      Object.fromEntries(Object.entries(kept).map(([name, value]) => [`variable.${name}`, String(value)])),
    );
  }
  await gateway.end('SIGKILL');
});

interface Written {
  readonly answered: Map<string, number>;
  readonly begun: Map<string, number>;
}

/** Counts a variable up, one request after the other, until the gateway is gone. */
async function writeUntilCut(client: LicensedDevice, name: string, { answered, begun }: Written): Promise<void> {
  for (let value = (begun.get(name) ?? 0) + 1; ; value++) {
    begun.set(name, value);
    try {
      await client.track({ [name]: value });
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      return;
    }
    answered.set(name, value);
  }
}
