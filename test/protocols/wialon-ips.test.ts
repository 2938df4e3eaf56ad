import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/domain/command.js';
import { type CodecError, CommandError, FrameError, MilepostError } from '../../src/errors.js';
import type { DecodeContext, LoginOutcome } from '../../src/protocols/protocol.js';
import { wialonIps } from '../../src/protocols/wialon-ips/index.js';
import { crc16Arc } from '../../src/wire/checksum.js';
import { vectorsOf } from '../support/fixtures.js';

const receivedAt = Date.UTC(2025, 10, 14, 12);
const contextOf = (session = '', transport: 'tcp' | 'udp' = 'tcp'): DecodeContext => ({
  transport,
  receivedAt,
  deviceId: '867273030000017',
  model: 'wialon_ips',
  session,
});

/** A line with its checksum. */
function checked(head: string, body: string, separator = ';'): string {
  const summed = body + separator;
  return `${head}${summed}${crc16Arc(Buffer.from(summed)).toString(16).toUpperCase().padStart(4, '0')}`;
}

const frameOf = (line: string) => Buffer.from(`${line}\r\n`);
const decode = (line: string, session = '') => wialonIps.decode(frameOf(line), contextOf(session));
const place = '141125;101530;5130.4440;N;00007.6680;W;54;271;35;9';

function errorOf(line: string, session = ''): MilepostError {
  try {
    decode(line, session);
  } catch (error) {
    if (error instanceof MilepostError) return error;
    throw error;
  }
  throw new Error(`${line} was read`);
}

function refusalOf(line: string, session = ''): string | undefined {
  const error = errorOf(line, session) as FrameError | CodecError;
  return wialonIps.refuse(frameOf(line), error, contextOf(session))?.toString();
}

function replyTo(line: string, session = ''): string | undefined {
  return wialonIps.reply(decode(line, session), contextOf(session))?.toString();
}

describe('login', () => {
  const outcomes: [LoginOutcome, string][] = [
    ['accepted', '#AL#1\r\n'],
    ['unknown_unit', '#AL#0\r\n'],
    ['wrong_password', '#AL#01\r\n'],
  ];
  it.each(outcomes)('answers %s', (outcome, bytes) => {
    const message = decode('#L#867273030000017;pw42');
    expect(wialonIps.isLogin(message)).toBe(true);
    expect(wialonIps.replyLogin(message, outcome, contextOf())?.toString()).toBe(bytes);
    expect(wialonIps.reply(message, contextOf())).toBeNull();
  });

  it('tells who it is, and the password where there is one', () => {
    expect(wialonIps.identify(decode('#L#867273030000017;pw42'), contextOf())).toEqual({
      deviceId: '867273030000017',
      password: 'pw42',
    });
    expect(wialonIps.identify(decode('#L#van-7;NA'), contextOf())).toEqual({ deviceId: 'van-7' });
    expect(wialonIps.identify(decode('#L#van-7'), contextOf())).toEqual({ deviceId: 'van-7' });
  });

  it.each([
    ['#L#867273030000017;pw42', '1.1'],
    [checked('#L#', '2.0;867273030000017;NA'), '2.0'],
    [checked('#L#', '2.1;867273030000017;NA'), '2.1'],
  ])('%s makes it a session of %s', (line, version) => {
    expect(wialonIps.nextSession?.(decode(line), contextOf())).toBe(version);
    expect(wialonIps.nextSession?.(decode(line), contextOf('2.0/8/2'))).toBe(version);
  });

  it('refuses a wrong or missing checksum with its own code', () => {
    expect(refusalOf('#L#2.0;867273030000017;pw42;0CCF')).toBe('#AL#10\r\n');
    expect(refusalOf('#L#2.0;867273030000017;pw42')).toBe('#AL#10\r\n');
    expect(errorOf('#L#2.0;867273030000017;pw42;0CCF')).toBeInstanceOf(FrameError);
  });

  it('refuses what is no login', () => {
    expect(refusalOf('#L#')).toBe('#AL#0\r\n');
    expect(refusalOf('#L#a;b;c')).toBe('#AL#0\r\n');
    expect(refusalOf(checked('#L#', '2.0;a;b;c'))).toBe('#AL#0\r\n');
  });

  it('is never set free', () => {
    expect(wialonIps.replyUndecodable(frameOf('#L#a;b;c'), contextOf())).toBeNull();
  });
});

