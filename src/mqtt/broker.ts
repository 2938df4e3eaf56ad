/**
 * The broker with what is not to be had from it by options: every subscription gets QoS 0, nothing is kept for clients that are away, and
 * a packet that its parser trips over ends the connection it came from and nothing else.
 */
import { Aedes, type AedesOptions, type Client, type ConnectPacket } from 'aedes';

/** The part of the broker's parser of one client that is used here. */
interface Parser {
  parse(bytes: Buffer): number;
  prependListener(event: 'packet', listener: (packet: ParsedPacket) => void): void;
}

interface ParsedPacket {
  readonly cmd: string;
  readonly subscriptions?: readonly { qos: number }[];
}

/** Time limits of the broker's own are left to the connections, which know a clock: this one, ms, is never reached. */
const neverMs = 2 ** 31 - 1;

export type BrokerHooks = Required<Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizeSubscribe'>>;

export function createBroker(hooks: BrokerHooks): Promise<Aedes> {
  return Aedes.createBroker({
    ...hooks,
    // The guard lets none through; neither is one let through here.
    authorizePublish: (_client, _packet, done) => done(new Error('not authorized')),
    connectTimeout: neverMs,
    drainTimeout: neverMs,
    maxTopicLevels: 8,
  });
}

/** Takes out of a CONNECT what is not offered: messages of a client, and a memory of it. */
export function plainConnect(packet: ConnectPacket): void {
  packet.clean = true;
  delete packet.will;
}

/** `failed` hears of what the parser threw. */
export function tame(client: Client, failed: (error: unknown) => void): void {
  const parser = (client as unknown as { readonly _parser: Parser })._parser;
  parser.prependListener('packet', ({ cmd, subscriptions }) => {
    if (cmd !== 'subscribe') return;
    // The broker acknowledges what it read, and its hooks come too late to change that.
    for (const subscription of subscriptions ?? []) subscription.qos = 0;
  });
  const parse = parser.parse.bind(parser);
  parser.parse = (bytes) => {
    try {
      return parse(bytes);
    } catch (error) {
      failed(error);
      return 0;
    }
  };
}
