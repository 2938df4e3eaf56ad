import { describe, expect, it } from 'vitest';
import type { Behavior } from '../../simulators/behavior.js';
import { gt06Behavior } from '../../simulators/behaviors/gt06.js';
import { isImei } from '../../src/domain/unit-id.js';
import { type FieldValue, fieldValue, type StateUpdate } from '../../src/domain/update.js';
import type { Gt06Message } from '../../src/protocols/gt06/index.js';
import { gt06 } from '../../src/protocols/gt06/index.js';
import { contextOf, fixAt, longFrame, shortFrame } from './gt06-frames.js';

const deviceId = '861234567890123';
const context = contextOf();
const unit = (): Behavior => gt06Behavior.create({ deviceId, transport: 'tcp' });
const read = (bytes: Buffer | undefined): Gt06Message => gt06.decode(bytes as Buffer, context) as Gt06Message;

function record(
  values: Record<string, FieldValue> = { ignition: true },
  changes: Partial<StateUpdate> = {},
): StateUpdate {
  return {
    at: fixAt,
    timed: true,
    backlog: false,
    position: {
      lat: -33.44889,
      lng: -70.66927,
      valid: true,
      speedKmh: 12.4,
      headingDeg: 90.2,
      altitudeM: 520,
      satellites: 9,
    },
    names: Object.keys(values),
    values: Object.values(values),
    ...changes,
  };
}

describe('what a virtual unit sends', () => {
  it('logs in with its IMEI, and counts its frames from 1', () => {
    const behavior = unit();
    expect(read(behavior.login())).toMatchObject({ type: 'login', serial: 1, content: { loginId: `0${deviceId}` } });
    expect(read(behavior.heartbeat()).serial).toBe(2);
    const { tag, records, bytes } = behavior.pack([record()]);
    expect([tag, records, read(bytes).serial]).toEqual([3, 1, 3]);
  });

  it('serial numbers go round from 65535 to 1', () => {
    const behavior = unit();
    for (let i = 0; i < 65_535; i++) behavior.pack([record()]);
    expect(behavior.pack([record()]).tag).toBe(1);
  });

  it.each<[string, Record<string, FieldValue>]>([
    ['22', { ignition: true }],
    ['12', {}],
    ['26', { ignition: true, event_code: 3 }],
    ['a0', { ignition: true, gsm_cell_id: 27_440_068 }],
    ['a0', { ignition: true, gsm_lac: 70_000 }],
  ])('a record goes as 0x%s', (layout, values) => {
    const message = read(unit().pack([record(values)]).bytes);
    expect(message.layout).toBe(layout);
    expect(gt06.toUpdates(message, context)[0]).toMatchObject({
      at: fixAt,
      position: { lat: -33.44889, speedKmh: 12, headingDeg: 90 },
    });
  });

  it('a record from memory is marked as such', () => {
    const message = read(unit().pack([record({ ignition: false }, { backlog: true })]).bytes);
    expect(gt06.toUpdates(message, context)[0]).toMatchObject({ backlog: true });
  });

  it('the heartbeat shows the relay and the levels of the last live record', () => {
    const behavior = unit();
    const status = () => gt06.toUpdates(read(behavior.heartbeat()), context)[0]!;
    expect(fieldValue(status(), 'battery_level')).toBeUndefined();
    behavior.pack([
      record({ ignition: true, output_1: true, battery_level: 66, gsm_signal_level: 80, charging_status: true }),
    ]);
    behavior.pack([record({ ignition: false, output_1: false }, { backlog: true })]);
    const seen = status();
    expect(
      ['output_1', 'engine_blocked', 'battery_level', 'gsm_signal_level', 'ignition'].map((name) =>
        fieldValue(seen, name),
      ),
    ).toEqual([true, true, 67, 75, true]);
  });

  it('identities are IMEIs', () => {
    expect([0, 1, 4711].map((n) => isImei(gt06Behavior.deviceId(n)))).toEqual([true, true, true]);
  });

  it('nothing to pack is nothing', () => {
    expect(unit().pack([])).toMatchObject({ records: 0, tag: undefined });
  });
});

describe('what it makes of the server', () => {
  it.each([
    ['login', shortFrame(0x01, ''), { kind: 'login', accepted: true }],
    ['location', shortFrame(0x22, '', 9), { kind: 'ack', records: undefined, tag: 9 }],
    ['location in the long form', longFrame(0xa0, '', 9), { kind: 'ack', records: undefined, tag: 9 }],
    ['alarm', shortFrame(0x26, '', 9), { kind: 'ack', records: undefined, tag: 9 }],
    ['heartbeat', shortFrame(0x13, ''), { kind: 'heartbeat' }],
    ['something else', shortFrame(0x94, ''), { kind: 'other' }],
    ['time', shortFrame(0x8a, '180511082238'), { kind: 'other' }],
    [
      'command',
      shortFrame(0x80, '0c 00000a01 52454c41592c3123 0002'),
      { kind: 'command', text: 'RELAY,1', reference: 0xa01 },
    ],
    [
      'command without language',
      shortFrame(0x80, '08 00000007 736f7323'),
      { kind: 'command', text: 'sos', reference: 7 },
    ],
  ] as const)('%s', (_, frame, downlink) => expect(unit().readDownlink(frame)).toEqual(downlink));

  it.each([
    ['RELAY,1', 'Cut off the fuel supply: Success!'],
    ['RELAY,0#', 'Restore fuel supply: Success!'],
    ['DYD,000000', 'DYD=Success!'],
    ['HFYD,000000', 'HFYD=Success!'],
    ['TIMER,10,180', 'OK!'],
    ['WHERE', 'No data!'],
    ['anything', 'anything'],
  ])('%s is answered', (text, answer) => {
    const reply = unit().answer(text, 77)!;
    expect(gt06.matchReply(read(reply), 77, context)).toEqual({ text: answer, ok: true });
  });

  it('tells where it is', () => {
    const behavior = unit();
    behavior.pack([record()]);
    const message = read(behavior.answer('WHERE', 5));
    expect(message.layout).toBe('15');
    expect(gt06.toUpdates(message, context)[0]).toMatchObject({
      at: fixAt,
      position: { lat: -33.44889, lng: -70.66927, speedKmh: 12.4 },
    });
  });

  it('long answers go in the long form', () => {
    const text = 'x'.repeat(400);
    const message = read(unit().answer(text, 5));
    expect([message.layout, message.form]).toEqual(['21', 'long']);
    expect(gt06.matchReply(message, 5, context)).toEqual({ text, ok: true });
  });
});
