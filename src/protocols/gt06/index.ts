/**
 * GT06: the protocol of Concox and Jimi trackers and of the many that speak the same, over TCP. Frames are answered with
 * their own number and serial number; the unit logs in with its IMEI and says nothing before that is answered.
 */
import { type Detection, defineProtocol } from '../protocol.js';
import { decode, encode } from './codec.js';
import { encodeCommand, matchReply } from './commands.js';
import { explain } from './explain.js';
import { createFramer, longMark, shortMark } from './framing.js';
import { fromUpdates, toUpdates } from './mapping.js';
import type { Gt06Message } from './message.js';
import { imeiOf, zoneMinutes } from './put.js';
import { ackFrame, ackUndecodable, replyTo } from './replies.js';

export type { Gt06Message } from './message.js';

function detect(bytes: Buffer): Detection {
  const [first, second] = bytes;
  if (first !== shortMark && first !== longMark) return first === undefined ? 'more' : 'no';
  if (second === undefined) return 'more';
  return second === first ? 'yes' : 'no';
}

/** The zone that a login tells, in minutes, for messages with local time. */
function sessionAfter(message: Gt06Message): string {
  const { zone } = message.content;
  const minutes = zone === undefined ? undefined : zoneMinutes(zone);
  return minutes === undefined ? '' : String(minutes);
}

export const gt06 = defineProtocol<Gt06Message>({
  name: 'gt06',
  title: 'GT06 (Concox, Jimi)',
  port: 5023,
  transports: ['tcp'],
  defaultModel: 'concox_gt06n',
  decoderVersion: 2,
  connectionOriented: true,

  detect,
  createFramer,
  decode,
  encode,

  /** Logins, and the messages of SIM-less or forgetful units that bring the IMEI along; not 0x94, which tells the IMEI as a fact. */
  identify({ type, content }) {
    const id = content.loginId ?? (type === 'information' ? undefined : content.imei);
    return id === undefined ? undefined : { deviceId: imeiOf(id) };
  },
  isLogin: (message) => message.type === 'login',
  nextSession: (message, context) => (message.type === 'login' ? sessionAfter(message) : context.session),

  toUpdates,
  fromUpdates,

  reply: replyTo,
  replyLogin: (message, outcome) => (outcome === 'accepted' ? ackFrame(message.protocol, message.serial) : null),
  refuse: () => null,
  replyUndecodable: ackUndecodable,

  encodeCommand,
  matchReply,
  explain,
});
