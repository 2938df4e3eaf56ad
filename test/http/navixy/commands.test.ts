import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DeviceModel, modelByCode } from '../../../src/domain/models.js';
import type { NavixyCode } from '../../../src/http/navixy/errors.js';
import type { CommandRow, SourceRow, TrackerRow, UserRow } from '../../../src/store/rows.js';
import { forms, type Params, TestApi, type TestUser } from '../../support/api.js';
import { good, invalid, refusal, refused } from './registry/kit.js';

let api: TestApi;
let owner: TestUser;
let tracker: TrackerRow;
let source: SourceRow;
let texts: string[];
let restores: (() => void)[];
const sms = { send: async (phone: string, text: string) => void texts.push(`${phone}: ${text}`) };

beforeEach(async () => {
  api = await TestApi.create({ sms });
  owner = await api.account();
  ({ tracker, source } = await api.tracker(owner));
  texts = [];
  restores = [];
});
afterEach(async () => {
  for (const restore of restores) restore();
  await api.server.close();
});

const call = (path: string, params: Params = {}, user = owner) =>
  api.call(`/${path}`, { hash: user.hash, tracker_id: tracker.id, ...params });
/** A parameter that is undefined is not sent. */
const withOwner = (params: Params) =>
  Object.fromEntries(
    Object.entries({ hash: owner.hash, tracker_id: tracker.id, ...params }).filter(([, value]) => value !== undefined),
  );
const refuse = (path: string, params: Params, code: NavixyCode) =>
  refused(api, `/${path}`, withOwner(params), refusal(code));
const fault = (path: string, params: Params, ...faults: [string, string][]) =>
  refused(api, `/${path}`, withOwner(params), invalid(...faults));
const rows = (): CommandRow[] => [...api.store.registry.all('command')];
const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

/** The catalogue has no model of some kinds: one is made for the test. */
function remodel(code: string, change: Partial<DeviceModel>): void {
  const model = modelByCode(code)!;
  const before = { ...model };
  Object.assign(model, change);
  restores.push(() => Object.assign(model, before));
}

async function useModel(model: string, more: Partial<SourceRow> = {}): Promise<void> {
  const phone = `4917012345${66 + api.store.registry.size('source')}`;
  ({ tracker, source } = await api.tracker(owner, { model, phone }));
  if (Object.keys(more).length > 0) await api.changeSource(source, more);
}

async function cloneOf(): Promise<TrackerRow> {
  const clone: TrackerRow = { ...tracker, id: 900, clone: true };
  await api.store.change((tx) => tx.put('tracker', clone));
  return clone;
}

/** The unit is online: it has a link and has just been heard from. */
function connect(report: { fixAgoMs?: number } = {}) {
  api.store.connected.add(source.id);
  const at = api.clock.now() - (report.fixAgoMs ?? 60_000);
  api.store.report(source.id, {}, { at, position: {} });
  return api.links.connect(source.id);
}

const lock = { name: 'electronic_lock_command', command_code: 'unseal' };
const lockSettings = { type: 'jointech_lock_password', password: '345892', remember_password: true };
const raw = 'tracker/raw_command/send';
const send = 'tracker/send_command';
const locate = 'tracker/location_request';
const special = 'tracker/settings/special';
const immobilizer = 'tracker/engine_immobilizer';
const unconfirmed = 'tracker/command/unconfirmed';

/** Every call with a good request, the rights it needs, and its code for a tracker that is not there. */
const table: readonly [path: string, params: Params, rights: string[], missing: NavixyCode][] = [
  [raw, { command: 'getver' }, ['tracker_configure', 'tracker_set_output'], 201],
  [send, { command: lock }, ['tracker_configure', 'tracker_set_output'], 201],
  [locate, { type: 'gprs' }, [], 201],
  ['tracker/output/set', { output: 1, enable: true }, ['tracker_set_output'], 204],
  ['tracker/output/set_all', { outputs: [true, false] }, ['tracker_set_output'], 204],
  [`${immobilizer}/read`, {}, [], 204],
  [`${immobilizer}/set`, { enabled: true }, ['tracker_set_output'], 204],
  [`${special}/read`, {}, [], 201],
  [`${special}/update`, { value: lockSettings }, ['tracker_configure'], 201],
  [`${unconfirmed}/count`, {}, [], 204],
  [`${unconfirmed}/reset`, {}, ['tracker_update'], 204],
];

