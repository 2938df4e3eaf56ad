/**
 * GT06 messages to records and back. A record that says more than a location can hold travels in several messages of the same time, the
 * location first; every message is one that real units of the family send.
 */
import type { StateUpdate } from '../../domain/update.js';
import type { DecodeContext } from '../protocol.js';
import { rowNamed } from './codec.js';
import { Draft, RecordView, saneAltitude } from './draft.js';
import { meanings, putContent } from './meaning.js';
import type { Meaning } from './meaning-kit.js';
import type { Content, Element, Form, Gt06Message, MessageType } from './message.js';
import type { Row } from './row.js';
import { decimalKeyOf, hexKeyOf, takeEvent } from './take.js';

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
  const draft = new Draft(context.receivedAt, zoneMs, modelOf(found, context));
  putContent(message.content, draft);
  const update = draft.build();
  return update.position === null && update.names.length === 0 ? [] : [update];
}

/** The unit's model and the one that the layout gives away. */
function modelOf(found: Row, context: DecodeContext): string {
  const { model = '' } = context;
  return found.implies === undefined ? model : `${model} ${found.implies}`;
}

/** A layout that may carry part of a record. */
interface Carrier {
  readonly layout: string;
  readonly form?: Form;
  /** Fields that do not come from the record. */
  readonly fixed?: Content;
  /** Whether this layout would tell no untruth about the record. */
  readonly suits?: (record: RecordView) => boolean;
}

interface PreparedCarrier extends Carrier {
  readonly row: Row;
  /** Names of the record that it carries. */
  readonly names: ReadonlySet<string>;
  readonly hasPosition: boolean;
}

/** Stands for the altitude among the names that are still to be carried. */
const altitude = 'position.altitudeM';

const hasAcc = (record: RecordView): boolean => (record.flag('ignition') ?? record.flag('input_1')) !== undefined;
const fitsByte = (record: RecordView): boolean => (takeEvent(record) ?? 0) <= 0xff;

/** Carriers of records with a position, the usual ones first. */
const carrierList: readonly Carrier[] = [
  { layout: '26', suits: (record) => (takeEvent(record) ?? 0) > 0 && fitsByte(record) },
  { layout: '27', fixed: { fence: 0 }, suits: (record) => !fitsByte(record) && (takeEvent(record) ?? 0) <= 0xfff },
  { layout: '22', suits: hasAcc },
  { layout: '12' },
  { layout: '26', suits: fitsByte },
  { layout: '36 trx16i', suits: (record) => hasAcc(record) && record.number('engine_hours') !== undefined },
  { layout: '37', suits: hasAcc },
  { layout: 'f1' },
  { layout: '66' },
  { layout: '8c', form: 'long' },
  { layout: '65' },
  { layout: '17 rfid', suits: (record) => hexKeyOf(record) !== undefined },
  { layout: '70', form: 'long' },
  {
    layout: '34 x1',
    suits: (record) => record.text('hardware_key') === undefined || decimalKeyOf(record) !== undefined,
  },
  { layout: '94 key text', form: 'long', fixed: { sub: 0x1b }, suits: startsWithLetter },
  { layout: '94 fuel sensor', form: 'long', fixed: { sub: 0x0d } },
  { layout: '94 climate', form: 'long', fixed: { sub: 0x1e } },
  {
    layout: '94 door',
    form: 'long',
    fixed: { sub: 0x05 },
    suits: (record) => record.flag('door') !== undefined,
  },
  { layout: '28', fixed: { language: 2 } },
  { layout: '2c wifi' },
  { layout: '9b', form: 'long' },
];

const carriers: readonly PreparedCarrier[] = carrierList.map(prepare);

/** Carriers that say nothing of a position, for records without one. */
const plainCarriers: readonly PreparedCarrier[] = [
  ...carriers.filter((each) => each.layout === 'f1'),
  prepare({ layout: '13' }),
  prepare({ layout: '94 supply', form: 'long', fixed: { sub: 0 } }),
  ...carriers.filter((each) => !each.hasPosition && each.layout !== 'f1'),
];

function startsWithLetter(record: RecordView): boolean {
  return /^[A-Za-z]/.test(record.text('hardware_key') ?? '');
}

function prepare(carrier: Carrier): PreparedCarrier {
  const found = rowNamed(carrier.layout);
  const fields = [...found.layout.fields, ...Object.values(found.elements ?? {}).flatMap((each) => each.fields)];
  const names = new Set(fields.flatMap((field) => meanings[field].names ?? []));
  if (carrier.layout === '70') names.add(altitude);
  return { ...carrier, row: found, names, hasPosition: fields.includes('gps') };
}

/** Messages that carry the records, oldest first. Serial numbers count from 1; the sender puts its own. */
export function fromUpdates(updates: readonly StateUpdate[]): Gt06Message[] {
  const messages: Gt06Message[] = [];
  for (const update of updates) {
    const record = new RecordView(update);
    for (const carrier of carriersFor(record)) messages.push(messageOf(carrier, record, messages.length + 1));
  }
  return messages;
}

/** The first carrier that suits, then whatever carries names that are still missing. */
function carriersFor(record: RecordView): PreparedCarrier[] {
  const { update } = record;
  const missing = new Set(update.names);
  if (saneAltitude(update.position?.altitudeM) !== undefined) missing.add(altitude);
  const chosen: PreparedCarrier[] = [];
  const choose = (carrier: PreparedCarrier): void => {
    chosen.push(carrier);
    for (const name of carrier.names) missing.delete(name);
  };
  const suiting = (list: readonly PreparedCarrier[]): PreparedCarrier[] =>
    list.filter((each) => each.suits?.(record) ?? true);
  const [first, ...others] = suiting(carriers);
  if (update.position !== null && first !== undefined) choose(first);
  else for (const each of suiting(plainCarriers)) if (carriesAny(each, missing)) choose(each);
  for (const each of update.position === null ? suiting(carriers) : others) if (carriesAny(each, missing)) choose(each);
  return chosen;
}

function carriesAny(carrier: PreparedCarrier, missing: ReadonlySet<string>): boolean {
  for (const name of missing) if (carrier.names.has(name)) return true;
  return false;
}

function messageOf(carrier: PreparedCarrier, record: RecordView, serial: number): Gt06Message {
  const { type, protocol, name: layout } = carrier.row;
  const content: Record<string, unknown> = {};
  for (const field of carrier.row.layout.fields) {
    content[field] = field === 'elements' ? takeElements(carrier.row, record) : takeField(field, carrier, record);
  }
  return { type, form: carrier.form ?? 'short', protocol, serial, layout, content: content as Content };
}

function takeField(field: keyof Content, { fixed }: Carrier, record: RecordView): unknown {
  return fixed?.[field] ?? (meanings[field] as Meaning<unknown>).take?.(record);
}

/** Elements whose every field the record knows. */
function takeElements(found: Row, record: RecordView): Element[] {
  const elements: Element[] = [];
  for (const [id, layout] of Object.entries(found.elements ?? {})) {
    const content = Object.fromEntries(layout.fields.map((field) => [field, meanings[field].take?.(record)]));
    if (Object.values(content).every((value) => value !== undefined))
      elements.push({ id: Number(id), content: content as Content });
  }
  return elements;
}
