/**
 * Teltonika commands: what goes to the unit, what comes back, and what a virtual unit makes of both.
 */
import { describe, expect, test } from 'vitest';
import type { Downlink } from '../../simulators/behavior.js';
import { teltonikaBehavior } from '../../simulators/behaviors/teltonika.js';
import { DownlinkReader } from '../../simulators/downlink-reader.js';
import type { Command } from '../../src/domain/command.js';
import { teltonika } from '../../src/protocols/teltonika/index.js';
import { codeOf } from '../support/codes.js';
import { frameChunks, hexOf, singleBytes } from '../support/framing.js';
import {
  avlFrame,
  commandData,
  decodeCommand,
  frameOf,
  imei,
  receivedAt,
  tcp,
  updatesOf,
  valuesOf,
} from './teltonika-frames.js';

const bcd = Buffer.from(`0${imei}`, 'hex');
const seconds = Buffer.from('695661c0', 'hex');

function command(codec: number, type: number, value: Buffer | string, size?: number): Buffer {
  return frameOf(commandData(codec, type, Buffer.from(value as string), size));
}

function sent(what: Command): Buffer {
  return teltonika.encodeCommand(what, 1, tcp);
}

describe('a command to the unit', () => {
  test('is a frame of codec 12 and type 5', () => {
    expect(sent({ kind: 'text', text: 'getinfo' })).toEqual(command(0x0c, 5, 'getinfo'));
    expect(sent({ kind: 'raw', bytes: Buffer.of(1, 0x80, 0xff) })).toEqual(command(0x0c, 5, Buffer.of(1, 0x80, 0xff)));
    expect(sent({ kind: 'position' })).toEqual(command(0x0c, 5, 'getgps'));
  });

  test.each([
    [1, true, 'setdigout 1'],
    [1, false, 'setdigout 0'],
    [2, true, 'setdigout ?1'],
    [3, false, 'setdigout ??0'],
  ])('output %i %s: %s', (output, enable, text) => {
    expect(sent({ kind: 'output', output, enable })).toEqual(command(0x0c, 5, text));
  });

  test.each([0, 5, -1, 1.5, Number.NaN])('output %d there is none', (output) => {
    expect(codeOf(() => sent({ kind: 'output', output, enable: true }))).toBe('unsupported_command');
  });

  test.each(['', '   ', 'größer', 'x'.repeat(513), 'a\0b'])('%j is no text for it', (text) => {
    expect(codeOf(() => sent({ kind: 'text', text }))).toBe('command_text');
  });

  test('512 characters are taken', () => {
    expect(sent({ kind: 'text', text: 'x'.repeat(512) })).toHaveLength(532);
  });

  test.each([0, 1025])('%i raw bytes are refused', (count) => {
    expect(codeOf(() => sent({ kind: 'raw', bytes: Buffer.alloc(count) }))).toBe('command_text');
  });
});

