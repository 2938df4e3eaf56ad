/** The outward form of a record, and back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyMessageJson, type MessageJson, messageJson, updateFrom } from '../../src/domain/message-json.js';
import { type FieldValue, type StateUpdate, UpdateBuilder } from '../../src/domain/update.js';
import { fix, sampleTime } from '../support/arbitraries.js';

function record(values: readonly (readonly [string, FieldValue])[], at = 0): StateUpdate {
  const builder = new UpdateBuilder();
  for (const [name, value] of values) builder.set(name, value);
  return builder.build(at);
}

/** Names with values, in no order. */
function named(update: StateUpdate): Map<string, FieldValue> {
  return new Map(update.names.map((name, i) => [name, update.values[i] as FieldValue]));
}

describe('message JSON', () => {
  test('everything has its place', () => {
    const json = messageJson(
      record([
        ['board_voltage', 12.5],
        ['ignition', true],
        ['input_2', true],
        ['input_4', false],
        ['output_1', true],
        ['gsm_signal_level', 60],
        ['gsm_network_code', '24602'],
        ['battery_level', 80],
        ['alarm', 'sos'],
        ['gsm_cells', [{ mcc: 246, mnc: 2, lac: 1, cid: 2 }]],
      ]),
      '42',
    );
    expect(json).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      deviceId: '42',
      position: null,
      readings: { board_voltage: 12.5 },
      inputs: [null, true, null, false],
      outputs: [true],
      states: { ignition: true, alarm: 'sos' },
      gsm: { signal_level: 60, network_code: '24602', cells: [{ mcc: 246, mnc: 2, lac: 1, cid: 2 }] },
      battery_level: 80,
    });
  });

  test('a position without some of its parts', () => {
    const update = new UpdateBuilder().build(0, {
      position: {
        lat: 1,
        lng: 2,
        valid: false,
        speedKmh: undefined,
        headingDeg: 0,
        altitudeM: undefined,
        satellites: 0,
      },
    });
    expect(messageJson(update, undefined).position).toStrictEqual({
      lat: 1,
      lng: 2,
      valid: false,
      heading: 0,
      satellites: 0,
    });
  });

  test('a message without a record', () => {
    expect(emptyMessageJson('7')).toMatchObject({ time: null, deviceId: '7', position: null, inputs: [] });
    expect(emptyMessageJson(undefined).deviceId).toBeNull();
  });

  test('comes back the same through text', () => {
    const name = fc.oneof(
      fc.constantFrom(
        'hdop',
        'ignition',
        'gsm_x',
        'gsm_',
        'battery_level',
        'output_0',
        'inputs_1',
        '__proto__',
        'constructor',
        'toString',
        '',
      ),
      fc.string({ maxLength: 12 }),
    );
    const value = fc.oneof(
      fc.boolean(),
      fc.string({ maxLength: 8 }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0),
      fc.array(fc.record({ mac: fc.string(), signal: fc.integer() }), { maxLength: 2 }),
    );
    const line = fc
      .tuple(fc.constantFrom('input', 'output'), fc.integer({ min: 1, max: 32 }))
      .map(([kind, n]) => `${kind}_${n}`);
    const pairs = fc.array(fc.oneof(fc.tuple(name, value), fc.tuple(line, fc.boolean()), fc.tuple(line, value)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(sampleTime, fc.option(fix), pairs, (at, position, values) => {
        const update: StateUpdate = { ...record(values, at), position };
        const json = JSON.parse(JSON.stringify(messageJson(update, 'u'))) as MessageJson;
        const back = updateFrom(json, 0);
        expect(back.at).toBe(at);
        expect(back.position).toEqual(position);
        expect(named(back)).toEqual(named(update));
      }),
    );
  });

  test('an input beyond the last, or with a value that is no flag, is a name like any other', () => {
    const json = messageJson(
      record([
        ['input_99999', true],
        ['input_33', false],
        ['output_1', 5],
        ['input_32', true],
      ]),
      'u',
    );
    expect(json.inputs).toHaveLength(32);
    expect(json.outputs).toEqual([]);
    expect(json.states).toEqual({ input_99999: true, input_33: false });
    expect(json.readings).toEqual({ output_1: 5 });
  });

  test('a name such as __proto__ changes no object', () => {
    const json = messageJson(
      record([
        ['__proto__', 5],
        ['gsm___proto__', true],
      ]),
      'u',
    );
    expect(Object.getPrototypeOf(json.readings)).toBe(Object.prototype);
    expect(JSON.stringify(json)).toContain('"readings":{"__proto__":5}');
    expect(Object.keys(json.gsm)).toEqual(['__proto__']);
  });

  test('a message without a time is dated by its receipt', () => {
    expect(updateFrom({}, 77)).toMatchObject({ at: 77, timed: false, position: null, names: [] });
    expect(updateFrom({ time: '2026-01-01T00:00:00.000Z' }, 77)).toMatchObject({
      at: Date.UTC(2026, 0, 1),
      timed: true,
    });
  });
});