describe('every call', () => {
  test.each(table)('%s: a tracker that is unknown, another account’s, not assigned or deleted', async (...row) => {
    const [path, params, , missing] = row;
    const other = await api.tracker(await api.account());
    for (const tracker_id of [0, -1, 9999, other.tracker.id]) await refuse(path, { ...params, tracker_id }, missing);
    const blind = await api.subUser(owner, { rights: everyRight, trackerIds: [] });
    expect(await call(path, params, blind)).toEqual(refusal(missing));
    await api.changeSource(source, { corrupted: true });
    await refuse(path, params, missing);
  });

  test.each(table)('%s: 208 for a blocked one', async (path, params) => {
    await api.changeSource(source, { blocked: true });
    await refuse(path, params, 208);
  });

  test.each(table)('%s: parameters before the tracker, the id among them', async (path, params) => {
    await fault(path, { ...params, tracker_id: undefined }, ['tracker_id', 'must not be null']);
    await fault(path, { ...params, tracker_id: 'x' }, ['tracker_id', 'must be an integer']);
  });

  test.each(table)('%s: 13 without one of its rights, before the parameters', async (path, params, rights) => {
    for (const right of rights) {
      const sub = await api.subUser(owner, { rights: everyRight.filter((each) => each !== right) });
      expect(await call(path, { ...params, tracker_id: 'x' }, sub)).toEqual(refusal(13));
    }
    const able = await api.subUser(owner, { rights });
    expect(await call(path, { ...params, tracker_id: 9999 }, able)).not.toEqual(refusal(13));
  });
});

const everyRight: UserRow['rights'] = ['tracker_update', 'tracker_configure', 'tracker_set_output'];

describe('tracker/raw_command/send', () => {
  test('text is queued for a unit that is offline, the same in every form', async () => {
    for (const form of forms) {
      const answer = await api.call(`/v2/${raw}`, withOwner({ command: 'setparam 2004:52.57.1.136' }), form);
      expect(answer).toEqual({ status: 200, body: { success: true } });
    }
    const expected = {
      sourceId: source.id,
      accountId: owner.user.accountId,
      command: { kind: 'text', text: 'setparam 2004:52.57.1.136' },
      via: 'link',
      reliable: true,
      state: 'queued',
      expiresAt: api.clock.now() + 86_400_000,
    };
    expect(rows()).toEqual([1, 2, 3].map((id) => expect.objectContaining({ ...expected, id })));
  });

  test('hex stands for bytes, spaces or not, in either case', async () => {
    for (const command of ['00ff10', '00 FF 10', '00fF10']) good(await call(raw, { command, type: 'hex' }));
    for (const { command } of rows()) expect(command).toEqual({ kind: 'raw', hex: '00ff10' });
  });

  test.each(['0', 'abc', 'zz', '0x00', '00 f', ' ', '00\n'])('%j is no hex', async (command) => {
    await fault(raw, { command, type: 'hex' }, ['command', 'Non-hex string']);
  });

  test('1 to 512 characters', async () => {
    const size = 'size must be between 1 and 512';
    await fault(raw, { command: '' }, ['command', size]);
    await fault(raw, { command: 'x'.repeat(513) }, ['command', size]);
    await fault(raw, { command: 'ab'.repeat(257), type: 'hex' }, ['command', size]);
    for (const command of ['x', 'x'.repeat(512)]) good(await call(raw, { command }));
    for (const command of ['ab', 'ab'.repeat(256)]) good(await call(raw, { command, type: 'hex' }));
  });

  test('wrong parameters, all told at once', async () => {
    await fault(raw, {}, ['command', 'must not be null']);
    await fault(
      raw,
      { command: 'x', type: 'octal', reliable: 'maybe' },
      ['type', 'Should be one of [text, hex]'],
      ['reliable', 'must be true or false'],
    );
  });

  test('what the protocol cannot write', async () => {
    await fault(raw, { command: 'grüße' }, ['command', 'cannot be written in the protocol of the device']);
    await useModel('concox_gt06n');
    await fault(raw, { command: 'x'.repeat(244) }, ['command', 'cannot be written in the protocol of the device']);
    await useModel('qlgv300');
    good(await call(raw, { command: 'AT+GTRTO=gv200,A,,,,,,0001$' }));
  });

  test('without `reliable` it is tried once: dropped while the unit is offline', async () => {
    expect((await call(raw, { command: 'cpureset', reliable: false })).body).toEqual({ success: true });
    expect(rows()).toMatchObject([{ state: 'failed', result: 'unit_offline' }]);
  });

  test('a connected unit gets it at once, and its answer is kept', async () => {
    const link = connect();
    good(await call(raw, { command: 'getver' }));
    await settle();
    expect(link.sent).toEqual([{ kind: 'text', text: 'getver' }]);
    link.answer('Ver:1');
    await settle();
    expect(rows()).toMatchObject([{ state: 'answered', result: 'Ver:1' }]);
  });

  test('a clone reaches the device it shows', async () => {
    good(await call(raw, { command: 'getver', tracker_id: (await cloneOf()).id }));
    expect(rows()).toMatchObject([{ sourceId: source.id }]);
  });

  test('8 when the queue is full, 14 when it cannot be kept', async () => {
    api.store.broken = true;
    await refuse(raw, { command: 'x' }, 14);
    expect(rows()).toEqual([]);
    api.store.broken = false;
    for (let i = 0; i < 256; i++) good(await call(raw, { command: 'x' }));
    await refuse(raw, { command: 'x' }, 8);
  });
});

