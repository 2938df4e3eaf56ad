/**
 * Records in domain units to messages that carry them: what a virtual unit sends. The codec follows from the content: 8 where it is
 * enough, 8 Extended for ids above 255 and elements of variable length, 16 where a record has a generation type.
 */
import { fieldValue, type StateUpdate } from '../../domain/update.js';
import type { DecodeContext } from '../protocol.js';
import { commandMessage } from './command-frames.js';
import { ElementWriter } from './element-writer.js';
import { type IoTable, tableOf } from './io-table.js';
import { otherImeiText } from './mapping.js';
import type { AvlMessage, AvlRecord, CommandMessage, DatagramHead, TeltonikaMessage } from './messages.js';
import {
  type AvlFix,
  type AvlLayout,
  avlLayouts,
  beltLampBits,
  codecId,
  commandType,
  controlBits,
  doorBits,
  securityHighBits,
  securityLowBits,
} from './spec.js';

/** Most records and bytes that go into one frame; units stay below 1,280 bytes when they can. */
export const recordsPerFrame = 25;
const bytesPerFrame = 4096;

const noGroups: AvlRecord['sixteens'] = [];
const noPayload = Buffer.alloc(0);
const lastKnownWord = 'no_fix';

/** Fields of the record itself, or that follow from others. */
const ownNames = new Set([
  'event_code',
  'event_priority',
  'generation_type',
  'alarm',
  'fence_number',
  'driver_authorized',
]);
/** Names that a raw word of flags implies. */
const impliedBy: ReadonlyMap<string, readonly string[]> = new Map([
  ['avl_io_90', [...names(doorBits), 'can_door_state']],
  ['avl_io_123', [...names(controlBits), ...names(beltLampBits), 'obd_mil_status']],
  ['avl_io_132', [...names(doorBits), 'can_door_state', ...names(securityLowBits), ...names(securityHighBits)]],
  ['data_mode', ['gsm_roaming']],
  ['can_engine_temp', ['can_coolant_t']],
  ['can_mil_indicator', ['obd_mil_status']],
  ['obd_mil_activated_distance', ['obd_mil_status']],
  ['obd_mil_run_time', ['obd_mil_status']],
]);
/** Names that stand for others when those are missing. */
const standsFor: ReadonlyMap<string, string> = new Map([
  ['can_coolant_t', 'can_engine_temp'],
  ['obd_mil_status', 'can_mil_indicator'],
]);

function names(bits: typeof doorBits): string[] {
  return bits.map(([, name]) => name);
}

interface Draft {
  readonly fix: AvlFix;
  readonly eventId: number;
  readonly generationType: number;
  readonly elements: ElementWriter;
}

/** Messages for `updates`, oldest first: command answers by themselves, records together. */
export function fromUpdates(updates: readonly StateUpdate[], context: DecodeContext): TeltonikaMessage[] {
  const messages: TeltonikaMessage[] = [];
  const table = tableOf(context.model);
  let drafts: Draft[] = [];
  for (const update of updates) {
    const command = commandFrom(update);
    if (command !== undefined) {
      messages.push(command);
      continue;
    }
    drafts.push(draftOf(update, table));
    if (drafts.length === recordsPerFrame || sizeOf(drafts) > bytesPerFrame) {
      messages.push(messageOf(drafts, context));
      drafts = [];
    }
  }
  if (drafts.length > 0) messages.push(messageOf(drafts, context));
  return messages;
}

/** The command frame that an update tells of; what has a time of its own goes into a codec that has one. */
function commandFrom(update: StateUpdate): CommandMessage | undefined {
  const result = fieldValue(update, 'command_result');
  const command = fieldValue(update, 'command_text');
  const serial = fieldValue(update, 'rs232_1');
  const text = result ?? command ?? serial;
  if (typeof text !== 'string') return undefined;
  const imei = fieldValue(update, 'imei');
  const addressed = typeof imei === 'string' ? imei : undefined;
  const payload = Buffer.from(text, 'latin1');
  const seconds = update.timed ? Math.floor(update.at / 1000) : undefined;
  if (text === otherImeiText) return commandMessage(codecId.command14, commandType.otherImei, noPayload, addressed);
  if (result === undefined && command === undefined) {
    const serialCodec = seconds === undefined || addressed === undefined ? codecId.command12 : codecId.command15;
    return { ...commandMessage(serialCodec, commandType.serial, payload, addressed), seconds };
  }
  const type = result === undefined ? commandType.command : commandType.response;
  if (result !== undefined && seconds !== undefined) {
    return { ...commandMessage(codecId.command13, type, payload), seconds };
  }
  return commandMessage(addressed === undefined ? codecId.command12 : codecId.command14, type, payload, addressed);
}

