import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wialonIpsBehavior } from '../../simulators/behaviors/wialon-ips.js';
import { type FieldValue, type StateUpdate, UpdateBuilder } from '../../src/domain/update.js';
import type { DecodeContext } from '../../src/protocols/protocol.js';
import { wialonIps } from '../../src/protocols/wialon-ips/index.js';
import { fixRecord, recordBatch } from '../support/arbitraries.js';
import { contextAfter, vectorsOf, writtenUpdate } from '../support/fixtures.js';
import { frameChunks } from '../support/framing.js';

const receivedAt = Date.UTC(2025, 11, 14, 12);
const contextOf = (session = '', transport: 'tcp' | 'udp' = 'tcp'): DecodeContext => ({
  transport,
  receivedAt,
  deviceId: '867273030000017',
  model: 'wialon_ips',
  session,
});

function recordsOf(bytes: Buffer, context: DecodeContext): StateUpdate[] {
  return wialonIps.toUpdates(wialonIps.decode(bytes, context), context);
}

/** Records once they have been to the wire and back. */
function sentAndRead(updates: readonly StateUpdate[], context: DecodeContext): StateUpdate[] {
  const frames = wialonIps.fromUpdates(updates, context).map((message) => wialonIps.encode(message, context));
  return frames.flatMap((frame) => recordsOf(frame, context));
}

function recordWith(values: Record<string, FieldValue>, at = Date.UTC(2025, 10, 14)): StateUpdate {
  const builder = new UpdateBuilder();
  for (const [name, value] of Object.entries(values)) builder.set(name, value);
  return builder.build(at);
}

const valuesOf = (update: StateUpdate | undefined) => (update === undefined ? undefined : writtenUpdate(update).values);

describe('records to lines and back', () => {
  const versions = ['1.1', '2.0', '2.1'];

  it.each(versions)('come back as they were, in sessions of %s', (version) => {
    fc.assert(
      fc.property(fixRecord, fc.constantFrom('tcp' as const, 'udp' as const), (update, transport) => {
        const context = contextOf(version, transport);
        expect(sentAndRead([update], context).map(writtenUpdate)).toEqual([writtenUpdate(update)]);
      }),
    );
  });

  it('keep milliseconds in 2.1 and whole seconds before', () => {
    const at = Date.UTC(2025, 10, 14, 10, 15, 30, 250);
    expect(sentAndRead([recordWith({ ignition: true }, at)], contextOf('2.1'))[0]?.at).toBe(at);
    expect(sentAndRead([recordWith({ ignition: true }, at)], contextOf('2.0'))[0]?.at).toBe(at - 250);
  });

  it('put runs of records from memory into black boxes, in order', () => {
    fc.assert(
      fc.property(recordBatch(12), fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (batch, backlog) => {
        const updates = batch.map((update, i) => ({ ...update, backlog: backlog[i] === true }));
        const messages = wialonIps.fromUpdates(updates, contextOf('2.0'));
        expect(messages.every(({ type }, i) => type !== 'black_box' || messages[i + 1]?.type !== 'black_box')).toBe(
          true,
        );
        expect(sentAndRead(updates, contextOf('2.0')).map(({ at, backlog: kept }) => [at, kept])).toEqual(
          updates.map(({ at, backlog: kept }) => [at, kept]),
        );
      }),
    );
  });

  it('put at most a hundred records and 32 KiB into one black box', () => {
    const small = Array.from({ length: 250 }, (_, i) => ({
      ...recordWith({ ignition: true }, receivedAt + i * 1000),
      backlog: true,
    }));
    expect(sentAndRead(small, contextOf('2.0'))).toHaveLength(250);
    expect(wialonIps.fromUpdates(small, contextOf('2.0'))).toHaveLength(3);
    const large = small.map((update) => ({ ...update, names: ['status'], values: ['x'.repeat(1000)] }));
    const frames = wialonIps
      .fromUpdates(large, contextOf('2.0'))
      .map((message) => wialonIps.encode(message, contextOf('2.0')));
    expect(Math.max(...frames.map(({ length }) => length))).toBeLessThanOrEqual(32_768);
    expect(sentAndRead(large, contextOf('2.0'))).toHaveLength(250);
  });

  it('of the vectors carry every value again', () => {
    for (const vector of vectorsOf('wialon-ips').filter(({ updates }) => (updates ?? []).length > 0)) {
      const message = wialonIps.decode(vector.bytes, vector.context);
      const context = contextAfter(wialonIps, message, vector.context);
      const first = wialonIps
        .toUpdates(message, context)
        .filter(({ names }) => !names.some((name) => /^(image|tacho)_/.test(name)));
      const again = sentAndRead(first, context);
      for (const [i, update] of first.entries()) {
        const { values, position, timed } = writtenUpdate(again[i] as StateUpdate);
        expect(values, vector.title).toEqual(writtenUpdate(update).values);
        expect(position, vector.title).toEqual(writtenUpdate(update).position);
        expect(timed, vector.title).toBe(update.timed);
      }
    }
  });
});

