import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { baseString, baseUrl, parseLogin, signatureOf } from '../../../src/http/here/oauth.js';
import { diskError, type FailingEngine } from '../../support/failing-engine.js';
import { until } from '../../support/until.js';
import { HereApi } from './kit.js';

/** The first is published with the client in Go (choefele/here-tracking-go), the others follow from it. */
const vectors = [
  {
    url: 'https://tracking.api.here.com/v2/token',
    deviceId: '9d9c31be-dd5d-40b1-95af-7d5375c39561',
    secret: 'vHrFUhnxo0hxw2VqR5OXBBnvjeTK0T8etmws8HZ9dvw',
    nonce: '0123456789',
    signature: 'HUm/KJYtAWTIUEUvumh8t9QNmydBNdIv85PnxzHtU8U=',
  },
  {
    url: 'http://127.0.0.1:8080/v2/token',
    deviceId: '356307042441013',
    secret: 'gw-device-secret-0001',
    nonce: 'LIIpk4',
    signature: 'N4xo20Q6KL4spBFVZa/w0WiMf6xAQFVKVZiMmqzNHzE=',
  },
  {
    url: 'https://gw.example.org/v2/token',
    deviceId: '356307042441013',
    secret: 'gw-device-secret-0001',
    nonce: 'LIIpk4',
    signature: '1ROi6/cNqxG7CakVvbuML5krONiLvkD8d3E0sRwuyjM=',
  },
] as const;
const timestamp = '1513634609';
const nowMs = 1_513_634_609_000;

describe('signatures', () => {
  test.each(vectors)('of $url', ({ url, deviceId, secret, nonce, signature }) => {
    expect(signatureOf(url, { deviceId, nonce, timestamp }, secret)).toBe(signature);
  });

  test('are over one text', () => {
    const { url, deviceId, nonce } = vectors[1];
    expect(baseString(url, { deviceId, nonce, timestamp })).toBe(
      'POST&http%3A%2F%2F127.0.0.1%3A8080%2Fv2%2Ftoken&oauth_consumer_key%3D356307042441013%26oauth_nonce%3DLIIpk4' +
        '%26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1513634609%26oauth_version%3D1.0',
    );
  });

  test('name the host without the port that goes without saying', () => {
    expect(baseUrl('https', 'GW.Example.org:443')).toBe('https://gw.example.org/v2/token');
    expect(baseUrl('http', 'gw.example.org:80')).toBe('http://gw.example.org/v2/token');
    expect(baseUrl('http', 'gw.example.org:443')).toBe('http://gw.example.org:443/v2/token');
  });
});

type Parts = Readonly<Record<string, string>>;
const headerOf = (parts: Parts, separator = ',') =>
  `OAuth ${Object.entries(parts)
    .map(([name, value]) => `${name}="${encodeURIComponent(value)}"`)
    .join(separator)}`;
const partsOf = (vector: { deviceId: string; nonce: string; signature: string }, change: Parts = {}): Parts => ({
  oauth_consumer_key: vector.deviceId,
  oauth_nonce: vector.nonce,
  oauth_signature_method: 'HMAC-SHA256',
  oauth_timestamp: timestamp,
  oauth_version: '1.0',
  oauth_signature: vector.signature,
  ...change,
});

