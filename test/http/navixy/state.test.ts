import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { TestApi, type TestUser } from '../../support/api.js';

const minuteMs = 60_000;
const at = '2026-06-15 12:00:00';

let api: TestApi;
let owner: TestUser;
let tracker: TrackerRow;
let source: SourceRow;

async function begin(model: string): Promise<void> {
  ({ tracker, source } = await api.tracker(owner, { model, deviceId: `unit-${model}` }));
}

beforeEach(async () => {
  api = await TestApi.create({ isConnectionOriented: (protocol) => protocol !== 'osmand' });
  owner = await api.account();
  await begin('telfmb920');
});
afterEach(() => api.server.close());

interface State {
  readonly gps: Record<string, unknown>;
  readonly additional: Record<string, { value: string; updated: string }>;
  readonly connection_status: string;
  readonly [key: string]: unknown;
}

async function state(params: Record<string, unknown> = {}): Promise<State> {
  const { body } = await api.call('/tracker/get_state', { hash: owner.hash, tracker_id: tracker.id, ...params });
  return (body as never as { state: State }).state;
}

describe('a tracker that never reported', () => {
  test('has a whole state all the same', async () => {
    expect(await api.call('/tracker/get_state', { hash: owner.hash, tracker_id: tracker.id })).toEqual({
      status: 200,
      body: {
        success: true,
        user_time: at,
        state: {
          source_id: source.id,
          gps: { updated: null, signal_level: null, location: { lat: 0, lng: 0 }, heading: 0, speed: 0, alt: 0 },
          connection_status: 'just_registered',
          movement_status: 'parked',
          movement_status_update: null,
          gsm: { updated: null, signal_level: null, network_name: null, roaming: null },
          last_update: null,
          battery_level: null,
          battery_update: null,
          inputs: [false],
          inputs_update: null,
          outputs: [false],
          outputs_update: null,
          additional: {},
          actual_track_update: null,
        },
      },
    });
  });

  test('has no lines and no modem where its model has none', async () => {
    await begin('traccar_client');
    expect(await state()).toMatchObject({ inputs: [], outputs: [], gsm: null });
  });
});

describe('a report', () => {
  test('is shown as a whole', async () => {
    const position = {
      lat: 54.7146368,
      lng: 25.3032704,
      speedKmh: 45.6,
      headingDeg: 90,
      altitudeM: 111.4,
      satellites: 7,
    };
    const values = {
      ignition: true,
      input_1: true,
      output_1: true,
      gsm_signal_level: 80,
      gsm_network_code: '24602',
      gsm_roaming: false,
    };
    api.store.report(
      source.id,
      { ...values, battery_level: 97, hdop: 1.2, moving: true, board_voltage: 12.5 },
      { position },
    );
    expect(await state()).toEqual({
      source_id: source.id,
      gps: {
        updated: at,
        signal_level: 70,
        location: { lat: 54.7146368, lng: 25.3032704 },
        heading: 90,
        speed: 46,
        alt: 111,
        precision: 6,
      },
      connection_status: 'signal_lost',
      movement_status: 'moving',
      movement_status_update: at,
      ignition: true,
      ignition_update: at,
      gsm: { updated: at, signal_level: 80, network_name: '246-02', roaming: false },
      last_update: at,
      battery_level: 97,
      battery_update: at,
      inputs: [true],
      inputs_update: at,
      outputs: [true],
      outputs_update: at,
      additional: { moving: { value: 'true', updated: at } },
      actual_track_update: at,
    });
  });

  test('each field keeps its own time', async () => {
    const start = api.clock.now();
    api.store.report(source.id, { ignition: true, input_1: true, hardware_key: 'AB' });
    api.store.report(source.id, { moving: false, battery_level: 50 }, { at: start + minuteMs });
    expect(await state()).toMatchObject({
      ignition_update: at,
      inputs_update: at,
      outputs_update: null,
      battery_update: '2026-06-15 12:01:00',
      additional: {
        hardware_key: { value: 'AB', updated: at },
        moving: { value: 'false', updated: '2026-06-15 12:01:00' },
      },
    });
  });

  test('is seen at once, though texts of states are kept', async () => {
    for (let i = 0; i < 5; i++) {
      api.store.report(source.id, { event_code: i });
      expect((await state()).additional.event_code?.value).toBe(String(i));
      const { body } = await api.call('/tracker/get_states', { hash: owner.hash });
      expect(body).toMatchObject({ states: { [tracker.id]: { additional: { event_code: { value: String(i) } } } } });
    }
  });
});

