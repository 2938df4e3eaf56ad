/**
 * Teltonika's AVL protocol (codecs 8, 8 Extended, 16 and 7) and its command frames (codecs 12 to 15), over TCP and UDP.
 */
import { defineProtocol } from '../protocol.js';
import { decode, encode, sixteenSession } from './codec.js';
import { encodeCommand, matchReply } from './commands.js';
import { explain } from './explain.js';
import { detect, splitDatagram, TeltonikaFramer } from './framing.js';
import { fromUpdates } from './from-updates.js';
import { toUpdates } from './mapping.js';
import type { TeltonikaMessage } from './messages.js';
import { reply, replyLogin, replyUndecodable } from './replies.js';

export const teltonika = defineProtocol<TeltonikaMessage>({
  name: 'teltonika',
  title: 'Teltonika',
  port: 5027,
  transports: ['tcp', 'udp'],
  defaultModel: 'telfmb920',
  decoderVersion: 4,
  connectionOriented: true,
  commandsAfterRecord: true,

  detect,
  createFramer: (limits) => new TeltonikaFramer(limits),
  splitDatagram,

  decode,
  encode,

  identify(message) {
    if (message.type === 'login') return { deviceId: message.imei };
    const head = 'datagram' in message ? message.datagram : undefined;
    return head === undefined ? undefined : { deviceId: head.imei };
  },
  isLogin: (message) => message.type === 'login',
  nextSession(message, context) {
    if (message.type !== 'avl' || message.records.length === 0) return context.session;
    return message.sixteenByteGroup ? sixteenSession : context.session;
  },

  toUpdates,
  fromUpdates,

  reply,
  replyLogin,
  /** A damaged frame is not acknowledged: that would delete it in the unit. */
  refuse: () => null,
  replyUndecodable,

  encodeCommand,
  matchReply,
  explain,
});
