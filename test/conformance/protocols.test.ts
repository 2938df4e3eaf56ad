/**
 * One suite over the registry: what every protocol owes the house, whatever it is. A new protocol is tested here before its author
 * writes a test; `facts.ts` holds what the suite has to be told about it.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { behaviorOf, behaviors } from '../../simulators/behaviors/registry.js';
import { fieldOf, memberNumber } from '../../src/domain/fields.js';
import { modelByCode } from '../../src/domain/models.js';
import { type FieldValue, type StateUpdate, fieldValue as valueIn } from '../../src/domain/update.js';
import { MilepostError } from '../../src/errors.js';
import { detectProtocol } from '../../src/ingest/detect.js';
import type { Protocol, Transport } from '../../src/protocols/protocol.js';
import { protocolByName, protocols } from '../../src/protocols/registry.js';
import { fewRuns, recordBatch } from '../support/arbitraries.js';
import { converse, firstFrame, goodUp, readAll, sampleRecord } from '../support/conversation.js';
import { vectorsOf, writtenUpdate } from '../support/fixtures.js';
import { defaultLimits, frameChunks, hexOf } from '../support/framing.js';
import { readBytes, readFrame, readVector } from '../support/reading.js';
import { factsOf } from './facts.js';

const names = protocols.map((each) => each.name);
const limits = { maxFrameBytes: 4096 };

test('names, titles and ports are unique', () => {
  for (const key of ['name', 'title', 'port'] as const) {
    expect(new Set(protocols.map((each) => each[key])).size).toBe(protocols.length);
  }
  expect(protocols.map((each) => protocolByName(each.name))).toEqual([...protocols]);
  expect(protocolByName('constructor')).toBeUndefined();
});

test('every protocol has a behavior of the same name, port and transports, and the other way round', () => {
  const facts = (each: { port: number; transports: readonly Transport[] }) => [each.port, [...each.transports].sort()];
  expect(Object.fromEntries(behaviors.map((each) => [each.protocol, facts(each)]))).toEqual(
    Object.fromEntries(protocols.map((each) => [each.name, facts(each)])),
  );
});

describe.each(names)('%s: description', (name) => {
  const protocol = protocolByName(name) as Protocol;

  test('is complete', () => {
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(protocol.title).not.toBe('');
    expect(protocol.port).toBeGreaterThan(1023);
    expect(protocol.port).toBeLessThan(65_536);
    expect(protocol.decoderVersion).toBeGreaterThan(0);
    expect(new Set(protocol.transports).size).toBe(protocol.transports.length);
    expect(protocol.transports.length).toBeGreaterThan(0);
    expect(protocol.splitDatagram !== undefined).toBe(protocol.transports.includes('udp'));
  });

  test('its default model is in the catalogue, with this protocol', () => {
    expect(modelByCode(protocol.defaultModel)).toMatchObject({ code: protocol.defaultModel, protocol: name });
  });

  test('there are facts about it', () => {
    expect(factsOf(name)).toBeDefined();
  });
});

describe.each(names)('%s: detect', (name) => {
  const protocol = protocolByName(name) as Protocol;

  test('knows its own first frame, and does not give it up on the way', () => {
    const bytes = firstFrame(protocol);
    expect(protocol.detect(bytes.subarray(0, 64))).toBe('yes');
    let verdict = 'more';
    for (let length = 0; length <= Math.min(64, bytes.length); length++) {
      const next = protocol.detect(bytes.subarray(0, length));
      expect(next).not.toBe('no');
      if (verdict === 'yes') expect(next).toBe('yes');
      verdict = next;
    }
    expect(protocol.detect(Buffer.alloc(0))).toBe('more');
  });

  test('knows the first frames of others for none of its own', () => {
    for (const other of protocols.filter((each) => each !== protocol)) {
      const bytes = firstFrame(other);
      for (let length = 1; length <= bytes.length; length++)
        expect(protocol.detect(bytes.subarray(0, Math.min(64, length)))).not.toBe('yes');
      expect(protocol.detect(bytes.subarray(0, 64))).toBe('no');
    }
  });

  test('the shared port finds it, whatever the first chunk', () => {
    const bytes = firstFrame(protocol);
    for (let length = 1; length <= bytes.length; length++)
      expect(['more', protocol]).toContain(detectProtocol(bytes.subarray(0, length), protocols));
    expect(detectProtocol(bytes, protocols)).toBe(protocol);
  });

  test('knows every login of the fixtures', () => {
    for (const vector of goodUp(protocol).filter((each) => each.context.transport === 'tcp')) {
      const [read] = readVector(protocol, vector);
      if (read === undefined || !protocol.isLogin(read.message)) continue;
      expect([vector.title, detectProtocol(vector.bytes, protocols)]).toEqual([vector.title, protocol]);
    }
  });

  test('makes up its mind within 64 bytes, and does not take noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 80 }), (bytes) => {
        expect(['yes', 'no']).toContain(protocol.detect(Buffer.from(bytes).subarray(0, 64)));
      }),
    );
    for (const text of [
      'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'SSH-2.0-OpenSSH_9.6\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    ]) {
      expect([text, protocol.detect(Buffer.from(text, 'latin1'))]).not.toEqual([text, 'yes']);
    }
  });
});

describe.each(names)('%s: framer', (name) => {
  const protocol = protocolByName(name) as Protocol;
  const { oversized } = factsOf(name);

  test('refuses a frame that announces more than the limit, and holds a bounded number of bytes', () => {
    const head = oversized(limits.maxFrameBytes);
    const filler = Buffer.alloc(512, 0x31);
    const chunks = [head, ...Array.from({ length: 64 }, () => filler)];
    const { faults, frames, mostWaiting } = frameChunks(protocol.createFramer(limits), chunks);
    expect(faults[0]).toBe('frame_too_large');
    expect(frames).toEqual([]);
    expect(mostWaiting).toBeLessThanOrEqual(limits.maxFrameBytes + filler.length + head.length);
  });

  test('after a refusal, and after noise, a new connection reads on as ever', () => {
    const bytes = firstFrame(protocol);
    frameChunks(protocol.createFramer(limits), [oversized(limits.maxFrameBytes), bytes]);
    expect(hexOf(frameChunks(protocol.createFramer(limits), [bytes]).frames)).toEqual([bytes.toString('hex')]);
  });

  test('two connections do not share what they wait for', () => {
    const bytes = firstFrame(protocol);
    const [one, two] = [protocol.createFramer(limits), protocol.createFramer(limits)];
    for (let length = 1; length < bytes.length; length++) {
      expect(one.next(bytes, 0, length).kind).toBe('more');
      expect(two.next(bytes, 0, length).kind).toBe('more');
    }
    const first = { ...one.next(bytes, 0, bytes.length) };
    two.next(bytes, 0, 1);
    expect(first).toMatchObject({ kind: 'frame', start: 0, end: bytes.length });
  });

  test('offsets count from the start it is given', () => {
    const bytes = firstFrame(protocol);
    const shifted = Buffer.concat([Buffer.alloc(37, 0x55), bytes, Buffer.alloc(5, 0x55)]);
    expect(protocol.createFramer(limits).next(shifted, 37, 37 + bytes.length)).toMatchObject({
      kind: 'frame',
      start: 37,
      end: 37 + bytes.length,
    });
  });

  test('never reads past the end it is given', () => {
    const bytes = firstFrame(protocol);
    for (let length = 1; length < bytes.length; length++) {
      expect(protocol.createFramer(limits).next(bytes, 0, length).kind).toBe('more');
    }
  });
});

describe.each(names)('%s: codec', (name) => {
  const protocol = protocolByName(name) as Protocol;

  test('records and replies keep no view of the frame', () => {
    for (const { vector, read } of readAll(protocol)) {
      for (const { frame, message: expected, context, updates: same, reply } of read) {
        const scratch = Buffer.from(frame);
        const message = protocol.decode(scratch, vector.context);
        expect(message).toEqual(expected);
        const updates = protocol.toUpdates(message, context);
        const again = protocol.isLogin(message)
          ? protocol.replyLogin(message, 'accepted', context)
          : protocol.reply(message, context);
        scratch.fill(0xa5);
        expect([vector.title, updates]).toEqual([vector.title, same]);
        expect(again).toEqual(reply);
      }
    }
  });

  test('is a pure function of frame and context', () => {
    for (const { vector, read } of readAll(protocol)) {
      const frozen = Object.freeze({ ...vector.context });
      for (const { frame, message, updates } of read) {
        const before = Buffer.from(frame);
        const again = readFrame(protocol, before, frozen);
        expect(before.equals(frame)).toBe(true);
        expect([vector.title, again.message, again.updates]).toEqual([vector.title, message, updates]);
      }
    }
  });

  test('the other frames of a connection do not matter', () => {
    const vectors = goodUp(protocol);
    for (const vector of vectors) readBytes(protocol, vector.bytes, vector.context);
    for (const vector of [...vectors].reverse()) {
      const { read } = readBytes(protocol, vector.bytes, vector.context);
      if (vector.type !== undefined) expect([vector.title, read[0]?.message.type]).toEqual([vector.title, vector.type]);
    }
  });

  test('messages and records are plain data', () => {
    for (const { vector, read } of readAll(protocol)) {
      for (const { message, updates } of read) {
        expect(structuredClone({ ...message })).toBeDefined();
        expect([vector.title, structuredClone(updates)]).toEqual([vector.title, updates]);
      }
    }
  });
});

describe.each(names)('%s: records', (name) => {
  const protocol = protocolByName(name) as Protocol;
  const { hasOpenNames } = factsOf(name);

  /** What is wrong with a named value, or nothing. */
  function faultOf(field: string, value: FieldValue): string | undefined {
    const row = fieldOf(field);
    if (row === undefined) return hasOpenNames ? undefined : `${field} is not in the table of fields`;
    const kind = Array.isArray(value)
      ? 'list'
      : ({ number: 'number', boolean: 'flag', string: 'text' }[typeof value as 'number'] ?? 'nothing');
    if (kind === 'text' && row.orText === true) return undefined;
    if (kind !== row.kind) return `${field} is a ${kind}, not a ${row.kind}`;
    if (typeof value !== 'number') return undefined;
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = row;
    return Number.isFinite(value) && value >= min && value <= max
      ? undefined
      : `${field} is ${value}, outside of ${min}..${max}`;
  }

  test('names and values are those of the table of fields', () => {
    const faults = readAll(protocol).flatMap(({ vector, read }) =>
      read.flatMap(({ updates }) =>
        updates.flatMap((update) => {
          const twice = update.names
            .filter((each, i) => update.names.indexOf(each) !== i)
            .map((each) => `${each} stands twice`);
          const wrong = update.names.flatMap((each, i) => faultOf(each, update.values[i] as FieldValue) ?? []);
          return [...twice, ...wrong].map((fault) => `${vector.title}: ${fault}`);
        }),
      ),
    );
    expect(faults).toEqual([]);
  });

  test('positions are on the globe, in the units of the house', () => {
    for (const { vector, read } of readAll(protocol)) {
      for (const { position, at } of read.flatMap((each) => each.updates)) {
        expect([vector.title, Number.isInteger(at)]).toEqual([vector.title, true]);
        if (position === null) continue;
        expect([vector.title, position.lat === null]).toEqual([vector.title, position.lng === null]);
        if (position.valid) expect([vector.title, position.lat === null]).toEqual([vector.title, false]);
        expect(Math.abs(position.lat ?? 0)).toBeLessThanOrEqual(90);
        expect(Math.abs(position.lng ?? 0)).toBeLessThanOrEqual(180);
        expect(position.speedKmh ?? 0).toBeGreaterThanOrEqual(0);
        expect(position.headingDeg ?? 0).toBeGreaterThanOrEqual(0);
        expect(position.headingDeg ?? 0).toBeLessThan(360);
        expect(position.satellites ?? 0).toBeGreaterThanOrEqual(0);
      }
    }
  });

  test('a record without a time of its own is dated by its receipt', () => {
    for (const { vector, read } of readAll(protocol)) {
      for (const update of read.flatMap((each) => each.updates)) {
        if (!update.timed) expect([vector.title, update.at]).toEqual([vector.title, vector.context.receivedAt]);
      }
    }
  });

  /** Whether what came back is what was sent, to the precision a protocol may have. */
  function expectCarried(sent: StateUpdate, back: StateUpdate): void {
    expect(Math.trunc(back.at / 1000)).toBe(Math.trunc(sent.at / 1000));
    expect(back.timed).toBe(true);
    const [from, to] = [sent.position, back.position];
    expect(to?.valid).toBe(from?.valid);
    expect(to?.lat ?? 0).toBeCloseTo(from?.lat ?? 0, 4.7);
    expect(Math.abs((to?.lat ?? 0) - (from?.lat ?? 0))).toBeLessThan(1e-5);
    expect(Math.abs((to?.lng ?? 0) - (from?.lng ?? 0))).toBeLessThan(1e-5);
    expect(Math.abs((to?.speedKmh ?? 0) - (from?.speedKmh ?? 0))).toBeLessThanOrEqual(1);
    expect(Math.abs((to?.headingDeg ?? 0) - (from?.headingDeg ?? 0))).toBeLessThanOrEqual(1);
    expect(to?.satellites).toBe(from?.satellites);
    if (to?.altitudeM !== undefined) expect(Math.abs(to.altitudeM - (from?.altitudeM ?? 0))).toBeLessThanOrEqual(1);
    sent.names.forEach((field, i) => {
      const value = valueIn(back, field);
      const wanted = sent.values[i];
      if (value === undefined && !factsOf(name).carries.includes(field)) return;
      if (typeof wanted === 'number' && typeof value === 'number') {
        // Signal strength and battery are bars in some protocols.
        const tolerance = field.endsWith('_level') ? 25 : 0.5;
        expect([field, Math.abs(value - wanted) <= tolerance]).toEqual([field, true]);
      } else expect([field, value]).toEqual([field, wanted]);
    });
  }

  test('what a unit says comes through the wire', () => {
    fc.assert(
      fc.property(recordBatch(8), (records) => {
        const { context: loggedIn } = converse(protocol);
        const messages = protocol.fromUpdates(records, loggedIn);
        const stream = Buffer.concat(messages.map((message) => protocol.encode(message, loggedIn)));
        const { frames, faults } = frameChunks(protocol.createFramer(defaultLimits), [stream]);
        expect([frames.length, faults]).toEqual([messages.length, []]);
        let context = loggedIn;
        const back: StateUpdate[] = [];
        for (const frame of frames) {
          const read = readFrame(protocol, frame, context);
          context = read.context;
          back.push(...read.updates);
        }
        expect(back).toHaveLength(records.length);
        for (const [i, sent] of records.entries()) expectCarried(sent, back[i] as StateUpdate);
      }),
      fewRuns,
    );
  });

  test('a record without a fix comes back without one', () => {
    const { context } = converse(protocol);
    const lost: StateUpdate = {
      ...sampleRecord,
      position: {
        ...(sampleRecord.position as object),
        lat: null,
        lng: null,
        valid: false,
        speedKmh: 0,
        headingDeg: 0,
        altitudeM: 0,
        satellites: 0,
      },
    };
    const back = protocol
      .fromUpdates([lost], context)
      .flatMap((message) => protocol.toUpdates(protocol.decode(protocol.encode(message, context), context), context));
    expect(back).toHaveLength(1);
    expect(back[0]?.position?.valid ?? false).toBe(false);
    expect(back[0]?.at).toBe(lost.at);
  });

  test('the message that is encoded is the message that is decoded', () => {
    fc.assert(
      fc.property(recordBatch(4), (records) => {
        const { context } = converse(protocol);
        for (const message of protocol.fromUpdates(records, context)) {
          const bytes = protocol.encode(message, context);
          const decoded = protocol.decode(Buffer.from(bytes), context);
          expect(decoded.type).toBe(message.type);
          expect(protocol.encode(decoded, context).equals(bytes)).toBe(true);
        }
      }),
      fewRuns,
    );
  });
});

