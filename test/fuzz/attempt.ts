/**
 * Puts bytes through everything a protocol does with them, as the gateway, the `decode` command and the virtual units would. Whatever
 * the bytes are, only typed errors may come out, and the records must be fit to be kept and shown.
 */
import { expect } from 'vitest';
import { behaviorOf } from '../../simulators/behaviors/registry.js';
import { messageJson } from '../../src/domain/message-json.js';
import type { StateUpdate } from '../../src/domain/update.js';
import { CodecError, FrameError, MilepostError } from '../../src/errors.js';
import type { DecodeContext, Message, Protocol } from '../../src/protocols/protocol.js';
import { contextAfter } from '../support/fixtures.js';
import { cutAt, frameChunks, hexOf } from '../support/framing.js';

export interface FuzzInput {
  readonly bytes: Buffer;
  readonly context: DecodeContext;
}

const limits = { maxFrameBytes: 8192 };
/** Far more than any input takes. */
const mostMs = 5000;

/** Time this process has computed, ms: unlike the clock on the wall it does not run while others have the processor. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
const mostRecords = 100_000;

export function attempt(protocol: Protocol, { bytes, context }: FuzzInput): void {
  const startedMs = cpuMs();
  expect(['yes', 'no', 'more']).toContain(protocol.detect(bytes.subarray(0, 64)));
  if (context.transport === 'tcp') attemptStream(protocol, bytes, context);
  else attemptDatagram(protocol, bytes, context);
  attemptDownlink(protocol, bytes, context);
  expect(cpuMs() - startedMs).toBeLessThan(mostMs);
}

function attemptStream(protocol: Protocol, bytes: Buffer, context: DecodeContext): void {
  const { frames, mostWaiting } = frameChunks(protocol.createFramer(limits), [bytes]);
  expect(mostWaiting).toBeLessThanOrEqual(limits.maxFrameBytes + bytes.length);
  const halves = cutAt(bytes, [Math.floor(bytes.length / 2)]);
  frameChunks(protocol.createFramer(limits), halves);
  readAll(protocol, frames, context);
}

function attemptDatagram(protocol: Protocol, bytes: Buffer, context: DecodeContext): void {
  const frames = typed(() => protocol.splitDatagram?.(Buffer.from(bytes), limits)) ?? [];
  readAll(protocol, frames, context);
}

function attemptDownlink(protocol: Protocol, bytes: Buffer, { transport }: DecodeContext): void {
  const factory = behaviorOf(protocol.name);
  const behavior = factory?.create({ deviceId: factory.deviceId(1), transport });
  if (behavior === undefined) return;
  for (const frame of frameChunks(behavior.downlinkFramer(), [bytes]).frames) typed(() => behavior.readDownlink(frame));
}

function readAll(protocol: Protocol, frames: readonly Buffer[], first: DecodeContext): void {
  let context = first;
  for (const frame of frames) {
    const before = frame.toString('hex');
    context = readOne(protocol, frame, context);
    // A decoder that changes the frame would change what the journal keeps.
    expect(hexOf([frame])).toEqual([before]);
  }
}

function readOne(protocol: Protocol, frame: Buffer, before: DecodeContext): DecodeContext {
  let message: Message;
  try {
    message = protocol.decode(frame, before);
  } catch (error) {
    if (!(error instanceof FrameError || error instanceof CodecError)) throw error;
    protocol.refuse(frame, error, before);
    protocol.replyUndecodable(frame, before);
    return before;
  }
  const context = contextAfter(protocol, message, before);
  expect(context.session.length).toBeLessThan(200);
  const updates = protocol.toUpdates(message, context);
  expect(updates.length).toBeLessThan(mostRecords);
  for (const update of updates) expectFit(update);
  // What is kept is read again with the session that was kept with it.
  if (updates.length > 0) expect(protocol.toUpdates(protocol.decode(frame, context), context)).toEqual(updates);
  protocol.reply(message, context);
  if (protocol.isLogin(message)) protocol.replyLogin(message, 'unknown_unit', context);
  protocol.matchReply(message, 1, context);
  protocol.explain(message, context);
  typed(() => protocol.encode(message, context));
  return context;
}

/** Fit to be kept, folded into state and shown as JSON. */
function expectFit(update: StateUpdate): void {
  const { position, names, values } = update;
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBe(values.length);
  for (const value of values) if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
  if (position !== null) {
    expect(position.lat === null || Math.abs(position.lat) <= 90).toBe(true);
    expect(position.lng === null || Math.abs(position.lng) <= 180).toBe(true);
    for (const part of [position.speedKmh, position.headingDeg, position.altitudeM, position.satellites]) {
      expect(part === undefined || Number.isFinite(part)).toBe(true);
    }
  }
  JSON.stringify(messageJson(update, 'unit'));
}

function typed<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof MilepostError) return undefined;
    throw error;
  }
}
