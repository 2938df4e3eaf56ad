/**
 * Messages to records and back. Every record says what its line says and nothing that the line does not: no movement from speed, no
 * ignition from an input.
 * Source: Wialon IPS 2.0, message types SD, D, B, M, I, IT and T.
 */
import type { FieldValue, Position, StateUpdate } from '../../domain/update.js';
import type { DecodeContext } from '../protocol.js';
import { encode } from './codec.js';
import { isChecked } from './lines.js';
import {
  type BlackBoxMessage,
  type DataMessage,
  isFull,
  type LineHead,
  type LineMessage,
  linesOf,
  type Sample,
  type WialonMessage,
} from './messages.js';
import { plainText, readParameters, writeParameters } from './parameters.js';
import { maskWidth, ofSender, parseSession, type Session, samplesOf, widen } from './session.js';
import { type FullData, maxBlackBoxBodies, maxLineBytes, type ShortData } from './spec.js';

/** Fewest satellites of a fix. */
const fixSatellites = 3;
const lowestM = -1000;
const highestM = 20_000;
/** Bits that a mask column can hold without losing any. */
const maskBits = 53;

/** Records of a message, in the order of its lines and bodies. */
export function toUpdates(message: WialonMessage, context: DecodeContext): StateUpdate[] {
  let session = parseSession(context.session);
  return linesOf(message).flatMap((line) => {
    session = ofSender(session, line);
    const samples = samplesOf(line).map((sample) => {
      session = widen(session, sample);
      return updateOf(sample, session, { receivedAt: context.receivedAt, backlog: line.type === 'black_box' });
    });
    return samples.length > 0 ? samples : eventsOf(line, context.receivedAt);
  });
}

interface Receipt {
  readonly receivedAt: number;
  readonly backlog: boolean;
}

function updateOf({ data, unread }: Sample, session: Session, { receivedAt, backlog }: Receipt): StateUpdate {
  const values = new Map<string, FieldValue>();
  const odd = isFull(data) ? readFull(data, session, values) : [];
  if (unread.length + odd.length > 0) values.set('unread', [...unread, ...odd].join(' / '));
  return record(data.at, receivedAt, values, { position: positionOf(data), backlog });
}

function record(
  at: number | undefined,
  receivedAt: number,
  values: ReadonlyMap<string, FieldValue>,
  rest: { readonly position?: Position | null; readonly backlog?: boolean } = {},
): StateUpdate {
  return {
    at: at ?? receivedAt,
    timed: at !== undefined,
    backlog: rest.backlog ?? false,
    position: rest.position ?? null,
    names: [...values.keys()],
    values: [...values.values()],
  };
}

/** The position part; null when every field of it is empty. */
function positionOf(data: ShortData | FullData): Position | null {
  const { latDeg, lngDeg, satellites } = data;
  const speedKmh = data.speedKmh !== undefined && data.speedKmh >= 0 ? data.speedKmh : undefined;
  const headingDeg = headingOf(data.headingDeg);
  const altitudeM = inRange(data.altitudeM, lowestM, highestM);
  const lat = inRange(latDeg, -90, 90);
  const lng = inRange(lngDeg, -180, 180);
  const placed = lat !== undefined && lng !== undefined;
  if ([latDeg, lngDeg, satellites, speedKmh, headingDeg, altitudeM].every((each) => each === undefined)) return null;
  const valid = placed && isFix(lat, lng, satellites);
  return { lat: placed ? lat : null, lng: placed ? lng : null, valid, speedKmh, headingDeg, altitudeM, satellites };
}

/** The lines carry no flag for a fix: it is told by coordinates that are not 0,0 and, where given, three satellites or more. */
function isFix(lat: number, lng: number, satellites: number | undefined): boolean {
  return (lat !== 0 || lng !== 0) && (satellites === undefined || satellites >= fixSatellites);
}

