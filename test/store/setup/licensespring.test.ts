/** The licence API in setups: what is declared is made, a second time changes nothing, and what is wrong is told with its line. */
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { isPassword } from '../../../src/store/credentials.js';
import { applySetup, type SetupReport } from '../../../src/store/setup/apply.js';
import { SetupError } from '../../../src/store/setup/problem.js';
import { readSetup } from '../../../src/store/setup/read.js';
import { MemoryStore } from '../../support/memory-store.js';

const whole = `
licensespring:
  api_keys:
    - { key: 00000000-0000-4000-8000-000000000001, shared_key: gw-shared-key-0001, read_only: false }
    - { key: narrow, shared_key: "\${SHARED}", revoked: true, products: [APP, GW] }
  products:
    - { code: GW, name: Gateway, authorization_method: license-key, licenses: [{ key: AAAA-BBBB-CCCC-DDDD, max_activations: 3 }] }
    - code: APP
      authorization_method: user
      archived: true
      licenses:
        - { users: [{ email: Eve@example.com, password: open-sesame, first_name: Eve }], validity_period: 2027-06-15, type: time-limited }
        - { id: 77, users: [{ email: eve@example.com }, { email: bob@example.com, password: battery }], enabled: false }
  blacklist: ["356307042441013", { hardware_id: "356307042441013", product: GW }]
`;

let clock: VirtualClock;
let store: MemoryStore;

beforeEach(() => {
  clock = new VirtualClock(Date.UTC(2026, 5, 15));
  store = new MemoryStore(clock);
});

const apply = async (text: string, env = {}): Promise<SetupReport> =>
  applySetup(store, readSetup(text, { name: 'fleet.yaml', env: { SHARED: 'from outside', ...env } }));

const tables = ['licenseApiKey', 'licenseProduct', 'license', 'licenseUser', 'licenseBlacklist', 'counter'] as const;
const contents = () => JSON.stringify(tables.map((table) => [...store.registry.all(table)]));

async function problemsOf(text: string): Promise<readonly string[]> {
  const before = contents();
  const error = await apply(text).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SetupError);
  expect(contents()).toBe(before);
  return (error as SetupError).problems;
}

test('what is declared is made', async () => {
  const report = await apply(whole);
  expect(report.sections).toEqual({
    licensespring_api_keys: { created: 2, updated: 0, unchanged: 0 },
    licensespring_products: { created: 2, updated: 0, unchanged: 0 },
    licensespring_licenses: { created: 3, updated: 0, unchanged: 0 },
    licensespring_users: { created: 2, updated: 0, unchanged: 1 },
    licensespring_blacklist: { created: 2, updated: 0, unchanged: 0 },
  });
  const { registry, secrets } = store;
  const { licensing } = registry;
  const key = registry.get('licenseApiKey', '00000000-0000-4000-8000-000000000001')!;
  expect(key).toMatchObject({ readOnly: false, revoked: false });
  expect(key).not.toHaveProperty('productIds');
  expect(key.sharedKey).not.toContain('gw-shared');
  expect(secrets.open(key.sharedKey)).toBe('gw-shared-key-0001');
  const gateway = licensing.productByCode('GW')!;
  const app = licensing.productByCode('APP')!;
  expect(gateway).toMatchObject({ name: 'Gateway', method: 'license-key', enabled: true, archived: false });
  expect(app).toMatchObject({ name: 'APP', method: 'user', archived: true });
  const narrow = registry.get('licenseApiKey', 'narrow')!;
  expect(narrow).toMatchObject({ revoked: true, productIds: [app.id, gateway.id] });
  expect(secrets.open(narrow.sharedKey)).toBe('from outside');
  expect(licensing.licenseByKey('AAAA-BBBB-CCCC-DDDD')).toMatchObject({
    ...{ productId: gateway.id, type: 'perpetual', enabled: true, active: false },
    ...{ maxActivations: 3, unlimited: false, timesActivated: 0, transferCount: 0 },
  });
  const eve = licensing.userByEmail('eve@EXAMPLE.com')!;
  expect(eve).toMatchObject({ email: 'Eve@example.com', firstName: 'Eve', lastName: '' });
  expect(await isPassword('open-sesame', eve.password)).toBe(true);
  const [first, second] = licensing.licensesOfUser(eve.id);
  expect(first).toMatchObject({ type: 'time-limited', validUntil: Date.UTC(2027, 5, 15), userIds: [eve.id] });
  expect(second).toMatchObject({
    id: 77,
    enabled: false,
    userIds: [eve.id, licensing.userByEmail('bob@example.com')!.id],
  });
  expect([...registry.all('licenseBlacklist')]).toEqual([
    { id: '0:356307042441013', hardwareId: '356307042441013' },
    { id: `${gateway.id}:356307042441013`, hardwareId: '356307042441013', productId: gateway.id },
  ]);
});

test('twice changes nothing, though a user has several licences', async () => {
  await apply(whole);
  const before = contents();
  const { changes } = store;
  clock.advance(1000);
  const report = await apply(whole);
  expect(report.isChanged).toBe(false);
  expect(store.changes).toBe(changes);
  expect(contents()).toBe(before);
});

