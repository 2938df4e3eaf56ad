/** Applying setups: everything is made, a second time changes nothing, and a refusal changes nothing and names its line. */
import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { isPassword } from '../../../src/store/credentials.js';
import { tiesOf } from '../../../src/store/removal.js';
import { applySetup, type SetupReport } from '../../../src/store/setup/apply.js';
import { SetupError } from '../../../src/store/setup/problem.js';
import { readSetup } from '../../../src/store/setup/read.js';
import { MemoryStore } from '../../support/memory-store.js';

const whole = `
accounts:
  - login: acme@example.com
    password: correct-horse
    time_zone: Europe/Berlin
    measurement_system: imperial
    device_limit: 3
    legal_type: sole_trader
    api_keys: [{ title: dashboard, hash: 0123456789abcdef0123456789abcdef }]
    sub_users:
      - { login: bob@example.com, password: battery-staple, rights: [tracker_register], trackers: all }
      - { login: eve@example.com, password: battery-staple, trackers: ["356307042441013"] }
    groups: [{ title: Vans, color: ff6ddc }]
    tags: [{ name: cold, color: 00AAFF }, { name: big }]
    trackers:
      - { label: Van 7, model: telfmb920, device_id: "356307042441013", group: Vans, tags: [big, cold], tariff_id: 7 }
      - label: Van 8
        model: telfmb920
        device_id: "356307042441014"
        phone: "491700000001"
        blocked: true
tariffs: [{ id: 7, name: basic, legal_type: sole_trader }]
sims: [{ iccid: "8949000000000000001", phone: "491701234567" }]
activation_codes: [{ code: "6045325592", tariff_id: 7 }]
bundles:
  - { imei: "356307042441021", model: telfmb920, iccid: "8949000000000000001", phone: "491701234567", account: acme@example.com }
clones: [{ label: Van 7 copy, of: "356307042441013", account: acme@example.com }]
rules: [{ id: 10, trackers: ["356307042441013"] }]
vehicles: [{ id: 11, tracker: "356307042441013" }]
`;

let clock: VirtualClock;
let store: MemoryStore;

beforeEach(() => {
  clock = new VirtualClock(Date.UTC(2026, 5, 15));
  store = new MemoryStore(clock);
});

const apply = async (text: string, env = {}): Promise<SetupReport> =>
  applySetup(store, readSetup(text, { name: 'fleet.yaml', env }));

async function problemsOf(text: string): Promise<readonly string[]> {
  const before = contents();
  const error = await apply(text).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SetupError);
  expect(contents()).toEqual(before);
  return (error as SetupError).problems;
}

function contents(): string {
  const tables = ['account', 'user', 'apiKey', 'source', 'tracker', 'group', 'tag', 'counter', 'tariff'] as const;
  return JSON.stringify(tables.map((table) => [...store.registry.all(table)]));
}

