/** Who may ask the licence API: the order of the checks, the window of time, forged and careless signatures. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { authorize } from '../../../src/http/licensespring/authorization.js';
import { parseHttpDate } from '../../../src/http/licensespring/http-date.js';
import { authorizationHeader, isSameSignature, requestSignature } from '../../../src/http/licensespring/signature.js';
import { MemoryStore } from '../../support/memory-store.js';
import { device, LicenseApi, refusal } from './kit.js';

const vendorKey = 'kw4qSnpSwXzgiv5yxYpZZmFEd9QAeiKTQ6OuyMja';
const vectors: readonly (readonly [sharedKey: string, date: string, signature: string])[] = [
  [vendorKey, 'Tue, 07 Jun 2011 20:51:35 GMT', 'UDysfR6MndUZReo07Y9r+vErn8vSxrnQ5ulit18iJ/Q='],
  [vendorKey, 'Thu, 17 Nov 2022 20:51:35 GMT', 'ieKadwL/A4Oh/21LXnhUdC8gPAhEqppY0WsqDzzLP6g='],
  ['test-shared-key', 'Mon, 19 Oct 2020 15:42:27 GMT', 'IAu+cxzAjEaKmTKWBjeuLFw1kd0sk5QjB2xM5qjupgo='],
  ['gw-shared-key-0001', 'Sun, 06 Nov 1994 08:49:37 GMT', '4OA43p4TSDlPFdwaxOwumQmcmTDE971T8Tc3MMQqVQE='],
  ['ključ-ž', 'Thu, 01 Jan 2026 00:00:00 GMT', 'Uj+pkcv+P1i99R395X6isdB0R2XoXchojOZDiDc1MOE='],
];
const mistakes: readonly (readonly [mistake: string, signature: string])[] = [
  ['the first line in lower case', '2LlJbZpZ9FLySlcEljm/iE1CORWsKIseJw9LCkQ5cMY='],
  ['CRLF instead of LF', 'TCWM8w+4HkrUCQL87uF+x5rEju6mgyJRZYFc8d9PVLY='],
  ['Date with a capital', 'LZGKSK5l5rnPPgTxs3Lw4xNECXBlHfpkI+t7jsqXoFg='],
  ['a line feed at the end', 'WosiJOJCF38WO5j4xkuEHeEP6ciP3lOmWB8NAJHP9Xc='],
  ['no space after the colon', 'XaK4Nye0JdM9zNppQk9DDG/BNNakHIPp+6GnUDyaF70='],
  ['no first line', 'J2eUTz0+ey5EcVcTcrXiaynWAgn5sTn6bqwFu5MZzQg='],
];

const header = (signature: string, apiKey = 'k') =>
  `algorithm="hmac-sha256",headers="date",signature="${signature}",apikey="${apiKey}"`;

describe('vectors', () => {
  async function codeOf(sharedKey: string, date: string, signature: string): Promise<string> {
    const store = new MemoryStore(new VirtualClock());
    const row = { id: 'k', sharedKey: store.secrets.seal(sharedKey), readOnly: false, revoked: false };
    await store.change((tx) => tx.put('licenseApiKey', row));
    const request = { headers: { date, authorization: header(signature) }, method: 'POST' };
    try {
      return authorize(store, request, Date.parse(date)).id;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  test.each(vectors)('%s at %s', async (sharedKey, date, signature) => {
    expect(requestSignature(sharedKey, date)).toBe(signature);
    expect(await codeOf(sharedKey, date, signature)).toBe('k');
  });

  test.each(mistakes)('%s is a mismatch', async (_, signature) => {
    expect(await codeOf('gw-shared-key-0001', 'Sun, 06 Nov 1994 08:49:37 GMT', signature)).toBe('signature_mismatch');
  });

  test('the key is meant in UTF-8', () => {
    const [sharedKey, date, signature] = vectors[4]!;
    const text = `licenseSpring\ndate: ${date}`;
    expect(createHmac('sha256', Buffer.from(sharedKey, 'utf8')).update(text).digest('base64')).toBe(signature);
  });
});

let api: LicenseApi;

beforeAll(async () => {
  api = await LicenseApi.create();
  await api.activate();
});
afterAll(() => api.server.close());

const good = { status: 200, body: [] };
const track = { ...device, variables: {} };

/** Everything that is wrong comes with everything that is checked after it wrong too. */
describe('the order of checks', () => {
  const unsigned = (algorithm: string, headers: string) =>
    `algorithm="${algorithm}",headers="${headers}",signature="x",apikey="nobody"`;
  const late = 'Mon, 01 Jan 2001 00:00:00 GMT';

  test.each([
    ['no headers', {}, 'missing_headers'],
    ['no date', { authorization: 'Bearer x' }, 'missing_headers'],
    ['no authorization', { date: 'garbage' }, 'missing_headers'],
    ['an empty date', { date: '', authorization: header('x') }, 'missing_headers'],
    ['an empty authorization', { date: late, authorization: '' }, 'missing_headers'],
    ['a bearer token', { date: late, authorization: 'Bearer x' }, 'authorization_invalid_headers'],
    ['a scheme in front', { date: late, authorization: `Signature ${header('x')}` }, 'authorization_invalid_headers'],
    ['no quotes', { date: late, authorization: 'algorithm=hmac-sha256' }, 'authorization_invalid_headers'],
    ['a name twice', { date: late, authorization: 'apikey="a",apiKey="a"' }, 'authorization_invalid_headers'],
    ['an end that is left over', { date: late, authorization: `${header('x')};` }, 'authorization_invalid_headers'],
    [
      'no apikey',
      { date: late, authorization: 'algorithm="hmac-sha1",headers="x",signature="x"' },
      'authorization_missing_params',
    ],
    [
      'no signature',
      { date: late, authorization: 'algorithm="hmac-sha1",headers="x",apikey="x"' },
      'authorization_missing_params',
    ],
    [
      'no headers parameter',
      { date: late, authorization: 'algorithm="hmac-sha1",signature="x",apikey="x"' },
      'authorization_missing_params',
    ],
    [
      'no algorithm',
      { date: late, authorization: 'headers="x",signature="x",apikey="x"' },
      'authorization_missing_params',
    ],
    ['an empty parameter', { date: late, authorization: header('') }, 'authorization_missing_params'],
    ['another algorithm', { date: late, authorization: unsigned('hmac-sha1', 'x') }, 'hmac_required'],
    [
      'other headers',
      { date: late, authorization: unsigned('hmac-sha256', 'date digest') },
      'authorization_invalid_headers',
    ],
    ['a late date', { date: late, authorization: unsigned('hmac-sha256', 'date') }, 'date_header_diff'],
  ] as const)('%s', async (_, headers, code) => {
    const oddities = { headers: { date: undefined, authorization: undefined, ...headers } };
    expect(await api.call('track_device_variables', 'no json', oddities)).toEqual(refusal(code));
  });

  test('an unknown key, a revoked one, a wrong signature, a key that only reads', async () => {
    const call = (apiKey: string, sharedKey: string) =>
      api.call('track_device_variables', 'no json', { apiKey, sharedKey });
    expect(await call('nobody', 'x')).toEqual(refusal('invalid_api_key'));
    expect(await call('gone', 'x')).toEqual(refusal('revoked_api_key'));
    expect(await call('reader', 'x')).toEqual(refusal('signature_mismatch'));
    expect(await call('reader', 'shared-2')).toEqual(refusal('read_only_api_key'));
    expect(await call('key-1', 'shared-2')).toEqual(refusal('signature_mismatch'));
    expect(await call('key-1', 'shared-1')).toEqual(refusal('invalid_json'));
  });

  test('authorization comes before the body, and no challenge is sent', async () => {
    const response = await api.inject('track_device_variables', 'x'.repeat(70_000), { apiKey: 'nobody' });
    expect(response.json()).toMatchObject({ code: 'invalid_api_key' });
    expect(response.headers['www-authenticate']).toBeUndefined();
    expect(response.headers.licensesignature).toBeUndefined();
  });

  test('a key that only reads may read', async () => {
    const reader = { apiKey: 'reader', sharedKey: 'shared-2' };
    expect(await api.call('get_device_variables', device, reader)).toEqual(good);
  });
});