describe('acknowledgements', () => {
  it.each([
    [`#SD#${place}`, '#ASD#1\r\n'],
    [`#D#${place};NA;NA;NA;;NA;NA`, '#AD#1\r\n'],
    [`#D#${place};bad;bad;bad;bad;NA;bad`, '#AD#1\r\n'],
    [`#B#${place}|${place}|${place}`, '#AB#3\r\n'],
    [`#B#${place}|1;2;3|${place}`, '#AB#2\r\n'],
    ['#P#', '#AP#\r\n'],
    ['#M#hello', '#AM#1\r\n'],
    ['#IT#NA;NA;DE1;3;2', '#AIT#1\r\n'],
  ])('%s gets %s', (line, bytes) => {
    expect(replyTo(line, '1.1')).toBe(bytes);
  });

  it.each(['#AD#1', '#QI#', '#QT#DE1', '#LV#1', '#XYZ#'])('%s gets none', (line) => {
    expect(replyTo(line)).toBeUndefined();
  });

  it('completes a photo at its last block', () => {
    const block = (index: number) =>
      Buffer.concat([frameOf(`#I#3;${index};1;NA;NA;a.jpg`), Buffer.from([0x0a, 0xff, 0x23])]);
    const answers = [0, 1].map((i) =>
      wialonIps.reply(wialonIps.decode(block(i), contextOf()), contextOf())?.toString(),
    );
    expect(answers).toEqual(['#AI#0;1\r\n', '#AI#1;1\r\n#AI#1\r\n']);
  });

  it.each([
    ['#SD#1;2;3', '', '#ASD#-1\r\n'],
    ['#D#1;2;3', '', '#AD#-1\r\n'],
    [`#SD#${place}`, '2.0', '#ASD#-1\r\n'],
    [`#D#${place};NA;NA;NA;;NA;NA`, '2.1', '#AD#-1\r\n'],
    [`#SD#${place};0000`, '2.0', '#ASD#13\r\n'],
    [`#SD#${place};0000`, '', '#ASD#13\r\n'],
    [`#D#${place};NA;NA;NA;;NA;NA;0000`, '2.0', '#AD#16\r\n'],
    [`#B#${place}|0000`, '2.0', '#AB#\r\n'],
    [`#B#${place}`, '2.0', '#AB#\r\n'],
    ['#B#1;2|3;4', '', '#AB#0\r\n'],
    ['#M#hello;0000', '2.0', '#AM#01\r\n'],
    ['#M#hello', '2.0', '#AM#01\r\n'],
    ['#I#0;2;3;NA;NA;a.jpg;0000', '2.0', '#AI#2;01\r\n'],
    ['#I#0;x;3;NA;NA;a.jpg', '', '#AI#0;0\r\n'],
    ['#IT#NA;NA;DE1;3;2;0000', '2.0', '#AIT#01\r\n'],
    ['#T#3;0;7;0000', '2.0', '#AT#7;01\r\n'],
    ['hello', '', undefined],
  ])('%s in a session of "%s" gets the refusal %s', (line, session, bytes) => {
    expect(refusalOf(line, session)).toBe(bytes);
  });

  it.each([
    ['#SD#1;2;3', '#ASD#1\r\n'],
    ['#D#1;2;3', '#AD#1\r\n'],
    ['#B#1;2|3;4', '#AB#2\r\n'],
    ['#I#0;x;3;NA;NA;a.jpg', '#AI#0;1\r\n'],
    ['#XYZ#1', undefined],
    ['hello', undefined],
  ])('%s is set free with %s', (line, bytes) => {
    expect(wialonIps.replyUndecodable(frameOf(line), contextOf())?.toString()).toBe(bytes);
  });
});

