import { describe, expect, it } from 'vitest';
import type { FieldValue, StateUpdate } from '../../src/domain/update.js';
import { bcdClock, bitFields, clock, signMagnitude16 } from '../../src/protocols/gt06/blocks.js';
import { gt06 } from '../../src/protocols/gt06/index.js';
import { rows } from '../../src/protocols/gt06/spec.js';
import type { DecodeContext } from '../../src/protocols/protocol.js';
import { Reader } from '../../src/wire/reader.js';
import { u8 } from '../../src/wire/struct.js';
import { Writer } from '../../src/wire/writer.js';
import { codeOf } from '../support/codes.js';
import { cellHex, clockHex, contextOf, fixAt, gpsHex, longFrame, shortFrame } from './gt06-frames.js';

const head = clockHex + gpsHex;

function read(frame: Buffer, changes: Partial<DecodeContext> = {}): StateUpdate | undefined {
  const context = contextOf(changes);
  return gt06.toUpdates(gt06.decode(frame, context), context)[0];
}

function valuesOf(update: StateUpdate | undefined): Record<string, FieldValue> {
  return Object.fromEntries(update?.names.map((name, i) => [name, update.values[i] as FieldValue]) ?? []);
}

const said = (frame: Buffer, changes: Partial<DecodeContext> = {}) => valuesOf(read(frame, changes));

describe('time', () => {
  it.each([0x10, 0x11, 0x12, 0x16])('0x%s is in the zone of the login', (protocol) => {
    const frame = shortFrame(protocol, `${head}${cellHex}`);
    expect(read(frame, { session: '330' })?.at).toBe(fixAt - 330 * 60_000);
    expect(read(frame, { session: '-180' })?.at).toBe(fixAt + 180 * 60_000);
    expect(read(frame)?.at).toBe(fixAt);
  });

  it.each([0x22, 0x26, 0x2d, 0x37, 0xa0])('0x%s is UTC', (protocol) => {
    const cell = protocol === 0xa0 ? '00fa 02 0000c350 0000000001a2b3c4 010000' : `${cellHex}010000`;
    expect(read(shortFrame(protocol, head + cell), { session: '330' })?.at).toBe(fixAt);
  });

  it('a time that is none leaves the time of receipt, and itself', () => {
    for (const [hex, raw] of [
      ['180d11081e0f', '180d11081e0f'],
      ['18021e081e0f', '18021e081e0f'],
      ['180511181e0f', '180511181e0f'],
      ['ff0511081e0f', 'ff0511081e0f'],
      ['000000000000', undefined],
    ] as const) {
      const update = read(shortFrame(0x22, `${hex}${gpsHex}${cellHex}010000`));
      expect([hex, update?.at, update?.timed]).toEqual([hex, contextOf().receivedAt, false]);
      expect(valuesOf(update).time_raw).toBe(raw);
    }
  });

  it('29 February is there in leap years only', () => {
    const read2 = (hex: string) => clock().read(new Reader(Buffer.from(hex, 'hex')));
    expect(read2('18021d000000')).toBe(Date.UTC(2024, 1, 29));
    expect(read2('17021d000000')).toBe('17021d000000');
    expect(read2('630c1f173b3b')).toBe(Date.UTC(2099, 11, 31, 23, 59, 59));
  });

  it('binary and decimal clocks read back as they are written', () => {
    for (const field of [clock(), bcdClock()]) {
      for (const at of [Date.UTC(2000, 0, 1), Date.UTC(2024, 1, 29, 12, 34, 56), Date.UTC(2099, 11, 31, 23, 59, 59)]) {
        const writer = new Writer();
        field.write(writer, at);
        expect(field.read(new Reader(writer.finish()))).toBe(at);
      }
      expect(codeOf(() => field.write(new Writer(), Date.UTC(1999, 0, 1)))).toBe('encode_range');
    }
  });
});