describe('applying', () => {
  test('makes what is declared', async () => {
    const report = await apply(whole);
    expect(report.isChanged).toBe(true);
    expect(report.sections.trackers).toEqual({ created: 2, updated: 0, unchanged: 0 });
    expect(report.sections.sub_users).toEqual({ created: 2, updated: 0, unchanged: 0 });
    const { registry } = store;
    const master = registry.userByLogin('ACME@example.com')!;
    expect(master).toMatchObject({
      master: true,
      timeZone: 'Europe/Berlin',
      measurementSystem: 'imperial',
      operator: false,
    });
    expect(await isPassword('correct-horse', master.password)).toBe(true);
    expect(registry.get('account', master.accountId)).toMatchObject({ deviceLimit: 3, legalType: 'sole_trader' });
    const source = registry.sourceByDeviceId('356307042441013')!;
    const [tracker, clone] = [...registry.trackersOfSource(source.id)].sort((a, b) => a.id - b.id);
    const [cold, big] = [...registry.all('tag')];
    expect(source.tariffId).toBe(7);
    expect(tracker).toMatchObject({ label: 'Van 7', clone: false, groupId: [...registry.all('group')][0]!.id });
    expect(tracker!.tagBindings).toEqual([
      { tagId: big!.id, ordinal: 1 },
      { tagId: cold!.id, ordinal: 2 },
    ]);
    expect(clone).toMatchObject({ label: 'Van 7 copy', clone: true });
    expect(registry.sourceByDeviceId('356307042441014')).toMatchObject({ blocked: true, phone: '491700000001' });
    expect(registry.userByLogin('eve@example.com')!.trackerIds).toEqual([tracker!.id, clone!.id]);
    expect(registry.userByLogin('bob@example.com')).toMatchObject({ rights: ['tracker_register'], master: false });
    expect(registry.userByLogin('bob@example.com')).not.toHaveProperty('trackerIds');
    expect(registry.get('bundle', '356307042441021')).toMatchObject({ accountId: master.accountId });
    expect(registry.get('activationCode', '6045325592')).toEqual({ id: '6045325592', tariffId: 7 });
    for (const { id } of [tracker!, clone!]) expect(tiesOf(registry, id)).toEqual({ rules: [10], vehicles: [11] });
  });

  test('twice changes nothing', async () => {
    await apply(whole);
    const before = contents();
    const { changes } = store;
    clock.advance(1000);
    const report = await apply(whole);
    expect(report.isChanged).toBe(false);
    expect(store.changes).toBe(changes);
    expect(contents()).toBe(before);
  });

  test('updates what is there, and leaves what is not named', async () => {
    await apply(whole);
    const { id } = store.registry.sourceByDeviceId('356307042441013')!;
    const report = await apply(
      'accounts: [{ login: acme@example.com, password: other, trackers: [{ label: New, model: telfmb920, device_id: "356307042441013", blocked: true }] }]',
    );
    expect(report.sections).toEqual({
      accounts: { created: 0, updated: 1, unchanged: 0 },
      trackers: { created: 0, updated: 1, unchanged: 0 },
    });
    expect(report.sessionsToEnd).toEqual([{ sourceId: id, code: 'blocked_unit' }]);
    expect(store.registry.trackersOfSource(id).find(({ clone }) => !clone)).toMatchObject({ label: 'New', groupId: 1 });
    expect(store.registry.userByLogin('acme@example.com')!.timeZone).toBe('Europe/Berlin');
    expect(await isPassword('other', store.registry.userByLogin('acme@example.com')!.password)).toBe(true);
  });

  test('a used activation code stays used', async () => {
    await apply(whole);
    await store.change((tx) => tx.put('activationCode', { id: '6045325592', tariffId: 7, usedAt: 5, trackerId: 1 }));
    await apply(whole);
    expect(store.registry.get('activationCode', '6045325592')).toMatchObject({ usedAt: 5 });
  });

  test('ids that an operator chose are not given again', async () => {
    await apply(whole);
    expect(await store.change((tx) => [tx.nextId('rule'), tx.nextId('vehicle'), tx.nextId('tariff')])).toEqual([
      11, 12, 8,
    ]);
  });

  test('a clone of another label is another clone', async () => {
    await apply(whole);
    const count = store.registry.size('tracker');
    const again = 'clones: [{ label: Copy, of: "356307042441013", account: acme@example.com }]';
    await apply(again);
    expect(store.registry.size('tracker')).toBe(count + 1);
    await apply(again);
    expect(store.registry.size('tracker')).toBe(count + 1);
  });
});