describe('what a line can say', () => {
  it.each<[string, Record<string, FieldValue>]>([
    ['inputs and outputs', { input_1: false, input_2: true, output_1: false, output_2: false, output_3: true }],
    ['inputs that are off', { input_1: true, input_2: false, input_3: false, output_1: false, output_2: false }],
    ['inputs with a gap', { input_1: true, input_3: true, output_2: false }],
    ['analog values without a gap', { analog_1: 13.82, analog_2: 0 }],
    ['analog values with a gap', { analog_1: 13.82, analog_3: 0.41 }],
    ['a key', { hardware_key: '01A2B3C4D5' }],
    ['flags', { ignition: true, moving: false, charging_status: true, obd_mil_status: false }],
    [
      'readings',
      { obd_rpm: 2150, can_mileage: 140_367.5, fuel_level: 47.5, temp_sensor: -12.25, ext_temp_sensor_3: -0.5 },
    ],
    ['small and large numbers', { fuel_level: 0.000001, hw_mileage: 123_456_789.123, ble_beacons_seen: 1e15 }],
    [
      'texts',
      { gsm_network_code: '24602', obd_vin: 'WDB9634031L738112', obd_dtc_codes: 'P0123 P0420', text: 'door: open' },
    ],
    ['open names', { 'x.y': 1, Батарея: '100 %', on_ramp: true, off_ramp: false }],
    ['panic', { sos: true, alarm: 'sos' }],
    ['no panic', { sos: false }],
    ['another alarm', { sos: true, alarm: 'power_cut' }],
    [
      'a cell',
      {
        gsm_mcc: 262,
        gsm_mnc: 2,
        gsm_lac: 17,
        gsm_cell_id: 4711,
        gsm_cells: [{ mcc: 262, mnc: 2, lac: 17, cid: 4711 }],
      },
    ],
    [
      'cells without a place',
      {
        gsm_mcc: 262,
        gsm_mnc: 2,
        gsm_cells: [
          { mcc: 262, mnc: 2 },
          { mcc: 262, mnc: 3, lac: 9, cid: 8 },
        ],
      },
    ],
    ['part of a cell', { gsm_mcc: 262, gsm_mnc: 2 }],
    [
      'access points',
      { wifi_access_points: [{ mac: '00:1a:2b:3c:4d:5e', signal: -67 }, { mac: '00:1a:2b:3c:4d:5f' }] },
    ],
    [
      'names that are aliases elsewhere',
      { battery_level: 95, board_voltage: 12.6, battery_voltage: 4.1, precision: 4.5 },
    ],
  ])('%s', (_what, values) => {
    const back = sentAndRead([recordWith(values)], contextOf('2.0'))[0];
    expect(valuesOf(back)).toEqual(values);
  });

  it('replaces what would break the line', () => {
    const back = sentAndRead([recordWith({ status: 'a,b;c|d#e\r\nf', hardware_key: 'x;y' })], contextOf('2.0'))[0];
    expect(valuesOf(back)).toEqual({ status: 'a b c d e f', hardware_key: 'x y' });
  });

  it('leaves out what cannot be said', () => {
    const back = sentAndRead(
      [recordWith({ 'a b': 1, ble_beacons: [{ id: 'x' }], obd_rpm: Number.NaN, obd_speed: 7 })],
      contextOf(),
    )[0];
    expect(valuesOf(back)).toEqual({ obd_speed: 7 });
  });

  it('sends no coordinates that nobody vouches for', () => {
    const stale = {
      lat: 51.5,
      lng: 7.25,
      valid: false,
      speedKmh: 0,
      headingDeg: undefined,
      altitudeM: undefined,
      satellites: 8,
    };
    const back = sentAndRead([new UpdateBuilder().build(receivedAt, { position: stale })], contextOf())[0];
    expect(back?.position).toMatchObject({ lat: null, lng: null, valid: false, satellites: 8 });
    const told = sentAndRead(
      [new UpdateBuilder().build(receivedAt, { position: { ...stale, satellites: 2 } })],
      contextOf(),
    )[0];
    expect(told?.position).toMatchObject({ lat: 51.5, lng: 7.25, valid: false, satellites: 2 });
  });

  it('sends a fix with few satellites without their number', () => {
    const odd = { lat: 51.5, lng: 7.25, valid: true, speedKmh: 3, headingDeg: 1, altitudeM: 2, satellites: 0 };
    const back = sentAndRead([new UpdateBuilder().build(receivedAt, { position: odd })], contextOf())[0];
    expect(back?.position).toEqual({ ...odd, satellites: undefined });
  });
});

