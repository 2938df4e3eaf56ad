import { connect } from 'node:net';
import type { LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Position, UpdateBuilder } from '../../../src/domain/update.js';
import { noHistory } from '../../../src/store/history-records.js';
import type { OrderedRecords, OrderRefusal } from '../../../src/store/ordered-history.js';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { answerOf, type Form, forms, type Params, TestApi, type TestUser } from '../../support/api.js';
import { until } from '../../support/until.js';
import { codeOf, good, invalid, refusal, refused } from './registry/kit.js';

const base = '/dwh/v1/tracker/raw_data';
const day = { from: '2026-06-15T00:00:00Z', to: '2026-06-16T00:00:00Z' };
const noonMs = Date.UTC(2026, 5, 15, 12);

let api: TestApi;
let owner: TestUser;
let tracker: TrackerRow;
let source: SourceRow;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account();
  ({ tracker, source } = await api.tracker(owner));
});
afterEach(() => api.server.close());

type Values = Record<string, number | string | boolean>;

/** Lets a unit report, so many seconds after noon, received a second later unless told otherwise. */
function report(second: number, values: Values, position?: Partial<Position>, receivedAt?: number): void {
  const at = noonMs + second * 1000;
  const receipt = { at, receivedAt: receivedAt ?? at + 1000 };
  api.store.report(source.id, values, { ...receipt, ...(position === undefined ? {} : { position }) });
}

const inject = (params: Params = {}, form: Form = 'json'): Promise<LightMyRequestResponse> =>
  api.inject(`${base}/read`, { hash: owner.hash, tracker_id: tracker.id, columns: ['lat'], ...day, ...params }, form);

/** Lines of the answer, without the last line feed. */
async function read(columns: readonly string[], params: Params = {}): Promise<string[]> {
  const response = await inject({ columns, ...params });
  expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
  expect(response.body.endsWith('\n')).toBe(true);
  return response.body.slice(0, -1).split('\n');
}

/** The cells of the only record, without its time. */
async function cells(columns: readonly string[]): Promise<string> {
  const lines = await read(columns);
  expect(lines).toHaveLength(2);
  return (lines[1] ?? '').slice('"2026-06-15T12:00:00Z",'.length);
}

const refuse = (path: string, params: Params, ...expected: Parameters<typeof refusal>) =>
  refused(api, `${base}/${path}`, { hash: owner.hash, tracker_id: tracker.id, ...params }, refusal(...expected));
const good_ = { columns: ['lat'], ...day };