const account = 'accounts:\n  - login: acme@example.com\n    password: x\n';
const refusals: readonly [string, string, string][] = [
  ['an account without a password', 'accounts:\n  - login: a\n', '2: accounts[0].password: is missing'],
  ['a time zone', `${account}    time_zone: Mars/Base\n`, '4: accounts[0].time_zone: is no IANA time zone'],
  [
    'a login twice',
    `${account}  - login: ACME@example.com\n    password: x\n`,
    '4: accounts[1].login: login acme@example.com is given twice',
  ],
  [
    'a model',
    `${account}    trackers:\n      - label: a\n        model: nope\n        device_id: "1"\n`,
    '6: accounts[0].trackers[0].model: is no code',
  ],
  [
    'a device id',
    `${account}    trackers:\n      - label: a\n        model: telfmb920\n        device_id: "1"\n`,
    '7: accounts[0].trackers[0].device_id: must consist of 14-16 digits',
  ],
  [
    'a number for a text',
    `${account}    trackers:\n      - label: a\n        model: telfmb920\n        device_id: 356307042441013\n`,
    '7: accounts[0].trackers[0].device_id: a text is expected: put it in quotes',
  ],
  [
    'a group',
    `${account}    trackers:\n      - { label: a, model: telfmb920, device_id: "356307042441013", group: none }\n`,
    '5: accounts[0].trackers[0].group: the account has no such group',
  ],
  [
    'a tariff',
    `${account}    trackers:\n      - { label: a, model: telfmb920, device_id: "356307042441013", tariff_id: 9 }\n`,
    '5: accounts[0].trackers[0].tariff_id: there is no tariff 9',
  ],
  [
    'a legal type',
    `${account}    trackers:\n      - { label: a, model: telfmb920, device_id: "356307042441013", tariff_id: 9 }\ntariffs: [{ id: 9, name: a, legal_type: individual }]\n`,
    '5: accounts[0].trackers[0].tariff_id: tariff 9 is for another legal type',
  ],
  [
    'more devices than allowed',
    `${account}    device_limit: 0\n    trackers:\n      - { label: a, model: telfmb920, device_id: "356307042441013" }\n`,
    '6: accounts[0].trackers[0]: the account has as many',
  ],
  [
    'an unknown account',
    'bundles:\n  - { imei: "356307042441021", model: a, iccid: "89490000", phone: "49170", account: b }\n',
    '2: bundles[0].account: there is no account',
  ],
  ['an unknown device', 'rules:\n  - { id: 1, trackers: [x] }\n', '2: rules[0].trackers[0]: there is no such device'],
  ['an unknown section', 'navixy:\n  products: []\n', '1: navixy: no such key'],
  ['an unknown key', `${account}    colour: red\n`, '4: accounts[0].colour: no such key'],
  [
    'a right that cannot be granted',
    `${account}    sub_users:\n      - { login: b, password: x, rights: [admin] }\n`,
    '5: accounts[0].sub_users[0].rights[0]: must be one of',
  ],
  [
    'a missing secret',
    'accounts:\n  - login: a\n    password: ${NOWHERE}\n',
    '3: accounts[0].password: no environment variable NOWHERE',
  ],
  ['broken text', 'accounts: [\n', '2: '],
  ['a key twice', 'rules: []\nrules: []\n', '2: Map keys must be unique'],
];

test.each(refusals)('%s is refused with its line', async (_, text, expected) => {
  const problems = await problemsOf(text);
  expect(problems[0]).toContain(`fleet.yaml:${expected}`);
});

test('a refusal of the last item undoes the first', async () => {
  await apply(whole);
  const { changes } = store;
  await problemsOf('accounts: [{ login: acme@example.com, time_zone: UTC }]\nrules: [{ id: 1, trackers: [x] }]\n');
  expect(store.changes).toBe(changes);
});

test('devices and logins of others are refused', async () => {
  await apply(whole);
  const other = 'accounts:\n  - login: other\n    password: x\n';
  expect(
    (await problemsOf(`${other}    trackers: [{ label: a, model: telfmb920, device_id: "356307042441013" }]\n`))[0],
  ).toContain(':4: accounts[0].trackers[0].device_id: is a device of another account');
  expect((await problemsOf(`${other}    sub_users: [{ login: bob@example.com }]\n`))[0]).toContain(
    'is a user of another account',
  );
  expect((await problemsOf(`${other}    sub_users: [{ login: acme@example.com }]\n`))[0]).toContain(
    'is the login of a master user',
  );
  expect((await problemsOf('accounts: [{ login: bob@example.com }]\n'))[0]).toContain('is the login of a sub-user');
  expect(
    (await problemsOf(`${other}    api_keys: [{ title: a, hash: 0123456789abcdef0123456789abcdef }]\n`))[0],
  ).toContain('is a key of another account');
});

test('secrets come from the environment', async () => {
  await apply('accounts: [{ login: a, password: "${PASSWORD}" }]', { PASSWORD: 'swordfish' });
  expect(await isPassword('swordfish', store.registry.userByLogin('a')!.password)).toBe(true);
});

test('names of prototypes are names like any other', async () => {
  expect((await problemsOf('__proto__: { accounts: [] }\n'))[0]).toContain('__proto__');
  expect((await problemsOf('accounts: [{ login: a, password: x, constructor: {} }]\n'))[0]).toContain('no such key');
});

test('aliases are no bombs', async () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i++)
    lines.push(
      `${'abcdefghi'[i]}: &${'abcdefghi'[i]} [${Array(10)
        .fill(`*${'abcdefghi'[i - 1]}`)
        .join(', ')}]`,
    );
  expect((await problemsOf(lines.join('\n')))[0]).toContain('alias');
});
