/** The client of the licence API against the API itself: signed both ways, typed, and told of every error. */
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  type LicenseAnswer,
  LicenseApiError,
  LicenseClient,
  type LicenseClientOptions,
  type LicenseFetch,
  type LicenseParams,
  UnexpectedAnswerError,
} from '../../src/client/index.js';
import { systemClock } from '../../src/clock.js';
import { device, imei, LicenseApi, licenseKey, user } from '../http/licensespring/kit.js';

let api: LicenseApi;
let options: LicenseClientOptions;

beforeAll(async () => {
  api = await LicenseApi.create({ clock: systemClock });
  const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${port}/`;
  const keys = { apiKey: 'key-1', sharedKey: 'shared-1' };
  options = { url, ...keys, publicKey: await new LicenseClient({ url, ...keys }).publicKey() };
});
afterAll(() => api.server.close());

test('every call', async () => {
  const client = new LicenseClient(options);
  const product = await client.call('product_details', { product: 'GW' });
  expect(product.short_code).toBe('GW');
  const activated = await client.call('activate_license', { ...device, variables: { a: 'ключ' }, is_vm: false });
  expect(activated).toMatchObject({ hardware_id: imei, license_key: licenseKey, request: 'activation' });
  const [tracked] = await client.call('track_device_variables', { ...device, variables: { b: 1.5 } });
  expect(tracked).toMatchObject({ variable: 'b', value: 1.5, device_id: activated.device_id });
  const variables = await client.call('get_device_variables', { ...device, license_id: activated.id });
  expect(variables.map(({ variable, value }) => [variable, value])).toEqual([
    ['a', 'ключ'],
    ['b', 1.5],
  ]);
  expect(await client.call('check_license', device)).toMatchObject({ license_active: true });
  expect(await client.call('deactivate_license', device)).toBe('license_deactivated');
  const named = { hardware_id: imei, product: 'APP', ...user };
  expect(await client.call('activate_license', named)).toMatchObject({ user: { email: user.username } });
});

test('types', () => {
  expectTypeOf<LicenseAnswer<'get_device_variables'>[number]['value']>().toEqualTypeOf<string | number | boolean>();
  expectTypeOf<LicenseAnswer<'activate_license'>['device_id']>().toEqualTypeOf<number>();
  expectTypeOf<LicenseParams<'track_device_variables'>['variables']>().toEqualTypeOf<{
    readonly [name: string]: string | number | boolean;
  }>();
  expectTypeOf<LicenseParams<'product_details'>>().toEqualTypeOf<{ readonly product: string }>();
  // @ts-expect-error: there is no such call
  expectTypeOf<LicenseParams<'floating_release'>>().toBeObject();
});

describe('errors', () => {
  const failure = async (change: Partial<LicenseClientOptions>) =>
    new LicenseClient({ ...options, ...change }).call('product_details', { product: 'nope' }).catch((error) => error);

  test('tell code, status and where', async () => {
    const error = await failure({});
    expect(error).toBeInstanceOf(LicenseApiError);
    expect(error).toMatchObject({ code: 'unknown_product', httpStatus: 400, path: '/api/v4/product_details' });
    expect(await failure({ sharedKey: 'other' })).toMatchObject({ code: 'signature_mismatch' });
    expect(await failure({ apiKey: 'nobody' })).toMatchObject({ code: 'invalid_api_key' });
  });

  test('an answer that is none of the API', async () => {
    const answer =
      (status: number, text: string): LicenseFetch =>
      async () => ({
        ...{ status, headers: new Headers(), text: async () => text },
      });
    for (const [status, text] of [
      [502, '<html>'],
      [400, '{}'],
      [200, '{"short_code":"GW"}'],
    ] as const) {
      expect(await failure({ fetch: answer(status, text) })).toBeInstanceOf(UnexpectedAnswerError);
    }
    const trusting = { publicKey: undefined, fetch: answer(200, '<html>') };
    expect(await failure(trusting)).toBeInstanceOf(UnexpectedAnswerError);
    await expect(new LicenseClient({ ...options, fetch: answer(404, '') }).publicKey()).rejects.toThrow(
      UnexpectedAnswerError,
    );
  });

  test('an answer that somebody has changed', async () => {
    const tampering =
      (change: (text: string) => string, signed: (signature: string) => string): LicenseFetch =>
      async (url, init) => {
        const response = await fetch(url, init);
        const text = change(await response.text());
        const headers = new Headers({ licensesignature: signed(response.headers.get('licensesignature') ?? '') });
        return { status: response.status, headers, text: async () => text };
      };
    const call = (fetching: LicenseFetch, publicKey = options.publicKey) =>
      new LicenseClient({ ...options, publicKey, fetch: fetching }).call('product_details', { product: 'GW' });
    const same = (text: string) => text;
    const forged = (text: string) => text.replace('Gateway', 'Getaway');
    expect(await call(tampering(same, same))).toMatchObject({ product_name: 'Gateway' });
    expect(await call(tampering((text) => ` ${text}\n`, same))).toMatchObject({ product_name: 'Gateway' });
    await expect(call(tampering(forged, same))).rejects.toThrow(UnexpectedAnswerError);
    for (const signature of ['', 'x', 'AAAA', '%'])
      await expect(call(tampering(same, () => signature))).rejects.toThrow(UnexpectedAnswerError);
    const trusting = new LicenseClient({ ...options, publicKey: undefined, fetch: tampering(forged, same) });
    expect(await trusting.call('product_details', { product: 'GW' })).toMatchObject({ product_name: 'Getaway' });
  });
});
