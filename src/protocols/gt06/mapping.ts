/**
 * GT06 messages to records and back. A record travels in one message: of the layouts that real units of the family send, the one that
 * says most of the record and nothing against it.
 */
import type { FieldValue, StateUpdate } from '../../domain/update.js';
import { CodecError } from '../../errors.js';
import type { DecodeContext } from '../protocol.js';
import { decode, encode, rowNamed } from './codec.js';
import { Draft, RecordView } from './draft.js';
import { meanings, putContent } from './meaning.js';
import type { Meaning } from './meaning-kit.js';
import type { Content, Element, Form, Gt06Message, MessageType } from './message.js';
import type { Row } from './row.js';
import { hexKeyOf, takeEvent } from './take.js';

/** Messages that say nothing about a unit. */
const silentTypes: ReadonlySet<MessageType> = new Set([
  'ack',
  'time_request',
  'time_reply',
  'address_reply',
  'command',
]);

/** Records of a message: one, or none when it says nothing. */
export function toUpdates(message: Gt06Message, context: DecodeContext): StateUpdate[] {
  if (silentTypes.has(message.type)) return [];
  const found = rowNamed(message.layout);
  const zoneMs = found.isLocalTime === true ? Number(context.session) * 60_000 : 0;
  const draft = new Draft(context.receivedAt, { zoneMs, model: modelOf(found, context), elements: found.elements });
  putContent(message.content, found.layout, draft);
  const update = draft.build();
  return update.position === null && update.names.length === 0 ? [] : [update];
}

/** The unit's model and the one that the layout gives away. */
function modelOf(found: Row, context: DecodeContext): string {
  const { model = '' } = context;
  return found.implies === undefined ? model : `${model} ${found.implies}`;
}

/** A layout that may carry a record. */
interface Carrier {
  readonly layout: string;
  readonly form?: Form;
  /** Fields that do not come from the record. */
  readonly fixed?: Content;
  readonly suits?: (record: RecordView) => boolean;
}

const hasAcc = (record: RecordView): boolean => record.flag('ignition') !== undefined;
const hasEvent = (record: RecordView): boolean => (takeEvent(record) ?? 0) > 0;
const hasFullKey = (record: RecordView): boolean => hexKeyOf(record) !== undefined;
const hasSignals = (record: RecordView): boolean => record.text('satellite_signals') !== undefined;
const hasKeyText = (record: RecordView): boolean => /^[A-Za-z]/.test(record.text('hardware_key') ?? '');

/** Layouts that carry a position, the usual ones first. */
const located: readonly Carrier[] = [
  { layout: '22', suits: hasAcc },
  { layout: 'a0', suits: hasAcc },
  { layout: '12' },
  { layout: '26' },
  { layout: '27', suits: hasEvent },
  { layout: '1e', suits: (record) => record.list('gsm_cells').length > 0 },
  { layout: 'a4' },
  { layout: '37', suits: hasAcc },
  { layout: '17 rfid', suits: hasFullKey },
  { layout: '31', suits: (record) => hasAcc(record) && record.update.position?.altitudeM !== undefined },
  { layout: '36 trx16i', suits: hasAcc },
  { layout: '34 x1' },
  { layout: '66', suits: hasAcc },
  { layout: '8c', form: 'long', suits: hasAcc },
  { layout: '65', suits: hasAcc },
  { layout: '70', form: 'long' },
];

/** Layouts without a position. */
const plain: readonly Carrier[] = [
  { layout: 'f1' },
  { layout: '13' },
  { layout: '23' },
  { layout: '36' },
  { layout: '19' },
  { layout: '28', fixed: { language: 2 } },
  { layout: 'a1', fixed: { language: 2 } },
  { layout: '2c wifi' },
  { layout: 'a2 wifi' },
  { layout: '94 supply', form: 'long', fixed: { sub: 0x00 } },
  { layout: '94 door', form: 'long', fixed: { sub: 0x05 }, suits: (record) => record.flag('door') !== undefined },
  { layout: '94 self-test', form: 'long', fixed: { sub: 0x08 } },
  { layout: '94 satellites', form: 'long', fixed: { sub: 0x09 }, suits: hasSignals },
  { layout: '94 sim', form: 'long', fixed: { sub: 0x0a } },
  { layout: '94 network', form: 'long', fixed: { sub: 0x0b } },
  { layout: '94 fuel sensor', form: 'long', fixed: { sub: 0x0d } },
  { layout: '94 key text', form: 'long', fixed: { sub: 0x1b }, suits: hasKeyText },
  { layout: '94 climate', form: 'long', fixed: { sub: 0x1e } },
  { layout: '9b', form: 'long' },
];

/** Messages that carry the records, oldest first. Serial numbers count from 1; the sender puts its own. */
export function fromUpdates(updates: readonly StateUpdate[], context: DecodeContext): Gt06Message[] {
  const messages: Gt06Message[] = [];
  for (const update of updates) {
    const message = bestMessage(update, context);
    if (message !== undefined) messages.push({ ...message, serial: messages.length + 1 });
  }
  return messages;
}

