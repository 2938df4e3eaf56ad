/**
 * Wialon IPS, the line protocol of Gurtam's platform, versions 1.1, 2.0 and 2.1, on TCP and UDP. See README.md for sources and what
 * is not supported.
 */
import type { Identity } from '../protocol.js';
import { defineProtocol } from '../protocol.js';
import { isLogin, refuse, reply, replyLogin, replyUndecodable } from './answers.js';
import { decode, encode } from './codec.js';
import { encodeCommand, matchReply } from './commands.js';
import { explain } from './explain.js';
import { detect, splitDatagram, WialonFramer } from './framing.js';
import { fromUpdates, toUpdates } from './mapping.js';
import { linesOf, type WialonMessage } from './messages.js';
import { advance, formatSession, parseSession } from './session.js';

/** The first login or sender of a message. */
function identify(message: WialonMessage): Identity | undefined {
  for (const line of linesOf(message)) {
    if (line.type === 'login') {
      return { deviceId: line.deviceId, ...(line.password === undefined ? {} : { password: line.password }) };
    }
    if (line.from !== undefined) return { deviceId: line.from.deviceId };
  }
  return undefined;
}

export const wialonIps = defineProtocol<WialonMessage>({
  name: 'wialon-ips',
  title: 'Wialon IPS',
  port: 20332,
  transports: ['tcp', 'udp'],
  defaultModel: 'wialon_ips',
  decoderVersion: 2,
  terminator: Buffer.from('\r\n'),
  connectionOriented: true,
  detect,
  createFramer: (limits) => new WialonFramer(limits),
  splitDatagram,
  decode,
  encode,
  identify,
  isLogin,
  nextSession: (message, context) => formatSession(advance(parseSession(context.session), message)),
  toUpdates,
  fromUpdates,
  reply,
  replyLogin,
  refuse,
  replyUndecodable,
  encodeCommand: (command, _tag, context) => encodeCommand(command, context),
  matchReply,
  explain,
});
