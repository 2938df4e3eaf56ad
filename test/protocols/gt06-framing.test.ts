import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gt06 } from '../../src/protocols/gt06/index.js';
import { codeOf } from '../support/codes.js';
import { cutAt, frameChunks, hexOf, singleBytes } from '../support/framing.js';
import { cellHex, clockHex, contextOf, gpsHex, longFrame, shortFrame } from './gt06-frames.js';

const limits = { maxFrameBytes: 65_536 };
const framed = (...chunks: Buffer[]) => frameChunks(gt06.createFramer(limits), chunks);
const context = contextOf();
const head = clockHex + gpsHex;
const location = shortFrame(0x22, `${head}${cellHex}010000`, 7);
const heartbeat = shortFrame(0x13, '460504', 8);
const information = longFrame(0x94, '000568', 9);

const bare = (protocol: number, length: number, content: string) =>
  Buffer.from(`7878${Buffer.of(length, protocol).toString('hex')}${content.replace(/\s/g, '')}0d0a`, 'hex');

describe('well-behaved streams', () => {
  it('frames of both forms, whatever the chunks', () => {
    const frames = [location, information, heartbeat, information, location];
    const stream = Buffer.concat(frames);
    expect(framed(stream)).toMatchObject({ faults: [], left: Buffer.alloc(0) });
    expect(hexOf(framed(stream).frames)).toEqual(hexOf(frames));
    expect(hexOf(frameChunks(gt06.createFramer(limits), singleBytes(stream)).frames)).toEqual(hexOf(frames));
  });

  it('line ends between frames are no fault', () => {
    const { frames, faults } = framed(Buffer.concat([heartbeat, Buffer.from('\r\n\r\n'), location]));
    expect([hexOf(frames), faults]).toEqual([hexOf([heartbeat, location]), []]);
  });

  it('CR LF inside a frame does not end it, wherever the chunk ends', () => {
    const tricky = shortFrame(0x22, `${head}${cellHex}0d0a0d`, 0x0d0a);
    for (let at = 1; at < tricky.length; at++) {
      const { frames, faults, left } = framed(...cutAt(tricky, [at]));
      expect([at, hexOf(frames), faults, left.length]).toEqual([at, [tricky.toString('hex')], [], 0]);
    }
  });

  it('marks inside a frame start none', () => {
    const tricky = longFrame(0x21, Buffer.concat([Buffer.from('0000000101', 'hex'), Buffer.from('xxyyxxyyxx\r\nyy')]));
    expect(hexOf(frameChunks(gt06.createFramer(limits), singleBytes(tricky)).frames)).toEqual([tricky.toString('hex')]);
  });
});

describe('garbage', () => {
  it('costs a fault, not a frame', () => {
    const { frames, faults } = framed(Buffer.concat([Buffer.from('hello'), location, Buffer.of(1, 2, 3), heartbeat]));
    expect([hexOf(frames), faults]).toEqual([hexOf([location, heartbeat]), ['garbage', 'garbage']]);
  });

  it('a frame that was cut off does not take the next one with it', () => {
    for (let length = 1; length < location.length; length++) {
      const { frames, left } = framed(location.subarray(0, length), location, heartbeat);
      expect([length, hexOf(frames), left.length]).toEqual([length, hexOf([location, heartbeat]), 0]);
    }
  });

  it('half a mark before a frame', () => {
    for (const noise of ['78', '79', '7879', '787878', '78787979', '7878ff', '7979001f', '79792000']) {
      const stream = Buffer.concat([Buffer.from(noise, 'hex'), location, heartbeat]);
      const { frames } = frameChunks(gt06.createFramer(limits), singleBytes(stream));
      expect([noise, hexOf(frames)]).toEqual([noise, hexOf([location, heartbeat])]);
    }
  });

  it('whatever stands between frames, all of them arrive', () => {
    const noise = fc
      .uint8Array({ maxLength: 30 })
      .map((bytes) => Buffer.from(bytes.filter((b) => b !== 0x78 && b !== 0x79)));
    const rows = fc.array(fc.tuple(noise, fc.constantFrom(location, heartbeat, information)), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(rows, fc.array(fc.nat(), { maxLength: 8 }), (list, cuts) => {
        const stream = Buffer.concat(list.flat());
        const { frames } = framed(
          ...cutAt(
            stream,
            cuts.map((cut) => cut % (stream.length + 1)),
          ),
        );
        expect(hexOf(frames)).toEqual(hexOf(list.map(([, frame]) => frame)));
      }),
    );
  });
});