describe('masks', () => {
  const mask = (inputs: number) => Buffer.from(`#D#141125;101600;NA;NA;NA;NA;NA;NA;NA;NA;NA;${inputs};NA;;NA;NA\r\n`);
  const names = (update: StateUpdate | undefined) => update?.names.join(' ');

  it('end at their highest bit, but not before one that the session has seen', () => {
    const before = contextOf('2.0/1/0');
    const context = { ...before, session: '1.1' };
    expect(names(recordsOf(mask(0), context)[0])).toBe('input_1');
    const message = wialonIps.decode(mask(4), context);
    const session = wialonIps.nextSession?.(message, context) ?? '';
    expect(session).toBe('1.1/3/0');
    const later = recordsOf(mask(0), { ...context, session })[0] as StateUpdate;
    expect(names(later)).toBe('input_1 input_2 input_3');
    expect(valuesOf(later)?.input_3).toBe(false);
  });

  it('of one sender are not those of another on the same connection', () => {
    const line = (id: string, inputs: number) => Buffer.concat([Buffer.from(id), mask(inputs)]);
    const first = contextOf('', 'udp');
    const session = wialonIps.nextSession?.(wialonIps.decode(line('van-7', 8), first), first) ?? '';
    expect(session).toBe('1.1/4/0/van-7');
    const context = { ...first, session };
    expect(names(recordsOf(line('van-7', 1), context)[0])).toBe('input_1 input_2 input_3 input_4');
    expect(names(recordsOf(line('van-8', 1), context)[0])).toBe('input_1');
    expect(wialonIps.nextSession?.(wialonIps.decode(line('van-8', 1), context), context)).toBe('1.1');
  });

  it('give the same records when the kept frame is decoded again', () => {
    const frame = Buffer.from(
      '#B#141125;101600;NA;NA;NA;NA;NA;NA;NA;NA;NA;4;NA;;NA;NA|141125;101601;NA;NA;NA;NA;NA;NA;NA;NA;NA;1;NA;;NA;NA\r\n',
    );
    const context = contextOf('1.1');
    const message = wialonIps.decode(frame, context);
    const kept = { ...context, session: wialonIps.nextSession?.(message, context) ?? '' };
    expect(wialonIps.toUpdates(message, kept)).toEqual(recordsOf(frame, kept));
    expect(names(recordsOf(frame, context)[1])).toBe('input_1 input_2 input_3');
  });
});