describe('tracker/send_command', () => {
  beforeEach(() => useModel('jointech_jt701'));

  test('a lock that is connected is told, with the password given or kept', async () => {
    const link = connect();
    const answer = await call(send, { command: { ...lock, special_settings: lockSettings } });
    expect(answer.body).toMatchObject({ success: true, list: [{ id: tracker.id, source: { id: source.id } }] });
    await settle();
    expect(link.sent).toEqual([{ kind: 'lock', seal: false, password: '345892' }]);
    link.answer('ok');
    await settle();
    good(await call(send, { command: { ...lock, command_code: 'seal' } }));
    await settle();
    expect(link.sent.at(-1)).toEqual({ kind: 'lock', seal: true, password: '345892' });
    expect(rows().map(({ reliable }) => reliable)).toEqual([false, false]);
  });

  test('the password may have the common type, and need not be remembered', async () => {
    const link = connect();
    const settings = { type: 'electronic_lock_password', password: '1', remember_password: false };
    for (const form of forms) {
      const params = withOwner({ command: { ...lock, special_settings: settings } });
      expect((await api.call(`/${send}`, params, form)).status).toBe(200);
      await settle();
      link.answer('ok');
      await settle();
    }
    expect(link.sent).toHaveLength(3);
    good(await call(send, { command: lock }));
    await settle();
    expect(link.sent.at(-1)).toEqual({ kind: 'lock', seal: false, password: null });
  });

  test('213: a lock is not moved later', async () => {
    await refuse(send, { command: lock }, 213);
    expect(rows()).toEqual([]);
  });

  test('214: not a lock, or settings of another model', async () => {
    await refuse(send, { command: { ...lock, special_settings: { type: 'pwr_off_key', mode: 'enable' } } }, 214);
    await useModel('telfmb920');
    await refuse(send, { command: lock }, 214);
    const command = { name: 'set_special_settings_command', special_settings: lockSettings };
    await refuse(send, { command }, 214);
  });

  test('special settings are those of the call of their own', async () => {
    const command = { name: 'set_special_settings_command', special_settings: lockSettings };
    expect((await call(send, { command })).body).toMatchObject({ success: true, list: [{ id: tracker.id }] });
    const read = await call(`${special}/read`, { type: 'jointech_lock_password' });
    expect(read.body).toEqual({ success: true, value: lockSettings });
    expect(rows()).toEqual([]);
  });

  test.each<[Params | string | undefined, string]>([
    [undefined, 'must not be null'],
    ['text', ''],
    [{}, 'name must not be null'],
    [{ name: 'explode' }, 'name Should be one of [electronic_lock_command, set_special_settings_command]'],
    [{ name: 'electronic_lock_command' }, 'command_code must not be null'],
    [{ ...lock, command_code: 'open' }, 'command_code Should be one of [seal, unseal]'],
    [{ ...lock, special_settings: {} }, 'type must not be null'],
    [{ ...lock, special_settings: { type: '__proto__' } }, 'type is not a type of special settings'],
    [{ name: 'set_special_settings_command' }, 'special_settings must not be null'],
  ])('%j: code 7 on `command`', async (command, error) => {
    if (error !== '') await fault(send, { command }, ['command', error]);
    else expect(await call(send, { command })).toEqual(refusal(5));
  });
});