describe('an answer', () => {
  const reply = (frame: Buffer) => teltonika.matchReply(teltonika.decode(frame, tcp), 1, tcp);

  test.each([
    ['codec 12', command(0x0c, 6, 'DO1:1\r\n'), { text: 'DO1:1', ok: true }],
    ['codec 12, bytes', command(0x0c, 6, Buffer.of(0, 0xab)), { text: '00AB', ok: true }],
    ['codec 12, nothing', command(0x0c, 6, ''), { text: '', ok: true }],
    ['codec 14', command(0x0e, 6, Buffer.concat([bcd, Buffer.from('Ver:1')])), { text: 'Ver:1', ok: true }],
    ['codec 14, refusal', command(0x0e, 0x11, bcd), { text: 'refused: the IMEI is not that of the unit', ok: false }],
  ])('%s', (_, frame, expected) => {
    expect(reply(frame)).toEqual(expected);
  });

  test.each([
    ['a command', command(0x0c, 5, 'getinfo')],
    ['codec 13', command(0x0d, 6, Buffer.concat([seconds, Buffer.from('OK')]))],
    ['codec 15', command(0x0f, 0x0b, Buffer.concat([seconds, bcd, Buffer.from('OK')]))],
    ['records', avlFrame(0x08, {})],
  ])('%s is none', (_, frame) => {
    expect(reply(frame)).toBeUndefined();
  });

  test('is a record of its own, dated by its receipt', () => {
    expect(updatesOf(command(0x0c, 6, 'OK'))).toEqual([
      { at: receivedAt, timed: false, backlog: false, position: null, names: ['command_result'], values: ['OK'] },
    ]);
  });

  test('that tells where the unit is moves it there', () => {
    const text = 'GPS:1 Sat:7 Lat:54.714730 Long:-25.303058 Alt:147 Speed:9 Dir:77 Date: 2026/6/6 Time: 7:8:9\r\n';
    const frame = command(0x0c, 6, text);
    const position = {
      lat: 54.71473,
      lng: -25.303058,
      valid: true,
      speedKmh: 9,
      headingDeg: 77,
      altitudeM: 147,
      satellites: 7,
    };
    const expected = { at: Date.UTC(2026, 5, 6, 7, 8, 9), timed: true, position, values: [text.trim()] };
    const [update] = updatesOf(frame);
    expect(update).toMatchObject(expected);
    const again = teltonika.fromUpdates([update as never], tcp).map((each) => teltonika.encode(each, tcp));
    expect(again.flatMap((each) => updatesOf(each))).toEqual([update]);
  });

  test.each([
    ['without a fix', 'GPS:0 Sat:0 Lat:54.714730 Long:25.303058 Alt:0 Speed:0 Dir:0 Date: 2026/6/6 Time: 7:8:9'],
    ['at zero', 'GPS:1 Sat:7 Lat:0.000000 Long:0.000000 Alt:0 Speed:0 Dir:0 Date: 2026/6/6 Time: 7:8:9'],
    ['north of the pole', 'GPS:1 Sat:7 Lat:94.714730 Long:25.303058 Alt:0 Speed:0 Dir:0 Date: 2026/6/6 Time: 7:8:9'],
    ['without a date', 'GPS:1 Sat:7 Lat:54.714730 Long:25.303058 Alt:0 Speed:0 Dir:0'],
    [
      'in a thirteenth month',
      'GPS:1 Sat:7 Lat:54.714730 Long:25.303058 Alt:0 Speed:0 Dir:0 Date: 2026/13/6 Time: 7:8:9',
    ],
  ])('%s is text', (_, text) => {
    expect(updatesOf(command(0x0c, 6, text))).toMatchObject([{ at: receivedAt, timed: false, position: null }]);
  });

  test('with a time of its own is dated by that', () => {
    const [update] = updatesOf(command(0x0d, 6, Buffer.concat([seconds, Buffer.from('OK')])));
    expect(update).toMatchObject({ at: 1_767_268_800_000, timed: true });
  });
});

describe('codec 13', () => {
  const text = Buffer.from('HELLO');

  test.each([9, 5, 0, 77])('a size field of %i does not matter', (size) => {
    const frame = command(0x0d, 6, Buffer.concat([seconds, text]), size);
    expect(valuesOf(frame)).toEqual({ command_result: 'HELLO' });
    expect(teltonika.encode(decodeCommand(frame) as never, tcp).equals(frame)).toBe(true);
  });
});

describe('other frames of the command codecs', () => {
  test('serial data of codec 15 carry the IMEI', () => {
    const frame = command(0x0f, 0x0b, Buffer.concat([seconds, bcd, Buffer.from('Hello!\n')]));
    expect(valuesOf(frame)).toEqual({ imei, rs232_1: 'Hello!' });
    expect(teltonika.identify(teltonika.decode(frame, tcp), tcp)).toBeUndefined();
  });

  test.each([
    [Buffer.from('0100000007', 'hex'), { photo_id: 7 }],
    [Buffer.from('010000000700005000', 'hex'), { photo_id: 7, photo_size: 20_480 }],
    [Buffer.from('0200000007000008000002ffd8', 'hex'), { photo_id: 7, photo_offset: 2048, photo_data: 'FFD8' }],
    [Buffer.from('0901', 'hex'), { photo_data: '0901' }],
  ])('camera %#', (payload, expected) => {
    expect(valuesOf(command(0x0c, 0x0d, payload))).toEqual(expected);
  });

  test.each([
    ['size too large', command(0x0c, 6, 'OK', 3), 'truncated'],
    ['size too small', command(0x0c, 6, 'OK', 1), 'trailing_bytes'],
    ['no room for an IMEI', command(0x0e, 6, Buffer.alloc(4)), 'truncated'],
    ['nothing at all', frameOf(Buffer.of(0x0c)), 'truncated'],
  ])('%s', (_, frame, code) => {
    expect(codeOf(() => teltonika.decode(frame, tcp))).toBe(code);
  });
});