function bestMessage(update: StateUpdate, context: DecodeContext): Gt06Message | undefined {
  const record = new RecordView(update);
  let best: Gt06Message | undefined;
  // A message that says something else than the record is worse than none.
  let bestScore = 0;
  for (const carrier of update.position === null ? plain : located) {
    if (carrier.suits?.(record) === false) continue;
    const message = messageOf(carrier, record);
    const score = scoreOf(message, update, context);
    if (score <= bestScore) continue;
    best = message;
    bestScore = score;
  }
  return best;
}

/** A message of the layout named; for virtual units that send one kind of message only. */
export function messageFor(layout: string, update: StateUpdate): Gt06Message {
  return messageOf({ layout }, new RecordView(update));
}

/**
 * One more name is worth less than the right time, and a wrong value spoils all. Without a place a record is worth its names: the time
 * of a status is about that of its receipt. No layout is chosen that leaves out the ignition when another tells it. What a layout says
 * on its own account is against it.
 */
const weights = { name: 1, ignition: 10, time: 10, timeOfStatus: 3, backlog: 5, contradiction: -100, extra: -0.01 };

/** Names that a layout brings along without saying anything of the unit. */
const formalNames: ReadonlySet<string> = new Set(['language', 'alarm_code', 'archive', 'upload_mode']);

/** How much of the record comes back out of the message; -Infinity when it cannot be written, or says nothing of the record. */
function scoreOf(message: Gt06Message, update: StateUpdate, context: DecodeContext): number {
  const [back] = readBack(message, context);
  if (back === undefined) return Number.NEGATIVE_INFINITY;
  const said = namesScore(update, new RecordView(back));
  if (said === 0 && update.position === null) return Number.NEGATIVE_INFINITY;
  const isTimely = back.timed === update.timed && Math.floor(back.at / 1000) === Math.floor(update.at / 1000);
  const hasAltitude = back.position?.altitudeM !== undefined && update.position?.altitudeM !== undefined;
  const timeWeight = update.position === null ? weights.timeOfStatus : weights.time;
  const timeScore = (isTimely ? timeWeight : 0) + (back.backlog === update.backlog ? weights.backlog : 0);
  return said + timeScore + (hasAltitude ? weights.name : 0);
}

function namesScore(update: StateUpdate, back: RecordView): number {
  const extra = back.update.names.filter((name) => !update.names.includes(name) && !formalNames.has(name)).length;
  let score = 0;
  for (const [i, name] of update.names.entries()) {
    const value = back.value(name);
    if (value === undefined) continue;
    const weight = name === 'ignition' ? weights.ignition : weights.name;
    score += isSame(name, value, update.values[i]) ? weight : weights.contradiction;
  }
  return score === 0 ? 0 : score + extra * weights.extra;
}

function readBack(message: Gt06Message, context: DecodeContext): StateUpdate[] {
  try {
    return toUpdates(decode(encode(message), context), context);
  } catch (error) {
    if (error instanceof CodecError) return [];
    throw error;
  }
}

/** Bars and levels are coarse, other numbers are as fine as their field. */
function isSame(name: string, value: FieldValue, wanted: FieldValue | undefined): boolean {
  if (typeof value !== 'number' || typeof wanted !== 'number') {
    return typeof value === 'object' ? JSON.stringify(value) === JSON.stringify(wanted) : value === wanted;
  }
  return Math.abs(value - wanted) <= (name.endsWith('_level') ? 13 : 0.5);
}

function messageOf({ layout, form = 'short', fixed = {} }: Carrier, record: RecordView): Gt06Message {
  const found = rowNamed(layout);
  const content: Record<string, unknown> = {};
  for (const field of found.layout.fields) {
    if (field === 'elements') content[field] = takeElements(found, record);
    else content[field] = fixed[field] ?? (meanings[field] as Meaning<unknown>).take?.(record);
  }
  const { type, protocol } = found;
  return { type, form, protocol, serial: 1, layout, content: withAcc(content as Content, record) };
}

/** Layouts without a field for ACC have it in two bits of the GPS block. */
function withAcc(content: Content, record: RecordView): Content {
  const isAccOn = record.flag('ignition');
  if (content.gps === undefined || isAccOn === undefined || 'isAccOn' in content || 'status' in content) return content;
  return { ...content, gps: { ...content.gps, course: { ...content.gps.course, hasAcc: true, isAccOn } } };
}

/** Elements whose every field the record knows. */
function takeElements(found: Row, record: RecordView): Element[] {
  const elements: Element[] = [];
  for (const [id, layout] of found.elements ?? []) {
    const content = Object.fromEntries(layout.fields.map((field) => [field, meanings[field].take?.(record)]));
    if (Object.values(content).every((value) => value !== undefined))
      elements.push({ id, content: content as Content });
  }
  return elements;
}