describe('the window', () => {
  test.each([
    [-899_000, true],
    [-900_000, true],
    [-901_000, false],
    [899_000, true],
    [900_000, true],
    [901_000, false],
    [-86_400_000, false],
  ])('a date %i ms off', async (offsetMs, isTaken) => {
    const date = api.date(offsetMs);
    const headers = { date, authorization: authorizationHeader('key-1', 'shared-1', date) };
    const expected = isTaken ? good : refusal('date_header_diff');
    expect(await api.call('track_device_variables', track, { headers })).toEqual(expected);
  });

  test('a request may be sent again until its time is over', async () => {
    const date = api.date();
    const headers = { date, authorization: authorizationHeader('key-1', 'shared-1', date) };
    expect(await api.call('track_device_variables', track, { headers })).toEqual(good);
    api.clock.advance(900_000);
    expect(await api.call('track_device_variables', track, { headers })).toEqual(good);
    api.clock.advance(1000);
    expect(await api.call('track_device_variables', track, { headers })).toEqual(refusal('date_header_diff'));
  });

  test.each([
    'garbage',
    '1781524800',
    '2026-06-15T12:00:00Z',
    'Mon, 15 Jun 2026 12:00:00 +0000',
    'Mon, 31 Jun 2026 12:00:00 GMT',
  ])('%s is no date', async (date) => {
    const headers = { date, authorization: authorizationHeader('key-1', 'shared-1', date) };
    expect(await api.call('track_device_variables', track, { headers })).toEqual(refusal('date_header_diff'));
  });

  test.each(['Monday, 15-Jun-26 12:15:01 GMT', 'Mon Jun 15 12:15:01 2026'])('%s is an old form', async (date) => {
    const headers = { date, authorization: authorizationHeader('key-1', 'shared-1', date) };
    expect(await api.call('track_device_variables', track, { headers })).toEqual(good);
  });
});

