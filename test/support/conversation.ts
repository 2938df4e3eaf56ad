/**
 * A virtual unit and the gateway's side of its connection, without a socket between them.
 */
import { expect } from 'vitest';
import type { Behavior, Downlink } from '../../simulators/behavior.js';
import { behaviorOf } from '../../simulators/behaviors/registry.js';
import type { StateUpdate } from '../../src/domain/update.js';
import type { DecodeContext, Protocol, Transport } from '../../src/protocols/protocol.js';
import { contextAfter, defaultReceivedAt, type Vector, vectorsOf } from './fixtures.js';
import { frameChunks, singleBytes } from './framing.js';
import { type ReadFrame, readVector } from './reading.js';

export function freshContext(transport: Transport, deviceId?: string): DecodeContext {
  return { transport, receivedAt: defaultReceivedAt, deviceId, model: undefined, session: '' };
}

/** A virtual unit, and the gateway's side of its connection once it is logged in. */
export interface Conversation {
  readonly behavior: Behavior;
  readonly deviceId: string;
  readonly context: DecodeContext;
}

/** A new unit that has just been let in. */
export function converse(protocol: Protocol, transport: Transport = 'tcp'): Conversation {
  const factory = behaviorOf(protocol.name);
  if (factory === undefined) throw new Error(`no behavior for ${protocol.name}`);
  const deviceId = factory.deviceId(7);
  const behavior = factory.create({ deviceId, transport });
  const login = behavior.login();
  if (login === undefined) {
    return { behavior, deviceId, context: freshContext(transport, transport === 'udp' ? undefined : deviceId) };
  }
  const message = protocol.decode(Buffer.from(login), freshContext(transport));
  const context = contextAfter(protocol, message, freshContext(transport));
  const reply = protocol.replyLogin(message, 'accepted', context);
  if (reply !== null) heard(behavior, reply, transport);
  return { behavior, deviceId, context };
}

/** What a unit's first frame looks like: its login, or a record. */
export function firstFrame(protocol: Protocol): Buffer {
  const { behavior } = converse(protocol);
  return (
    behaviorOf(protocol.name)
      ?.create({ deviceId: converse(protocol).deviceId, transport: 'tcp' })
      .login() ?? behavior.pack([sampleRecord]).bytes
  );
}

export const sampleRecord: StateUpdate = {
  at: Date.UTC(2025, 10, 14, 10, 15, 30),
  timed: true,
  backlog: false,
  position: { lat: 51.5074, lng: -0.1278, valid: true, speedKmh: 54, headingDeg: 271, altitudeM: 35, satellites: 9 },
  names: ['ignition'],
  values: [true],
};

export function goodUp(protocol: Protocol): Vector[] {
  return vectorsOf(protocol.name).filter((each) => each.direction === 'up' && each.error === undefined);
}

export function readAll(protocol: Protocol): { vector: Vector; read: readonly ReadFrame[] }[] {
  return goodUp(protocol).map((vector) => ({ vector, read: readVector(protocol, vector) }));
}

/** Runs a frame of the server through a unit, byte by byte. */
export function heard(behavior: Behavior, bytes: Buffer, transport: Transport): Downlink[] {
  const { frames, faults, left } = frameChunks(
    behavior.downlinkFramer(),
    transport === 'tcp' ? singleBytes(bytes) : [bytes],
  );
  expect([faults, left.length]).toEqual([[], 0]);
  return frames.map((frame) => behavior.readDownlink(Buffer.from(frame)));
}