describe('columns', () => {
  test('the time comes first, and each column once', async () => {
    report(0, {}, {});
    expect(await read(['lat', 'lng', 'msg_time', 'lat'])).toEqual([
      '"msg_time","lat","lng"',
      '"2026-06-15T12:00:00Z",52.5,13.4',
    ]);
  });

  test('of the position', async () => {
    const columns = [
      'gps_fix_type',
      'lat',
      'lng',
      'speed',
      'alt',
      'satellites',
      'heading',
      'precision',
      'hdop',
      'pdop',
    ];
    const position = { speedKmh: 63.5, altitudeM: 40, satellites: 9, headingDeg: 90 };
    report(0, { precision: 4, hdop: 0.9, pdop: 1.5 }, position);
    expect(await cells(columns)).toBe('"HAS_FIX",52.5,13.4,63.5,40,9,90,4,0.9,1.5');
  });

  test('what is not known has its own number, or nothing', async () => {
    report(0, { ignition: true });
    const columns = ['gps_fix_type', 'lat', 'speed', 'satellites', 'precision', 'hdop', 'event_id', 'mn_name'];
    expect(await cells(columns)).toBe(String.raw`"UNKNOWN",\N,\N,-1,\N,-1,\N,\N`);
    expect(await cells(['mn_roaming', 'mn_code', 'mn_csq', 'mn_type', 'flags'])).toBe(String.raw`-1,\N,99,"UNKNOWN",0`);
    expect(await cells(['inputs.analog_1', 'states.obd_vin', 'discrete_inputs.3'])).toBe(String.raw`\N,\N,\N`);
  });

  test.each([
    [{ valid: true }, 'HAS_FIX', 1],
    [{ valid: false }, 'LAST_KNOWN_POSITION', 0],
    [{ valid: false, lat: null, lng: null }, 'NO_FIX', 0],
  ])('a fix of %j is %s', async (position, type, isValid) => {
    report(0, {}, position);
    expect(await cells(['gps_fix_type', 'flags.location_valid'])).toBe(`"${type}",${isValid}`);
  });

  test.each([
    [{ gsm_network_code: '26201', gsm_network_type: 'LTE-M' }, '26201,"LTE"'],
    [{ gsm_mcc: 310, gsm_mnc: 4, gsm_network_type: 'NB-IoT' }, '31004,"LTE"'],
    [{ gsm_mcc: 310, gsm_network_type: '3G' }, String.raw`\N,"WCDMA"`],
    [{ gsm_network_code: 'home', gsm_network_type: 'GSM' }, String.raw`\N,"GSM"`],
    [{ gsm_network_type: '5G' }, String.raw`\N,"NR"`],
    [{ gsm_network_type: 'satellite' }, String.raw`\N,"UNKNOWN"`],
  ])('the network of %j', async (values, expected) => {
    report(0, values);
    expect(await cells(['mn_code', 'mn_type'])).toBe(expected);
  });

  test('of the modem and the event', async () => {
    report(0, { gsm_network_name: 'o2 "de"', gsm_roaming: false, gsm_signal_level: 50, event_code: 239 });
    expect(await cells(['mn_name', 'mn_roaming', 'mn_csq', 'event_id'])).toBe('"o2 ""de""",0,16,239');
  });

  const mixed = {
    ...{ input_1: true, input_2: false, output_1: true, ignition: true, hardware_key: 'A "B"\nC', gps_lbs: true },
    ...{ board_voltage: 12.5, analog_1: 3, analog_2: 4, lls_level_4: 7, hdop: 1, gsm_mcc: 262, alarm: 'sos' },
  };

  test('of lines, readings and states by name', async () => {
    report(0, mixed, {});
    expect(await cells(['discrete_inputs.1', 'discrete_inputs.2', 'discrete_outputs.1'])).toBe('1,0,1');
    expect(await cells(['inputs.board_voltage', 'inputs.alarm', 'inputs.no-such'])).toBe(String.raw`12.5,\N,\N`);
    expect((await inject({ columns: ['states.hardware_key', 'states.ignition'] })).body).toContain(
      '"A ""B""\nC","true"\n',
    );
  });

  test('all of a kind in one', async () => {
    report(0, mixed, {});
    const line = await cells(['flags', 'discrete_inputs', 'inputs']);
    expect(line).toBe(
      `3,"{""1"":1,""2"":0}","{""board_voltage"":12.5,""analog_1"":3,""analog_2"":4,""lls_level_4"":7}"`,
    );
    expect(await cells(['states', 'discrete_outputs'])).toBe(
      String.raw`"{""ignition"":""true"",""hardware_key"":""A \""B\""\nC"",""alarm"":""sos""}","{""1"":1}"`,
    );
  });

  test('all of a kind side by side, in the order of the alphabet', async () => {
    report(0, mixed, {});
    const [header] = await read(['flags.*', 'inputs.*', 'discrete_inputs.*', 'states.*', 'discrete_outputs.*']);
    expect(header?.replaceAll('"', '').split(',')).toEqual([
      ...['msg_time', 'flags.lbs', 'flags.location_valid', 'flags.soft_lbs'],
      ...['inputs.analog_1', 'inputs.analog_2', 'inputs.board_voltage', 'inputs.lls_level_4'],
      ...['discrete_inputs.1', 'discrete_inputs.2', 'states.alarm', 'states.hardware_key', 'states.ignition'],
      'discrete_outputs.1',
    ]);
  });

  test('of a tracker that never reported', async () => {
    expect(await read(['inputs.*', 'lat'])).toEqual(['"msg_time","lat"']);
  });

  test.each([
    ...['mileage', 'LAT', 'lat.x', 'flags.', 'flags.x', 'inputs.', 'inputs.a b', 'discrete_inputs.0', '*'],
    ...['discrete_inputs.33', 'discrete_outputs.x', 'constructor', '__proto__', 'toString.x', 'inputs.*.x'],
  ])('7: %s is none', async (name) => {
    await refused(
      api,
      `${base}/read`,
      { hash: owner.hash, tracker_id: tracker.id, ...day, columns: ['lat', name] },
      invalid(['columns', 'must be known columns']),
    );
  });
});

