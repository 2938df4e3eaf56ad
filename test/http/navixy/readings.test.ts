import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { groupOf } from '../../../src/http/navixy/sensors.js';
import type { SourceRow, TrackerRow, UserRow } from '../../../src/store/rows.js';
import { TestApi, type TestUser } from '../../support/api.js';

const at = '2026-06-15 12:00:00';

let api: TestApi;
let owner: TestUser;
let tracker: TrackerRow;
let source: SourceRow;
beforeEach(async () => {
  api = await TestApi.create();
  owner = await api.account();
  ({ tracker, source } = await api.tracker(owner, { model: 'telfmb120' }));
});
afterEach(() => api.server.close());

interface Values {
  readonly inputs: readonly { readonly name: string }[];
  readonly states?: unknown;
  readonly update_time: string | null;
}

async function values(call: string, hash = owner.hash): Promise<Values> {
  return (await api.call(`/tracker/${call}`, { hash, tracker_id: tracker.id })).body as never as Values;
}

const namesOf = ({ inputs }: Values) => inputs.map(({ name }) => name);

describe('which call serves a sensor', () => {
  test.each([
    ...['fuel_level', 'fuel_frequency', 'fuel_consumption', 'lls_level_1', 'lls_level_16'].map((name) => [
      name,
      'fuel',
    ]),
    ...['can_fuel', 'can_fuel_2', 'can_fuel_litres', 'can_fuel_economy'].map((name) => [name, 'fuel']),
    ...['can_rpm', 'can_fuel_rate', 'can_consumption', 'can_axle_load_15', 'obd_fuel', 'obd_rpm'].map((name) => [
      name,
      'diagnostics',
    ]),
    ...['raw_can_1', 'uds_rpm', 'obd_custom_fuel_litres'].map((name) => [name, 'diagnostics']),
    ...['board_voltage', 'analog_1', 'fuel_temperature', 'lls_temperature_1', 'rs232_1', 'freq_1'].map((name) => [
      name,
      'readings',
    ]),
    ...['lls_level_17', 'lls_level_01', 'can', 'hw_mileage', 'tacho_mileage'].map((name) => [name, 'readings']),
  ])('%s: %s', (name, group) => {
    expect(groupOf({ name: name as string, type: 'custom' })).toBe(group);
  });

  test('the name decides before the type', () => {
    expect(groupOf({ name: 'analog_1', type: 'fuel' })).toBe('fuel');
    expect(groupOf({ name: 'rs232_1', type: 'fuel' })).toBe('fuel');
    expect(groupOf({ name: 'obd_fuel', type: 'fuel' })).toBe('diagnostics');
  });
});

test('a value that is no number any more is none', async () => {
  const tank = { type: 'metering', sensor_type: 'fuel', name: 'Tank', input_name: 'analog_1', divider: 1e-320 };
  const sensor = { ...tank, parameters: { min: 0, max: 9 } };
  const made = await api.call('/tracker/sensor/create', { hash: owner.hash, tracker_id: tracker.id, sensor });
  expect(made.body.success).toBe(true);
  api.store.report(source.id, { analog_1: 2.5 });
  expect(namesOf(await values('get_fuel'))).toEqual([]);
  api.store.report(source.id, { analog_1: 0 });
  expect((await values('get_fuel')).inputs).toMatchObject([{ value: 0, min_value: 0 }]);
  expect((await values('get_fuel')).inputs[0]).not.toHaveProperty('max_value');
});

