import { describe, expect, it } from 'vitest';
import type { FieldValue, StateUpdate } from '../../src/domain/update.js';
import { gt06 } from '../../src/protocols/gt06/index.js';
import type { Gt06Message } from '../../src/protocols/gt06/message.js';
import type { DecodeContext } from '../../src/protocols/protocol.js';
import { codeOf } from '../support/codes.js';
import { cellHex, clockHex, contextOf, fixAt, gpsHex, longFrame, shortFrame } from './gt06-frames.js';

const head = clockHex + gpsHex;
/** 310-260, two bytes of MNC. */
const wideCellHex = '8136 0104 1a2b 0304d5';

function read(frame: Buffer, changes: Partial<DecodeContext> = {}): StateUpdate | undefined {
  const context = contextOf(changes);
  return gt06.toUpdates(gt06.decode(frame, context), context)[0];
}

function said(frame: Buffer, changes: Partial<DecodeContext> = {}): Record<string, FieldValue> {
  const update = read(frame, changes);
  return Object.fromEntries(update?.names.map((name, i) => [name, update.values[i] as FieldValue]) ?? []);
}

const layoutOf = (frame: Buffer): string => (gt06.decode(frame, contextOf()) as unknown as Gt06Message).layout;

describe('layouts taken for their length', () => {
  const other: [string, Buffer, string][] = [
    ['ACC tail, MNC of two bytes', shortFrame(0x12, `${head}${wideCellHex}0100`), '12'],
    ['mask, MNC of two bytes', shortFrame(0x12, `${head}${wideCellHex}c0`), '12'],
    ['IMEI before the time, but there is none', shortFrame(0x12, `${head}${cellHex}0102030405060708`), '12'],
    ['SEEWORLD, MNC of two bytes', shortFrame(0x22, `${head}${wideCellHex}010000${'00'.repeat(12)}`), '22'],
    ['R11 without its model', shortFrame(0x13, '0604ea0400'), '13'],
  ];
  it.each(other)('are left when the content is another: %s', (_, frame, layout) => {
    expect(layoutOf(frame)).toBe(layout);
    expect(gt06.encode(gt06.decode(frame, contextOf()), contextOf()).equals(frame)).toBe(true);
  });

  it('keep what the general layout does not name', () => {
    const frame = shortFrame(0x12, `${head}${wideCellHex}0100`);
    expect(said(frame)).toMatchObject({ gsm_network_code: '310260', raw_data: '0100' });
    expect(read(frame)).toMatchObject({ at: fixAt, position: { lat: 55.75222 } });
  });

  it('a message that no layout fits is refused', () => {
    expect(codeOf(() => gt06.decode(shortFrame(0x12, clockHex), contextOf()))).toBe('truncated');
    expect(codeOf(() => gt06.decode(shortFrame(0x22, clockHex), contextOf()))).toBe('truncated');
  });
});

describe('messages without a published layout', () => {
  it.each([0x14, 0x1b, 0x1f, 0x81, 0x82, 0x84, 0x8d, 0x90, 0x98, 0x9a, 0x9c])('0x%s is kept raw', (number) => {
    const frame = shortFrame(number, '0102ff', 7);
    expect(said(frame)).toEqual({ raw_data: '0102ff' });
    expect(gt06.reply(gt06.decode(frame, contextOf()), contextOf())?.[3]).toBe(number);
  });

  it('a number that nobody uses is none', () => {
    expect(codeOf(() => gt06.decode(shortFrame(0x77, '0102'), contextOf()))).toBe('unknown_message');
  });
});

describe('numbers out of range', () => {
  it('a network code that is none is kept as it is', () => {
    expect(said(shortFrame(0x12, `${head}3901cc1a2b0304d5`))).toMatchObject({ raw_data: '390100cc', gsm_lac: 0x1a2b });
  });

  it('a cell id beyond 2^53 keeps its digits', () => {
    const cell = '00fa 02 0000c350 ffffffffffffffff 010000';
    expect(said(shortFrame(0xa0, head + cell)).gsm_cells).toEqual([
      { mcc: 250, mnc: 2, lac: 50_000, cid: '18446744073709551615' },
    ]);
  });
});