/** Roughly what the records take on the wire, bytes. */
function sizeOf(drafts: readonly Draft[]): number {
  const variable = drafts.flatMap((draft) => draft.elements.blobs).reduce((sum, blob) => sum + blob.bytes.length, 0);
  return variable + drafts.reduce((sum, draft) => sum + 40 + 5 * draft.elements.count, 0);
}

function draftOf(update: StateUpdate, table: IoTable): Draft {
  const elements = new ElementWriter(table);
  const implied = new Set(update.names.flatMap((name) => impliedBy.get(name) ?? []));
  if (!update.names.includes('data_mode')) addRoaming(elements, update);
  update.names.forEach((name, i) => {
    if (ownNames.has(name) || implied.has(name)) return;
    const carrier = standsFor.get(name) ?? name;
    elements.add(carrier, update.values[i] as string | number | boolean);
  });
  const { position } = update;
  const lost = position !== null && !position.valid && position.lat !== null && (position.satellites ?? 0) > 0;
  if (lost && !update.names.includes('gnss_status')) elements.add('gnss_status', lastKnownWord);
  return {
    fix: fixOf(update),
    eventId: integerOf(update, 'event_code', 0),
    generationType: integerOf(update, 'generation_type', -1),
    elements,
  };
}

/** Roaming goes into the data mode, together with the movement. */
function addRoaming(elements: ElementWriter, update: StateUpdate): void {
  const roaming = fieldValue(update, 'gsm_roaming');
  if (typeof roaming !== 'boolean') return;
  elements.add('data_mode', (roaming ? 2 : 0) + (fieldValue(update, 'moving') === true ? 1 : 0));
}

function integerOf(update: StateUpdate, name: string, otherwise: number): number {
  const value = fieldValue(update, name);
  return typeof value === 'number' ? Math.round(value) : otherwise;
}

function clamp(value: number | undefined, min: number, max: number): number {
  return Math.min(max, Math.max(min, Math.round(value ?? 0)));
}

/** Satellites are what tells a fix from none: where their number is not known, a fix has as many as it takes. */
const fixSatellites = 3;

function fixOf(update: StateUpdate): AvlFix {
  const { position } = update;
  const satellites = position?.satellites ?? (position?.valid === true ? fixSatellites : 0);
  return {
    at: Math.round(update.at),
    priority: integerOf(update, 'event_priority', 0),
    lng: position?.lng ?? 0,
    lat: position?.lat ?? 0,
    altitudeM: clamp(position?.altitudeM, -0x8000, 0x7fff),
    angleDeg: clamp(position?.headingDeg, 0, 360),
    satellites: clamp(satellites, 0, 255),
    speedKmh: clamp(position?.speedKmh, 0, 0xffff),
  };
}

function messageOf(drafts: readonly Draft[], context: DecodeContext): AvlMessage {
  const layout = layoutFor(drafts);
  const records = drafts.map((draft) => recordOf(draft, layout));
  return {
    type: 'avl',
    codec: layout.codec,
    records,
    sixteenByteGroup: false,
    datagram: context.transport === 'udp' ? datagramHead(context.deviceId ?? '') : undefined,
  };
}

/** Ids of a datagram are the sender's to count; a message starts with these. */
function datagramHead(imei: string): DatagramHead {
  return { packetId: 0, unusable: 1, avlPacketId: 0, imei };
}

function layoutFor(drafts: readonly Draft[]): AvlLayout {
  const variable = drafts.some(({ elements }) => elements.blobs.length > 0);
  const generation = drafts.some(({ generationType }) => generationType >= 0);
  const wide = drafts.some(({ elements, eventId }) => elements.wideIds || eventId > 255);
  const codec = variable || (wide && !generation) ? codecId.avl8Extended : generation ? codecId.avl16 : codecId.avl8;
  return avlLayouts.find((layout) => layout.codec === codec) as AvlLayout;
}

function recordOf({ fix, eventId, generationType, elements }: Draft, layout: AvlLayout): AvlRecord {
  const bytes = elements.groups(layout);
  return {
    fix,
    eventId,
    generationType: layout.generationType ? Math.max(0, generationType) : -1,
    total: elements.count,
    bytes,
    start: 0,
    end: bytes.length,
    layout,
    blobs: layout.variableGroup ? elements.blobs : noGroups,
    sixteens: noGroups,
  };
}
