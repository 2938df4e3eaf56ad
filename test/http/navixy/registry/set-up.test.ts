import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import { Dispatcher } from '../../../../src/downlink/dispatcher.js';
import { setUpTexts } from '../../../../src/downlink/set-up.js';
import type { SourceRow } from '../../../../src/store/rows.js';
import { type Params, TestApi, type TestUser } from '../../../support/api.js';
import { good } from './kit.js';

const address = { host: 'gw.example.com', portOf: (protocol: string) => (protocol === 'teltonika' ? 5027 : 5023) };
const apn = { name: 'internet', user: 'u', password: 'p' };
const sourceOf = (protocol: string, change: Partial<SourceRow> = {}): SourceRow => ({
  ...{ id: 1, accountId: 1, deviceId: 'x', model: 'x', protocol, phone: '491701234567' },
  ...{ blocked: false, tariffId: 1, createdAt: 1, apn, ...change },
});

test.each<[string, SourceRow, string, string[]]>([
  [
    'teltonika',
    sourceOf('teltonika'),
    'gw.example.com',
    ['  setparam 2001:internet;2002:u;2003:p;2004:gw.example.com;2005:5027;2006:0'],
  ],
  ['gt06', sourceOf('gt06'), '192.0.2.1', ['APN,internet,u,p#', 'SERVER,0,192.0.2.1,5023,0#']],
  [
    'gt06 with a name, and an access point without a password',
    sourceOf('gt06', { apn: { name: 'iot', user: '', password: '' } }),
    'gw.example.com',
    ['APN,iot#', 'SERVER,1,gw.example.com,5023,0#'],
  ],
  ['no protocol with set-up texts', sourceOf('wialon-ips'), 'gw.example.com', []],
  ['what would break the command', sourceOf('gt06', { apn: { ...apn, name: 'a#RESET#' } }), 'gw.example.com', []],
  ['the same in Teltonika', sourceOf('teltonika', { apn: { ...apn, user: 'a;2004:evil' } }), 'gw.example.com', []],
])('texts of %s', (_, source, host, texts) => {
  expect(setUpTexts(source, { ...address, host })).toEqual(texts);
});

let api: TestApi | undefined;
afterEach(() => api?.server.close());

test('set-up commands are queued as short messages where that is possible', async () => {
  const clock = new VirtualClock(Date.UTC(2026, 5, 15, 12, 0, 0));
  const sent: string[] = [];
  const sms = {
    send: async (phone: string, text: string) => {
      sent.push(`${phone} ${text.slice(0, 12)}`);
    },
  };
  const made = await TestApi.create({
    reportTo: address,
    commands: {
      problemOf: () => undefined,
      isLinked: () => false,
      hasSms: true,
      cancel: async () => false,
      cancelAll: async () => 0,
      submit: (wishes) => dispatcher.submit(wishes),
    },
  });
  api = made;
  const links = { linkOf: () => undefined };
  const log = pino({ level: 'silent' });
  const dispatcher = new Dispatcher({ store: made.store, links, clock, log, check: () => {}, sms, ttlMs: 86_400_000 });
  const owner: TestUser = await made.account();
  const call = (path: string, params: Params) => made.call(`/tracker/${path}`, { hash: owner.hash, ...params });
  const device = { plugin_id: 44, model: 'telfmb920', phone: '491700000001', apn_name: 'a' };
  const register = { label: 'x', group_id: 0, device_id: '356307042449991', ...device };
  good(await call('register', register));
  good(await call('register_retry', { tracker_id: 1 }));
  good(await call('register_retry', { tracker_id: 1, send_register_commands: false }));
  good(await call('change_phone', { tracker_id: 1, phone: '491700000002' }));
  made.store.report(1, {});
  good(await call('replace', { tracker_id: 1, ...device, device_id: '356307042449992' }));
  await expect
    .poll(() => sent)
    .toEqual([
      '491700000001   setparam 2',
      '491700000001   setparam 2',
      '491700000002   setparam 2',
      '491700000001   setparam 2',
    ]);
});