describe('records', () => {
  test('come by their times, each once', async () => {
    report(5, { analog_1: 5 });
    report(1, { analog_1: 1 }, undefined, noonMs + 60_000);
    report(9, { analog_1: 9 });
    expect(await read(['server_time', 'inputs.analog_1'])).toEqual([
      '"msg_time","server_time","inputs.analog_1"',
      '"2026-06-15T12:00:01Z","2026-06-15T12:01:00Z",1',
      '"2026-06-15T12:00:05Z","2026-06-15T12:00:06Z",5',
      '"2026-06-15T12:00:09Z","2026-06-15T12:00:10Z",9',
    ]);
  });

  test('dates are in the zone of the user, plain when asked for', async () => {
    const user = await api.account({ timeZone: 'Europe/Berlin' });
    const theirs = await api.tracker(user);
    api.store.report(theirs.source.id, { analog_1: 1 }, { at: noonMs, receivedAt: noonMs });
    const params = { hash: user.hash, tracker_id: theirs.tracker.id };
    expect((await read(['server_time'], params))[1]).toBe('"2026-06-15T14:00:00+02:00","2026-06-15T14:00:00+02:00"');
    const plain = { ...params, iso_datetime: false };
    expect((await read(['server_time'], plain))[1]).toBe('"2026-06-15 14:00:00","2026-06-15 14:00:00"');
    const local = { ...params, from: '2026-06-15 14:00:00', to: '2026-06-15 14:00:00' };
    expect(await read(['lat'], local)).toHaveLength(2);
  });

  const minutesOf = async (params: Params) =>
    (await read(['lat'], { from: undefined, to: undefined, ...params })).slice(1).map((line) => line.slice(15, 17));

  test('spans are dates with both ends, or an interval without its end', async () => {
    for (const minute of [0, 1, 2, 3]) report(minute * 60, { analog_1: minute }, {});
    expect(await minutesOf({ from: '2026-06-15T12:01:00Z', to: '2026-06-15T12:02:00Z' })).toEqual(['01', '02']);
    expect(await minutesOf({ interval: '2026-06-15T12:01:00Z/2026-06-15T12:02:00Z' })).toEqual(['01']);
    expect(await minutesOf({ interval: '2026-06-15T12:01:00.000Z/PT2M' })).toEqual(['01', '02']);
    expect(await minutesOf({ interval: 'PT2M/2026-06-15T14:03:00+02:00', ...day })).toEqual(['01', '02']);
  });

  test('may be chosen by their receipt', async () => {
    report(0, { analog_1: 0 }, {}, noonMs + 10_000);
    report(60, { analog_1: 1 }, {}, noonMs + 120_000);
    const filters = [
      '2026-06-15T12:02:00Z/PT1S',
      { interval: '2026-06-15T12:00:11Z/PT24H' },
      { from: '2026-06-15T12:01:00Z', to: '2026-06-15T12:02:00Z' },
      '{"from":"2026-06-15 12:01:00","to":"2026-06-15 12:05:00"}',
    ];
    for (const server_time_filter of filters) expect(await minutesOf({ ...day, server_time_filter })).toEqual(['01']);
    expect(await minutesOf({ ...day, server_time_filter: '2026-06-15T12:00:00Z/PT10M' })).toEqual(['00', '01']);
  });

  test('of boxes that the tracker had before are among them', async () => {
    report(0, { analog_1: 0 });
    const next = await api.store.change((tx) => {
      const row: SourceRow = { ...source, id: tx.nextId('source'), deviceId: '356307042449999' };
      tx.put('source', { ...source, corrupted: true });
      tx.put('source', row);
      tx.put('tracker', { ...tracker, sourceId: row.id, formerSourceIds: [source.id] });
      return row;
    });
    api.store.report(next.id, { analog_2: 1 }, { at: noonMs + 60_000, receivedAt: noonMs + 60_000 });
    expect(await read(['inputs.*'])).toEqual([
      '"msg_time","inputs.analog_1","inputs.analog_2"',
      String.raw`"2026-06-15T12:00:00Z",0,\N`,
      String.raw`"2026-06-15T12:01:00Z",\N,1`,
    ]);
  });

  test('a read is closed when all is sent', async () => {
    report(0, { analog_1: 0 });
    await read(['lat']);
    await until(() => api.store.closedReads === 1, 'the read to be closed');
  });

  test('answers are the same by GET, form and JSON, and at no base but the root', async () => {
    report(0, { analog_1: 0 }, {});
    const params = { columns: ['lat', 'inputs.*'], server_time_filter: { interval: '2026-06-15T12:00:00Z/PT10M' } };
    const bodies = await Promise.all(forms.map(async (form) => (await inject(params, form)).body));
    expect(new Set(bodies)).toEqual(new Set(['"msg_time","lat","inputs.analog_1"\n"2026-06-15T12:00:00Z",52.5,0\n']));
    for (const prefix of ['/v2', '/api-v2']) {
      for (const form of forms) {
        const response = await api.inject(`${prefix}${base}/read`, { hash: owner.hash, ...good_ }, form);
        expect(answerOf(response)).toEqual(refusal(111));
      }
    }
    const slash = { hash: owner.hash, tracker_id: tracker.id, ...good_ };
    expect((await api.inject(`${base}/read/`, slash, 'json')).statusCode).toBe(200);
    expect(await api.call(`${base}/reed`, slash)).toEqual(refusal(112));
  });
});

