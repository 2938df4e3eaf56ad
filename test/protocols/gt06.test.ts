import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/domain/command.js';
import { gt06 } from '../../src/protocols/gt06/index.js';
import type { DecodeContext, LoginOutcome } from '../../src/protocols/protocol.js';
import { codeOf } from '../support/codes.js';
import { cellHex, clockHex, contextOf, gpsHex, longFrame, shortFrame, slowCrc } from './gt06-frames.js';

const context = contextOf();
const decode = (frame: Buffer, changes: Partial<DecodeContext> = {}) => gt06.decode(frame, contextOf(changes));
const replyTo = (frame: Buffer, changes: Partial<DecodeContext> = {}) =>
  gt06.reply(decode(frame, changes), contextOf(changes))?.toString('hex') ?? null;
const location = shortFrame(0x22, `${clockHex}${gpsHex}${cellHex}010000`, 0x1234);

describe('checksum', () => {
  it('is CRC-16/X-25', () => {
    expect(slowCrc(Buffer.from('123456789'))).toBe(0x906e);
    expect(gt06.encode(decode(location), context).equals(location)).toBe(true);
  });

  it('refuses every flipped bit between the marks and the end', () => {
    for (let bit = 16; bit < (location.length - 2) * 8; bit++) {
      const broken = Buffer.from(location);
      broken[bit >> 3]! ^= 1 << (bit & 7);
      expect([bit, codeOf(() => decode(broken))]).toEqual([bit, 'checksum']);
    }
  });

  it('is not forgiven in alarms and replies to commands', () => {
    for (const frame of [
      shortFrame(0x26, `${clockHex}${gpsHex}09${cellHex}6606030102`),
      shortFrame(0x15, '06 00000009 4f4b'),
    ]) {
      frame[frame.length - 3]! ^= 1;
      expect(codeOf(() => decode(frame))).toBe('checksum');
    }
  });

  it('bytes that are no frame at all are told apart', () => {
    expect(codeOf(() => decode(Buffer.alloc(0)))).toBe('frame_length');
    expect(codeOf(() => decode(Buffer.from('hello world')))).toBe('frame_length');
    expect(codeOf(() => decode(location.subarray(0, 9)))).toBe('frame_length');
  });
});

describe('login', () => {
  const identityOf = (content: string) => gt06.identify(decode(shortFrame(0x01, content)), context)?.deviceId;
  const sessionAfter = (content: string, session = '') =>
    gt06.nextSession?.(decode(shortFrame(0x01, content)), contextOf({ session }));

  it('drops the first of sixteen digits', () => {
    expect(identityOf('0861234567890123')).toBe('861234567890123');
    expect(identityOf('0861234567890123 3604 12c0')).toBe('861234567890123');
    expect(identityOf('9861234567890123')).toBe('861234567890123');
  });

  it('takes other identities as they are', () => {
    expect(identityOf('61234567890123')).toBe('61234567890123');
    expect(identityOf('0a6123456789012f')).toBe('a6123456789012f');
  });

  const outcomes: [LoginOutcome, string | null][] = [
    ['accepted', '787805010001d9dc0d0a'],
    ['unknown_unit', null],
    ['wrong_password', null],
  ];
  it.each(outcomes)('%s', (outcome, reply) => {
    const message = decode(shortFrame(0x01, '0861234567890123'));
    expect(gt06.isLogin(message)).toBe(true);
    expect(gt06.replyLogin(message, outcome, context)?.toString('hex') ?? null).toBe(reply);
  });

  it('keeps the zone for the session', () => {
    expect(sessionAfter('0861234567890123 3604 12c0')).toBe('180');
    expect(sessionAfter('0861234567890123 3604 2120')).toBe('330');
    expect(sessionAfter('0861234567890123 3604 1f48')).toBe('-300');
    expect(sessionAfter('0861234567890123 3604 0000')).toBe('0');
  });

  it('forgets the zone of an earlier login, and one that is none', () => {
    expect(sessionAfter('0861234567890123', '180')).toBe('');
    expect(sessionAfter('0861234567890123 3604 fff0', '180')).toBe('');
    expect(sessionAfter('0861234567890123 3604 1770', '180')).toBe('');
  });

  it('other messages leave the session as it is', () => {
    expect(gt06.nextSession?.(decode(location), contextOf({ session: '180' }))).toBe('180');
  });

  it('a message with an IMEI of its own identifies its unit, a fact about the SIM does not', () => {
    const rfid = shortFrame(0x12, `0861234567890123${clockHex}${gpsHex}${cellHex}`);
    const sim = longFrame(0x94, '0a 0861234567890999 0250011234567890 89701019876543210123');
    expect(gt06.identify(decode(rfid), context)).toEqual({ deviceId: '861234567890123' });
    expect(gt06.identify(decode(sim), context)).toBeUndefined();
    expect(gt06.identify(decode(location), context)).toBeUndefined();
  });
});

