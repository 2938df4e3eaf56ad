/** Device variables: what is kept and how it comes back, and every refusal in its place. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answerOf, device, imei, LicenseApi, licenseKey, type Params, refusal, user, userDevice } from './kit.js';

let api: LicenseApi;

beforeEach(async () => {
  api = await LicenseApi.create();
});
afterEach(() => api.server.close());

const both = ['track_device_variables', 'get_device_variables'] as const;
const paramsOf = (call: (typeof both)[number], params: Params): Params =>
  call === 'track_device_variables' ? { variables: {}, ...params } : params;
const track = (variables: unknown, params: Params = {}) =>
  api.call('track_device_variables', { ...device, ...params, variables });
const get = async (params: Params = device) =>
  (await api.call('get_device_variables', params)).body as { variable: string; value: unknown; created_at: number }[];

describe('tracking', () => {
  test('strings, numbers and booleans come back with their type, in the order in which they were sent', async () => {
    const { device_id } = await api.activate();
    const created_at = api.clock.now();
    expect(
      await track({ firmware: '03.27.07', odometer_km: 18234.5, ignition_wired: true, none: '', zero: 0 }),
    ).toEqual({
      status: 200,
      body: [
        { variable: 'firmware', value: '03.27.07', device_id, created_at },
        { variable: 'odometer_km', value: 18234.5, device_id, created_at },
        { variable: 'ignition_wired', value: true, device_id, created_at },
        { variable: 'none', value: '', device_id, created_at },
        { variable: 'zero', value: 0, device_id, created_at },
      ],
    });
  });

  test('a value is overwritten, also by one of another type, and the others stay', async () => {
    await api.activate();
    await track({ a: 1, b: 'x' });
    const firstAt = api.clock.now();
    api.clock.advance(1234);
    await track({ a: 'one' });
    expect(await get()).toMatchObject([
      { variable: 'a', value: 'one', created_at: firstAt + 1234 },
      { variable: 'b', value: 'x', created_at: firstAt },
    ]);
    api.clock.advance(1);
    expect((await track({ b: 'x' })).body).toMatchObject([{ created_at: firstAt + 1235 }]);
  });

  test('no variables are no change', async () => {
    await api.activate();
    const { changes } = api.store;
    expect(await track({})).toEqual({ status: 200, body: [] });
    expect(api.store.changes).toBe(changes);
  });

  test('names are kept as they are, whatever they are', async () => {
    await api.activate();
    const names = ['Ünïcode', 'a b', 'A b', 'constructor', 'toString', 'x/y', 'a\nb', '"', '\\', '😀', '1', '-0'];
    await track(Object.fromEntries(names.map((name, i) => [name, i])));
    expect((await get()).map(({ variable }) => variable).sort()).toEqual([...names].sort());
  });

  test('any content type carries JSON, and none does too', async () => {
    await api.activate();
    const body = JSON.stringify({ ...device, variables: { a: 1 } });
    const types = ['application/json', 'text/plain', 'application/x-www-form-urlencoded', undefined, '', 'json', ';'];
    for (const type of types) {
      const answer = await api.call('track_device_variables', body, { headers: { 'content-type': type } });
      expect([type, answer.status]).toEqual([type, 200]);
    }
  });

  test('what clients send besides is ignored, and the narrowing is not', async () => {
    const { id } = await api.activate();
    expect((await track({ a: 1 }, { bundle_code: 'B', sdk_ver: '1.2' })).status).toBe(200);
    expect((await track({ a: 1 }, { license_id: id })).status).toBe(200);
    expect(await track({ a: 1 }, { license_id: id + 1 })).toEqual(refusal('license_not_found'));
    expect(await track({ a: 1 }, { username: 'nobody' })).toMatchObject({ status: 200 });
  });

  test('a device of another licence has variables of its own', async () => {
    await api.setUp({ products: [{ code: 'GW', licenses: [{ key: 'OTHER', max_activations: 1 }] }] });
    await api.activate();
    await api.activate({ license_key: 'OTHER' });
    await track({ a: 1 });
    await track({ a: 2 }, { license_key: 'OTHER' });
    expect(await get()).toMatchObject([{ value: 1 }]);
    expect(await get({ ...device, license_key: 'OTHER' })).toMatchObject([{ value: 2 }]);
  });

  test('when nothing can be kept, that is said and nothing is changed', async () => {
    await api.activate();
    await track({ a: 1 });
    api.store.broken = true;
    expect(await track({ a: 2 })).toEqual(refusal('internal_error'));
    expect(await get()).toMatchObject([{ value: 1 }]);
  });
});

describe('reading', () => {
  test('gives all variables by name', async () => {
    await api.activate();
    await track({ b: 1, a: 2 });
    await track({ c: 3, B: 4 });
    expect((await get()).map(({ variable }) => variable)).toEqual(['B', 'a', 'b', 'c']);
  });

  test('gives none where there are none', async () => {
    await api.activate();
    expect(await get()).toEqual([]);
  });
});

describe('a user', () => {
  const named = { hardware_id: imei, product: 'APP', username: user.username };

  test('names the licence by an e-mail address, whatever the case of its letters', async () => {
    await api.activate(userDevice);
    expect((await track({ a: 1 }, { ...named, license_key: undefined })).status).toBe(200);
    expect(await get({ ...named, username: 'EVE@example.com' })).toMatchObject([{ variable: 'a' }]);
    expect(await get({ ...named, username: 'eve@example.com|more' })).toMatchObject([{ variable: 'a' }]);
  });

  test('with several licences means the one that is active on this hardware', async () => {
    const users = [{ email: user.username }];
    await api.setUp({
      products: [
        {
          code: 'APP',
          licenses: [
            { id: 7, users },
            { id: 8, users },
          ],
        },
      ],
    });
    await api.activate({ ...userDevice, hardware_id: 'one', license_id: 7 });
    api.clock.advance(1000);
    await api.activate({ ...userDevice, hardware_id: 'two', license_id: 8 });
    const idOf = async (hardware_id: string, license_id?: number) =>
      (await api.call('check_license', { ...named, hardware_id, ...(license_id === undefined ? {} : { license_id }) }))
        .body as { id?: number; code?: string };
    expect(await idOf('one')).toMatchObject({ id: 7 });
    expect(await idOf('two')).toMatchObject({ id: 8 });
    expect(await idOf('one', 8)).toMatchObject({ code: 'device_not_found' });
    expect(await idOf('one', 9)).toMatchObject({ code: 'license_not_found' });
    api.clock.advance(1000);
    await api.activate({ ...userDevice, hardware_id: 'one', license_id: 8 }).catch(() => {});
    await api.setUp({ products: [{ code: 'APP', licenses: [{ id: 8, users, max_activations: 2 }] }] });
    await api.activate({ ...userDevice, hardware_id: 'one', license_id: 8 });
    expect(await idOf('one')).toMatchObject({ id: 8 });
    expect(await idOf('three')).toMatchObject({ code: 'device_not_found' });
  });
});

describe.each(both)('%s refuses', (call) => {
  const refused = async (params: Params, code: Parameters<typeof refusal>[0]) => {
    const { changes } = api.store;
    expect(await api.call(call, paramsOf(call, params))).toEqual(refusal(code));
    expect(api.store.changes).toBe(changes);
  };

  test('what is missing', async () => {
    for (const name of ['hardware_id', 'product', 'license_key'] as const) {
      const { [name]: _, ...rest } = device;
      await refused(rest, 'missing_parameters');
    }
    await refused({ ...device, product: 'APP' }, 'missing_parameters');
    await refused({ hardware_id: imei, product: 'GW', username: user.username }, 'missing_parameters');
    await refused({ foo: 1, hardware_id: '' }, 'missing_parameters');
  });

  test('a missing credential only once it is known which one the product wants', async () => {
    const named = { hardware_id: imei, product: 'GW' };
    await refused({ ...named, foo: 1 }, 'validation_error');
    await refused({ ...named, product: 'nope' }, 'unknown_product');
    await refused({ ...named, license_id: 1 }, 'missing_parameters');
  });

  test.each([
    ['an unknown member', { foo: 'x' }],
    ['an empty hardware id', { hardware_id: '' }],
    ['a long hardware id', { hardware_id: 'x'.repeat(129) }],
    ['an empty product', { product: '' }],
    ['a long product', { product: 'x'.repeat(65) }],
    ['an empty key', { license_key: '' }],
    ['a long key', { license_key: 'x'.repeat(129) }],
    ['a long user', { username: 'x'.repeat(256) }],
    ['a licence id of 0', { license_id: 0 }],
    ['a negative licence id', { license_id: -1 }],
    ['a licence id with a fraction', { license_id: 1.5 }],
    ['a licence id beyond safety', { license_id: 2 ** 53 }],
    ['a password', { password: 'x' }],
  ])('%s', async (_, params) => {
    await refused({ ...device, product: 'nope', ...params }, 'validation_error');
  });

  test.each([
    ['hardware id', { hardware_id: 'x'.repeat(128) }],
    ['product', { product: 'x'.repeat(64) }],
    ['key', { license_key: 'x'.repeat(128) }],
    ['user', { username: 'x'.repeat(255) }],
    ['licence id', { license_id: 2 ** 53 - 1 }],
  ])('the longest %s only for what it names', async (_, params) => {
    await refused({ ...device, product: 'nope', ...params }, 'unknown_product');
  });

  test('in the order of the table', async () => {
    const blacklist = (entries: unknown[]) => api.setUp({ blacklist: entries });
    const license = (change: Params) =>
      api.setUp({ products: [{ code: 'GW', licenses: [{ key: licenseKey, ...change }] }] });
    await refused({ ...device, product: 'nope', license_key: 'nope' }, 'unknown_product');
    await license({ enabled: false });
    await blacklist([imei]);
    await refused({ ...device, license_key: 'nope' }, 'license_not_found');
    await refused({ ...device, license_id: 1 }, 'license_not_found');
    await refused({ hardware_id: imei, product: 'APP', username: 'nobody' }, 'license_not_found');
    await refused(device, 'license_not_active');
    await license({ active: true });
    await refused(device, 'license_not_enabled');
    await license({ enabled: true });
    await refused(device, 'blacklisted');
    await refused({ ...device, hardware_id: 'other' }, 'device_not_found');
  });

  test('a key of another product', async () => {
    await api.setUp({ products: [{ code: 'GW2', authorization_method: 'license-key' }] });
    await refused({ ...device, product: 'GW2' }, 'license_not_found');
  });

  test('a device that was deactivated, until it is activated again', async () => {
    await api.activate();
    await track({ a: 1 });
    expect(await api.call('deactivate_license', device)).toEqual({ status: 200, body: 'license_deactivated' });
    await refused(device, 'device_not_found');
    await api.activate();
    expect(await get()).toMatchObject([{ variable: 'a', value: 1 }]);
  });

  test('blacklisted devices, before those that are not active', async () => {
    const { device_id } = await api.activate();
    await api.call('deactivate_license', device);
    await api.store.change((tx) => {
      tx.put('licenseDevice', { ...tx.registry.get('licenseDevice', device_id)!, blacklisted: true });
    });
    await refused(device, 'blacklisted');
  });

  test('hardware on the blacklist of a product, for this product only', async () => {
    await api.activate();
    await api.activate(userDevice);
    await api.setUp({ blacklist: [{ hardware_id: imei, product: 'APP' }] });
    expect((await api.call(call, paramsOf(call, device))).status).toBe(200);
    await refused({ hardware_id: imei, product: 'APP', username: user.username }, 'blacklisted');
  });
});

describe('bodies', () => {
  beforeEach(() => api.activate());

  test.each(['', ' ', '{', 'no json', '{"a":1,}', '{"a":1e}', "{'a':1}", '\u0000'])('%j is no JSON', async (body) => {
    expect(await api.call('track_device_variables', body)).toEqual(refusal('invalid_json'));
  });

  test('what is no UTF-8 is no JSON', async () => {
    const text = JSON.stringify({ ...device, variables: { a: 1 } });
    const body = Buffer.from(text.replace('"a"', '"\xff"'), 'latin1');
    expect(answerOf(await api.inject('track_device_variables', body))).toEqual(refusal('invalid_json'));
    expect(await get()).toEqual([]);
  });

  test('halves of characters come back as they were', async () => {
    await track({ '\ud800': '\udfff' });
    expect(await get()).toMatchObject([{ variable: '\ud800', value: '\udfff' }]);
  });

  test.each(['[]', 'null', '1', '"x"', 'true'])('%s is no object', async (body) => {
    expect(await api.call('track_device_variables', body)).toEqual(refusal('validation_error'));
  });

  test('a poisoned prototype is refused', async () => {
    const text = (variables: string) =>
      `{"hardware_id":"${imei}","product":"GW","license_key":"${licenseKey}","variables":${variables}}`;
    expect(await api.call('track_device_variables', text('{"__proto__":"x"}'))).toEqual(refusal('invalid_json'));
    expect(await api.call('track_device_variables', text('{"\\u005f_proto__":"x"}'))).toEqual(refusal('invalid_json'));
    expect(await api.call('track_device_variables', text('{"constructor":{"prototype":1}}'))).toEqual(
      refusal('invalid_json'),
    );
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('variables that are missing', async () => {
    expect(await api.call('track_device_variables', device)).toEqual(refusal('missing_parameters'));
  });

  test.each([
    ['null', null],
    ['a list', []],
    ['a text', 'x'],
    ['a value of null', { a: null }],
    ['a list as a value', { a: [] }],
    ['an object as a value', { a: {} }],
    ['an empty name', { '': 1 }],
    ['a long name', { ['x'.repeat(256)]: 1 }],
    ['a long value', { a: 'x'.repeat(2049) }],
    ['too many', Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`v${i}`, i]))],
    ['one bad among good ones', { a: 1, b: null, c: 2 }],
  ])('%s', async (_, variables) => {
    expect(await track(variables)).toEqual(refusal('validation_error'));
    expect(await get()).toEqual([]);
  });

  test('a number that is not finite', async () => {
    const body = JSON.stringify({ ...device, variables: { a: 1 } }).replace(':1}', ':1e400}');
    expect(await api.call('track_device_variables', body)).toEqual(refusal('validation_error'));
  });

  test.each([
    ['a name', { ['x'.repeat(255)]: 1 }],
    ['a value', { a: 'x'.repeat(2048) }],
    ['a number', { a: Number.MAX_VALUE, b: Number.MIN_VALUE, c: -1e-7, d: 2 ** 53 - 1 }],
    ['a request', Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`v${i}`, i]))],
  ])('%s may be as large as this', async (_, variables) => {
    expect((await track(variables)).status).toBe(200);
    expect(Object.fromEntries((await get()).map(({ variable, value }) => [variable, value]))).toEqual(variables);
  });

  test('a device has at most 500 variables, all or none', async () => {
    for (let i = 0; i < 5; i++) {
      const names = Array.from({ length: 100 }, (_, n) => [`v${i * 100 + n}`, n]);
      expect((await track(Object.fromEntries(names))).status).toBe(200);
    }
    expect(await track({ v0: 'changed', another: 1 })).toEqual(refusal('validation_error'));
    expect((await get()).find(({ variable }) => variable === 'v0')).toMatchObject({ value: 0 });
    expect((await track({ v0: 'changed' })).status).toBe(200);
    expect(await get()).toHaveLength(500);
    await api.call('deactivate_license', device);
    expect(await api.call('activate_license', { ...device, variables: { v0: 1, another: 1 } })).toEqual(
      refusal('validation_error'),
    );
    expect(await api.call('get_device_variables', device)).toEqual(refusal('device_not_found'));
  });

  test('a body above 64 KiB is too large, whatever it holds', async () => {
    const sized = (sizeBytes: number) => {
      const body = JSON.stringify({ ...device, variables: {} });
      return body + ' '.repeat(sizeBytes - body.length);
    };
    expect((await api.call('track_device_variables', sized(65_536))).status).toBe(200);
    expect(await api.call('track_device_variables', sized(65_537))).toEqual(refusal('validation_error', 413));
  });

  test.each([
    ['a number for a text', { hardware_id: 356307042441013 }],
    ['a text for a number', { license_id: '7' }],
    ['null for what may be left out', { username: null }],
    ['an object for a text', { sdk_ver: {} }],
  ])('%s', async (_, params) => {
    expect(await track({}, params)).toEqual(refusal('validation_error'));
  });
});

describe('queries', () => {
  beforeEach(() => api.activate());

  test('a parameter twice is one of another type', async () => {
    const query = `hardware_id=${imei}&product=GW&license_key=${licenseKey}`;
    expect((await api.call('get_device_variables', query)).status).toBe(200);
    expect(await api.call('get_device_variables', `${query}&product=GW`)).toEqual(refusal('validation_error'));
    expect(await api.call('get_device_variables', `${query}&__proto__=x`)).toEqual(refusal('validation_error'));
    expect(await api.call('get_device_variables', `${query}&license_id=07`)).toEqual(refusal('validation_error'));
    expect(await api.call('get_device_variables', '')).toEqual(refusal('missing_parameters'));
  });
});

test('whatever is tracked comes back as it was', async () => {
  await api.activate();
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 50 }),
    fc.string({ unit: 'grapheme-composite', maxLength: 50 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
  );
  const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((text) => text !== '__proto__');
  const known = new Map<string, unknown>();
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }), async (variables) => {
      api.clock.advance(1);
      const answer = await track(variables);
      if (new Set([...known.keys(), ...Object.keys(variables)]).size > 500) {
        expect(answer.status).toBe(400);
        return;
      }
      const sent = JSON.parse(JSON.stringify(variables)) as Record<string, unknown>;
      for (const [key, each] of Object.entries(sent)) known.set(key, each);
      const told = answer.body as { variable: string; value: unknown }[];
      expect(told.map(({ variable, value: got }) => [variable, got])).toEqual(Object.entries(sent));
      expect(new Map((await get()).map(({ variable, value: got }) => [variable, got]))).toEqual(known);
    }),
    { numRuns: 60 },
  );
});