describe('alarms of the VL models', () => {
  const alarm = (code: string, model: string) =>
    said(shortFrame(0x26, `${head}09${cellHex}460604${code}02`), { model });
  it.each([
    ['30', 'jimi_vl03', 'hard_braking'],
    ['30', 'concox_gt06n', 'jamming'],
    ['29', 'jimi_vl03', 'hard_acceleration'],
  ])('%s of %s is %s', (code, model, name) => {
    expect(alarm(code, model).alarm).toBe(name);
  });
});

describe('modular messages', () => {
  it('tell IMEI, subscriber and SIM', () => {
    const elements = '0001 0008 0353760100028218 0002 0008 0214074304421189 0003 000a 89340752000038689636';
    expect(said(longFrame(0x70, elements))).toEqual({
      imei: '353760100028218',
      imsi: '214074304421189',
      iccid: '89340752000038689636',
    });
  });

  it('the newest of several events has the name, the others are kept raw', () => {
    const elements = '0034 0006 23 65000000 00 0034 0007 21 65000001 01 7f';
    expect(said(longFrame(0x70, elements))).toMatchObject({
      event_code: 0x21,
      event_time: new Date(0x6500_0001 * 1000).toISOString(),
      event_data: '7f',
      raw_data: '236500000000',
    });
  });
});

describe('parameter dump', () => {
  it('tells relay and SIM', () => {
    const text = Buffer.from('ALM1=45;STA1=40;DYD=01;ICCID=8997103101008959042F;MODE=MODE,1,180;');
    const frame = longFrame(0x94, Buffer.concat([Buffer.of(4), text]));
    expect(said(frame)).toMatchObject({ output_1: true, iccid: '8997103101008959042', status: text.toString() });
  });
});

describe('decoded records that are encoded again', () => {
  /** Layout chosen for what `frame` says, and what comes back from it. */
  function again(frame: Buffer): { layout: string; before: StateUpdate; back: StateUpdate } {
    const context = contextOf();
    // A printed message has a time in any case.
    const before = { ...(read(frame) as StateUpdate), timed: true };
    const [message] = gt06.fromUpdates([before], context) as unknown as [Gt06Message];
    return { layout: message.layout, before, back: read(gt06.encode(message as never, context)) as StateUpdate };
  }

  const frames: [string, Buffer, string][] = [
    ['heartbeat', shortFrame(0x13, '46060400 02'), '13'],
    ['heartbeat with a class of alarm', shortFrame(0x13, '5e0604'), '13'],
    ['heartbeat in volts', shortFrame(0x23, 'c00122 04 0001'), '23'],
    ['location', shortFrame(0x22, `${head}${cellHex}010000 00bc614e`), '22'],
    ['location with altitude', shortFrame(0x31, `${head} 02d4000a c3c7 0dbdc415 010000 000003e8 02a6`), '31'],
    ['differential fix', shortFrame(0x22, `${gpsHead('3513')}${cellHex}000000`), '22'],
    ['alarm', shortFrame(0x26, `${head}09${cellHex}5806040102`), '26'],
    ['cells', shortFrame(0x28, `${clockHex}00fa02 ${`${cellHex.slice(-11)}3c`.repeat(7)}ff0002`), '28'],
    ['place and cells', longFrame(0x1e, `${head}00fa02 ${`${cellHex.slice(-11)}3c`.repeat(7)}ff0002`), '1e'],
  ];
  it.each(frames)('say the same: %s', (_, frame, layout) => {
    const { layout: chosen, before, back } = again(frame);
    expect(chosen).toBe(layout);
    for (const [i, name] of before.names.entries()) {
      expect([name, back.values[back.names.indexOf(name)]]).toEqual([name, before.values[i]]);
    }
    expect(back.position).toEqual(before.position);
  });

  it('nothing is made of what no layout can say', () => {
    const media = shortFrame(0x95, `${clockHex}90`);
    expect(gt06.fromUpdates([{ ...(read(media) as StateUpdate), timed: true }], contextOf())).toEqual([]);
  });

  function gpsHead(course: string): string {
    return clockHex + gpsHex.slice(0, -4) + course;
  }
});
