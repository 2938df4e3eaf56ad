/**
 * Frames captured from real units against what is known of them. The frames are not part of the repository: `MILEPOST_VECTORS` names
 * the folder that holds them, and without it nothing is compared. Differences that are meant stand in `deviations`.
 */
import { describe, expect, test } from 'vitest';
import type { MessageJson } from '../../src/domain/message-json.js';
import type { Protocol } from '../../src/protocols/protocol.js';
import { protocols } from '../../src/protocols/registry.js';
import { defaultLimits, frameChunks, hexOf } from '../support/framing.js';
import {
  type CapturedRow,
  capturesDir,
  capturesOf,
  type DecodeRow,
  decodeCaptured,
  type Expectation,
  type FrameRow,
} from '../support/vectors.js';
import { attributeFault, saidBy } from './attribute-names.js';

/** Case id: why our reading is the one we want. */
const deviations: Readonly<Record<string, string>> = {
  f604b5de9ccf: 'GT06 alarm 0x0C is power on in the vendor documents; the source files it under tampering',
  '948315d7c44b': 'neither the length byte nor the checksum of the frame holds',
};

const degreesTolerance = 1e-5;

function hasPlace({ position, time }: MessageJson): boolean {
  return time !== null && position !== null && position.lat !== null && position.lng !== null;
}

function positionFault(messages: readonly MessageJson[], { time, valid, lat, lon }: Expectation): string | undefined {
  const message = messages.find(hasPlace);
  if (message === undefined || message.position === null) return 'no position';
  const { position } = message;
  if (time !== undefined && Date.parse(message.time ?? '') !== Date.parse(time))
    return `time is ${message.time}, expected ${time}`;
  if (valid !== undefined && position.valid !== valid) return `valid is ${position.valid}, expected ${valid}`;
  if (lat !== undefined && Math.abs((position.lat ?? 0) - lat) > degreesTolerance)
    return `lat is ${position.lat}, expected ${lat}`;
  if (lon !== undefined && Math.abs((position.lng ?? 0) - lon) > degreesTolerance)
    return `lng is ${position.lng}, expected ${lon}`;
  const isOnGlobe = Math.abs(position.lat ?? 0) <= 90 && Math.abs(position.lng ?? 0) <= 180;
  return isOnGlobe ? undefined : `${position.lat}, ${position.lng} is not on the globe`;
}

function isAnythingSaid(message: MessageJson): boolean {
  return [...saidBy(message).keys()].some((name) => !/^position\.(lat|lng|valid|speed|heading|alt)$/.test(name));
}

function expectationFault(messages: readonly MessageJson[], wanted: Expectation): string | undefined {
  switch (wanted.kind) {
    case 'position':
      return positionFault(messages, wanted);
    case 'positions':
      if (wanted.location === false) return messages.length > 0 ? undefined : 'no message';
      return positionFault(messages, wanted);
    case 'attributes':
      return messages.some(isAnythingSaid) ? undefined : 'no value besides the position';
    case 'attribute': {
      const { name, value } = wanted.attribute as NonNullable<Expectation['attribute']>;
      const faults = messages.map((message) => attributeFault(name, value, saidBy(message)));
      if (messages.length === 0) return value === null ? undefined : 'no message';
      return faults.includes(undefined) && (value !== null || faults[0] === undefined) ? undefined : faults[0];
    }
    case 'notnull':
      return messages.length > 0 ? undefined : 'no message';
    // The source reads no position from these; it may still be there to be read. Only an error would be wrong.
    case 'null':
      return undefined;
  }
}

function decodeFault(protocol: Protocol, row: DecodeRow, rows: readonly CapturedRow[]): string | undefined {
  if (row.expect === undefined) return undefined;
  const { messages, error } = decodeCaptured(protocol, row, rows);
  if (error !== null)
    return row.integrity === 'bad' && error.kind === 'frame' ? undefined : `${error.code}: ${error.message}`;
  return expectationFault(messages, row.expect);
}

/** Line ends and garbage may be missing from the expected frame. */
function isSameFrame(ours: string | undefined, theirs: string): boolean {
  return ours !== undefined && (ours.includes(theirs) || theirs.includes(ours));
}

function framingFault(protocol: Protocol, { input, expectedFrame, thenFrames = [] }: FrameRow): string | undefined {
  const { frames } = frameChunks(protocol.createFramer(defaultLimits), [Buffer.from(input, 'hex')]);
  const found = hexOf(frames);
  if (expectedFrame === null) return found.length === 0 ? undefined : `${found.length} frames, expected none yet`;
  const missing = [expectedFrame, ...thenFrames].findIndex((theirs, i) => !isSameFrame(found[i], theirs));
  return missing < 0
    ? undefined
    : `${found.length} frames of ${found.map((each) => each.length / 2)} bytes, number ${missing + 1} differs`;
}

function faultOf(protocol: Protocol, row: CapturedRow, rows: readonly CapturedRow[]): string | undefined {
  return row.kind === 'frame' ? framingFault(protocol, row) : decodeFault(protocol, row, rows);
}

describe('captured frames', () => {
  if (capturesDir === undefined) {
    test.skip('skipped: MILEPOST_VECTORS does not name a folder of captured frames', () => {});
    return;
  }

  test.each(protocols.map((each) => [each.name, each] as const))('%s', (name, protocol) => {
    const rows = capturesOf(name);
    const report: string[] = [];
    for (const row of rows) {
      const fault = faultOf(protocol, row, rows);
      if (fault !== undefined && deviations[row.case] === undefined)
        report.push(`${row.case} (${name}/${row.session}/${row.seq}): ${fault}`);
    }
    expect(report).toEqual([]);
  });
});