describe('tracker/location_request', () => {
  test('over the connection, by GPS or by cells', async () => {
    remodel('telfmb920', { has_gsm_lbs_location_request: true });
    const link = connect();
    for (const type of ['gprs', 'gsm']) {
      expect((await call(locate, { type })).body).toEqual({ success: true });
      await settle();
      link.answer('Lat:54');
    }
    expect(link.sent).toEqual([{ kind: 'position' }, { kind: 'position' }]);
    expect(rows().map(({ reliable }) => reliable)).toEqual([false, false]);
  });

  test('by SMS, which is the default', async () => {
    await useModel('tt1_wp');
    expect((await call(locate)).body).toEqual({ success: true });
    await settle();
    expect(texts).toEqual(['491701234567: $WP+GETLOCATION=0000']);
    expect((await call(`${unconfirmed}/count`)).body).toEqual({ success: true, count: 1 });
  });

  test('other types are none', async () => {
    await fault(locate, { type: 'pigeon' }, ['type', 'Should be one of [sms, gsm, gprs]']);
  });

  test('214: the model has no such request, before its status', async () => {
    for (const type of ['sms', 'gsm']) await refuse(locate, { type }, 214);
    remodel('wialon_ips', { has_gprs_location_request: true });
    for (const model of ['wialon_ips', 'tt1_wp']) {
      await useModel(model);
      await refuse(locate, { type: 'gprs' }, 214);
    }
  });

  test('214: no number, no words, or no way to send short messages', async () => {
    await useModel('tt1_wp', { phone: null });
    await refuse(locate, { type: 'sms' }, 214);
    remodel('qlgv300', { has_location_request: true });
    await useModel('qlgv200');
    await refuse(locate, { type: 'sms' }, 214);
    await api.server.close();
    api = await TestApi.create();
    owner = await api.account();
    await useModel('tt1_wp');
    await refuse(locate, { type: 'sms' }, 214);
  });

  test('213: not online, whatever the reason', async () => {
    await refuse(locate, { type: 'gprs' }, 213);
    connect();
    api.links.disconnect(source.id);
    await refuse(locate, { type: 'gprs' }, 213);
    api.store.connected.clear();
    await refuse(locate, { type: 'gprs' }, 213);
    connect();
    api.clock.advance(600_000);
    await refuse(locate, { type: 'gprs' }, 213);
  });

  test('256: a fix of the last 10 seconds, and none that is older', async () => {
    connect({ fixAgoMs: 9_999 });
    await refuse(locate, { type: 'gprs' }, 256);
    api.clock.advance(1);
    good(await call(locate, { type: 'gprs' }));
    await useModel('tt1_wp');
    connect({ fixAgoMs: 0 });
    await refuse(locate, {}, 256);
  });

  test('a position made of cells is no fix', async () => {
    connect({ fixAgoMs: 30_000 });
    api.store.report(source.id, { gps_lbs: true }, { position: { lat: 54, lng: 25 } });
    good(await call(locate, { type: 'gprs' }));
    api.clock.advance(20_000);
    connect({ fixAgoMs: 5000 });
    api.store.report(source.id, { gps_lbs: true }, { position: { lat: 54, lng: 25 } });
    await refuse(locate, { type: 'gprs' }, 256);
  });
});

