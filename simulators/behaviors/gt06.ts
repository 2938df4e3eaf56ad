/**
 * Virtual units that speak GT06 as the GT06N does: a location per record (0x22, 0xA0 where the cell is one of LTE, 0x26 for an event),
 * heartbeats with the status of the last record, and 0x15 or 0x21 to answer commands. They take acknowledgements of either form.
 */
import { imeiFrom } from '../../src/domain/unit-id.js';
import { fieldValue, type StateUpdate, UpdateBuilder } from '../../src/domain/update.js';
import { decode, encode } from '../../src/protocols/gt06/codec.js';
import { createFramer } from '../../src/protocols/gt06/framing.js';
import { messageFor } from '../../src/protocols/gt06/mapping.js';
import type { Content, Gt06Message } from '../../src/protocols/gt06/message.js';
import type { DecodeContext } from '../../src/protocols/protocol.js';
import type { Behavior, BehaviorFactory, BehaviorOptions, Downlink } from '../behavior.js';

const largestDownlinkBytes = 8192;
const english = 2;
/** Text that the short reply has room for. */
const longestShortReply = 200;
const loginNumber = 0x01;
const heartbeatNumbers = [0x13, 0x23, 0x36];
const locationNumbers = [0x12, 0x22, 0x26, 0xa0];

const downlinkContext: DecodeContext = {
  transport: 'tcp',
  receivedAt: 0,
  deviceId: undefined,
  model: undefined,
  session: '',
};

/** What the unit says of itself before its first record. */
const unknownStatus = new UpdateBuilder().set('gps_tracking', true).build(0, { timed: false });

/** The layout that says this record as an ordinary unit would. */
function layoutFor(update: StateUpdate): string {
  if (Number(fieldValue(update, 'event_code') ?? 0) > 0) return '26';
  if (fieldValue(update, 'ignition') === undefined) return '12';
  const isLte =
    Number(fieldValue(update, 'gsm_cell_id') ?? 0) > 0xff_ffff || Number(fieldValue(update, 'gsm_lac') ?? 0) > 0xffff;
  return isLte ? 'a0' : '22';
}

type Reply = readonly [pattern: RegExp, text: (match: RegExpExecArray, last: StateUpdate | undefined) => string];

/** Wordings of the GT06N and its kin; other commands are repeated. */
const replies: readonly Reply[] = [
  [/^RELAY,1\b/i, () => 'Cut off the fuel supply: Success!'],
  [/^RELAY,0\b/i, () => 'Restore fuel supply: Success!'],
  [/^DYD\b/i, () => 'DYD=Success!'],
  [/^HFYD\b/i, () => 'HFYD=Success!'],
  [/^WHERE\b/i, (_, last) => whereText(last)],
  [/^(RESET|FACTORY|TIMER|HBT|DISTANCE|ANGLEREP|SERVER|APN|GMT|SPEED|SOS|FENCE)\b/i, () => 'OK!'],
  [/^VERSION\b/i, () => '[VERSION]GT06N_20_61DA1_D23_R0_V01'],
];

function replyText(command: string, last: StateUpdate | undefined): string {
  for (const [pattern, text] of replies) {
    const match = pattern.exec(command.trim());
    if (match !== null) return text(match, last);
  }
  return command;
}

function whereText(last: StateUpdate | undefined): string {
  const position = last?.position;
  if (last === undefined || !position?.valid || position.lat === null || position.lng === null) return 'No data!';
  const { lat, lng, headingDeg = 0, speedKmh = 0 } = position;
  const time = new Date(last.at).toISOString().slice(0, 19).replace('T', '  ');
  const place = `Lat:${lat < 0 ? 'S' : 'N'}${Math.abs(lat).toFixed(6)},Lon:${lng < 0 ? 'W' : 'E'}${Math.abs(lng).toFixed(6)}`;
  return `Current position!${place},Course:${headingDeg.toFixed(2)},Speed:${speedKmh.toFixed(2)},DateTime:${time}`;
}

function answerFor(
  text: string,
  reference: number,
): Pick<Gt06Message, 'type' | 'form' | 'protocol' | 'layout' | 'content'> {
  const type = 'command_reply';
  if (text.length <= longestShortReply) {
    const content: Content = { commandReply: { flag: reference, text }, language: english };
    return { type, form: 'short', protocol: 0x15, layout: '15', content };
  }
  const content: Content = { encodedReply: { flag: reference, encoding: 1, text } };
  return { type, form: 'long', protocol: 0x21, layout: '21', content };
}

function readDownlink(frame: Buffer): Downlink {
  const { type, protocol, serial, content } = decode(frame, downlinkContext);
  if (type === 'command' && content.command !== undefined) {
    const { text, flag } = content.command;
    return { kind: 'command', text: text.replace(/#$/, ''), reference: flag };
  }
  if (type !== 'ack') return { kind: 'other' };
  if (protocol === loginNumber) return { kind: 'login', accepted: true };
  if (heartbeatNumbers.includes(protocol)) return { kind: 'heartbeat' };
  if (locationNumbers.includes(protocol)) return { kind: 'ack', records: undefined, tag: serial };
  return { kind: 'other' };
}

function create({ deviceId }: BehaviorOptions): Behavior {
  let serial = 0;
  let last: StateUpdate | undefined;
  const nextSerial = (): number => {
    serial = (serial % 0xffff) + 1;
    return serial;
  };
  const send = (message: Omit<Gt06Message, 'serial'>): Buffer => encode({ ...message, serial: nextSerial() });
  return {
    maxRecords: 1,
    window: 8,
    heartbeatSeconds: 180,
    heartbeatIsStatus: true,
    login: () =>
      send({ type: 'login', form: 'short', protocol: loginNumber, layout: '01', content: { loginId: `0${deviceId}` } }),
    pack(updates) {
      const [update] = updates;
      if (update === undefined) return { bytes: Buffer.alloc(0), records: 0, tag: undefined };
      if (!update.backlog) last = update;
      const bytes = send(messageFor(layoutFor(update), update));
      return { bytes, records: 1, tag: serial };
    },
    heartbeat: (status = last ?? unknownStatus) => send(messageFor('13', status)),
    downlinkFramer: () => createFramer({ maxFrameBytes: largestDownlinkBytes }),
    readDownlink,
    answer: (text, reference) => send(answerFor(replyText(text, last), reference)),
  };
}

export const gt06Behavior: BehaviorFactory = {
  protocol: 'gt06',
  port: 5023,
  transports: ['tcp'],
  deviceId: (n) => imeiFrom(String(86_123_450_000_000 + n)),
  create,
};
