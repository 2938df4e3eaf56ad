/** Signed answers: verified as clients verify them, over the text that their own JSON makes of a body. */
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, StoreError } from '../../../src/errors.js';
import { ResponseKey } from '../../../src/http/licensespring/response-key.js';
import { licenseText } from '../../../src/http/licensespring/signature.js';
import { keyDirectory, keysInMemory } from '../../../src/store/key-files.js';
import { tempDir } from '../../support/temp-dir.js';
import { device, imei, isSigned, LicenseApi, licenseKey, userDevice } from './kit.js';

/** From the specification: a key whose private half is gone, texts, and what it signed them with. */
const throwawayKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwjDg66m3KpfdCWZ1KVX7
tTrez4iPXh18D0kuJSOZXj6u1iNAVvXqjBuOFgaMOzjbA5ZyZdqj5fMf5pDyUhzc
jL9WKgcVVatZWJsoEmBilA40nHCG7CeF1y1lss2D+5fFrmOUQTSOjXFC+gfb+eK+
HPlFcw5rPfUACLhGkSVY5NZVHW/6ctdHU/34Z2nUudIHQhJ3hkq1ZtJqcsHtwzZo
DpgJRrZ73GvaXA8yrR2OSqHTkdBKahWyB7Q0IfeWUzbkYAK4Xm9c/cRhxH+xCSXj
qikFRuUkpR2gLwYsVV0J6qcHpmqhNHUwg7MwRInp7ZVrH/whvgmIXW0U1p2fMSwm
GQIDAQAB
-----END PUBLIC KEY-----
`;
const signed: readonly (readonly [text: string, signature: string])[] = [
  [
    '[{"variable":"first_variable","value":"cooling","device_id":1698663677416479,"created_at":1698667364802}]',
    'fjoer2g9RphOqH2m8nJn4+8nZzvrNNaWF8AggfpGxBQCu96FavkxKep9gE6u/v1+Az3ueyIaRxDZSXitWM5MRz/0Pr1cGhboYtoR5LSVg/u+hE6wWFystINYgd15/jAYx9mzAdpQUbQZJv2+EY26Tfx/rlYxiE+J1M3b/zR2gnSA7NHBYfGc9uMxcQqVWc0MrdesRswFFyKgGnFBVW0oDuVh0rmwPA4qu27AAJV1/QyjvqBCC1vpf8Is/e24aWyd9w7cf7WQkigvHaextcYy44W1KlIuLVxVlkzrwVCRQXtPHeHZ89WzeRRt7fPr2t6fqMqxWGbHkeBkPfEnuec7rQ==',
  ],
  [
    '356307042441013#aaaa-bbbb-cccc-dddd#',
    'oRG1xiJdqKodwAtqQ/s9InQgvxaAzVkUSVW34WBGPdxM0fMf7qq8Be1tv4yDfwVEg+D0e9rdmAYjsuvg/yCfVkstQS+WnmpSqhScEy8jeKamWZkzXBKhKveiLS6kOGZIjDFPSFXiXpmRZ84Rg4mgHGkRl32i6LmRk3AN8XTkAu8hl5FZEhdJesNaK1uiQgwsiz/p3rDxELznpfFDjn17IaNoFAPPQMPeUlk+rG+RgonuRlDWP/JKYQTHr944bwZcYkw657Y0NxHy+KMiAhXX8g7DkmIc4T96RSQHEMzpOAIxprXeI8dNnrGoe6s+PrSfKTgC72xqwYL2JQY2Kc41Mg==',
  ],
  [
    '356307042441013#user@example.com#2027-06-15t00:00:00.000z',
    'RyD4pnnL8KWwqx0S5EhMkAAK5zZ9p8mcJB1uqKca69FwKLIz2pIxB8HEbE2mB6fiJNIylEwy4gp/gF92bp3IBKLa/PbYT4UaButQ2nsM4JffiqYlT8dnC79rTW/QGq8FjyDiCUcCkHcdbE8XQQ1mkx1+R4wmmB8xDwnxVoeARNi9xGZ4guTcdqD5ITLxvQiLCAYt5W4SZHLQfIEt4jSvjcHUWbY7DLqUofIrMtM6lhtQlFvZeVEPKUVnxHvW6YeEqnqXgo2LV2YH46l7yC4fNNzr6ViLAlla89BoHVYzUg7fm+gayi7fS2kcUlJONdKy4I7b06BfuQXBl+DIu+02fA==',
  ],
];

describe('vectors', () => {
  const verify = (text: string, signature: string) =>
    createVerify('RSA-SHA256').update(text, 'utf8').verify(throwawayKey, signature, 'base64');

  test.each(signed)('%s', (text, signature) => {
    expect(verify(text, signature)).toBe(true);
    expect(verify(`${text} `, signature)).toBe(false);
  });

  test('the text of a licence', () => {
    const [, keyed, used] = signed as [readonly [string, string], readonly [string, string], readonly [string, string]];
    expect(licenseText(imei, licenseKey, undefined)).toBe(keyed[0]);
    expect(licenseText(imei, 'User@example.com|anything|more', Date.UTC(2027, 5, 15))).toBe(used[0]);
  });
});

let api: LicenseApi;

beforeAll(async () => {
  api = await LicenseApi.create();
});
afterAll(() => api.server.close());

async function signedBody(name: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
  const response = await api.inject(name, params);
  expect(response.statusCode).toBe(200);
  const body = response.json();
  expect(response.body).toBe(JSON.stringify(body));
  expect(await isSigned(JSON.stringify(body), response.headers.licensesignature)).toBe(true);
  return body;
}

describe('every good answer carries a signature', () => {
  test('of the body, and of the licence where there is one', async () => {
    const texts: string[] = [];
    for (const [who, holder] of [
      [device, licenseKey],
      [userDevice, 'eve@example.com'],
    ] as const) {
      const activated = await signedBody('activate_license', who);
      const { password: _, ...named } = who as typeof userDevice;
      const checked = await signedBody('check_license', named);
      const text = `${imei}#${holder}#`.toLowerCase();
      texts.push(text);
      for (const body of [activated, checked]) expect(await isSigned(text, body.license_signature)).toBe(true);
      expect(Object.keys(checked).at(-1)).toBe('license_signature');
    }
    expect(texts).toEqual(['356307042441013#aaaa-bbbb-cccc-dddd#', '356307042441013#eve@example.com#']);
  });

  test('of a licence that ends', async () => {
    const licenses = [{ key: 'ENDS', validity_period: '2027-06-15T00:00:00Z' }];
    await api.setUp({ products: [{ code: 'GW', licenses }] });
    const { license_signature } = await signedBody('activate_license', { ...device, license_key: 'ENDS' });
    expect(await isSigned('356307042441013#ends#2027-06-15t00:00:00.000z', license_signature)).toBe(true);
  });

  test('with texts that are not ASCII, and integer names that JSON puts first', async () => {
    await signedBody('activate_license', device);
    const variables = { ž: 'ключ', '😀': '\ud800', b: '\u2028"\\', 10: true, 9: 1e21, a: -0 };
    const body = await signedBody('track_device_variables', { ...device, variables });
    expect((body as never as { variable: string }[]).map(({ variable }) => variable)).toEqual([
      '9',
      '10',
      'ž',
      '😀',
      'b',
      'a',
    ]);
    await signedBody('get_device_variables', device);
    await signedBody('track_device_variables', { ...device, variables: {} });
  });

  test('about products, and of deactivation', async () => {
    await signedBody('product_details', { product: 'GW' });
    expect(await signedBody('deactivate_license', device)).toBe('license_deactivated');
  });

  test('but no error does', async () => {
    for (const [name, params] of [
      ['product_details', {}],
      ['nothing', {}],
      ['track_device_variables', 'x'],
    ] as const) {
      const response = await api.inject(name, params);
      expect(response.statusCode).toBeGreaterThanOrEqual(400);
      expect(response.headers.licensesignature).toBeUndefined();
      expect(Object.keys(response.json())).toEqual(['status', 'code', 'message']);
      expect(response.json().status).toBe(response.statusCode);
    }
  });
});