describe('texts of states that are kept', () => {
  const both = async (hash = owner.hash) => {
    const { body } = await api.call('/tracker/get_states', { hash });
    return (body as never as { states: Record<string, State> }).states[tracker.id];
  };

  test('follow what is heard, the status and the zone', async () => {
    api.store.connected.add(source.id);
    api.store.report(source.id, { moving: true }, { position: {} });
    expect(await both()).toEqual(await state());
    api.clock.advance(5 * minuteMs);
    expect(await both()).toMatchObject({ connection_status: 'idle', last_update: at });
    api.store.stateOf(source.id)!.heardAt = api.clock.now();
    expect(await both()).toMatchObject({ last_update: '2026-06-15 12:05:00' });
    api.store.connected.clear();
    expect(await both()).toMatchObject({ connection_status: 'signal_lost' });
    const berliner = await api.subUser(owner, { timeZone: 'Europe/Berlin' });
    expect(await both(berliner.hash)).toMatchObject({ last_update: '2026-06-15 14:05:00' });
    expect(await both()).toMatchObject({ last_update: '2026-06-15 12:05:00' });
  });
});

describe('connection_status', () => {
  const statuses = async () => (await state()).connection_status;

  test('goes from active over idle to offline, by the clock', async () => {
    api.store.connected.add(source.id);
    api.store.report(source.id, {}, { position: {} });
    expect(await statuses()).toBe('active');
    api.clock.advance(5 * minuteMs - 1);
    expect(await statuses()).toBe('active');
    api.clock.advance(1);
    expect(await statuses()).toBe('idle');
    api.clock.advance(5 * minuteMs - 1);
    expect(await statuses()).toBe('idle');
    api.clock.advance(1);
    expect(await statuses()).toBe('offline');
  });

  test('is idle without a fix, and with records from memory only', async () => {
    api.store.connected.add(source.id);
    api.store.report(source.id, { moving: false });
    expect(await statuses()).toBe('idle');
    api.store.report(source.id, {}, { position: {}, at: api.clock.now() - 10 * minuteMs });
    expect(await statuses()).toBe('idle');
    api.store.report(source.id, {}, { position: { valid: false } });
    expect(await statuses()).toBe('idle');
  });

  test('is signal_lost when the connection is gone, and offline in time', async () => {
    api.store.report(source.id, {}, { position: {} });
    expect(await statuses()).toBe('signal_lost');
    api.clock.advance(10 * minuteMs);
    expect(await statuses()).toBe('offline');
  });

  test('knows protocols that hold no connection', async () => {
    await begin('traccar_client');
    api.store.report(source.id, {}, { position: {} });
    expect(await statuses()).toBe('active');
  });

  test('is just_replaced until the new box reports', async () => {
    await api.store.change((tx) => tx.put('tracker', { ...tracker, replacedAt: tx.at }));
    expect(await statuses()).toBe('just_replaced');
    api.store.report(source.id, {}, { position: {} });
    expect(await statuses()).toBe('signal_lost');
  });

  test('goes by the thresholds that were set', async () => {
    const quick = await TestApi.create({ statusRules: { offlineTimeoutMs: 2000, gpsStaleMs: 1000 } });
    const user = await quick.account();
    const made = await quick.tracker(user);
    quick.store.connected.add(made.source.id);
    quick.store.report(made.source.id, {}, { position: {} });
    const seen = [];
    for (let i = 0; i < 3; i++) {
      const { body } = await quick.call('/tracker/get_state', { hash: user.hash, tracker_id: made.tracker.id });
      seen.push((body as never as { state: State }).state.connection_status);
      quick.clock.advance(1000);
    }
    expect(seen).toEqual(['active', 'idle', 'offline']);
    await quick.server.close();
  });

  test('offline keeps the last movement', async () => {
    api.store.report(source.id, {}, { position: { speedKmh: 80 } });
    api.clock.advance(60 * minuteMs);
    expect(await state()).toMatchObject({ connection_status: 'offline', movement_status: 'moving' });
  });
});