describe('position', () => {
  const gps = (flags: string, lat = '05fb47cc', lng = '04092468', head0 = 'cb') =>
    read(shortFrame(0x22, `${clockHex}${head0}${lat}${lng}3f${flags}${cellHex}010000`))?.position;

  it('hemispheres are in the course word', () => {
    expect([gps('1400')?.lat, gps('1400')?.lng]).toEqual([55.75222, 37.61556]);
    expect([gps('1800')?.lat, gps('1800')?.lng]).toEqual([-55.75222, -37.61556]);
    expect([gps('1c00')?.lat, gps('1c00')?.lng]).toEqual([55.75222, -37.61556]);
  });

  it('without a fix the last known place stays, and is not valid', () => {
    expect(gps('0400')).toMatchObject({ lat: 55.75222, valid: false });
    expect(gps('0400', '00000000', '00000000')).toMatchObject({ lat: null, lng: null, valid: false, satellites: 11 });
  });

  it('0/0 is believed of a fix with enough satellites only', () => {
    expect(gps('1400', '00000000', '00000000', 'c3')).toMatchObject({ lat: null, valid: false });
    expect(gps('1000', '00000000', '00000000', 'c4')).toEqual(expect.objectContaining({ lat: 0, lng: 0, valid: true }));
  });

  it('a place that is none is dropped, the rest of the record is not', () => {
    expect(gps('1400', '09a7ec81')).toMatchObject({ lat: null, lng: null, valid: false, speedKmh: 63 });
    expect(gps('1400', '05fb47cc', '134fd901')).toMatchObject({ lat: null, lng: null, valid: false });
  });

  it('a course of 360 is north, a larger one is none', () => {
    expect(gps('1568')?.headingDeg).toBe(0);
    expect(gps('17ff')?.headingDeg).toBeUndefined();
  });
});

describe('levels', () => {
  const heartbeat = (voltage: number, signal: number) => said(shortFrame(0x13, Buffer.of(0x40, voltage, signal)));
  it.each([
    [0, 0],
    [1, 17],
    [4, 67],
    [6, 100],
    [7, 7],
    [100, 100],
    [101, undefined],
  ])('voltage %i', (raw, level) => expect(heartbeat(raw, 0).battery_level).toBe(level));

  it.each([
    [0, 0],
    [1, 25],
    [4, 100],
    [5, 16],
    [20, 65],
    [31, 100],
    [80, 80],
    [101, undefined],
  ])('signal %i', (raw, level) => expect(heartbeat(0, raw).gsm_signal_level).toBe(level));
});

describe('status', () => {
  it('relay, charging, ACC, receiver, alarm system', () => {
    expect(said(shortFrame(0x13, '8706 04'))).toMatchObject({
      output_1: true,
      engine_blocked: true,
      charging_status: true,
      external_power_state: true,
      ignition: true,
      input_1: true,
      armed: true,
      gps_tracking: false,
    });
    expect(said(shortFrame(0x13, '400604'))).toMatchObject({
      output_1: false,
      engine_blocked: false,
      gps_tracking: true,
    });
  });

  it.each([
    [1, 'vibration'],
    [2, 'power_cut'],
    [3, 'low_battery'],
    [4, 'sos'],
    [5, 'unknown'],
    [6, 'geofence'],
    [7, 'removing'],
  ])('alarm class %i', (code, name) => {
    expect(said(shortFrame(0x13, Buffer.of(0x40 | (code << 3), 6, 4))).alarm).toBe(name);
  });

  it.each([
    ['5806040102', 'low_battery,sos'],
    ['6006040102', 'sos'],
    ['4806040302', 'vibration'],
    ['7006040402', 'geofence_enter'],
    ['6806040002', 'unknown'],
    ['6806040102', 'sos'],
    ['4006040102', 'sos'],
  ])('class and alarm byte both tell an alarm: %s', (tail, alarm) => {
    expect(said(shortFrame(0x26, `${head}09${cellHex}${tail}`)).alarm).toBe(alarm);
  });

  it('levels that are none are kept as they are', () => {
    expect(said(shortFrame(0x13, '466fea'))).toMatchObject({ ignition: true, raw_data: '6fea' });
    expect(said(shortFrame(0x13, '46ffff'))).not.toHaveProperty('raw_data');
  });
});

describe('network', () => {
  it.each([
    ['00fa02', '25002'],
    ['00fa63', '25099'],
    ['0136ff', '310255'],
    ['81360104', '310260'],
    ['8106 0002', '26202'],
  ])('%s is %s', (plmn, code) => {
    const frame = shortFrame(0x12, `${head}${plmn}1a2b0304d5`);
    expect(said(frame).gsm_network_code).toBe(code);
  });

  it('a network that is none, an area that is none', () => {
    const values = said(shortFrame(0x12, `${head}000000ffff000000`));
    expect(Object.keys(values).filter((name) => name.startsWith('gsm_'))).toEqual([]);
  });
});

describe('models', () => {
  const alarm = (code: string, model?: string) =>
    said(shortFrame(0x26, `${head}09${cellHex}460604${code}02`), { model }).alarm;

  it('have alarms of their own', () => {
    expect([alarm('28'), alarm('28', 'seeworld_s116'), alarm('28', 'JM-VL103M')]).toEqual([
      'hard_braking',
      'hard_cornering',
      'power_off',
    ]);
    expect([alarm('09'), alarm('09', 'TRX16i')]).toEqual(['tow', 'geofence']);
    expect([alarm('18'), alarm('18', 'LW4G-4B')]).toEqual(['cover_opened', 'accident']);
  });

  it('have layouts of their own', () => {
    const frame = shortFrame(0x13, '0604ea04 00');
    expect(said(frame, { model: 'R11' }).board_voltage).toBe(12.58);
    expect(said(frame)).not.toHaveProperty('board_voltage');
  });
});

