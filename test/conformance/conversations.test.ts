/**
 * Virtual units and the gateway's protocols, face to face: logins, acknowledgements, refusals, commands. What one says the other has to
 * understand, for every protocol and transport.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { behaviorOf } from '../../simulators/behaviors/registry.js';
import type { Command } from '../../src/domain/command.js';
import { isUnitId } from '../../src/domain/unit-id.js';
import type { StateUpdate } from '../../src/domain/update.js';
import { CodecError, CommandError, errorTable, FrameError } from '../../src/errors.js';
import type { Protocol } from '../../src/protocols/protocol.js';
import { protocolByName, protocols } from '../../src/protocols/registry.js';
import { fewRuns, recordBatch } from '../support/arbitraries.js';
import { codeOf } from '../support/codes.js';
import { converse, freshContext, heard, readAll, sampleRecord } from '../support/conversation.js';
import { vectorsOf } from '../support/fixtures.js';
import { frameChunks } from '../support/framing.js';
import { type ReadFrame, readBytes, readFrame } from '../support/reading.js';
import { factsOf } from './facts.js';

const names = protocols.map((each) => each.name);

describe.each(names)('%s: replies', (name) => {
  const protocol = protocolByName(name) as Protocol;
  const { refusesLogins } = factsOf(name);

  test('a login identifies its unit and carries no record', () => {
    const { behavior, deviceId } = converse(protocol);
    const login = behaviorOf(name)?.create({ deviceId, transport: 'tcp' }).login();
    expect(behavior).toBeDefined();
    if (login === undefined) return;
    const message = protocol.decode(login, freshContext('tcp'));
    expect(protocol.isLogin(message)).toBe(true);
    expect(protocol.identify(message, freshContext('tcp'))?.deviceId).toBe(deviceId);
    expect(protocol.toUpdates(message, freshContext('tcp', deviceId))).toEqual([]);
  });

  test('identities have the form of an identity', () => {
    for (const { vector, read } of readAll(protocol)) {
      for (const { message } of read) {
        const identity = protocol.identify(message, vector.context);
        if (identity !== undefined) expect([vector.title, isUnitId(identity.deviceId)]).toEqual([vector.title, true]);
        if (protocol.isLogin(message)) expect([vector.title, identity]).not.toEqual([vector.title, undefined]);
      }
    }
  });

  test('only an accepted login is told that it is accepted', () => {
    const verdicts = (['accepted', 'unknown_unit', 'wrong_password'] as const).map((outcome) => {
      const factory = behaviorOf(name);
      const behavior = factory?.create({ deviceId: factory.deviceId(3), transport: 'tcp' });
      const login = behavior?.login();
      if (behavior === undefined || login === undefined) return 'no login';
      const message = protocol.decode(login, freshContext('tcp'));
      const reply = protocol.replyLogin(message, outcome, freshContext('tcp'));
      if (reply === null) return 'silent';
      const [downlink, ...more] = heard(behavior, reply, 'tcp');
      expect([outcome, more]).toEqual([outcome, []]);
      return downlink?.kind === 'login' ? downlink.accepted : downlink?.kind;
    });
    const refused = refusesLogins ? false : 'silent';
    if (!verdicts.includes('no login')) expect(verdicts).toEqual([true, refused, refused]);
  });

  test('a frame that cannot be read is not acknowledged', () => {
    for (const vector of vectorsOf(name).filter((each) => each.error !== undefined && each.direction === 'up')) {
      const { code } = { code: vector.error as keyof typeof errorTable };
      const error = errorTable[code][0] === 'frame' ? new FrameError(code) : new CodecError(code);
      const refusal = protocol.refuse(Buffer.from(vector.bytes), error, vector.context);
      if (refusal === null) continue;
      const { behavior } = converse(protocol, vector.context.transport);
      for (const frame of frameChunks(behavior.downlinkFramer(), [refusal]).frames) {
        const downlink = behavior.readDownlink(frame);
        const takes = downlink.kind === 'ack' && downlink.records !== 0;
        const admits = downlink.kind === 'login' && downlink.accepted;
        expect([vector.title, takes, admits]).toEqual([vector.title, false, false]);
      }
    }
  });

  test('a poison packet is set free by what a good frame would get', () => {
    const { behavior, context } = converse(protocol);
    const { bytes } = behavior.pack([sampleRecord]);
    const { reply } = readFrame(protocol, bytes, context);
    const freed = protocol.replyUndecodable(Buffer.from(bytes), context);
    expect(freed?.toString('hex')).toBe(reply?.toString('hex'));
  });

  test('whatever cannot be read, setting it free does not fail', () => {
    for (const vector of vectorsOf(name)) {
      for (let length = 0; length <= vector.bytes.length; length += 3) {
        const reply = protocol.replyUndecodable(Buffer.from(vector.bytes.subarray(0, length)), vector.context);
        expect(reply === null || Buffer.isBuffer(reply)).toBe(true);
      }
    }
  });
});

const conversations = protocols.flatMap((protocol) =>
  protocol.transports.map((transport) => [protocol.name, transport] as const),
);

describe.each(conversations)('%s over %s: a virtual unit and the gateway', (name, transport) => {
  const protocol = protocolByName(name) as Protocol;

  test('login', () => {
    const { behavior, deviceId } = converse(protocol, transport);
    const login = behavior.login();
    if (login === undefined) return;
    const message = protocol.decode(login, freshContext(transport));
    expect(protocol.identify(message, freshContext(transport))?.deviceId).toBe(deviceId);
    const reply = protocol.replyLogin(message, 'accepted', freshContext(transport, deviceId));
    if (reply !== null) expect(heard(behavior, reply, transport)).toEqual([{ kind: 'login', accepted: true }]);
  });

  test('every record is acknowledged, as often as it is sent', () => {
    fc.assert(
      fc.property(recordBatch(60), (records) => {
        const { behavior, deviceId, context: loggedIn } = converse(protocol, transport);
        let context = loggedIn;
        let rest: readonly StateUpdate[] = records;
        const back: StateUpdate[] = [];
        while (rest.length > 0) {
          const { bytes, records: count, tag } = behavior.pack(rest.slice(0, behavior.maxRecords));
          expect(count).toBeGreaterThan(0);
          expect(count).toBeLessThanOrEqual(Math.min(rest.length, behavior.maxRecords));
          const { read, errors } = readBytes(protocol, bytes, context);
          expect([errors, read.length]).toEqual([[], 1]);
          const [one] = read as [ReadFrame];
          context = one.context;
          expect(context.deviceId).toBe(deviceId);
          expect(one.updates).toHaveLength(count);
          back.push(...one.updates);
          if (one.reply !== null) {
            const [ack, ...more] = heard(behavior, one.reply, transport);
            expect(more).toEqual([]);
            expect(ack).toMatchObject({ kind: 'ack', tag });
            expect([undefined, count]).toContain((ack as { records: number | undefined }).records);
          }
          expect(behavior.window > 0 && one.reply !== null).toBe(true);
          rest = rest.slice(count);
        }
        expect(back.map((each) => Math.trunc(each.at / 1000))).toEqual(
          records.map((each) => Math.trunc(each.at / 1000)),
        );
      }),
      fewRuns,
    );
  });

  test('a heartbeat is understood, and answered if at all by what the unit takes for one', () => {
    const { behavior, context } = converse(protocol, transport);
    const heartbeat = behavior.heartbeat();
    expect(behavior.heartbeatSeconds > 0 ? heartbeat !== undefined : true).toBe(true);
    if (heartbeat === undefined) return;
    const { read, errors } = readBytes(protocol, heartbeat, context);
    expect([errors, read.length]).toEqual([[], 1]);
    const reply = read[0]?.reply ?? null;
    if (reply === null) return;
    for (const downlink of heard(behavior, reply, transport))
      expect(['heartbeat', 'ack', 'other']).toContain(downlink.kind);
  });

  test('a command arrives, and its answer finds it', () => {
    const { behavior, context } = converse(protocol, transport);
    const command: Command = { kind: 'text', text: 'getinfo' };
    const bytes = protocol.encodeCommand(command, 4711, context);
    const [downlink, ...more] = heard(behavior, bytes, transport);
    expect(more).toEqual([]);
    expect(downlink).toMatchObject({ kind: 'command', text: 'getinfo' });
    if (downlink?.kind !== 'command') return;
    const answer = behavior.answer('all is well', downlink.reference);
    if (answer === undefined) return;
    const { read, errors } = readBytes(protocol, answer, context);
    expect([errors, read.length]).toEqual([[], 1]);
    const [one] = read as [ReadFrame];
    expect(protocol.matchReply(one.message, 4711, one.context)).toEqual({ text: 'all is well', ok: true });
    const other = protocol.matchReply(one.message, 4712, one.context);
    if (factsOf(name).correlatesCommands) expect(other).toBeUndefined();
  });

  test('records and heartbeats are no answers', () => {
    const { behavior, context } = converse(protocol, transport);
    const frames = [behavior.pack([sampleRecord]).bytes, behavior.heartbeat()].filter((each) => each !== undefined);
    for (const frame of frames) {
      const [one] = readBytes(protocol, frame, context).read as [ReadFrame];
      expect(protocol.matchReply(one.message, 1, one.context)).toBeUndefined();
    }
  });

  test('the same calls give the same bytes', () => {
    const say = () => {
      const { behavior } = converse(protocol, transport);
      return [behavior.pack([sampleRecord]).bytes, behavior.heartbeat(), behavior.pack([sampleRecord]).bytes].map(
        (each) => each?.toString('hex'),
      );
    };
    expect(say()).toEqual(say());
  });

  test('units have identities of their own, which the gateway takes', () => {
    const factory = behaviorOf(name);
    const ids = Array.from({ length: 300 }, (_, n) => factory?.deviceId(n) ?? '');
    expect(new Set(ids).size).toBe(300);
    expect(ids.every(isUnitId)).toBe(true);
  });
});

describe.each(names)('%s: commands', (name) => {
  const protocol = protocolByName(name) as Protocol;
  const commands: readonly Command[] = [
    { kind: 'text', text: 'getver' },
    { kind: 'raw', bytes: Buffer.from('67657476657200ff', 'hex') },
    { kind: 'output', output: 1, enable: true },
    { kind: 'output', output: 1, enable: false },
    { kind: 'position' },
  ];

  test('every kind is bytes or a typed refusal', () => {
    const { context } = converse(protocol);
    for (const command of commands) {
      const code = codeOf(() => expect(protocol.encodeCommand(command, 1, context).length).toBeGreaterThan(0));
      expect([undefined, 'unsupported_command', 'command_text']).toContain(code);
    }
  });

  test('a text that the protocol cannot write is refused, and never splits a frame', () => {
    const { behavior, context } = converse(protocol);
    const texts = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom('', '\r\n', 'a\r\n#M#b', '\0', 'x'.repeat(5000)),
    );
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (text, tag) => {
        let bytes: Buffer;
        try {
          bytes = protocol.encodeCommand({ kind: 'text', text }, tag, context);
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
          return;
        }
        const { frames, faults, left } = frameChunks(behavior.downlinkFramer(), [bytes]);
        expect([frames.length, faults, left.length]).toEqual([1, [], 0]);
      }),
    );
  });

  test('an output that no unit has is refused or written, never thrown untyped', () => {
    const { context } = converse(protocol);
    for (const output of [0, -1, 3, 99, 1.5]) {
      const code = codeOf(() => protocol.encodeCommand({ kind: 'output', output, enable: true }, 1, context));
      expect([undefined, 'unsupported_command', 'command_text']).toContain(code);
    }
  });
});