test('twice changes nothing where the first user says which licence is meant', async () => {
  const text =
    'licensespring: { products: [{ code: A, authorization_method: user, licenses: [{ users: [{ email: e, password: x }] }] }] }';
  await apply(text);
  const before = contents();
  expect((await apply(text)).isChanged).toBe(false);
  expect(contents()).toBe(before);
});

test('updates what is there, and leaves what is not named', async () => {
  await apply(whole);
  const license = store.registry.licensing.licenseByKey('AAAA-BBBB-CCCC-DDDD')!;
  await store.change((tx) => tx.put('license', { ...license, active: true, timesActivated: 2 }));
  const report = await apply(`licensespring:
  api_keys: [{ key: narrow, shared_key: other, revoked: false }]
  products:
    - { code: GW, name: New, licenses: [{ key: AAAA-BBBB-CCCC-DDDD, enabled: false }] }
    - { code: APP, licenses: [{ id: 77, users: [{ email: zoe@example.com, password: x }] }] }
`);
  expect(report.sections).toMatchObject({
    licensespring_api_keys: { updated: 1 },
    licensespring_products: { updated: 1, unchanged: 1 },
    licensespring_licenses: { updated: 2 },
    licensespring_users: { created: 1 },
  });
  const { registry } = store;
  const narrow = registry.get('licenseApiKey', 'narrow')!;
  expect(narrow.productIds).toHaveLength(2);
  expect(narrow.revoked).toBe(false);
  expect(store.secrets.open(narrow.sharedKey)).toBe('other');
  expect(registry.licensing.licenseByKey('AAAA-BBBB-CCCC-DDDD')).toMatchObject({
    ...{ enabled: false, active: true, timesActivated: 2, maxActivations: 3 },
  });
  expect(registry.get('license', 77)!.userIds).toHaveLength(3);
});

test('a password of a user changes', async () => {
  await apply(whole);
  await apply(
    'licensespring: { products: [{ code: APP, licenses: [{ id: 77, users: [{ email: bob@example.com, password: new }] }] }] }',
  );
  expect(await isPassword('new', store.registry.licensing.userByEmail('bob@example.com')!.password)).toBe(true);
});

test('a shared key whose own key was lost is set anew', async () => {
  await apply(whole);
  const row = store.registry.get('licenseApiKey', 'narrow')!;
  await store.change((tx) => tx.put('licenseApiKey', { ...row, sharedKey: 'aes256gcm$a$b$c' }));
  expect((await apply(whole)).sections.licensespring_api_keys).toEqual({ created: 0, updated: 1, unchanged: 1 });
  expect(store.secrets.open(store.registry.get('licenseApiKey', 'narrow')!.sharedKey)).toBe('from outside');
});