describe('layout rows', () => {
  it('have names of their own', () => {
    const names = rows.map((each) => each.name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it('are all reached: none stands behind one that always fits', () => {
    rows.forEach((row, i) => {
      const earlier = rows.slice(0, i).filter((each) => each.protocol === row.protocol);
      const blocking = earlier.find(
        ({ form, minLength, maxLength, when, model }) =>
          (form === undefined || form === row.form) &&
          when === undefined &&
          model === undefined &&
          minLength <= row.minLength &&
          maxLength >= row.maxLength,
      );
      expect([row.name, blocking?.name]).toEqual([row.name, undefined]);
    });
  });
});

describe('bit fields', () => {
  const field = bitFields(u8(), { low: [0, 3], flag: [3], high: [4, 4] });

  it('read and write the same bits', () => {
    for (let raw = 0; raw < 256; raw++) {
      const value = field.read(new Reader(Buffer.of(raw)));
      const writer = new Writer();
      field.write(writer, value);
      expect(writer.finish()[0]).toBe(raw);
    }
  });

  it('refuse what does not fit', () => {
    expect(codeOf(() => field.write(new Writer(), { low: 8, flag: false, high: 0 }))).toBe('encode_range');
    expect(codeOf(() => field.write(new Writer(), { low: Number.NaN, flag: false, high: 0 }))).toBe('encode_range');
  });

  it('sign and magnitude, either way round', () => {
    const read = (set: 'negative' | 'positive', hex: string) =>
      signMagnitude16(10, set).read(new Reader(Buffer.from(hex, 'hex')));
    expect([read('negative', '80d7'), read('negative', '00d7')]).toEqual([-21.5, 21.5]);
    expect([read('positive', '80d7'), read('positive', '00d7')]).toEqual([21.5, -21.5]);
    expect([read('negative', '8000'), read('positive', '0000')]).toEqual([0, 0]);
  });
});

describe('records to messages', () => {
  const place = {
    lat: 52.52,
    lng: 13.405,
    valid: true,
    speedKmh: 88,
    headingDeg: 12,
    altitudeM: undefined,
    satellites: 12,
  };
  const record = (values: Record<string, FieldValue>, changes: Partial<StateUpdate> = {}): StateUpdate => ({
    at: fixAt,
    timed: true,
    backlog: false,
    position: place,
    names: Object.keys(values),
    values: Object.values(values),
    ...changes,
  });
  const context = contextOf();

  /** Layout of the one message, and what it says when read. */
  function carried(sent: StateUpdate): { layout: string; back: StateUpdate; values: Record<string, FieldValue> } {
    const messages = gt06.fromUpdates([sent], context);
    expect(messages).toHaveLength(1);
    const message = gt06.decode(gt06.encode(messages[0]!, context), context) as unknown as { layout: string };
    const [back] = gt06.toUpdates(message as never, context);
    return { layout: message.layout, back: back!, values: valuesOf(back) };
  }

  it.each<[string, Record<string, FieldValue>]>([
    ['22', { ignition: true, input_1: true, hw_mileage: 4567.89, upload_mode: 2, gsm_network_code: '26202' }],
    ['12', { hw_mileage: 12 }],
    [
      '26',
      { ignition: true, battery_level: 83, gsm_signal_level: 75, output_1: true, engine_blocked: true, event_code: 1 },
    ],
    ['26', { ignition: false, alarm: 'vibration' }],
    ['27', { ignition: false, event_code: 0x107, fence_number: 3 }],
    ['a0', { ignition: true, gsm_mcc: 262, gsm_mnc: 2, gsm_lac: 50_000, gsm_cell_id: 27_440_068 }],
    ['37', { ignition: true, board_voltage: 13.84, battery_voltage: 4.02, precision: 3.5 }],
    [
      '34 x1',
      {
        ignition: true,
        input_1: false,
        input_2: true,
        output_1: false,
        output_2: true,
        analog_1: 3.3,
        board_voltage: 12.6,
      },
    ],
    ['34 x1', { ignition: true, hardware_key: '20534657', battery_voltage: 4.1 }],
    ['17 rfid', { hardware_key: 'BF0000012CA7E001', driver_authorized: true }],
    ['36 trx16i', { ignition: true, engine_hours: 2.5, board_voltage: 13.1, battery_voltage: 4 }],
    ['66', { ignition: true, obd_rpm: 2100, obd_speed: 85, obd_coolant_t: -10, obd_fuel: 45 }],
    ['8c', { ignition: true, obd_rpm: 2100, obd_vin: 'WVWZZZ1KZAW000001', can_engine_hours: 3000 }],
    ['65', { ignition: true, obd_dtc_codes: 'P0123 C0035', obd_dtc_number: 2 }],
    ['70', { hdop: 1.2, satellites_visible: 14, iccid: '89701019876543210123' }],
  ])('with a position: %s', (layout, values) => {
    const result = carried(record(values));
    expect([result.layout, result.values]).toEqual([layout, expect.objectContaining(values)]);
    expect(result.back).toMatchObject({
      at: fixAt,
      timed: true,
      position: { lat: expect.closeTo(52.52, 5), speedKmh: 88 },
    });
  });

  it.each<[string, Record<string, FieldValue>, boolean]>([
    ['f1', { moving: true, armed: false, ignition: true, board_voltage: 12.34 }, true],
    ['13', { ignition: true, battery_level: 50, gsm_signal_level: 25, output_1: true, charging_status: true }, false],
    ['94 supply', { board_voltage: 13.84 }, false],
    ['94 climate', { temp_sensor: -5.3, humidity: 75.5 }, false],
    ['94 climate', { temp_sensor: 21 }, false],
    ['94 fuel sensor', { fuel_level: 8.43, fuel_temperature: 29.6 }, true],
    ['94 key text', { hardware_key: 'ID:0012345678' }, false],
    ['94 door', { door: true, input_2: true, input_3: false }, true],
    ['94 sim', { imei: '861234567890123', imsi: '250011234567890', iccid: '89701019876543210123' }, false],
    ['94 network', { gsm_network_type: 'LTE' }, false],
    ['94 satellites', { gnss_fix_mode: 3, satellites_visible: 2, satellite_signals: '41 38' }, false],
    ['94 self-test', { status: 'GSM:OK' }, false],
    ['9b', { rs232_1: '*XD,0012#' }, false],
    ['28', { gsm_cells: [{ mcc: 250, mnc: 2, lac: 6000, cid: 70_000, signal: -60 }], gsm_mcc: 250, gsm_mnc: 2 }, true],
    ['2c wifi', { wifi_access_points: [{ mac: '00:18:01:eb:40:39', signal: -62 }] }, true],
  ])('without a position: %s', (layout, values, timed) => {
    const at = timed ? fixAt : context.receivedAt;
    const result = carried(record(values, { position: null, timed, at }));
    expect([result.layout, result.values]).toEqual([layout, expect.objectContaining(values)]);
    expect(result.back).toMatchObject({ at, timed, position: null });
  });

  it('one message a record, oldest first, numbered', () => {
    const messages = gt06.fromUpdates(
      [record({ ignition: true }), record({ ignition: false }, { at: fixAt + 1000 })],
      context,
    );
    expect(messages.map((each) => (each as unknown as { serial: number }).serial)).toEqual([1, 2]);
  });

  it('from memory, and without a fix', () => {
    const lost = { ...place, lat: null, lng: null, valid: false, speedKmh: 0, satellites: 0 };
    const { back } = carried(record({ ignition: false }, { backlog: true, position: lost }));
    expect(back).toMatchObject({ backlog: true, position: { lat: null, lng: null, valid: false } });
  });

  it('numbers beyond the field are capped as a unit caps them', () => {
    const { back } = carried(record({}, { position: { ...place, speedKmh: 300, satellites: 30 } }));
    expect(back.position).toMatchObject({ speedKmh: 255, satellites: 15 });
  });

  it('a record that says nothing known makes no message', () => {
    expect(gt06.fromUpdates([record({ can_rpm: 800 }, { position: null })], context)).toEqual([]);
  });
});

describe('replies to commands', () => {
  const reply = (text: string) => longFrame(0x21, Buffer.concat([Buffer.from('0000000101', 'hex'), Buffer.from(text)]));

  it('are told, a position in them is one', () => {
    const update = read(
      reply('Current position!Lat:S33.448890,Lon:W70.669270,Course:90.00,Speed:0.00,DateTime:2024-05-17  08:30:15'),
    );
    expect(update).toMatchObject({
      at: fixAt,
      timed: true,
      position: { lat: -33.44889, lng: -70.66927, valid: true, headingDeg: 90 },
    });
  });

  it('a place that is none stays text', () => {
    expect(read(reply('Lat:N99.5,Lon:E13'))).toMatchObject({ position: null, timed: false });
    expect(valuesOf(read(reply('No data!')))).toEqual({ command_result: 'No data!' });
  });
});