test('the public key is told to whoever asks', async () => {
  const response = await api.server.app.inject('/licensespring/public-key');
  expect(response.headers['content-type']).toContain('text/plain');
  const answer = await api.inject('product_details', { product: 'GW' });
  const verify = createVerify('RSA-SHA256').update(answer.body, 'utf8');
  expect(verify.verify(response.body, String(answer.headers.licensesignature), 'base64')).toBe(true);
});

describe('the key', () => {
  const pem = (bits: number) =>
    generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  test('is made once, for its user only', async () => {
    const path = join(tempDir(), 'keys');
    const first = new ResponseKey(keyDirectory(path));
    const [one, other] = await Promise.all([first.public(), first.public()]);
    expect(one).toBe(other);
    expect(await new ResponseKey(keyDirectory(path)).public()).toBe(one);
    expect(statSync(join(path, 'licensespring.pem')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(path, 'licensespring.pem'), 'utf8')).toContain('BEGIN PRIVATE KEY');
  });

  test('may come from a file', async () => {
    const path = join(tempDir(), 'key.pem');
    writeFileSync(path, pem(2048));
    const files = keysInMemory();
    const key = await new ResponseKey(files, path).public();
    expect(key).toContain('BEGIN PUBLIC KEY');
    expect(files.read('licensespring.pem')).toBeUndefined();
  });

  test('that cannot be used stops the start', () => {
    const dir = tempDir();
    expect(() => new ResponseKey(keysInMemory(), join(dir, 'none.pem'))).toThrow(ConfigError);
    for (const text of [
      '',
      'garbage',
      pem(1024),
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ]) {
      writeFileSync(join(dir, 'key.pem'), text);
      expect(() => new ResponseKey(keysInMemory(), join(dir, 'key.pem'))).toThrow(ConfigError);
    }
  });

  test('that cannot be kept is not used', async () => {
    const failing = {
      read: () => undefined,
      write: () => {
        throw new StoreError('store_write');
      },
    };
    await expect(new ResponseKey(failing).public()).rejects.toThrow(StoreError);
  });
});