describe('clones with a wrong length byte', () => {
  it.each([
    ['two too small', -2],
    ['two too large', 2],
    ['one too large', 1],
    ['five too small', -5],
  ])('%s: the checksum tells the end', (_, by) => {
    const content = Buffer.from(`${head}${cellHex}010000`.replace(/\s/g, ''), 'hex');
    const odd = shortFrame(0x22, content, 7, content.length + 5 + by);
    const { frames, faults } = framed(Buffer.concat([heartbeat, odd, heartbeat]));
    expect([hexOf(frames), faults]).toEqual([hexOf([heartbeat, odd, heartbeat]), []]);
    expect(gt06.decode(odd, context)).toMatchObject({ type: 'location', layout: '22' });
  });

  it('in the long form', () => {
    const odd = longFrame(0x94, '000568', 9, 6);
    expect(hexOf(framed(Buffer.concat([odd, heartbeat])).frames)).toEqual(hexOf([odd, heartbeat]));
  });

  it('a wrong length with a wrong checksum is no frame', () => {
    const odd = shortFrame(0x22, `${head}${cellHex}010000`, 7, 0x20);
    odd[odd.length - 3]! ^= 1;
    const { frames, faults } = framed(Buffer.concat([odd, heartbeat]));
    expect([hexOf(frames), faults]).toEqual([[heartbeat.toString('hex')], ['frame_length']]);
  });
});

describe('frames without serial number and checksum', () => {
  const points = '001801eb4039 3e f27cf64f17e1 50';
  const cells = '02 00cc 04 00d3 7671 46 00d3 7a3d 50';
  const time = '170926125940';

  it.each([0x17, 0x69])('0x%s: access points and cells of the watches', (protocol) => {
    const wifi = bare(protocol, 2, time + points + cells);
    expect(hexOf(framed(Buffer.concat([wifi, heartbeat, wifi])).frames)).toEqual(hexOf([wifi, heartbeat, wifi]));
    expect(hexOf(frameChunks(gt06.createFramer(limits), singleBytes(wifi)).frames)).toEqual([wifi.toString('hex')]);
    const message = gt06.decode(wifi, context);
    expect(gt06.encode(message, context).equals(wifi)).toBe(true);
    const [update] = gt06.toUpdates(message, context);
    expect(update).toMatchObject({ at: Date.UTC(2017, 8, 26, 12, 59, 40), timed: true, position: null });
    const values = Object.fromEntries(update!.names.map((name, i) => [name, update!.values[i]]));
    expect(values).toEqual({
      wifi_access_points: [
        { mac: '00:18:01:eb:40:39', signal: -62 },
        { mac: 'f2:7c:f6:4f:17:e1', signal: -80 },
      ],
      gsm_mcc: 204,
      gsm_mnc: 4,
      gsm_network_code: '20404',
      gsm_lac: 211,
      gsm_cell_id: 30_321,
      gsm_cells: [
        { mcc: 204, mnc: 4, lac: 211, cid: 30_321, signal: -70 },
        { mcc: 204, mnc: 4, lac: 211, cid: 31_293, signal: -80 },
      ],
    });
  });

  it('are answered with the time as it came', () => {
    const wifi = bare(0x69, 0, time + cells);
    const reply = gt06.reply(gt06.decode(wifi, context), context);
    expect(reply?.toString('hex')).toBe(`78780069${time}0d0a`);
    expect(hexOf(framed(reply!).frames)).toEqual([reply?.toString('hex')]);
    const odd = bare(0x69, 0, `ff0926125940${cells}`);
    expect(gt06.reply(gt06.decode(odd, context), context)?.toString('hex')).toBe('78780069ff09261259400d0a');
  });

  it('locations of old clones', () => {
    for (const [protocol, content] of [
      [0x10, head],
      [0x11, head],
      [0x11, `${head}ffdd00`],
      [0x11, `${head}00fa 0002 1a2b 000304d5`],
    ] as const) {
      const size = content.replace(/\s/g, '').length / 2;
      const frame = bare(protocol, size, content);
      expect(hexOf(framed(Buffer.concat([frame, heartbeat])).frames)).toEqual(hexOf([frame, heartbeat]));
      const message = gt06.decode(frame, context);
      expect(gt06.toUpdates(message, context)[0]?.position).toMatchObject({ valid: true, speedKmh: 63 });
      expect(gt06.encode(message, context).equals(frame)).toBe(true);
      expect(gt06.reply(message, context)).toBeNull();
    }
  });

  it('other messages need their checksum', () => {
    for (const protocol of [0x12, 0x22, 0x26, 0x13]) {
      expect(codeOf(() => gt06.decode(bare(protocol, 18, head), context))).toBe('checksum');
    }
    // A length byte that fits a frame with a checksum asks for one.
    expect(codeOf(() => gt06.decode(bare(0x10, 19, head), context))).toBe('checksum');
  });
});

