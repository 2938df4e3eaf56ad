import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MilepostError } from '../../src/errors.js';
import type { DecodeContext } from '../../src/protocols/protocol.js';
import { wialonIps } from '../../src/protocols/wialon-ips/index.js';
import { noise } from '../support/arbitraries.js';
import { vectorsOf } from '../support/fixtures.js';
import { cutAt, defaultLimits, frameChunks, singleBytes } from '../support/framing.js';

const frames = (bytes: Buffer | string) => frameChunks(wialonIps.createFramer(defaultLimits), [Buffer.from(bytes)]);
const texts = (bytes: Buffer | string) => frames(bytes).frames.map(String);
const context: DecodeContext = { transport: 'tcp', receivedAt: 0, deviceId: 'x', model: undefined, session: '' };

function container(content: string | Buffer): Buffer {
  const body = deflateSync(content, { level: 9 });
  const head = Buffer.from([0xff, body.length & 0xff, body.length >> 8]);
  return Buffer.concat([head, body]);
}

const good = vectorsOf('wialon-ips').filter(
  ({ error, context: each }) => error === undefined && each.transport === 'tcp',
);

describe('framing', () => {
  it('ends lines at LF, with or without CR, and passes empty lines over', () => {
    expect(frames('\r\n\n#P#\n\r\n#P#\r\n\n')).toMatchObject({ faults: [], left: Buffer.alloc(0) });
    expect(texts('\r\n\n#P#\n\r\n#P#\r\n\n')).toEqual(['#P#\n', '#P#\r\n']);
  });

  it('waits for the end of a line', () => {
    expect(frames('#SD#1411')).toMatchObject({ frames: [], faults: [], left: Buffer.from('#SD#1411') });
  });

  it('keeps line ends, marks and zeros in blocks', () => {
    const block = Buffer.from('\r\n#P#\r\n\xff\x00\n', 'latin1');
    const frame = Buffer.concat([Buffer.from(`#I#${block.length};0;0;NA;NA;a.jpg\r\n`), block]);
    const found = frameChunks(
      wialonIps.createFramer(defaultLimits),
      singleBytes(Buffer.concat([frame, Buffer.from('#P#\r\n')])),
    );
    expect(found.frames.map((each) => each.toString('latin1'))).toEqual([frame.toString('latin1'), '#P#\r\n']);
  });

  it('mixes plain and compressed frames', () => {
    const box = container('#P#\r\n#P#');
    const stream = Buffer.concat([Buffer.from('#P#\r\n'), box, box, Buffer.from('#P#\r\n')]);
    expect(frames(stream).frames.map((each) => each.length)).toEqual([5, box.length, box.length, 5]);
  });

  it('finds every frame of a stream however it is cut', () => {
    const stream = Buffer.concat(good.map(({ bytes }) => bytes));
    const whole = frameChunks(wialonIps.createFramer(defaultLimits), [stream]);
    expect(whole.faults).toEqual([]);
    expect(whole.frames).toHaveLength(good.length);
    expect(frameChunks(wialonIps.createFramer(defaultLimits), singleBytes(stream)).frames).toEqual(whole.frames);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 40 }), (cuts) => {
        expect(frameChunks(wialonIps.createFramer(defaultLimits), cutAt(stream, cuts)).frames).toEqual(whole.frames);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['hello world\r\n#P#\r\n', ['garbage']],
    ['hello world #P#\r\n', ['garbage']],
    ['\x00\x01\x02#P#\r\n', ['garbage']],
    ['##P#\r\n', ['garbage']],
    ['#data#P#\r\n', ['garbage']],
    ['#D#141125;101530;51#P#\r\n', ['garbage']],
    ['#B#141125;101530|1411#P#\r\n', ['garbage']],
    [`${'x'.repeat(100)}\r\n#P#\r\n`, ['garbage']],
    ['\xff\x05#P#\r\n', ['garbage']],
  ])('finds the ping behind %j', (stream, faults) => {
    const found = frames(Buffer.from(stream, 'latin1'));
    expect(found.frames.map(String)).toEqual(['#P#\r\n']);
    expect(found.faults).toEqual(faults);
  });

  it('does not take a # in a message for a new line', () => {
    expect(texts('#M#see #D# there\r\n')).toEqual(['#M#see #D# there\r\n']);
    expect(texts('#L#van-7;a#B#c\r\n')).toEqual(['#L#van-7;a#B#c\r\n']);
  });

  it('finds a container behind garbage', () => {
    const box = container('#P#');
    expect(frames(Buffer.concat([Buffer.from('noise! '), box])).frames).toEqual([box]);
  });

  it('finds all frames of a stream with noise between them', () => {
    fc.assert(
      fc.property(fc.array(noise([0x23, 0x0a, 0xff, 0x3b, 0x44], 60), { minLength: 3, maxLength: 3 }), (gaps) => {
        const ping = Buffer.from('#P#\r\n');
        const stream = Buffer.concat(gaps.flatMap((gap) => [gap, Buffer.from('\n'), ping]));
        const found = frames(stream).frames.filter((each) => each.equals(ping)).length;
        // A header or a container that noise makes up may swallow what follows it.
        const swallows = gaps.some((gap) => gap.includes(0xff) || gap.includes(0x23));
        if (!swallows) expect(found).toBe(3);
      }),
    );
  });
});