describe('checksums', () => {
  it('are taken in either case, with a prefix, without leading zeros', () => {
    const line = '#L#2.0;867273030000017;pw42;';
    for (const word of ['0CCE', '0cce', '0x0CCE', 'CCE', 'cce']) expect(decode(line + word).type).toBe('login');
    for (const word of ['', '00CCE', ' 0CCE', 'CC', '0CCE ']) expect(errorOf(line + word).code).toBe('checksum');
  });

  it('of a black box may leave the last separator out', () => {
    const without = `#B#${place}|${crc16Arc(Buffer.from(place)).toString(16)}`;
    expect(decode(without, '2.0').type).toBe('black_box');
  });

  it('a frame with the wrong one is never a record', () => {
    for (const vector of vectorsOf('wialon-ips').filter(({ error }) => error === 'checksum')) {
      expect(() => wialonIps.decode(vector.bytes, vector.context)).toThrow(FrameError);
    }
  });

  it('a flipped bit in a 2.0 line never changes a record', () => {
    const frame = frameOf(checked('#D#', `${place};0.8;5;2;13.82;01A2B3;obd_rpm:1:2150,text:3:door`));
    const code = [...frame.keys()].slice(3, -2);
    fc.assert(
      fc.property(fc.constantFrom(...code), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const broken = Buffer.from(frame);
        broken[at] = (broken[at] as number) ^ (1 << bit);
        try {
          const message = wialonIps.decode(broken, contextOf('2.0'));
          // The digits of the checksum have two forms.
          expect(wialonIps.encode(message, contextOf('2.0')).toString()).toBe(frame.toString());
        } catch (error) {
          expect(error).toBeInstanceOf(MilepostError);
        }
      }),
    );
  });

  it('tell a message from its checksum only where the version is not known', () => {
    const line = checked('#M#', 'Call dispatcher');
    expect(decode(line, '2.0')).toMatchObject({ text: 'Call dispatcher', checksum: true });
    expect(decode(line)).toMatchObject({ text: 'Call dispatcher', checksum: true });
    expect(decode(line, '1.1')).toMatchObject({ text: 'Call dispatcher;5634', checksum: false });
    expect(decode('#M#Call dispatcher;1234')).toMatchObject({ text: 'Call dispatcher;1234', checksum: false });
  });
});

describe('senders', () => {
  it('identify every line', () => {
    const line = `2.0;867273030000017${checked('#SD#', place)}`;
    const message = wialonIps.decode(frameOf(line), contextOf('', 'udp'));
    expect(wialonIps.identify(message, contextOf())).toEqual({ deviceId: '867273030000017' });
    expect(wialonIps.isLogin(message)).toBe(false);
    expect(wialonIps.replyLogin(message, 'unknown_unit', contextOf())).toBeNull();
    expect(wialonIps.nextSession?.(message, contextOf())).toBe('2.0');
  });

  it('decide about the checksum with their version, not with the session', () => {
    expect(decode(`867273030000017#SD#${place}`, '2.0').type).toBe('short_data');
    expect(errorOf(`2.0;867273030000017#SD#${place}`, '1.1').code).toBe('frame_length');
  });

  it('are taken over to the lines of a datagram that name none', () => {
    const datagram = Buffer.from(`van-7#SD#${place}\r\n#P#\r\nvan-8#P#`);
    const frames = wialonIps.splitDatagram?.(datagram, { maxFrameBytes: 65_536 }) ?? [];
    expect(frames.map(String)).toEqual([`van-7#SD#${place}\r\n`, 'van-7#P#\r\n', 'van-8#P#']);
    expect(
      frames.map((frame) => wialonIps.identify(wialonIps.decode(frame, contextOf()), contextOf())?.deviceId),
    ).toEqual(['van-7', 'van-7', 'van-8']);
  });

  it.each([
    ['van 7#P#', 'garbage'],
    ['', 'garbage'],
    ['van-7#I#400;0;1;NA;NA;a.jpg\r\nshort', 'frame_length'],
  ])('datagram %s is refused with %s', (text, code) => {
    expect(() => wialonIps.splitDatagram?.(Buffer.from(text), { maxFrameBytes: 65_536 })).toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });

  it('end a datagram at what is no line', () => {
    const frames = wialonIps.splitDatagram?.(Buffer.from('van-7#P#\r\nvan 8#P#\r\n'), { maxFrameBytes: 65_536 }) ?? [];
    expect(frames.map(String)).toEqual(['van-7#P#\r\n']);
  });
});