describe('refusals', () => {
  test.each([
    ['read', good_],
    ['get_inputs', {}],
  ])('%s: of unknown, foreign and blocked trackers', async (path, params) => {
    const other = await api.tracker(await api.account());
    for (const tracker_id of [99, other.tracker.id]) await refuse(path, { ...params, tracker_id }, 201);
    const sub = await api.subUser(owner, { trackerIds: [] });
    expect(await api.call(`${base}/${path}`, { hash: sub.hash, tracker_id: tracker.id, ...params })).toEqual(
      refusal(201),
    );
    await api.changeSource(source, { blocked: true });
    await refuse(path, params, 208);
    expect(await api.call(`${base}/${path}`, { tracker_id: tracker.id, ...params })).toEqual(refusal(3));
  });

  test('7: what is missing', async () => {
    const missing = ['tracker_id', 'columns', 'from', 'to'].map((name) => [name, 'must not be null'] as const);
    await refused(api, `${base}/read`, { hash: owner.hash }, invalid(...missing));
    const interval = '2026-06-15T12:00:00Z/PT1H';
    const rest = { hash: owner.hash, tracker_id: tracker.id, interval };
    await refused(api, `${base}/read`, rest, invalid(['columns', 'must not be null']));
    await refused(
      api,
      `${base}/read`,
      { ...rest, columns: [] },
      invalid(['columns', 'size must be between 1 and 500']),
    );
  });

  test('7: the number of columns', async () => {
    const columns = (count: number) => Array.from({ length: count }, (_, i) => `inputs.x${i}`);
    expect(await read(columns(500))).toHaveLength(1);
    expect(answerOf(await inject({ columns: columns(501) }))).toEqual(
      invalid(['columns', 'size must be between 1 and 500']),
    );
  });

  test.each([
    ['interval', 'tomorrow', 'must be an ISO 8601 interval'],
    ['interval', '2026-06-15T12:00:00Z', 'must be an ISO 8601 interval'],
    ['interval', '2026-06-15T12:00:00Z/2026-06-15T11:00:00Z', 'must be an ISO 8601 interval'],
    ['interval', `2026-06-15T12:00:00Z/PT1H${' '.repeat(128)}`, 'must be an ISO 8601 interval'],
    ['format', 'parquet', 'Should be one of [csv]'],
    ['iso_datetime', 'maybe', 'must be true or false'],
    ...['tomorrow', {}, { from: day.from }, { from: day.to, to: day.from }, { interval: 5 }, '{"from":', 5].map(
      (value) => ['server_time_filter', value, 'must be an ISO 8601 interval, or have `from` and `to`, or `interval`'],
    ),
  ])('7: %s %j', async (parameter, value, error) => {
    const params = { hash: owner.hash, tracker_id: tracker.id, ...good_, [parameter as string]: value };
    expect(await api.call(`${base}/read`, params)).toEqual(invalid([parameter as string, error as string]));
  });

  test('7: the end before the beginning', async () => {
    const { body } = answerOf(await inject({ from: day.to, to: day.from }));
    expect(body).toMatchObject({ status: { code: 7 }, errors: [{ parameter: 'to' }] });
  });

  test.each([
    ['busy', 15],
    ['too_many', 211],
  ] as const)('a read that is %s: %i', async (outcome, code) => {
    const history = { ...noHistory, inOrder: async (): Promise<OrderRefusal> => outcome };
    const limited = await TestApi.create({ history });
    const user = await limited.account();
    const theirs = await limited.tracker(user);
    const params = { hash: user.hash, tracker_id: theirs.tracker.id, ...good_ };
    expect(await limited.call(`${base}/read`, params)).toEqual(refusal(code));
    await limited.server.close();
  });
});