describe('a virtual unit', () => {
  const create = (transport: 'tcp' | 'udp' = 'tcp') => teltonikaBehavior.create({ deviceId: imei, transport });
  const heard = (unit: ReturnType<typeof create>, bytes: Buffer) => {
    const downlinks: Downlink[] = [];
    const faults: string[] = [];
    const reader = new DownlinkReader(unit, false);
    for (const chunk of singleBytes(bytes)) {
      reader.feed(chunk, {
        read: (downlink) => downlinks.push(downlink) > 0,
        fault: (code) => faults.push(code),
      });
    }
    expect(faults).toEqual([]);
    return downlinks;
  };

  test('reads login answers, counts and commands from one stream', () => {
    const unit = create();
    unit.login();
    const stream = Buffer.concat([
      Buffer.from('0100000019', 'hex'),
      sent({ kind: 'text', text: 'getver' }),
      Buffer.from('00000001', 'hex'),
    ]);
    expect(heard(unit, stream)).toEqual([
      { kind: 'login', accepted: true },
      { kind: 'ack', records: 25, tag: undefined },
      { kind: 'command', text: 'getver', reference: 12 },
      { kind: 'ack', records: 1, tag: undefined },
    ]);
  });

  test('is refused by a zero while it logs in', () => {
    const unit = create();
    unit.login();
    expect(heard(unit, Buffer.of(0))).toEqual([{ kind: 'login', accepted: false }]);
  });

  test('a count of none is no command', () => {
    expect(heard(create(), Buffer.from('0000000000000002000000', 'hex'))).toEqual([
      { kind: 'ack', records: 0, tag: undefined },
      { kind: 'ack', records: 2, tag: undefined },
    ]);
  });

  test('answers in the codec of the command, and refuses what is meant for another', () => {
    const unit = create();
    const other = Buffer.from('0356307042441021', 'hex');
    for (const [id, type, value] of [
      [bcd, 6, 'all is well'],
      [other, 0x11, ''],
    ] as const) {
      const [downlink] = heard(unit, command(0x0e, 5, Buffer.concat([id, Buffer.from('getver')])));
      expect(downlink).toMatchObject({ kind: 'command', text: 'getver' });
      const reference = (downlink as { reference: number }).reference;
      expect(unit.answer('all is well', reference)).toEqual(
        command(0x0e, type, Buffer.concat([bcd, Buffer.from(value)])),
      );
    }
  });

  test('confirms outputs in words', () => {
    const answer = create().answer('setdigout 1? 60 0', 12) as Buffer;
    expect(valuesOf(answer)).toEqual({ command_result: 'DOUTS are set to:1? TMOs are: 60 0' });
  });

  test('on UDP takes acknowledgements with any packet id', () => {
    const unit = create('udp');
    expect(unit.login()).toBeUndefined();
    const update = { at: receivedAt, timed: true, backlog: false, position: null, names: ['ignition'], values: [true] };
    const { bytes, tag } = unit.pack([update]);
    expect(bytes.subarray(8, 23).toString()).toBe(imei);
    for (const packet of ['0000', bytes.toString('hex', 2, 4)]) {
      const ack = Buffer.from(`0005${packet}01${bytes.toString('hex', 5, 6)}01`, 'hex');
      const { frames } = frameChunks(unit.downlinkFramer(), [ack]);
      expect(hexOf(frames)).toEqual([ack.toString('hex')]);
      expect(unit.readDownlink(ack)).toEqual({ kind: 'ack', records: 1, tag });
    }
  });
});
