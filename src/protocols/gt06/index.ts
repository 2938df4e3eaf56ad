/**
 * GT06 (Concox, Jimi and the many trackers that speak the same protocol), over TCP and UDP.
 */
import { CommandError } from '../../errors.js';
import { Outcome } from '../../wire/framers.js';
import { defineProtocol } from '../protocol.js';

const outcome = new Outcome();

export const gt06 = defineProtocol({
  name: 'gt06',
  title: 'GT06',
  port: 5023,
  transports: ['tcp', 'udp'],
  defaultModel: 'concox_gt06n',
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