describe('acknowledgements', () => {
  const head = clockHex + gpsHex;
  const generic: [string, Buffer][] = [
    ['heartbeat', shortFrame(0x13, '460504', 0x1234)],
    ['location 0x12', shortFrame(0x12, head + cellHex, 0x1234)],
    ['location 0x22', location],
    ['alarm 0x26', shortFrame(0x26, `${head}09${cellHex}6606030102`, 0x1234)],
    ['alarm 0x26 that asks for no answer', shortFrame(0x26, `${head}09${cellHex}6606030100`, 0x1234)],
    ['cells 0x2E', shortFrame(0x2e, `${clockHex}00fa02`, 0x1234)],
    ['media event', shortFrame(0x95, `${clockHex}90`, 0x1234)],
    ['diagnostics', longFrame(0x66, `${clockHex}01${gpsHex}`, 0x1234)],
    ['information in the long form', longFrame(0x94, '000568', 0x1234)],
    ['a frame without content', shortFrame(0x23, '', 0x1234)],
  ];
  it.each(generic)('short: %s', (_, frame) => {
    const protocol = decode(frame) as unknown as { protocol: number };
    const covered = Buffer.of(0x05, protocol.protocol, 0x12, 0x34);
    const crc = slowCrc(covered).toString(16).padStart(4, '0');
    expect(replyTo(frame)).toBe(`7878${covered.toString('hex')}${crc}0d0a`);
  });

  it.each([
    ['AZ735 location', 0x32, `${clockHex}00000000`],
    ['AZ735 alarm', 0x33, `${clockHex}00000000a1`],
    ['modular message', 0x70, '0009 0001 05'],
  ])('long: %s', (_, protocol, content) => {
    const covered = Buffer.of(0x00, 0x05, protocol, 0x12, 0x34);
    const crc = slowCrc(covered).toString(16).padStart(4, '0');
    expect(replyTo(longFrame(protocol, content, 0x1234))).toBe(`7979${covered.toString('hex')}${crc}0d0a`);
  });

  it.each([
    ['cells 0x28', shortFrame(0x28, `${clockHex}00fa02`)],
    ['reply 0x15', shortFrame(0x15, '06 00000009 4f4b')],
    ['reply 0x21', longFrame(0x21, '00000009 01 4f4b')],
    ['empty 0x28', shortFrame(0x28, '')],
    ['a command', shortFrame(0x80, '06 00000009 4f4b')],
    ['a time that the server tells', shortFrame(0x8a, clockHex)],
  ])('none: %s', (_, frame) => expect(replyTo(frame)).toBeNull());

  it('a request for the time is answered with the time of receipt, UTC', () => {
    expect(replyTo(shortFrame(0x8a, '', 6))).toBe('78780b8a1805110822380006577c0d0a');
    expect(replyTo(shortFrame(0x8a, '', 6), { receivedAt: Date.UTC(2031, 11, 31, 23, 59, 59, 999) })).toContain(
      '1f0c1f173b3b',
    );
  });

  it('a frame that could not be read is set free with what its envelope says', () => {
    const undecodable = (frame: Buffer) => gt06.replyUndecodable(frame, context)?.toString('hex') ?? null;
    expect(undecodable(location)).toBe(replyTo(location));
    expect(undecodable(shortFrame(0x55, '0102', 7))).toBe(shortFrame(0x55, '', 7).toString('hex'));
    expect(undecodable(longFrame(0x55, '0102', 7))).toBe(shortFrame(0x55, '', 7).toString('hex'));
    expect(undecodable(shortFrame(0x28, '0102', 7))).toBeNull();
    expect(undecodable(Buffer.alloc(3))).toBeNull();
  });

  it('silence answers a bad frame', () => {
    expect(gt06.refuse(location, {} as never, context)).toBeNull();
  });
});