describe('automatic sensors', () => {
  test('are the quantities that the unit reports, each served once', async () => {
    api.store.report(source.id, {
      ...{ board_voltage: 12.5, analog_1: 3.3, can_rpm: 900, fuel_level: 40, temp_sensor: 21.5, made_up: 5 },
      ...{ hdop: 1, gsm_signal_level: 80, event_code: 1, ignition: true, hardware_key: 'AB' },
    });
    expect(namesOf(await values('get_readings'))).toEqual(['board_voltage', 'analog_1', 'temp_sensor', 'made_up']);
    expect(namesOf(await values('get_fuel'))).toEqual(['fuel_level']);
    expect(namesOf(await values('get_diagnostics'))).toEqual(['can_rpm']);
  });

  test.each([
    ['get_readings', 'analog_2', { label: 'Analog input 2', type: 'power', units: 'V', units_type: 'custom' }],
    ['get_readings', 'temp_sensor', { label: 'Temperature', type: 'temperature', units: '°C', units_type: 'celsius' }],
    ['get_readings', 'made_up_thing', { label: 'Made up thing', type: 'custom', units: '', units_type: 'custom' }],
    ['get_diagnostics', 'can_rpm', { label: 'Engine speed', type: 'rpm', units: 'rpm', units_type: 'custom' }],
    ['get_diagnostics', 'can_fuel_rate', { type: 'instant_consumption', units: 'l/h' }],
    ['get_fuel', 'can_fuel_litres', { type: 'fuel', units: 'l', units_type: 'litre' }],
    ['get_fuel', 'lls_level_3', { type: 'fuel', units_type: 'custom' }],
  ])('%s describes %s', async (call, name, expected) => {
    api.store.report(source.id, { [name]: 7.25 });
    expect((await values(call)).inputs).toEqual([
      {
        ...{ label: expect.any(String), units: expect.any(String), units_type: expect.any(String) },
        name,
        value: 7.25,
        ...expected,
        ...unconverted,
      },
    ]);
  });

  const unconverted = { converted_units_type: null, converted_value: null };
});

describe('measurement systems', () => {
  test.each<[UserRow['measurementSystem'], string | null, number | null, string | null, number | null]>([
    ['metric', null, null, null, null],
    ['nautical', null, null, null, null],
    ['imperial', null, null, 'gallon_uk', 8.79877],
    ['us', 'fahrenheit', 70.34, 'gallon_us', 10.566882],
    ['metric_gal_us', null, null, 'gallon_us', 10.566882],
  ])('%s', async (measurementSystem, degrees, temperature, volumes, volume) => {
    const user = await api.subUser(owner, { measurementSystem });
    api.store.report(source.id, { temp_sensor: 21.3, can_fuel_litres: 40 });
    const [warmth] = (await values('get_readings', user.hash)).inputs;
    const [fuel] = (await values('get_fuel', user.hash)).inputs;
    expect(warmth).toMatchObject({ value: 21.3, converted_units_type: degrees, converted_value: temperature });
    expect(fuel).toMatchObject({ value: 40, converted_units_type: volumes, converted_value: volume });
  });
});

describe('update_time', () => {
  test('is null without a value, else that of the newest', async () => {
    for (const call of ['get_readings', 'get_fuel', 'get_diagnostics', 'get_inputs']) {
      expect(await values(call), call).toMatchObject({ update_time: null });
    }
    api.store.report(source.id, { analog_1: 1, can_rpm: 800 });
    api.store.report(source.id, { analog_2: 1 }, { at: api.clock.now() + 1000 });
    expect((await values('get_readings')).update_time).toBe('2026-06-15 12:00:01');
    expect((await values('get_diagnostics')).update_time).toBe(at);
    expect((await values('get_fuel')).update_time).toBeNull();
  });
});

describe('tracker/get_diagnostics', () => {
  test('shows states, as the types they are documented with', async () => {
    expect((await values('get_diagnostics')).states).toBeNull();
    api.store.report(source.id, {
      ...{
        obd_vin: '123',
        obd_mil_status: false,
        obd_dtc_number: 2,
        obd_dtc_codes: 'P0123 P0420',
        obd_dtc_cleared_distance: 12.5,
      },
      ...{ can_door_state: true, external_power_state: true, hardware_key: 'AB', moving: true },
    });
    expect((await values('get_diagnostics')).states).toEqual({
      ...{
        obd_vin: '123',
        obd_mil_status: '0',
        obd_dtc_number: 2,
        obd_dtc_codes: 'P0123 P0420',
        obd_dtc_cleared_distance: 12.5,
      },
      ...{ can_door_state: '1', external_power_state: 'connected', hardware_key: 'AB' },
    });
    expect(namesOf(await values('get_diagnostics'))).toEqual([]);
    expect((await values('get_diagnostics')).update_time).toBe(at);
  });
});

describe('tracker/get_inputs', () => {
  test('shows the lines, and ignition where the unit reports it', async () => {
    expect(await values('get_inputs')).toEqual({
      success: true,
      user_time: at,
      inputs: [false, false],
      states: [],
      update_time: null,
    });
    api.store.report(source.id, { input_2: true, ignition: true });
    expect(await values('get_inputs')).toEqual({
      success: true,
      user_time: at,
      inputs: [false, true],
      states: [{ type: 'ignition', name: null, status: true, input_number: 1 }],
      update_time: at,
    });
  });
});
