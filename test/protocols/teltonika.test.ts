/**
 * Teltonika: logins, acknowledgements byte by byte, the message types and their replies, sessions, round trips.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeTime } from '../../src/domain/time-rules.js';
import { fieldValue, type StateUpdate, UpdateBuilder } from '../../src/domain/update.js';
import { teltonika } from '../../src/protocols/teltonika/index.js';
import { fixRecord } from '../support/arbitraries.js';
import { codeOf } from '../support/codes.js';
import {
  avlFrame,
  commandData,
  crcArc,
  dataField,
  datagramOf,
  decodeAvl,
  frameOf,
  imei,
  loginBytes,
  receivedAt,
  recordBytes,
  tcp,
  udp,
  updatesOf,
  valuesOf,
} from './teltonika-frames.js';

const hex = (bytes: Buffer | null) => bytes?.toString('hex') ?? null;

test('the checksum of the tests is CRC-16/ARC', () => {
  expect(crcArc(Buffer.from('123456789'))).toBe(0xbb3d);
});

describe('login', () => {
  const login = teltonika.decode(loginBytes(), tcp);

  test('says who it is and carries no records', () => {
    expect(login).toEqual({ type: 'login', imei });
    expect(teltonika.isLogin(login)).toBe(true);
    expect(teltonika.identify(login, tcp)).toEqual({ deviceId: imei });
    expect(teltonika.toUpdates(login, tcp)).toEqual([]);
  });

  test('is answered by one byte, and only by replyLogin', () => {
    expect(hex(teltonika.replyLogin(login, 'accepted', tcp))).toBe('01');
    expect(hex(teltonika.replyLogin(login, 'unknown_unit', tcp))).toBe('00');
    expect(hex(teltonika.replyLogin(login, 'wrong_password', tcp))).toBe('00');
    expect(teltonika.reply(login, tcp)).toBeNull();
  });

  test.each([1, 14, 16, 64])('may have %i digits', (digits) => {
    const id = '7'.repeat(digits);
    expect(teltonika.decode(loginBytes(id), tcp)).toEqual({ type: 'login', imei: id });
    expect(hex(teltonika.encode({ type: 'login', imei: id } as never, tcp))).toBe(hex(loginBytes(id)));
  });

  test.each(['35630704244101A', '', '1'.repeat(65)])('is not written for %j', (id) => {
    expect(codeOf(() => teltonika.encode({ type: 'login', imei: id } as never, tcp))).toBe('encode_range');
  });
});

describe('a ping', () => {
  test('says nothing and is not answered', () => {
    const ping = teltonika.decode(Buffer.of(0xff), tcp);
    expect(ping.type).toBe('ping');
    expect(teltonika.reply(ping, tcp)).toBeNull();
    expect(teltonika.toUpdates(ping, tcp)).toEqual([]);
    expect(teltonika.identify(ping, tcp)).toBeUndefined();
    expect(hex(teltonika.encode(ping, tcp))).toBe('ff');
  });
});

describe('acknowledgements', () => {
  test.each([0, 1, 2, 25, 255])('%i records on TCP: four bytes', (count) => {
    const frame = avlFrame(0x08, ...Array.from({ length: count }, () => ({})));
    const expected = count.toString(16).padStart(8, '0');
    expect(hex(teltonika.reply(teltonika.decode(frame, tcp), tcp))).toBe(expected);
    expect(hex(teltonika.replyUndecodable(frame, tcp))).toBe(expected);
  });

  test('on UDP both ids come back', () => {
    const frame = datagramOf(dataField(0x8e, [recordBytes(0x8e, {}), recordBytes(0x8e, {})]), 0xbeef, 0x7f);
    const message = teltonika.decode(frame, udp);
    expect(hex(teltonika.reply(message, udp))).toBe('0005beef017f02');
    expect(hex(teltonika.replyUndecodable(frame, udp))).toBe('0005beef017f02');
  });

  test('a datagram is no login, and a unit that is not known gets no answer', () => {
    const message = teltonika.decode(datagramOf(dataField(0x08, [recordBytes(0x08, {})])), udp);
    expect(teltonika.isLogin(message)).toBe(false);
    expect(teltonika.identify(message, udp)).toEqual({ deviceId: imei });
    expect(teltonika.replyLogin(message, 'unknown_unit', udp)).toBeNull();
    expect(teltonika.replyLogin(message, 'accepted', udp)).toBeNull();
  });

  test.each([0x0c, 0x0d, 0x0e, 0x0f])('frames of codec %i are never acknowledged', (codec) => {
    const data = commandData(codec, 6, Buffer.alloc(16, 0x31));
    for (const [frame, context] of [
      [frameOf(data), tcp],
      [datagramOf(data), udp],
    ] as const) {
      expect(teltonika.reply(teltonika.decode(frame, context), context)).toBeNull();
      expect(teltonika.replyUndecodable(frame, context)).toBeNull();
    }
  });

  test('a damaged frame is not acknowledged', () => {
    expect(teltonika.refuse(avlFrame(0x08, {}), { code: 'checksum' } as never, tcp)).toBeNull();
  });

  test('a poison packet gets the count of its first quantity', () => {
    expect(hex(teltonika.replyUndecodable(frameOf(Buffer.of(0x55, 7, 0, 0, 8)), tcp))).toBe('00000007');
    expect(teltonika.replyUndecodable(loginBytes(), tcp)).toBeNull();
    expect(teltonika.replyUndecodable(Buffer.of(0xff), tcp)).toBeNull();
    expect(teltonika.replyUndecodable(Buffer.alloc(0), tcp)).toBeNull();
  });
});

describe('what servers send', () => {
  test.each(['01', '00000001', '000000ff', '0005cafe010501'])('%s is read and written', (text) => {
    const bytes = Buffer.from(text, 'hex');
    expect(hex(teltonika.encode(teltonika.decode(bytes, tcp), tcp))).toBe(text);
  });

  test('a refusal and a count of none are written; read alone they could be the start of a frame', () => {
    expect(hex(teltonika.encode({ type: 'login-reply', accepted: false } as never, tcp))).toBe('00');
    expect(hex(teltonika.encode({ type: 'ack', records: 0 } as never, tcp))).toBe('00000000');
    expect(codeOf(() => teltonika.decode(Buffer.of(0), tcp))).toBe('garbage');
    expect(codeOf(() => teltonika.decode(Buffer.alloc(4), tcp))).toBe('frame_length');
  });
});

describe('a record', () => {
  test('has time, place and elements', () => {
    const frame = avlFrame(0x08, {
      lat: -33.86882,
      lng: 151.209296,
      altitude: -7,
      angle: 360,
      speed: 3,
      event: 239,
      one: [[239, 1]],
    });
    expect(updatesOf(frame)).toEqual([
      {
        at: receivedAt - 60_000,
        timed: true,
        backlog: false,
        position: {
          lat: -33.86882,
          lng: 151.209296,
          valid: true,
          speedKmh: 3,
          headingDeg: 0,
          altitudeM: -7,
          satellites: 8,
        },
        names: ['event_code', 'event_priority', 'ignition'],
        values: [239, 0, true],
      },
    ]);
  });

  test.each([
    [{ satellites: 0 }, false, 52.37],
    [{ lat: 0, lng: 0 }, false, null],
    [{ lat: 0, lng: 4.9 }, true, 0],
    [{ lat: 90.1 }, false, null],
    [{ lng: -180.5 }, false, null],
    [{ one: [[69, 0]] as const }, false, 52.37],
    [{ one: [[69, 1]] as const }, true, 52.37],
    [{ one: [[69, 2]] as const }, false, 52.37],
    [{ one: [[69, 3]] as const }, false, 52.37],
    [{ one: [[69, 4]] as const }, true, 52.37],
  ])('%j: valid %s, latitude %s', (parts, valid, lat) => {
    const position = updatesOf(avlFrame(0x08, parts))[0]?.position;
    expect([position?.valid, position?.lat]).toEqual([valid, lat]);
  });

  test('a fix of one record does not make that of the next one old', () => {
    const updates = updatesOf(avlFrame(0x08, { one: [[69, 2]] }, {}));
    expect(updates.map((each) => each.position?.valid)).toEqual([false, true]);
  });

  test('an altitude and an angle that cannot be are absent', () => {
    const [update] = updatesOf(avlFrame(0x08, { altitude: 20_001, angle: 361 }));
    expect([update?.position?.altitudeM, update?.position?.headingDeg]).toEqual([undefined, undefined]);
  });

  test('names do not depend on the records before', () => {
    const frames = [
      { one: [[239, 1]] },
      {
        one: [
          [239, 0],
          [240, 1],
        ],
      },
      { one: [[240, 1]] },
      { one: [[239, 1]] },
    ] as const;
    const names = updatesOf(avlFrame(0x08, ...frames)).map((each) => each.names.slice(2));
    expect(names).toEqual([['ignition'], ['ignition', 'moving'], ['moving'], ['ignition']]);
  });

  test('its names are its own once they are handed out', () => {
    const [first] = updatesOf(avlFrame(0x08, { one: [[239, 1]] }));
    updatesOf(avlFrame(0x08, { one: [[1, 1]], two: [[66, 1]] }));
    expect(first?.names).toEqual(['event_code', 'event_priority', 'ignition']);
  });
});

describe('the group of 16 bytes', () => {
  const group = (record: Buffer, ...blobs: Buffer[]) =>
    Buffer.concat([record, Buffer.of(blobs.length), ...blobs.flatMap((blob, i) => [Buffer.of(200 + i), blob])]);
  const blob = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const withGroup = frameOf(dataField(0x08, [group(recordBytes(0x08, { one: [[239, 1]] }), blob)]));

  test('is found by where the records end, and remembered for the session', () => {
    const message = decodeAvl(withGroup);
    expect(message.sixteenByteGroup).toBe(true);
    const session = teltonika.nextSession?.(message, tcp) ?? '';
    expect(session).not.toBe('');
    expect(decodeAvl(withGroup, { ...tcp, session }).sixteenByteGroup).toBe(true);
    expect(valuesOf(withGroup)).toEqual({ ignition: true, avl_io_200: '00112233445566778899AABBCCDDEEFF' });
  });

  test('a session that knows it still reads frames without it, and stays', () => {
    const context = { ...tcp, session: 'sixteen' };
    const plain = decodeAvl(avlFrame(0x08, { one: [[239, 1]] }), context);
    expect(plain.sixteenByteGroup).toBe(false);
    expect(teltonika.nextSession?.(plain, context)).toBe('sixteen');
  });

  test('a session without it keeps its text', () => {
    expect(teltonika.nextSession?.(decodeAvl(avlFrame(0x08, {})), tcp)).toBe('');
  });

  test('when neither reading ends right, the first fault is told', () => {
    const bad = frameOf(Buffer.concat([Buffer.of(8, 1), recordBytes(0x08, {}), Buffer.of(0, 9, 9, 9, 1)]));
    expect(codeOf(() => teltonika.decode(bad, tcp))).toBe('trailing_bytes');
  });
});

describe('a time', () => {
  test('that no date can tell is the last that one can, and so no state', () => {
    const lastMs = Date.parse('9999-12-31T23:59:59.999Z');
    const frame = avlFrame(0x08, { at: 8_640_000_000_000_001 });
    expect(updatesOf(frame)[0]).toMatchObject({ at: lastMs, timed: true });
    expect(judgeTime(lastMs, receivedAt)).toBe('future');
  });

  test('of an unset clock is kept as it is', () => {
    expect(updatesOf(avlFrame(0x08, { at: 1_072_915_236_000 }))[0]).toMatchObject({
      at: 1_072_915_236_000,
      timed: true,
    });
  });
});

describe('round trips', () => {
  const namesAndValues = ({ names, values }: StateUpdate) =>
    Object.fromEntries(names.map((name, i) => [name, values[i]]));

  test.each([tcp, udp])('over $transport: what is decoded is encoded to the same bytes', (context) => {
    fc.assert(
      fc.property(fc.array(fixRecord, { minLength: 1, maxLength: 30 }), (records) => {
        for (const message of teltonika.fromUpdates(records, context)) {
          const bytes = teltonika.encode(message, context);
          expect(hex(teltonika.encode(teltonika.decode(bytes, context), context))).toBe(hex(bytes));
        }
      }),
    );
  });

  test('values that virtual units report come back as they were', () => {
    const sent = new UpdateBuilder();
    const values = {
      event_code: 253,
      event_priority: 1,
      ignition: true,
      moving: false,
      gsm_signal_level: 60,
      gsm_network_code: '310410',
      gsm_network_type: 'LTE',
      gsm_cell_id: 54_613_249,
      gsm_lac: 1203,
      gnss_status: 'fix',
      hdop: 0.8,
      board_voltage: 13.842,
      external_power_state: true,
      sos: false,
      battery_current: -0.12,
      hw_mileage: 1523.4,
      hardware_key: '01A2B3C4D5E6F708',
      ble_mac: 'aa:bb:cc:dd:ee:ff',
      iccid: '8949022512345678901',
      tacho_card1_sn: 'D123456789012300',
      ext_temp_sensor_1: -18.5,
      can_engine_hours: 20.5,
      can_engine_temp: 88.5,
      can_coolant_t: 88.5,
      can_door_driver_state: true,
      can_door_state: true,
      obd_vin: 'WVWZZZ1JZXW000001',
      obd_dtc_codes: 'P0301 P0420',
      obd_dtc_number: 2,
      obd_mil_status: true,
      can_mil_indicator: true,
      avl_io_129: '5541205541443030',
      avl_io_250: 1,
      avl_io_33: -5,
      avl_io_60000: 70_000,
      ble_beacons: [{ rssi: -60, mac: '7c:d9:f4:11:22:33', name: 'EYE', temperature: -2.5, battery_voltage: 2.98 }],
    } as const;
    for (const [name, value] of Object.entries(values)) sent.set(name, value);
    const update = sent.build(receivedAt, {
      position: { lat: 1.5, lng: 2.5, valid: true, speedKmh: 3, headingDeg: 4, altitudeM: 5, satellites: 6 },
    });
    const [message] = teltonika.fromUpdates([update], tcp);
    const [back] = updatesOf(teltonika.encode(message as never, tcp));
    expect(back?.position).toEqual(update.position);
    expect(namesAndValues(back as StateUpdate)).toEqual({
      ...values,
      alarm: undefined,
      avl_io_253: undefined,
    } as never);
  });

  test('a value that its element cannot carry is left out', () => {
    const update = new UpdateBuilder()
      .set('board_voltage', 70)
      .set('battery_level', 140)
      .set('input_1', 'yes')
      .set('gsm_network_code', 'none')
      .set('hardware_key', 'no hex')
      .set('no_such_name', 1)
      .set('ignition', true)
      .build(receivedAt);
    const [message] = teltonika.fromUpdates([update], tcp);
    expect(valuesOf(teltonika.encode(message as never, tcp))).toEqual({ ignition: true });
  });

  test('a lost fix stays lost', () => {
    const position = { lat: 1.5, lng: 2.5, valid: false, speedKmh: 0, headingDeg: 0, altitudeM: 5, satellites: 3 };
    const [message] = teltonika.fromUpdates([new UpdateBuilder().build(receivedAt, { position })], tcp);
    const [back] = updatesOf(teltonika.encode(message as never, tcp));
    expect(back?.position).toEqual(position);
  });

  test('the codec is the smallest that is enough', () => {
    const codecOf = (name: string, value: number | string) => {
      const [message] = teltonika.fromUpdates([new UpdateBuilder().set(name, value).build(receivedAt)], tcp);
      return (message as unknown as { codec: number }).codec;
    };
    expect([codecOf('sleep_mode', 1), codecOf('obd_vin', 'X'), codecOf('can_program', 7)]).toEqual([0x08, 0x8e, 0x08]);
    expect([codecOf('freq_1', 7), codecOf('event_code', 385), codecOf('generation_type', 5)]).toEqual([
      0x8e, 0x8e, 0x10,
    ]);
  });

  test('many records go into several frames, in order', () => {
    const records = Array.from({ length: 60 }, (_, i) =>
      new UpdateBuilder().set('sleep_mode', i).build(receivedAt + i),
    );
    const messages = teltonika.fromUpdates(records, tcp);
    const back = messages.flatMap((message) => updatesOf(teltonika.encode(message, tcp)));
    expect(messages.length).toBeGreaterThan(1);
    expect(back.map((each) => fieldValue(each, 'sleep_mode'))).toEqual(records.map((_, i) => i));
  });
});

test('explain names elements', () => {
  const lines = teltonika
    .explain(teltonika.decode(avlFrame(0x10, { generation: 5, two: [[66, 12_345]] }), tcp), tcp)
    .join('\n');
  expect(lines).toContain('element 66 (board_voltage), 2 bytes: 12345');
  expect(lines).toContain('on change');
});