describe('the header', () => {
  const parts = partsOf(vectors[1]);
  const { oauth_nonce: _nonce, ...withoutNonce } = parts;

  test('may come in any order, with blanks and a realm', () => {
    const expected = parseLogin(headerOf(parts));
    expect(expected).toMatchObject({ deviceId: '356307042441013', nonce: 'LIIpk4', timestamp });
    const reversed = Object.fromEntries(Object.entries(parts).reverse());
    expect(parseLogin(headerOf(reversed, ', '))).toEqual(expected);
    expect(parseLogin(headerOf({ realm: 'IoT', ...parts }, ' , '))).toEqual(expected);
    expect(parseLogin(headerOf(parts).replace('OAuth', 'oauth'))).toEqual(expected);
  });

  test.each([
    ['nothing', undefined],
    ['another scheme', 'Bearer x'],
    ['no parameters', 'OAuth '],
    ['a part that is none', `${headerOf(parts)},x`],
    ['a parameter twice', `${headerOf(parts)},oauth_nonce="x"`],
    ['a parameter too few', headerOf(withoutNonce)],
    ['an empty one', headerOf({ ...parts, oauth_nonce: '' })],
    ['another method', headerOf({ ...parts, oauth_signature_method: 'HMAC-SHA1' })],
    ['another version', headerOf({ ...parts, oauth_version: '2.0' })],
    ['a time that is none', headerOf({ ...parts, oauth_timestamp: '-1' })],
    ['a broken escape', headerOf(parts).replace('LIIpk4', '%zz')],
  ])('%s is no login', (_, header) => {
    expect(parseLogin(header)).toBeUndefined();
  });
});