test('a client that takes nothing is not read ahead for, and one that goes away ends the read', async () => {
  let made = 0;
  let isClosed = false;
  const update = new UpdateBuilder().set('text', 'x'.repeat(1000)).build(noonMs);
  const record = { at: noonMs, receivedAt: noonMs, update };
  const endless: OrderedRecords = {
    size: 1,
    async *batches() {
      for (; ; made++) yield new Array(100).fill(record);
    },
    close: () => {
      isClosed = true;
    },
  };
  const slow = await TestApi.create({ history: { ...noHistory, inOrder: async () => endless } });
  const user = await slow.account();
  const theirs = await slow.tracker(user);
  const { port } = await slow.server.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const params = new URLSearchParams({ hash: user.hash, tracker_id: String(theirs.tracker.id), ...day });
  socket.write(`GET ${base}/read?${params}&columns=["states.text"] HTTP/1.1\r\nHost: x\r\n\r\n`);
  socket.once('data', () => socket.pause());
  await until(() => made > 0, 'the answer to begin');
  let last = -1;
  let same = 0;
  await until(() => {
    same = made === last ? same + 1 : 0;
    last = made;
    return same > 20;
  }, 'the answer to halt');
  expect(isClosed).toBe(false);
  socket.destroy();
  await until(() => isClosed, 'the read to be closed');
  await slow.server.close();
});

describe('get_inputs', () => {
  const inputs = () => api.call(`${base}/get_inputs`, { hash: owner.hash, tracker_id: tracker.id });

  test('of a unit that never reported, what its model has', async () => {
    expect((await inputs()).body).toEqual({
      ...{ success: true, discrete_inputs: 1, discrete_outputs: 1, inputs: [], states: [] },
    });
  });

  test('names what was reported, of a family the highest', async () => {
    report(0, { analog_1: 1, analog_3: 1, analog_2: 1, lls_level_4: 1, board_voltage: 12, hdop: 1, gsm_mcc: 262 });
    report(1, {
      ignition: true,
      hardware_key: 'AB',
      door_state_1: true,
      door_state_2: false,
      avl_io_66: 1,
      avl_io_7: 2,
    });
    report(2, { input_6: true, output_1: true, can_fuel: 1, can_fuel_2: 1 });
    for (const form of forms) {
      const answer = await api.call(`${base}/get_inputs`, { hash: owner.hash, tracker_id: tracker.id }, form);
      expect(good(answer)).toEqual({
        ...{ success: true, discrete_inputs: 6, discrete_outputs: 1 },
        inputs: ['analog_3', 'avl_io_66', 'avl_io_7', 'board_voltage', 'can_fuel', 'can_fuel_2', 'lls_level_4'],
        states: ['door_state_2', 'hardware_key', 'ignition'],
      });
    }
    expect(codeOf(await inputs())).toBe('good');
  });
});