describe('commands', () => {
  const send = (command: Command, session: string) =>
    wialonIps.encodeCommand(command, 1, contextOf(session)).toString();

  it('are messages, with a checksum where the login was 2.x', () => {
    expect(send({ kind: 'text', text: 'Call dispatcher' }, '1.1')).toBe('#M#Call dispatcher\r\n');
    expect(send({ kind: 'text', text: 'Call dispatcher' }, '2.0/3/1')).toBe('#M#Call dispatcher;5634\r\n');
  });

  it('are bare lines where raw', () => {
    expect(send({ kind: 'raw', bytes: Buffer.from('L1=1') }, '2.0')).toBe('L1=1\r\n');
    expect(send({ kind: 'raw', bytes: Buffer.from('#QI#') }, '2.0')).toBe('#QI#\r\n');
  });

  const refused: [Command, string][] = [
    [{ kind: 'text', text: '' }, 'command_text'],
    [{ kind: 'text', text: 'two\r\nlines' }, 'command_text'],
    [{ kind: 'text', text: 'x'.repeat(40_000) }, 'command_text'],
    [{ kind: 'raw', bytes: Buffer.from('a\nb') }, 'command_text'],
    [{ kind: 'output', output: 1, enable: true }, 'unsupported_command'],
    [{ kind: 'position' }, 'unsupported_command'],
  ];
  it.each(refused)('%o is refused with %s', (command, code) => {
    expect(() => send(command, '2.0')).toThrow(expect.objectContaining({ code }) as Error);
    expect(() => send(command, '2.0')).toThrow(CommandError);
  });

  it('may fill a line', () => {
    expect(send({ kind: 'text', text: 'x'.repeat(32_758) }, '2.0')).toHaveLength(32_768);
    expect(() => send({ kind: 'text', text: 'x'.repeat(32_759) }, '2.0')).toThrow(CommandError);
  });

  it('are answered by the next message of the unit', () => {
    expect(wialonIps.matchReply(decode('#M#done', '1.1'), 7, contextOf('1.1'))).toEqual({ text: 'done', ok: true });
    expect(wialonIps.matchReply(decode('#AM#1'), 7, contextOf())).toBeUndefined();
    expect(wialonIps.matchReply(decode(`#SD#${place}`), 7, contextOf())).toBeUndefined();
  });
});

describe('explain', () => {
  it('names type, checksum, fields and units', () => {
    const line = checked('#D#', `${place};0.8;5;0;13.82;NA;board_voltage:2:12.6,odd:1:x`);
    expect(wialonIps.explain(decode(line, '2.0'), contextOf('2.0'))).toEqual([
      'data (D)',
      '  checksum good (CRC-16/ARC)',
      '  time: 2025-11-14T10:15:30.000Z',
      '  fix: yes',
      '  latitude: 51.5074°',
      '  longitude: -0.1278°',
      '  speed: 54 km/h',
      '  heading: 271°',
      '  altitude: 35 m',
      '  satellites: 9',
      '  hdop: 0.8',
      '  input_1: true',
      '  input_2: false',
      '  input_3: true',
      '  output_1: false',
      '  analog_1: 13.82 V',
      '  board_voltage: 12.6 V',
      '  unread: parameter odd:1:x',
    ]);
  });

  it('never shows a password', () => {
    expect(wialonIps.explain(decode('#L#van-7;secret'), contextOf()).join('\n')).not.toContain('secret');
  });

  it('has words for every vector', () => {
    for (const vector of vectorsOf('wialon-ips').filter(({ error }) => error === undefined)) {
      const message = wialonIps.decode(vector.bytes, vector.context);
      expect(wialonIps.explain(message, vector.context).length).toBeGreaterThan(0);
    }
  });
});