describe('logging in', () => {
  let api: HereApi;
  beforeEach(async () => {
    api = await HereApi.create({ publicBaseUrl: 'https://tracking.api.here.com' });
    api.clock.advance(nowMs - api.now);
    const [published, own] = vectors;
    const devices = [published, own].map(({ deviceId: id, secret }) => ({ id, secret }));
    await api.project({ id: 'p0', devices: [...devices, { id: 'without-secret' }] });
  });
  afterEach(() => api.close(false));

  const login = (header: string, host = 'unknown.example.org') =>
    api.call('POST', '/v2/token', { headers: { authorization: header, host } });
  const error = (status: number) => ({ status, body: { code: status, id: expect.any(String) } });
  const claim = (deviceId: string) =>
    api.call('PUT', `/registry/v2/devices/${deviceId}`, { token: api.owners[0]!.token });

  test.each(vectors)('as the vector of $url says', async (vector) => {
    expect((await claim(vector.deviceId)).status).toBe(201);
    const { host } = new URL(vector.url);
    const reply = await login(headerOf(partsOf(vector)), host === 'tracking.api.here.com' ? undefined : host);
    expect(reply).toMatchObject({ status: 200, body: { expiresIn: 86_399 } });
    const { accessToken } = reply.body as unknown as { accessToken: string };
    expect(accessToken).toMatch(/^h1\./);
    const telemetry = [{ timestamp: nowMs, position: { lat: 52, lng: 13, accuracy: 5 } }];
    const sent = await api.call('POST', '/v2/', { token: accessToken, body: telemetry });
    expect(sent).toMatchObject({ status: 200, body: { system: { stateVersion: 1 } } });
    expect((await login(headerOf(partsOf(vector)), host)).status).toBe(401);
  });

  test('ends with the claim, and an unclaimed device is told so', async () => {
    const vector = vectors[1];
    const signed = (nonce: string, change: Parts = {}) => {
      const signature = signatureOf(vector.url, { ...vector, nonce, timestamp }, vector.secret);
      return headerOf(partsOf({ ...vector, nonce, signature }, change));
    };
    const own = (nonce: string, change?: Parts) => login(signed(nonce, change), '127.0.0.1:8080');
    expect(await own('a')).toMatchObject({ ...error(412), body: { details: { hereErrorCode: 412306 } } });
    const { trackingId } = (await claim(vector.deviceId)).body;
    const { accessToken } = (await own('b')).body as unknown as { accessToken: string };
    await api.unclaim(trackingId!, 0);
    expect(await api.call('POST', '/v2/', { token: accessToken, body: [] })).toMatchObject(error(401));
    expect(await own('c')).toMatchObject(error(412));
    expect(await own('c')).toMatchObject(error(401));
    expect(await own('d', { oauth_signature: 'AAAA' })).toMatchObject(error(401));
  });

  test('checks the form, the clock, the device, the signature, its use, the claim', async () => {
    const vector = vectors[1];
    const wrong = { oauth_signature: 'wrong' };
    const at = (seconds: number, deviceId: string = vector.deviceId) =>
      login(headerOf(partsOf({ ...vector, deviceId }, { ...wrong, oauth_timestamp: String(1_513_634_609 + seconds) })));
    const noForm = await login('OAuth x');
    expect(noForm).toMatchObject({ ...error(401), headers: { 'www-authenticate': 'OAuth' } });
    for (const seconds of [11, -11, 1e6]) {
      const reply = await at(seconds, 'unknown');
      expect(reply).toMatchObject({ ...error(401), headers: { 'x-here-timestamp': timestamp } });
    }
    for (const seconds of [10, -10, 0]) {
      expect(await at(seconds, 'unknown')).toMatchObject(error(404));
      const reply = await at(seconds);
      expect([reply.status, reply.headers['x-here-timestamp']]).toEqual([401, undefined]);
    }
    expect(await at(0, 'without-secret')).toMatchObject(error(401));
  });

  test('is refused to blocked devices', async () => {
    const vector = vectors[1];
    await claim(vector.deviceId);
    const source = api.store.registry.sourceByDeviceId(vector.deviceId)!;
    await api.store.change((tx) => tx.put('source', { ...source, blocked: true }));
    expect(await login(headerOf(partsOf(vector)), '127.0.0.1:8080')).toMatchObject(error(403));
  });

  test('tells the time', async () => {
    expect((await api.call('GET', '/v2/timestamp')).body).toEqual({ timestamp: 1_513_634_609 });
    api.clock.advance(999);
    expect((await api.call('GET', '/v2/timestamp')).body).toEqual({ timestamp: 1_513_634_609 });
  });

  test('remembers a signature for as long as it could be used', async () => {
    const vector = vectors[1];
    await claim(vector.deviceId);
    const header = headerOf(partsOf(vector));
    api.clock.advance(-10_000);
    expect((await login(header, '127.0.0.1:8080')).status).toBe(200);
    for (const isClean of [false, true]) {
      api.clock.advance(10_000);
      await api.close(isClean);
      await api.open();
      expect(await login(header, '127.0.0.1:8080')).toMatchObject(error(401));
    }
    const used = api.store.registry.all('usedLogin');
    expect([...used].map(({ id }) => id)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  test('uses a signature up that comes to nothing', async () => {
    const vector = vectors[1];
    const header = headerOf(partsOf(vector));
    expect((await login(header, '127.0.0.1:8080')).status).toBe(412);
    await claim(vector.deviceId);
    await api.close(false);
    await api.open();
    expect((await login(header, '127.0.0.1:8080')).status).toBe(401);
  });

  test('forgets signatures that nobody can use any more', async () => {
    const vector = vectors[1];
    await claim(vector.deviceId);
    const used: string[] = [];
    for (const nonce of ['a', 'b', 'c', 'd']) {
      const stamp = String(api.now / 1000);
      const signature = signatureOf(vector.url, { ...vector, nonce, timestamp: stamp }, vector.secret);
      const header = headerOf(partsOf({ ...vector, nonce, signature }, { oauth_timestamp: stamp }));
      expect((await login(header, '127.0.0.1:8080')).status).toBe(200);
      used.push([...api.store.registry.all('usedLogin')].map(({ usedAt }) => (api.now - usedAt) / 1000).join());
      api.clock.advance(12_000);
    }
    expect(used).toEqual(['0', '12,0', '24,12,0', '24,12,0']);
  });

  test('may be tried again with the same signature where the disk failed', async () => {
    const vector = vectors[1];
    await claim(vector.deviceId);
    const header = headerOf(partsOf(vector));
    const engine = api.store.engine as FailingEngine;
    engine.failure = diskError('ENOSPC');
    expect((await login(header, '127.0.0.1:8080')).status).toBe(503);
    engine.failure = undefined;
    api.clock.advance(1000);
    await until(() => api.store.health.ready, 'the disk works again');
    expect((await login(header, '127.0.0.1:8080')).status).toBe(200);
  });
});