describe('forms of the header', () => {
  test('spaces after commas, any order, any case of names', async () => {
    const date = api.date();
    const signature = requestSignature('shared-1', date);
    const forms = [
      `algorithm="hmac-sha256", headers="date", signature="${signature}", apikey="key-1"`,
      `apiKey="key-1",signature="${signature}",HEADERS="Date",Algorithm="HMAC-SHA256"`,
      `${header(signature, 'key-1')},extra="x"`,
    ];
    for (const authorization of forms) {
      expect(await api.call('track_device_variables', track, { headers: { date, authorization } })).toEqual(good);
    }
  });

  test('a signature with any one character changed is forged', async () => {
    const date = api.date();
    const signature = requestSignature('shared-1', date);
    for (let at = 0; at < signature.length; at++) {
      const other = signature[at] === 'A' ? 'B' : 'A';
      const forged = `${signature.slice(0, at)}${other}${signature.slice(at + 1)}`;
      const headers = { date, authorization: header(forged, 'key-1') };
      expect((await api.call('product_details', { product: 'GW' }, { headers })).body).toMatchObject({
        code: 'signature_mismatch',
      });
    }
  });

  test('the signature of another date is forged', async () => {
    const headers = { date: api.date(1000), authorization: authorizationHeader('key-1', 'shared-1', api.date()) };
    expect(await api.call('track_device_variables', track, { headers })).toEqual(refusal('signature_mismatch'));
  });

  test('signatures are compared whole', () => {
    expect(isSameSignature('abc', 'abc')).toBe(true);
    for (const other of ['abd', 'ab', 'abcd', '', 'ABC']) expect(isSameSignature('abc', other)).toBe(false);
  });
});

test('dates of two digits are of the century that is nearest', () => {
  const now = Date.UTC(2026, 5, 15);
  expect(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', now)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
  expect(parseHttpDate('Sunday, 06-Nov-76 08:49:37 GMT', now)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37));
  expect(parseHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', now)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37));
  expect(parseHttpDate('Sun Nov  6 08:49:37 1994', now)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
  for (const text of [
    '',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 6 Nov 1994 08:49:37 GMT',
  ])
    expect(parseHttpDate(text, now)).toBeUndefined();
});