describe('the receiver', () => {
  test.each([
    [{ satellites: 0 }, {}, { signal_level: 0 }],
    [{ satellites: 12 }, {}, { signal_level: 100 }],
    [{ satellites: undefined }, {}, { signal_level: null }],
    [{}, { precision: 12.4, hdop: 9 }, { precision: 12 }],
    [{}, { hdop: 0.9 }, { precision: 5 }],
    [{}, { gps_lbs: true }, { gsm_lbs: true }],
  ])('%j with %j is %j', async (position, values, expected) => {
    api.store.report(source.id, values, { position });
    expect((await state()).gps).toMatchObject(expected);
  });

  test.each([{ hdop: 0 }, { hdop: 99 }, { precision: 0 }])('%j tells no precision', async (values) => {
    api.store.report(source.id, values as Record<string, number>, { position: {} });
    expect((await state()).gps).not.toHaveProperty('precision');
  });

  test('an invalid position leaves the last fix', async () => {
    api.store.report(source.id, {}, { position: { lat: 1, lng: 2 } });
    api.clock.advance(minuteMs);
    api.store.report(source.id, {}, { position: { valid: false, lat: 3, lng: 4 } });
    expect((await state()).gps).toMatchObject({ updated: at, location: { lat: 1, lng: 2 } });
  });
});

describe('lines', () => {
  test('are as many as the model has', async () => {
    await begin('qlgv300');
    api.store.report(source.id, { input_2: true, input_7: true, output_3: true });
    expect(await state()).toMatchObject({ inputs: [false, true, false, false], outputs: [false, false, true] });
  });

  test('grow to the highest reported where that is not known, up to 32', async () => {
    await begin('wialon_ips');
    expect(await state()).toMatchObject({ inputs: [], outputs: [] });
    api.store.report(source.id, { input_3: true, output_1: false });
    expect(await state()).toMatchObject({ inputs: [false, false, true], outputs: [false] });
    api.store.report(source.id, { input_32: true, input_33: true });
    expect((await state()).inputs).toHaveLength(32);
  });
});

describe('gsm', () => {
  test.each([
    [{ gsm_network_name: 'T-MOBILE', gsm_network_code: '26201' }, 'T-MOBILE'],
    [{ gsm_network_code: '310410' }, '310-410'],
    [{ gsm_network_code: '2621' }, '262-01'],
    [{ gsm_mcc: 262, gsm_mnc: 1 }, '262-01'],
    [{ gsm_mcc: 0, gsm_mnc: 0 }, null],
    [{ gsm_signal_level: 50 }, null],
  ])('%j is the network %j', async (values, expected) => {
    api.store.report(source.id, values);
    expect((await state()).gsm).toMatchObject({ network_name: expected, updated: at });
  });

  test('is there for a model without a modem once it reports one', async () => {
    await begin('traccar_client');
    api.store.report(source.id, { gsm_signal_level: 40 });
    expect((await state()).gsm).toMatchObject({ signal_level: 40 });
  });
});

describe('additional', () => {
  test.each([
    [{ moving: true }, { moving: 'true' }],
    [{ can_door_state: true }, { can_door_state: '1' }],
    [{ can_hood_state: false }, { can_hood_state: '0' }],
    [{ obd_mil_status: true }, { obd_mil_status: '1' }],
    [{ external_power_state: false }, { external_power_state: 'disconnected' }],
    [{ hardware_key: '20910998202956382057' }, { hardware_key: '20910998202956382057' }],
    [{ event_code: 239 }, { event_code: '239' }],
    [{ obd_dtc_number: 2 }, { obd_dtc_number: '2' }],
    [{ some_word: 'x', some_number: 5 }, { some_word: 'x' }],
    [
      { board_voltage: 12, can_rpm: 900, hdop: 1, gsm_lac: 5, gsm_network_name: 'x', ignition: true, input_1: true },
      {},
    ],
  ])('of %j is %j', async (values, expected) => {
    api.store.report(source.id, values as Record<string, number>);
    const texts = Object.entries((await state()).additional).map(([name, { value }]) => [name, value]);
    expect(Object.fromEntries(texts)).toEqual(expected);
  });

  test('takes any name that a unit makes up', async () => {
    const names = ['constructor', 'toString', 'a"b\\c', 'ü'];
    api.store.report(source.id, { ...Object.fromEntries(names.map((name) => [name, 'x'])), ['__proto__']: 'y' });
    expect(Object.keys((await state()).additional)).toEqual(names);
    const { body } = await api.call('/tracker/get_states', { hash: owner.hash });
    expect(body).toMatchObject({ states: { [tracker.id]: { additional: { 'a"b\\c': { value: 'x' } } } } });
  });
});