describe('limits', () => {
  it('a long frame of more than 8 KiB is refused, but for media and serial data', () => {
    const header = (protocol: number, size: number) => Buffer.of(0x79, 0x79, size >> 8, size & 0xff, protocol);
    expect(framed(header(0x94, 8187)).faults).toEqual(['frame_too_large']);
    expect(framed(header(0x94, 8186)).faults).toEqual([]);
    const serial = longFrame(0x9b, Buffer.concat([Buffer.of(1), Buffer.alloc(20_000, 0x41)]));
    expect(framed(serial).frames.map((each) => each.length)).toEqual([serial.length]);
    expect(frameChunks(gt06.createFramer({ maxFrameBytes: 1000 }), [serial]).faults).toContain('frame_too_large');
  });

  it('hostile headers cost a bounded time', () => {
    const flood = Buffer.alloc(64 * 1024, Buffer.from('79791fff9b0d0a787806', 'hex'));
    const started = process.hrtime.bigint();
    frameChunks(gt06.createFramer(limits), [flood]);
    frameChunks(gt06.createFramer(limits), singleBytes(flood.subarray(0, 8000)));
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(5000);
  });

  it('noise never stops it', () => {
    const marked = fc.oneof(
      { arbitrary: fc.constantFrom(0x78, 0x79, 0x0d, 0x0a, 0x05, 0x12), weight: 2 },
      { arbitrary: fc.integer({ min: 0, max: 255 }), weight: 1 },
    );
    fc.assert(
      fc.property(fc.array(marked, { maxLength: 600 }), (bytes) => {
        const { left } = frameChunks(gt06.createFramer(limits), singleBytes(Buffer.from(bytes)));
        expect(left.length).toBeLessThanOrEqual(600);
      }),
      { numRuns: 60 },
    );
  });
});

describe('detect', () => {
  it('knows its marks', () => {
    const verdicts = ['', '78', '79', '7878', '7979', '7879', '00', '000f', '2324'].map((hex) =>
      gt06.detect(Buffer.from(hex, 'hex')),
    );
    expect(verdicts).toEqual(['more', 'more', 'more', 'yes', 'yes', 'no', 'no', 'no', 'no']);
  });
});