describe('hostile parameters', () => {
  it('cost time in proportion to their number', () => {
    const list = Array.from({ length: 3500 }, (_, i) => `p${i}:1:1`).join(',');
    const frame = Buffer.from(`#D#141125;101600;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;;NA;${list}\r\n`);
    const [update] = recordsOf(frame, contextOf());
    expect(update?.names).toHaveLength(3500);
    expect(new Set(update?.names).size).toBe(3500);
  });

  it('may have the names of built-in properties', () => {
    const frame = Buffer.from(
      '#D#141125;101600;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;;NA;__proto__:3:x,constructor:1:7,toString:1:1\r\n',
    );
    const [update] = recordsOf(frame, contextOf());
    expect(update?.names).toEqual(['__proto__', 'constructor', 'toString']);
  });
});

describe('virtual unit', () => {
  const unit = wialonIpsBehavior.create({ deviceId: '867273030000017', transport: 'tcp' });
  const read = (text: string) => {
    const { frames } = frameChunks(unit.downlinkFramer(), [Buffer.from(text)]);
    return frames.map((frame) => unit.readDownlink(frame));
  };

  it('logs in with a checksum over TCP, and names itself over UDP', () => {
    const login = wialonIps.decode(unit.login() as Buffer, contextOf());
    expect(wialonIps.identify(login, contextOf())).toEqual({ deviceId: '867273030000017' });
    const udp = wialonIpsBehavior.create({ deviceId: '867273030000017', transport: 'udp' });
    expect(udp.login()).toBeUndefined();
    expect(udp.heartbeat()?.toString()).toBe('2.1;867273030000017#P#\r\n');
    expect(unit.heartbeat()?.toString()).toBe('#P#\r\n');
  });

  it('sends one live record as data and more as a black box', () => {
    const [update] = fc.sample(fixRecord, { numRuns: 1, seed: 1 }) as [StateUpdate];
    const one = unit.pack([update]);
    expect([one.records, wialonIps.decode(one.bytes, contextOf('2.1')).type]).toEqual([1, 'data']);
    const two = unit.pack([update, update]);
    expect([two.records, wialonIps.decode(two.bytes, contextOf('2.1')).type]).toEqual([2, 'black_box']);
    expect(unit.pack([{ ...update, backlog: true }]).bytes.toString()).toMatch(/^#B#/);
  });

  it.each<[string, object]>([
    ['#AL#1\r\n', { kind: 'login', accepted: true }],
    ['#AL#01\r\n', { kind: 'login', accepted: false }],
    ['#ASD#1\r\n', { kind: 'ack', records: undefined, tag: undefined }],
    ['#AD#1\r\n', { kind: 'ack', records: undefined, tag: undefined }],
    ['#AD#-1\r\n', { kind: 'ack', records: 0, tag: undefined }],
    ['#AB#17\r\n', { kind: 'ack', records: 17, tag: undefined }],
    ['#AB#\r\n', { kind: 'ack', records: 0, tag: undefined }],
    ['#AP#\r\n', { kind: 'heartbeat' }],
    ['#AM#1\r\n', { kind: 'other' }],
    ['#M#L1=1\r\n', { kind: 'command', text: 'L1=1', reference: 0 }],
    ['#M#Call dispatcher;5634\r\n', { kind: 'command', text: 'Call dispatcher', reference: 0 }],
    ['L1=1\r\n', { kind: 'command', text: 'L1=1', reference: 0 }],
    ['VER?\r\n', { kind: 'command', text: 'VER?', reference: 0 }],
    ['#QI#\r\n', { kind: 'other' }],
    ['#UC#3\r\nabc', { kind: 'other' }],
    ['#UC#x\r\n', { kind: 'other' }],
  ])('reads %j', (text, downlink) => {
    expect(read(text)).toEqual([downlink]);
  });

  it('answers a command with a message', () => {
    const bytes = unit.answer('output 1\r\non', 0) as Buffer;
    expect(wialonIps.matchReply(wialonIps.decode(bytes, contextOf('2.1')), 1, contextOf('2.1'))).toEqual({
      text: 'output 1 on',
      ok: true,
    });
  });

  it('has identities of its own', () => {
    const ids = Array.from({ length: 100 }, (_, n) => wialonIpsBehavior.deviceId(n));
    expect(new Set(ids).size).toBe(100);
    expect(ids.every((id) => /^\d{15}$/.test(id))).toBe(true);
  });
});
