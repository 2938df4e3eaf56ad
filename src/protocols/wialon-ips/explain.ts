/** A readable account of a message for people. */
import { fieldOf } from '../../domain/fields.js';
import type { FieldValue, Position, StateUpdate } from '../../domain/update.js';
import type { DecodeContext } from '../protocol.js';
import { formatFor } from './line-formats.js';
import { toUpdates } from './mapping.js';
import { type LineMessage, linesOf, type WialonMessage } from './messages.js';
import { advance, formatSession, parseSession } from './session.js';
import { lineTable } from './spec.js';

/** One line an entry: type, sender, checksum, then every record with its fields and their units. */
export function explain(message: WialonMessage, context: DecodeContext): string[] {
  let session = parseSession(context.session);
  const lines = linesOf(message).flatMap((line) => {
    const told = explainLine(line, { ...context, session: formatSession(session) });
    session = advance(session, line);
    return told;
  });
  return message.type === 'compressed' ? [`compressed container, ${message.lines.length} lines`, ...lines] : lines;
}

function explainLine(line: LineMessage, context: DecodeContext): string[] {
  const updates = toUpdates(line, context);
  return [
    titleOf(line),
    ...(line.from === undefined ? [] : [`  sender: ${line.from.deviceId}, version ${line.from.version ?? '1.1'}`]),
    ...checksumLines(line),
    ...detailsOf(line),
    ...updates.flatMap((update, i) => [
      ...(updates.length > 1 ? [`  record ${i + 1} of ${updates.length}`] : []),
      ...explainUpdate(update),
    ]),
  ];
}

function checksumLines(line: LineMessage): string[] {
  if (line.checksum) return ['  checksum good (CRC-16/ARC)'];
  if (line.type === 'rejected') return [];
  return (lineTable[formatFor(line).format(line).code]?.checksum ?? 'none') === 'none' ? [] : ['  no checksum'];
}

function titleOf(line: LineMessage): string {
  if (line.type === 'answer') return `answer ${line.code}: ${line.value === '' ? '(empty)' : line.value}`;
  if (line.type === 'other') return `${line.code}, a type without a meaning here: ${line.body}`;
  if (line.type === 'rejected') return `refused, ${line.error}: ${line.line.toString('utf8').trimEnd()}`;
  const { code } = formatFor(line).format(line);
  return `${lineTable[code]?.title ?? line.type} (${code})`;
}

function detailsOf(line: LineMessage): string[] {
  switch (line.type) {
    case 'login':
      return [
        `  version: ${line.version}`,
        `  identity: ${line.deviceId}`,
        `  password: ${line.password === undefined ? 'none' : 'given'}`,
      ];
    case 'firmware':
    case 'configuration':
      return [`  size: ${line.content.length} bytes`];
    case 'tacho_query':
      return [`  driver: ${line.driverId}`];
    case 'black_box':
      return line.bodies.flatMap((body) => ('raw' in body ? [`  not readable: ${body.raw}`] : []));
    default:
      return [];
  }
}

function explainUpdate(update: StateUpdate): string[] {
  const at = new Date(update.at).toISOString();
  return [
    `  time: ${update.timed ? at : `none, received ${at}`}${update.backlog ? ', from memory' : ''}`,
    ...(update.position === null ? [] : explainPosition(update.position)),
    ...update.names.map((name, i) => `  ${name}: ${formatValue(name, update.values[i] as FieldValue)}`),
  ];
}

function explainPosition(position: Position): string[] {
  const { lat, lng, valid, speedKmh, headingDeg, altitudeM, satellites } = position;
  const told: [string, number | null | undefined, string][] = [
    ['latitude', lat, '°'],
    ['longitude', lng, '°'],
    ['speed', speedKmh, ' km/h'],
    ['heading', headingDeg, '°'],
    ['altitude', altitudeM, ' m'],
    ['satellites', satellites, ''],
  ];
  const given = told.filter(([, value]) => value !== undefined && value !== null);
  return [`  fix: ${valid ? 'yes' : 'no'}`, ...given.map(([name, value, unit]) => `  ${name}: ${value}${unit}`)];
}

function formatValue(name: string, value: FieldValue): string {
  const unit = fieldOf(name)?.unit;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return unit === undefined ? text : `${text} ${unit}`;
}
