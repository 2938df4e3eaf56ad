/**
 * The contract between a protocol and the house. A protocol is pure: bytes and values in, bytes and values out; it knows no
 * socket, timer, store or logger, and no other protocol. The gateway, the `decode` command and the virtual units use the same one.
 */
import type { Command, CommandReply } from '../domain/command.js';
import type { StateUpdate } from '../domain/update.js';
import type { CodecError, FrameError } from '../errors.js';
import type { Framer, FramerLimits } from '../wire/framers.js';

export type Transport = 'tcp' | 'udp';

/** A decoded frame. Each protocol refines it to a union discriminated by `type`. */
export interface Message {
  readonly type: string;
}

/**
 * Everything besides the frame that decoding may depend on. It is small and can be written down: the journal keeps it with each
 * frame, so that decoding again gives the same.
 */
export interface DecodeContext {
  readonly transport: Transport;
  /** When the gateway received the frame, ms since 1970 UTC. "Now" for frames without a date. */
  readonly receivedAt: number;
  /** The identity this session is bound to, if any. */
  readonly deviceId: string | undefined;
  /** The unit's model code of the catalogue (`telfmb920`), if known. */
  readonly model: string | undefined;
  /** What the protocol has to remember of the session (zone of the login, version): its own short text, `''` at the start. */
  readonly session: string;
}

/** Who a message says it comes from. */
export interface Identity {
  readonly deviceId: string;
  /** Password sent with the login, if the protocol has one and the unit sent one. */
  readonly password?: string;
}

/** How a login ended. `refused` carries the reason for protocols that can tell it. */
export type LoginOutcome = 'accepted' | 'unknown_unit' | 'wrong_password';

/** `no`: not this protocol; `more`: cannot tell yet; `yes`: it is. */
export type Detection = 'yes' | 'no' | 'more';

export interface Protocol<M extends Message = Message> {
  /** Name on the command line, in the journal and in metrics: `wialon-ips`. Never changes. */
  readonly name: string;
  /** Name for people: `Wialon IPS`. */
  readonly title: string;
  /** The conventional port. */
  readonly port: number;
  readonly transports: readonly Transport[];
  /** Model given to a unit that is registered on sight. */
  readonly defaultModel: string;
  /** Raised whenever the same frame may decode differently than before: the state is then rebuilt from the journal. */
  readonly decoderVersion: number;
  /** Bytes to append where a captured frame came without its line end; `decode` uses it. */
  readonly terminator?: Buffer;
  /** True when the unit keeps a connection open while it is on (used for `connection_status`). */
  readonly connectionOriented: boolean;
  /** True when units look at commands only after the first record of a connection was acknowledged. */
  readonly commandsAfterRecord?: boolean;

  /** Whether the first bytes of a connection are this protocol's. Looks at no more than 64 bytes. */
  detect(bytes: Buffer): Detection;
  createFramer(limits: FramerLimits): Framer;
  /** Splits a datagram into frames; absent for protocols without UDP. Throws `FrameError`. */
  splitDatagram?(datagram: Buffer, limits: FramerLimits): Buffer[];

  /**
   * Frame to message. The message may refer to the bytes of `frame`, which stay as they are until its records and its reply are made;
   * those refer to them no more. Throws `FrameError` (checksum) or `CodecError`.
   */
  decode(frame: Buffer, context: DecodeContext): M;
  /** Message to frame, uplink and downlink alike. Throws `CodecError` `encode_range`. */
  encode(message: M, context: DecodeContext): Buffer;

  /** Who sent it: logins, and messages that carry an identity of their own. */
  identify(message: M, context: DecodeContext): Identity | undefined;
  /** True for a message whose only purpose is to log in. */
  isLogin(message: M): boolean;
  /** The session text after this message, when the message changes it. */
  nextSession?(message: M, context: DecodeContext): string;

  /** Records of the message. Empty for bare logins and pings. `context.deviceId` is set. */
  toUpdates(message: M, context: DecodeContext): StateUpdate[];
  /** Messages that carry these records, for the virtual unit: as many frames as needed, oldest record first. */
  fromUpdates(updates: readonly StateUpdate[], context: DecodeContext): M[];

  /** What is owed to the unit for a message whose records are kept (or that has none); null when nothing is. */
  reply(message: M, context: DecodeContext): Buffer | null;
  /** The answer to a login. */
  replyLogin(message: M, outcome: LoginOutcome, context: DecodeContext): Buffer | null;
  /** The protocol's refusal for a frame that could not be read; null when it stays silent. */
  refuse(frame: Buffer, error: FrameError | CodecError, context: DecodeContext): Buffer | null;
  /** The acknowledgement a frame would get had it been readable: sets a poison packet free. */
  replyUndecodable(frame: Buffer, context: DecodeContext): Buffer | null;

  /** Bytes of a command. `tag` (1 to 2^31-1, unique in the session) correlates the answer where the protocol can. Throws `CommandError`. */
  encodeCommand(command: Command, tag: number, context: DecodeContext): Buffer;
  /** The reply this message is to the command sent as `tag`, or undefined when it is none. */
  matchReply(message: M, tag: number, context: DecodeContext): CommandReply | undefined;

  /** A readable account of a frame for people, one line an entry: type, fields with units, checksum verdict. */
  explain(message: M, context: DecodeContext): string[];
}

/** Registers a protocol. The registry forgets the message type; `decode` output is only ever given back to the same protocol. */
export function defineProtocol<M extends Message>(protocol: Protocol<M>): Protocol {
  return protocol;
}