describe('refusals', () => {
  const head = 'licensespring:\n  products:\n    - code: GW\n';
  const keyed = `${head}      authorization_method: license-key\n      licenses:\n`;
  const used = `${head}      authorization_method: user\n      licenses:\n`;
  const refusals: readonly (readonly [string, string, string])[] = [
    ['a new product without a method', head, '3: licensespring.products[0].authorization_method: is missing'],
    [
      'a method',
      `${head}      authorization_method: x\n`,
      '4: licensespring.products[0].authorization_method: must be one of',
    ],
    [
      'a product twice',
      `${keyed}        []\n    - code: GW\n`,
      '7: licensespring.products[1].code: product GW is given twice',
    ],
    ['an unknown member', `${head}      colour: red\n`, '4: licensespring.products[0].colour: no such key'],
    [
      'a licence without a key',
      `${keyed}        - max_activations: 1\n`,
      '6: licensespring.products[0].licenses[0].key: is missing',
    ],
    [
      'a licence key twice',
      `${keyed}        - key: A\n        - key: A\n`,
      '7: licensespring.products[0].licenses[1].key: license key A is given twice',
    ],
    [
      'users of a key-based product',
      `${keyed}        - key: A\n          users: [{ email: e, password: x }]\n`,
      '7: licensespring.products[0].licenses[0].users: the product is key-based',
    ],
    [
      'a key of a user-based product',
      `${used}        - key: A\n`,
      '6: licensespring.products[0].licenses[0].key: the product is user-based',
    ],
    [
      'a licence without users',
      `${used}        - enabled: true\n`,
      '6: licensespring.products[0].licenses[0].users: is missing',
    ],
    [
      'a licence with an id and without users',
      `${used}        - id: 5\n`,
      '6: licensespring.products[0].licenses[0].users: is missing',
    ],
    [
      'an id twice',
      `${used}        - { id: 5, users: [{ email: e, password: x }] }\n        - { id: 5, users: [{ email: e }] }\n`,
      '7: licensespring.products[0].licenses[1].id: license id 5 is given twice',
    ],
    [
      'a user twice',
      `${used}        - users: [{ email: e, password: x }]\n        - users: [{ email: E }]\n`,
      '7: licensespring.products[0].licenses[1].users[0]: license of e in GW is given twice',
    ],
    [
      'a new user without a password',
      `${used}        - users: [{ email: e }]\n`,
      '6: licensespring.products[0].licenses[0].users[0].password: is missing',
    ],
    [
      'a user with two passwords',
      `${used}        - users: [{ email: e, password: x }]\n        - users: [{ email: f, password: x }, { email: E, password: y }]\n`,
      '7: licensespring.products[0].licenses[1].users[1].password: the user has another one above',
    ],
    [
      'a bar in an e-mail address',
      `${used}        - users: [{ email: "e|f", password: x }]\n`,
      '6: licensespring.products[0].licenses[0].users[0].email: must match',
    ],
    [
      'a date',
      `${keyed}        - { key: A, validity_period: "2027-13-45" }\n`,
      '6: licensespring.products[0].licenses[0].validity_period: is no date',
    ],
    [
      'a day that the month does not have',
      `${keyed}        - { key: A, validity_period: "2027-02-31" }\n`,
      '6: licensespring.products[0].licenses[0].validity_period: is no date',
    ],
    [
      'the form of a date',
      `${keyed}        - { key: A, validity_period: tomorrow }\n`,
      '6: licensespring.products[0].licenses[0].validity_period: must match',
    ],
    [
      'a new API key without a shared one',
      'licensespring:\n  api_keys:\n    - key: a\n',
      '3: licensespring.api_keys[0].shared_key: is missing',
    ],
    [
      'an API key with a quote',
      'licensespring:\n  api_keys:\n    - { key: "a\\"", shared_key: x }\n',
      '3: licensespring.api_keys[0].key: must match',
    ],
    [
      'an API key twice',
      'licensespring:\n  api_keys:\n    - { key: a, shared_key: x }\n    - { key: a }\n',
      '4: licensespring.api_keys[1].key: API key a is given twice',
    ],
    [
      'an API key of an unknown product',
      'licensespring:\n  api_keys:\n    - { key: a, shared_key: x, products: [GW] }\n',
      '3: licensespring.api_keys[0].products[0]: there is no such product',
    ],
    [
      'a blacklist that is none',
      'licensespring:\n  blacklist:\n    - 5\n',
      '3: licensespring.blacklist[0]: must be a hardware id, or one with a product',
    ],
    [
      'a blacklist entry twice',
      'licensespring:\n  blacklist:\n    - "5"\n    - hardware_id: "5"\n',
      '4: licensespring.blacklist[1]: blacklist entry 0:5 is given twice',
    ],
    [
      'a blacklist of an unknown product',
      'licensespring:\n  blacklist:\n    - { hardware_id: "5", product: GW }\n',
      '3: licensespring.blacklist[0].product: there is no such product',
    ],
    [
      'a missing secret',
      'licensespring:\n  api_keys:\n    - { key: a, shared_key: "${NOWHERE}" }\n',
      '3: licensespring.api_keys[0].shared_key: no environment variable NOWHERE',
    ],
  ];

  test.each(refusals)('%s', async (_, text, expected) => {
    expect((await problemsOf(text))[0]).toContain(`fleet.yaml:${expected}`);
  });

  const clashes: readonly (readonly [string, string, string])[] = [
    ['another method', '{ code: GW, authorization_method: user }', 'cannot be changed: there are licences'],
    ['another id of a product', '{ code: GW, id: 5 }', 'products[0].id: cannot be changed'],
    ['an id of another licence', '{ code: GW, licenses: [{ key: NEW, id: 77 }] }', 'is a licence of another product'],
    [
      'another id of a licence',
      '{ code: GW, licenses: [{ key: AAAA-BBBB-CCCC-DDDD, id: 5 }] }',
      'licenses[0].id: cannot be changed',
    ],
    [
      'a key of another product',
      '{ code: GW2, authorization_method: license-key, licenses: [{ key: AAAA-BBBB-CCCC-DDDD }] }',
      'is a licence of another product',
    ],
    [
      'one of several licences',
      '{ code: APP, licenses: [{ users: [{ email: eve@example.com }] }] }',
      'has several licences of the product',
    ],
  ];

  test.each(clashes)('%s, for what exists', async (_, product, expected) => {
    await apply(whole);
    expect((await problemsOf(`licensespring: { products: [${product}] }`))[0]).toContain(expected);
  });

  test('an id that is taken by a product', async () => {
    await apply(whole);
    const { id } = store.registry.licensing.productByCode('GW')!;
    const text = `licensespring: { products: [{ code: NEW, id: ${id}, authorization_method: user }] }`;
    expect((await problemsOf(text))[0]).toContain('id: is taken');
  });

  test('the key of a licence cannot be changed', async () => {
    await apply(
      'licensespring: { products: [{ code: GW, authorization_method: license-key, licenses: [{ id: 5, key: A }] }] }',
    );
    const text = 'licensespring: { products: [{ code: GW, licenses: [{ id: 5, key: B }] }] }';
    expect((await problemsOf(text))[0]).toContain('licenses[0].key: cannot be changed');
  });
});