describe('tracker/output', () => {
  test('switches outputs of a unit that is connected', async () => {
    await useModel('telfmb120');
    const link = connect();
    for (const [i, form] of forms.entries()) {
      const answer = await api.call('/tracker/output/set', withOwner({ output: 2, enable: i === 0 }), form);
      expect(answer.body).toEqual({ success: true });
      await settle();
      expect(link.sent.at(-1)).toEqual({ kind: 'output', output: 2, enable: i === 0 });
      link.answer('DOUT2');
      await settle();
    }
    expect((await call('tracker/get_state')).body).toMatchObject({ state: { outputs: [false, false] } });
  });

  test('all at once, where the model takes that', async () => {
    remodel('telfmb120', { output_control: 'batch' });
    await useModel('telfmb120');
    const link = connect();
    expect((await call('tracker/output/set_all', { outputs: [true, false] })).body).toEqual({ success: true });
    await settle();
    link.answer('done');
    await settle();
    expect(link.sent).toEqual([
      { kind: 'output', output: 1, enable: true },
      { kind: 'output', output: 2, enable: false },
    ]);
    for (const outputs of [[true], [true, false, true]]) await refuse('tracker/output/set_all', { outputs }, 214);
    await refuse('tracker/output/set', { output: 1, enable: true }, 214);
  });

  test('numbers at their edges', async () => {
    await useModel('telfmb120');
    connect();
    await fault('tracker/output/set', { output: 0, enable: true }, ['output', 'must be greater than or equal to 1']);
    good(await call('tracker/output/set', { output: 1, enable: true }));
    good(await call('tracker/output/set', { output: 2, enable: true }));
    await refuse('tracker/output/set', { output: 3, enable: true }, 214);
    await fault('tracker/output/set', {}, ['output', 'must not be null'], ['enable', 'must not be null']);
    await fault('tracker/output/set_all', { outputs: [] }, ['outputs', 'size must be between 1 and 64']);
    await fault('tracker/output/set_all', { outputs: ['x'] }, ['outputs', 'must be true or false']);
  });

  test('213 while it is offline, and nothing waits for it', async () => {
    await refuse('tracker/output/set', { output: 1, enable: true }, 213);
    expect(rows()).toEqual([]);
  });

  test('a model that promises to wait may be told while it is offline', async () => {
    remodel('telfmb920', { output_control: 'async_offline' });
    good(await call('tracker/output/set', { output: 1, enable: true }));
    expect(rows()).toMatchObject([{ state: 'queued', reliable: true }]);
  });

  test.each([
    ['default', true, false],
    ['stateless', true, false],
    ['async', true, false],
    ['batch', false, true],
    ['batch_async', false, true],
    ['none', false, false],
  ])('output_control %s: 214 for what it is not', async (output_control, single, batch) => {
    remodel('telfmb120', { output_control });
    await useModel('telfmb120');
    await refuse('tracker/output/set', { output: 1, enable: true }, single ? 213 : 214);
    await refuse('tracker/output/set_all', { outputs: [true, true] }, batch ? 213 : 214);
  });

  test('219 for clones, after 208 and before 214', async () => {
    await useModel('concox_gt06n');
    const clone = await cloneOf();
    const both = [
      ['tracker/output/set', { output: 1, enable: true }],
      ['tracker/output/set_all', { outputs: [true] }],
      [`${immobilizer}/read`, {}],
      [`${immobilizer}/set`, { enabled: true }],
    ] as const;
    for (const [path, params] of both) await refuse(path, { ...params, tracker_id: clone.id }, 219);
    await api.changeSource(source, { blocked: true });
    for (const [path, params] of both) await refuse(path, { ...params, tracker_id: clone.id }, 208);
  });
});

describe('tracker/engine_immobilizer', () => {
  test('blocks through the first output, and shows what the unit says', async () => {
    const link = connect();
    expect((await call(`${immobilizer}/read`)).body).toEqual({ success: true, enabled: false });
    expect((await call(`${immobilizer}/set`, { enabled: true })).body).toEqual({ success: true });
    await settle();
    expect(link.sent).toEqual([{ kind: 'output', output: 1, enable: true }]);
    expect((await call(`${immobilizer}/read`)).body).toMatchObject({ enabled: false });
    api.store.report(source.id, { output_1: true });
    expect((await call(`${immobilizer}/read`)).body).toMatchObject({ enabled: true });
  });

  test('a unit that tells of its relay has one', async () => {
    await useModel('concox_gt06n');
    await refuse(`${immobilizer}/set`, { enabled: true }, 214);
    const link = connect();
    api.store.report(source.id, { engine_blocked: true });
    expect((await call(`${immobilizer}/read`)).body).toMatchObject({ enabled: true });
    good(await call(`${immobilizer}/set`, { enabled: false }));
    await settle();
    expect(link.sent).toEqual([{ kind: 'output', output: 1, enable: false }]);
  });

  test('213 while offline, 214 without anything to switch', async () => {
    await refuse(`${immobilizer}/set`, { enabled: true }, 213);
    await fault(`${immobilizer}/set`, {}, ['enabled', 'must not be null']);
    for (const model of ['wialon_ips', 'telfmb140']) {
      await useModel(model);
      await refuse(`${immobilizer}/set`, { enabled: true }, 214);
      await refuse(`${immobilizer}/read`, {}, 214);
    }
  });
});

describe('tracker/command/unconfirmed', () => {
  test('counts what has not ended, and takes it back', async () => {
    expect((await call(`${unconfirmed}/count`)).body).toEqual({ success: true, count: 0 });
    for (let i = 0; i < 3; i++) good(await call(raw, { command: 'x' }));
    good(await call(raw, { command: 'x', reliable: false }));
    expect((await call(`${unconfirmed}/count`)).body).toMatchObject({ count: 3 });
    expect((await call(`${unconfirmed}/reset`)).body).toEqual({ success: true });
    expect((await call(`${unconfirmed}/count`)).body).toMatchObject({ count: 0 });
    expect(rows().map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled', 'failed']);
  });
});