describe.each(names)('%s: explain', (name) => {
  const protocol = protocolByName(name) as Protocol;

  test('has lines for every vector, each one a line', () => {
    for (const { vector, read } of readAll(protocol)) {
      for (const { message, context } of read) {
        const lines = protocol.explain(message, context);
        expect([vector.title, lines.length > 0]).toEqual([vector.title, true]);
        for (const line of lines)
          expect([vector.title, /[\r\n]/.test(line), line.includes('undefined'), line.includes('[object')]).toEqual([
            vector.title,
            false,
            false,
            false,
          ]);
      }
    }
  });
});

describe.each(names)('%s: coverage', (name) => {
  const protocol = protocolByName(name) as Protocol;

  test('every type of message that a virtual unit sends has a vector', () => {
    const { behavior, context } = converse(protocol);
    const sent = [
      behaviorOf(name)?.create({ deviceId: '356307042441013', transport: 'tcp' }).login(),
      behavior.pack([sampleRecord]).bytes,
      behavior.heartbeat(),
      behavior.answer('ok', 1),
    ];
    const types = sent.flatMap((bytes) => (bytes === undefined ? [] : [protocol.decode(bytes, context).type]));
    const covered = new Set(vectorsOf(name).map((each) => each.type));
    expect(types.filter((type) => !covered.has(type))).toEqual([]);
  });

  test('every type of message and every way to refuse one differs', () => {
    const vectors = vectorsOf(name);
    expect(new Set(vectors.flatMap((each) => each.type ?? [])).size).toBeGreaterThanOrEqual(3);
    expect(new Set(vectors.flatMap((each) => each.error ?? [])).size).toBeGreaterThanOrEqual(2);
  });

  test('inputs and outputs are flags, so that none is lost on the way out', () => {
    for (const { vector, read } of readAll(protocol)) {
      for (const update of read.flatMap((each) => each.updates)) {
        for (const [field, value] of Object.entries(writtenUpdate(update).values)) {
          if (memberNumber(field, 'input') + memberNumber(field, 'output') > 0)
            expect([vector.title, field, typeof value]).toEqual([vector.title, field, 'boolean']);
        }
      }
    }
  });
});

test('typed errors are all that a protocol throws for what it cannot encode', () => {
  for (const protocol of protocols) {
    const { context } = converse(protocol);
    const impossible: StateUpdate = {
      ...sampleRecord,
      position: { lat: 1e9, lng: -1e9, valid: true, speedKmh: 1e9, headingDeg: -5, altitudeM: 1e9, satellites: 1e9 },
    };
    try {
      for (const message of protocol.fromUpdates([impossible], context)) protocol.encode(message, context);
    } catch (error) {
      expect(error).toBeInstanceOf(MilepostError);
    }
  }
});