function inRange(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

function headingOf(value: number | undefined): number | undefined {
  const heading = inRange(value, 0, 360);
  return heading === 360 ? 0 : heading;
}

/** Returns the parameters that are nothing their names can have. */
function readFull(data: FullData, session: Session, values: Map<string, FieldValue>): readonly string[] {
  if (data.hdop !== undefined) values.set('hdop', data.hdop);
  readMask(data.inputs, 'input_', session.inputs, values);
  readMask(data.outputs, 'output_', session.outputs, values);
  data.analog.forEach((volts, i) => {
    if (!Number.isNaN(volts)) values.set(`analog_${i + 1}`, volts);
  });
  if (data.hardwareKey !== undefined) values.set('hardware_key', keyText(data.hardwareKey));
  return readParameters(data.parameters.list, values);
}

function readMask(mask: number | undefined, prefix: string, knownWidth: number, values: Map<string, FieldValue>): void {
  if (mask === undefined) return;
  const width = Math.max(maskWidth(mask), knownWidth);
  for (let bit = 0; bit < width; bit++) values.set(`${prefix}${bit + 1}`, Math.floor(mask / 2 ** bit) % 2 === 1);
}

function keyText(key: string): string {
  return /^[0-9a-f]+$/i.test(key) ? key.toUpperCase() : key;
}

/** What lines without samples say. Blocks are records too, so that their bytes are kept before they are acknowledged. */
function eventsOf(line: LineMessage, receivedAt: number): StateUpdate[] {
  switch (line.type) {
    case 'driver_message':
      return [record(undefined, receivedAt, named({ text: line.text }))];
    case 'image':
      return [record(line.at, receivedAt, named(imageValues(line)))];
    case 'tacho_info':
      return [record(line.at, receivedAt, named(tachoValues(line)))];
    case 'tacho_block':
      return [
        record(
          undefined,
          receivedAt,
          named({
            tacho_file_code: line.code,
            tacho_file_block: line.index,
            tacho_file_block_size: line.content.length,
          }),
        ),
      ];
    default:
      return [];
  }
}

function imageValues(line: Extract<LineMessage, { type: 'image' }>): Record<string, FieldValue | undefined> {
  return {
    image_name: line.fileName,
    image_block: line.index,
    image_last_block: line.last,
    image_block_size: line.content.length,
  };
}

function tachoValues(line: Extract<LineMessage, { type: 'tacho_info' }>): Record<string, FieldValue | undefined> {
  return { tacho_driver_id: line.driverId, tacho_file_code: line.code, tacho_file_blocks: line.blocks };
}

function named(values: Record<string, FieldValue | undefined>): Map<string, FieldValue> {
  return new Map(Object.entries(values).filter((each): each is [string, FieldValue] => each[1] !== undefined));
}

/** Lines that carry `updates`: black boxes for runs of records from memory, one data line for each other record. */
export function fromUpdates(updates: readonly StateUpdate[], context: DecodeContext): LineMessage[] {
  const messages: LineMessage[] = [];
  for (let at = 0; at < updates.length; ) {
    const next = updates.findIndex((update, i) => i > at && !update.backlog);
    const run = updates.slice(at, next < 0 ? updates.length : next);
    const message = run[0]?.backlog === true ? blackBoxFor(run, context) : lineFor(updates[at] as StateUpdate, context);
    messages.push(message);
    at += message.type === 'black_box' ? message.bodies.length : 1;
  }
  return messages;
}

/** A text without time or place is a driver message, everything else data. */
function lineFor(update: StateUpdate, context: DecodeContext): LineMessage {
  const text = update.names.length === 1 && update.names[0] === 'text' ? update.values[0] : undefined;
  if (typeof text !== 'string' || update.timed || update.position !== null) return dataFor(update, context);
  return { type: 'driver_message', ...headFor(context), text };
}

/** One record as `SD` when it is nothing but a place, else as `D`. */
export function dataFor(update: StateUpdate, context: DecodeContext): DataMessage {
  const sample = sampleFor(update, context);
  return { type: isFull(sample.data) ? 'data' : 'short_data', ...headFor(context), sample };
}

/** As many records, from the first on and at least one, as a black box holds. */
export function blackBoxFor(updates: readonly StateUpdate[], context: DecodeContext): BlackBoxMessage {
  const head = headFor(context);
  const bodies: Sample[] = [];
  let left = maxLineBytes - encode({ type: 'black_box', ...head, bodies }).length;
  for (const update of updates.slice(0, maxBlackBoxBodies)) {
    const body = sampleFor(update, context);
    left -= encode({ type: 'black_box', from: undefined, checksum: false, bodies: [body] }).length;
    if (left < 0 && bodies.length > 0) break;
    bodies.push(body);
  }
  return { type: 'black_box', ...head, bodies };
}

/** How lines to and from this session begin and end. */
function headFor(context: DecodeContext): LineHead {
  const { version } = parseSession(context.session);
  const checksum = isChecked(version);
  if (context.transport !== 'udp') return { from: undefined, checksum };
  return { from: { version: checksum ? version : undefined, deviceId: context.deviceId ?? '' }, checksum };
}

function sampleFor(update: StateUpdate, context: DecodeContext): Sample {
  const place = placeFor(update, parseSession(context.session).version);
  const values = new Map(update.names.map((name, i) => [name, update.values[i] as FieldValue]));
  if (values.size === 0 && update.position !== null) return { data: place, unread: [] };
  const hdop = takeNumber(values, 'hdop');
  const hardwareKey = takeText(values, 'hardware_key');
  const full: FullData = {
    ...place,
    hdop,
    inputs: takeMask(values, 'input_'),
    outputs: takeMask(values, 'output_'),
    analog: takeAnalog(values),
    hardwareKey,
    parameters: { list: writeParameters(values), unread: [] },
  };
  return { data: full, unread: [] };
}

/** Coordinates of a record without a fix are left out where nothing else in the line would tell that they are none. */
function placeFor(update: StateUpdate, version: string): ShortData {
  const { position } = update;
  const at = update.timed ? update.at - (Number(version) >= 2.1 ? 0 : update.at % 1000) : undefined;
  const lat = position?.lat ?? undefined;
  const lng = position?.lng ?? undefined;
  const satellites = position?.satellites;
  const placed = lat !== undefined && lng !== undefined;
  const fix = placed && isFix(lat, lng, satellites);
  const told = placed && (position?.valid === true || !fix);
  return {
    at,
    latDeg: told ? lat : undefined,
    lngDeg: told ? lng : undefined,
    speedKmh: position?.speedKmh,
    headingDeg: position?.headingDeg,
    altitudeM: position?.altitudeM,
    satellites: position?.valid === true && !fix ? undefined : satellites,
  };
}

function takeNumber(values: Map<string, FieldValue>, name: string): number | undefined {
  const value = values.get(name);
  if (typeof value !== 'number') return undefined;
  values.delete(name);
  return value;
}

function takeText(values: Map<string, FieldValue>, name: string): string | undefined {
  const value = values.get(name);
  if (typeof value !== 'string') return undefined;
  values.delete(name);
  return plainText(value);
}

/**
 * The mask of the inputs or outputs from the first on without a gap. Those behind its highest set bit stay with `values`, since a
 * mask does not tell how wide it is.
 */
function takeMask(values: Map<string, FieldValue>, prefix: string): number | undefined {
  let mask: number | undefined;
  for (let bit = 0; bit < maskBits; bit++) {
    const value = values.get(`${prefix}${bit + 1}`);
    if (typeof value !== 'boolean') break;
    mask = (mask ?? 0) + (value ? 2 ** bit : 0);
  }
  for (let bit = maskWidth(mask); bit > 0; bit--) values.delete(`${prefix}${bit}`);
  return mask;
}

/** The analog inputs from the first on without a gap; the others go as parameters. */
function takeAnalog(values: Map<string, FieldValue>): number[] {
  const volts: number[] = [];
  for (;;) {
    const value = values.get(`analog_${volts.length + 1}`);
    if (typeof value !== 'number') return volts;
    values.delete(`analog_${volts.length + 1}`);
    volts.push(value);
  }
}