describe('tracker/get_last_gps_point', () => {
  const point = async () =>
    (
      (await api.call('/tracker/get_last_gps_point', { hash: owner.hash, tracker_id: tracker.id })).body as never as {
        value: unknown;
      }
    ).value;

  test('is null before the first fix', async () => {
    expect(await point()).toBeNull();
    api.store.report(source.id, {}, { position: { valid: false } });
    expect(await point()).toBeNull();
  });

  test('is the last fix', async () => {
    api.store.report(
      source.id,
      { hdop: 2 },
      { position: { lat: 1.5, lng: 2.5, headingDeg: 10, speedKmh: 20.4, satellites: 5 } },
    );
    expect(await point()).toEqual({
      get_time: at,
      heading: 10,
      lat: 1.5,
      lng: 2.5,
      satellites: 5,
      speed: 20,
      precision: 10,
    });
  });

  test('is never one made of cells', async () => {
    const cells = { position: { lat: 9, lng: 9, satellites: undefined } };
    api.store.report(source.id, { gps_lbs: true }, cells);
    expect(await point()).toBeNull();
    api.clock.advance(1000);
    api.store.report(source.id, {}, { position: { lat: 1, lng: 2, speedKmh: 30, satellites: 5 } });
    for (let i = 0; i < 2; i++) {
      api.clock.advance(1000);
      api.store.report(source.id, { gps_lbs: true }, cells);
      expect((await state()).gps).toMatchObject({ location: { lat: 9, lng: 9 }, gsm_lbs: true });
      expect(await point()).toEqual({
        get_time: '2026-06-15 12:00:01',
        heading: 0,
        lat: 1,
        lng: 2,
        satellites: 5,
        speed: 30,
      });
    }
    api.clock.advance(1000);
    api.store.report(source.id, {}, { position: { lat: 3, lng: 4 } });
    expect(await point()).toMatchObject({ lat: 3, lng: 4 });
    expect((await state()).gps).not.toHaveProperty('gsm_lbs');
  });
});

describe('time', () => {
  test('is in the zone of the user', async () => {
    await api.store.change((tx) => tx.put('user', { ...owner.user, timeZone: 'Asia/Kolkata' }));
    api.store.report(source.id, {}, { position: {} });
    const { body } = await api.call('/tracker/get_state', { hash: owner.hash, tracker_id: tracker.id });
    expect(body).toMatchObject({
      user_time: '2026-06-15 17:30:00',
      state: { gps: { updated: '2026-06-15 17:30:00' } },
    });
  });

  test.each([
    ['iso_datetime', { iso_datetime: true }, {}],
    ['iso_datetime as text', { iso_datetime: 'true' }, {}],
    ['NVX-ISO-DateTime', {}, { 'nvx-iso-datetime': 'true' }],
  ])('is ISO 8601 with %s', async (_, params, headers) => {
    await api.store.change((tx) => tx.put('user', { ...owner.user, timeZone: 'America/New_York' }));
    const payload = JSON.stringify({ hash: owner.hash, ...params });
    const answer = await api.post('/tracker/get_states', payload, { 'content-type': 'application/json', ...headers });
    expect(answer.body).toMatchObject({ user_time: '2026-06-15T08:00:00-04:00' });
  });

  test('days of registration are days of the zone, never ISO', async () => {
    await api.store.change((tx) => {
      tx.put('user', { ...owner.user, timeZone: 'Pacific/Kiritimati' });
      tx.put('source', { ...source, createdAt: Date.UTC(2026, 5, 15, 11) });
    });
    const { body } = await api.call('/tracker/read', { hash: owner.hash, tracker_id: tracker.id, iso_datetime: true });
    expect(body).toMatchObject({ value: { source: { creation_date: '2026-06-16' } } });
  });
});

describe('many states', () => {
  test('are written a few milliseconds at a time', async () => {
    const fleet = await TestApi.create();
    const user = await fleet.account();
    for (let i = 0; i < 50; i++) {
      const { source } = await fleet.tracker(user);
      fleet.store.report(source.id, { gsm_network_name: 'Café ☕' }, { position: {} });
    }
    const whole = await fleet.call('/tracker/get_states', { hash: user.hash });
    let ms = 0;
    fleet.clock.monotonicMs = () => {
      ms += 3;
      return ms;
    };
    expect(await fleet.call('/tracker/get_states', { hash: user.hash })).toEqual(whole);
    const { states } = whole.body as unknown as { states: object };
    expect(Object.keys(states)).toHaveLength(50);
    expect(ms).toBeGreaterThan(9);
    await fleet.server.close();
  });
});