describe('content that cannot be read', () => {
  it.each([
    ['unknown number', shortFrame(0x55, '0102'), 'unknown_message'],
    ['location without a position', shortFrame(0x22, clockHex), 'truncated'],
    ['heartbeat of 0xA5 that ends in its cell', shortFrame(0xa5, '00fa'), 'truncated'],
    ['command longer than its frame', shortFrame(0x80, '40 00000009 4f4b'), 'truncated'],
  ])('%s', (_, frame, code) => expect(codeOf(() => decode(frame))).toBe(code));
});

describe('commands', () => {
  const encoded = (command: Command, tag = 0xa01, model?: string) =>
    gt06.encodeCommand(command, tag, contextOf({ model })).toString('hex');

  it('text, with flag, language and the mark at its end', () => {
    const frame = shortFrame(0x80, '0c 00000a01 52454c41592c3123 0002', 0xa01);
    expect(encoded({ kind: 'text', text: 'RELAY,1#' })).toBe(frame.toString('hex'));
    expect(encoded({ kind: 'text', text: 'RELAY,1' })).toBe(encoded({ kind: 'text', text: 'RELAY,1#' }));
  });

  it('without the language word for models that take none', () => {
    const message = gt06.decode(Buffer.from(encoded({ kind: 'text', text: 'sos#' }, 1, 'jimi_vl03'), 'hex'), context);
    expect(message).toMatchObject({
      type: 'command',
      content: { command: { flag: 1, text: 'sos#' }, language: undefined },
    });
  });

  it('outputs, in the words of the model', () => {
    const textOf = (enable: boolean, model?: string) =>
      (
        gt06.decode(
          gt06.encodeCommand({ kind: 'output', output: 1, enable }, 1, contextOf({ model })),
          context,
        ) as unknown as {
          content: { command: { text: string } };
        }
      ).content.command.text;
    expect([textOf(true), textOf(false)]).toEqual(['RELAY,1#', 'RELAY,0#']);
    expect([textOf(true, 'concox_tr06'), textOf(false, 'concox_tr06')]).toEqual(['DYD,000000#', 'HFYD,000000#']);
    expect(codeOf(() => encoded({ kind: 'output', output: 2, enable: true }))).toBe('unsupported_command');
  });

  it('raw bytes are sent as they are, a position is asked for by WHERE', () => {
    expect(encoded({ kind: 'raw', bytes: Buffer.from('STATUS') })).toContain(Buffer.from('STATUS').toString('hex'));
    expect(encoded({ kind: 'position' })).toContain(Buffer.from('WHERE#').toString('hex'));
  });

  it('refuses what has no room or no letters', () => {
    for (const text of ['x'.repeat(243), 'Привет', 'a\r\nb', '\0']) {
      expect(codeOf(() => encoded({ kind: 'text', text }))).toBe('command_text');
    }
    expect(encoded({ kind: 'text', text: 'x'.repeat(242) }).slice(0, 6)).toBe('7878ff');
  });

  const answerTo = (frame: Buffer, tag: number) => gt06.matchReply(decode(frame), tag, context);

  it('answers are found by their flag, in both forms', () => {
    expect(answerTo(shortFrame(0x15, '0c 00000a01 52454c41593a4f4e 0002'), 0xa01)).toEqual({
      text: 'RELAY:ON',
      ok: true,
    });
    expect(answerTo(longFrame(0x21, '00000a01 01 4f4b21'), 0xa01)).toEqual({ text: 'OK!', ok: true });
    expect(answerTo(longFrame(0x21, '00000a01 02 041e041a'), 0xa01)).toEqual({ text: 'ОК', ok: true });
    expect(answerTo(longFrame(0x21, '00000a01 01 4f4b21'), 0xa02)).toBeUndefined();
    expect(answerTo(location, 0xa01)).toBeUndefined();
  });

  it.each(['ERROR:101', 'Command failed', 'Invalid parameter', 'Not supported!'])('%s is a refusal', (text) => {
    const content = Buffer.concat([Buffer.from('0000000101', 'hex'), Buffer.from(text)]);
    expect(answerTo(longFrame(0x21, content), 1)).toEqual({ text, ok: false });
  });
});

