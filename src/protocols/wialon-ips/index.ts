/** Wialon IPS: the line protocol of Gurtam's platform, versions 1.1, 2.0 and 2.1. */
import { CodecError, CommandError } from '../../errors.js';
import { defineProtocol } from '../protocol.js';

export const wialonIps = defineProtocol({
  name: 'wialon-ips',
  title: 'Wialon IPS',
  port: 20332,
  transports: ['tcp', 'udp'],
  defaultModel: 'wialon_ips',
  decoderVersion: 1,
  terminator: Buffer.from('\r\n'),
  connectionOriented: true,
  detect: (bytes) => (bytes[0] === 35 ? 'yes' : 'no'),
  createFramer: () => {
    throw new CodecError('unknown_message');
  },
  decode: () => {
    throw new CodecError('unknown_message');
  },
  encode: () => {
    throw new CodecError('unknown_message');
  },
  identify: () => undefined,
  isLogin: () => false,
  toUpdates: () => [],
  fromUpdates: () => [],
  reply: () => null,
  replyLogin: () => null,
  refuse: () => null,
  replyUndecodable: () => null,
  encodeCommand: () => {
    throw new CommandError('unsupported_command');
  },
  matchReply: () => undefined,
  explain: () => [],
});