describe('limits', () => {
  it('refuses a line over 32 KiB', () => {
    const line = `#M#${'x'.repeat(32_768)}\r\n`;
    expect(frames(`${line}#P#\r\n`)).toMatchObject({ faults: ['frame_too_large'], frames: [Buffer.from('#P#\r\n')] });
  });

  it('does not wait for the end of a line that is too long', () => {
    const found = frameChunks(
      wialonIps.createFramer(defaultLimits),
      Array(10).fill(Buffer.from(`#M#${'x'.repeat(8192)}`)),
    );
    expect(found.faults[0]).toBe('frame_too_large');
    expect(found.mostWaiting).toBeLessThanOrEqual(32_768 + 8192 + 3);
  });

  it('keeps to a smaller limit', () => {
    const framer = wialonIps.createFramer({ maxFrameBytes: 64 });
    expect(frameChunks(framer, [Buffer.from(`#M#${'x'.repeat(80)}\r\n`)]).faults).toEqual(['frame_too_large']);
  });

  it('refuses a block over 64 KiB before it arrives', () => {
    expect(frames('#I#65537;0;1;NA;NA;a.jpg\r\n').faults).toEqual(['frame_too_large']);
    expect(frames('#I#65536;0;1;NA;NA;a.jpg\r\n').faults).toEqual([]);
  });

  it('waits at most 2 KiB for an end of garbage', () => {
    const found = frameChunks(wialonIps.createFramer(defaultLimits), Array(40).fill(Buffer.alloc(100, '(')));
    expect(found.faults.length).toBeGreaterThan(0);
    expect(found.mostWaiting).toBeLessThanOrEqual(2148);
  });

  it.each([
    ['1 MiB and more', container(Buffer.alloc(1_048_577, '\n'))],
    ['ten thousand lines', container('#P#\n'.repeat(10_000))],
    ['no zlib stream', Buffer.from([0xff, 5, 0, 0x78, 0xda, 1, 2, 3])],
  ])('refuses a container with %s', (_what, frame) => {
    expect(() => wialonIps.decode(frame, context)).toThrow(
      expect.objectContaining({ code: 'compressed_frame' }) as Error,
    );
  });
});

describe('containers', () => {
  it('are refused line by line when none can be read', () => {
    const frame = container('#SD#1;2\r\n#D#1;2;3');
    expect(() => wialonIps.decode(frame, context)).toThrow(
      expect.objectContaining({ code: 'count_mismatch' }) as Error,
    );
    const error = new MilepostError('count_mismatch') as never;
    expect(wialonIps.refuse(frame, error, context)?.toString()).toBe('#ASD#-1\r\n#AD#-1\r\n');
    expect(wialonIps.replyUndecodable(frame, context)?.toString()).toBe('#ASD#1\r\n#AD#1\r\n');
  });

  it('with login and data are no bare login', () => {
    const message = wialonIps.decode(container('#L#van-7;NA\r\n#P#'), context);
    expect(wialonIps.isLogin(message)).toBe(false);
    expect(wialonIps.identify(message, context)).toEqual({ deviceId: 'van-7' });
    expect(wialonIps.replyLogin(message, 'accepted', context)).toBeNull();
    expect(wialonIps.replyLogin(message, 'unknown_unit', context)?.toString()).toBe('#AL#0\r\n');
    expect(wialonIps.reply(message, context)?.toString()).toBe('#AL#1\r\n#AP#\r\n');
    expect(wialonIps.nextSession?.(message, context)).toBe('1.1');
  });

  it('hold no containers', () => {
    expect(() => wialonIps.decode(container(container('#P#')), context)).toThrow(MilepostError);
  });

  it('are accounted for line by line', () => {
    const message = wialonIps.decode(container('#P#\r\n#SD#1;2'), context);
    expect(wialonIps.explain(message, context)).toEqual([
      'compressed container, 2 lines',
      'ping (P)',
      'refused, count_mismatch: #SD#1;2',
    ]);
  });
});

describe('detect', () => {
  const detect = (text: string) => wialonIps.detect(Buffer.from(text, 'latin1'));
  it.each([
    '#L#2.0;867273030000017;NA;1234\r\n',
    '#SD#1',
    '#D#',
    '#P#',
    '2.0;867273030000017#SD#',
    'van-7@fleet.example#D#',
    '\xff\x18\x00\x78\xda',
    '\xff\x18\x00\x78\x9c',
  ])('knows %j', (text) => {
    expect(detect(text)).toBe('yes');
  });

  it.each(['', '#', '#L', '#SD', '\xff', '\xff\x18\x00', '\xff\x18\x00\x78', '8672730300', '2.0;867273'])(
    'waits after %j',
    (text) => {
      expect(detect(text)).toBe('more');
    },
  );

  it.each([
    '##,imei:359586018966098,A;',
    '#AL#1\r\n',
    '#867273030000017#',
    '\x00\x0f356307042441013',
    '*HQ,4210051415,V1',
    '+RESP:GTFRI',
    'GET / HTTP/1.1',
    'xx\x0d\x01',
    '\xff\xff\xff\xff',
    '\xff\x18\x00\x78\x00',
    `${'a'.repeat(65)}#D#`,
    `${'a'.repeat(64)}`,
  ])('does not take %j', (text) => {
    expect(detect(text)).toBe('no');
  });
});