describe('explain', () => {
  it('names every field with its unit', () => {
    const lines = gt06.explain(decode(shortFrame(0x22, `${clockHex}${gpsHex}${cellHex}01000000bc614e`)), context);
    expect(lines[0]).toContain('0x22');
    expect(lines.join('\n')).toMatch(/odometer: 12345\.678 km/);
    expect(lines.join('\n')).toMatch(/speed 63 km\/h/);
    expect(lines.join('\n')).toMatch(/2024-05-17T08:30:15\.000Z/);
  });

  it('names elements, and keeps odd texts on one line', () => {
    const modular = gt06.explain(decode(longFrame(0x70, '002e 0004 00010000 0099 0002 0102')), context).join('\n');
    expect(modular).toMatch(/element 0x002E:\n {2}odometer: 0?\.?\d+/);
    expect(modular).toMatch(/element 0x0099: 0102/);
    const reply = gt06.explain(decode(longFrame(0x21, '00000001 01 410d0a42')), context);
    expect(reply.every((line) => !/[\r\n]/.test(line))).toBe(true);
  });
});

describe('properties', () => {
  const anyContent = fc.uint8Array({ minLength: 0, maxLength: 120 }).map((bytes) => Buffer.from(bytes));

  it('whatever a good checksum holds, only typed errors come of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), anyContent, fc.boolean(), (protocol, content, isLong) => {
        const frame = isLong ? longFrame(protocol, content) : shortFrame(protocol, content);
        codeOf(() => {
          const message = decode(frame);
          for (const update of gt06.toUpdates(message, context)) {
            expect(new Set(update.names).size).toBe(update.names.length);
            gt06.fromUpdates([update], context);
          }
          gt06.reply(message, context);
          gt06.explain(message, context);
          gt06.encode(message, context);
        });
      }),
      { numRuns: 800 },
    );
  });

  it('a location comes back from the wire as it was', () => {
    const update = fc.record({
      at: fc.integer({ min: 946_684_800, max: 4_102_444_799 }).map((s) => s * 1000),
      timed: fc.constant(true),
      backlog: fc.boolean(),
      position: fc.record({
        lat: fc.integer({ min: -162_000_000, max: 162_000_000 }).map((raw) => raw / 1_800_000),
        lng: fc.integer({ min: -324_000_000, max: 324_000_000 }).map((raw) => raw / 1_800_000),
        valid: fc.constant(true),
        speedKmh: fc.integer({ min: 0, max: 255 }),
        headingDeg: fc.integer({ min: 0, max: 359 }),
        altitudeM: fc.constant(undefined),
        satellites: fc.integer({ min: 4, max: 15 }),
      }),
      names: fc.constant(['ignition', 'input_1', 'hw_mileage', 'archive']),
      values: fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 4_000_000_000 })).map(([on, m]) => [on, on, m / 1000]),
    });
    fc.assert(
      fc.property(update, ({ values, ...rest }) => {
        const sent = { ...rest, values: [...values, rest.backlog] };
        const [message] = gt06.fromUpdates([sent], context);
        const [back] = gt06.toUpdates(gt06.decode(gt06.encode(message!, context), context), context);
        expect(back).toMatchObject({ at: sent.at, timed: true, backlog: sent.backlog, position: sent.position });
        sent.names.forEach((name, i) => {
          expect([name, back?.values[back.names.indexOf(name)]]).toEqual([name, sent.values[i]]);
        });
      }),
    );
  });
});
