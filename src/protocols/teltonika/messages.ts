/**
 * The messages of the protocol, both directions. A record keeps its elements raw, as a run of plain numbers, so that decoding a frame
 * costs no object an element and encoding gives the same bytes back.
 */
import type { AvlFix, AvlLayout } from './spec.js';

/** What a datagram carries around its data field. */
export interface DatagramHead {
  readonly packetId: number;
  /** The vendor's "not usable" byte, 1. */
  readonly unusable: number;
  readonly avlPacketId: number;
  readonly imei: string;
}

/** An element of variable (or 16 bytes') length. */
export interface Blob {
  readonly id: number;
  readonly bytes: Buffer;
}

/**
 * One AVL record of codec 8, 8 Extended or 16. Its elements stay as they came, in a copy of the data field: an element costs nothing
 * until it is mapped, and encoding gives the same bytes back.
 */
export interface AvlRecord {
  readonly fix: AvlFix;
  /** The element that caused the record, 0 for none. */
  readonly eventId: number;
  /** Codec 16 only; -1 elsewhere. */
  readonly generationType: number;
  /** Number of elements as the unit counts them. */
  readonly total: number;
  /** The groups of 1, 2, 4 and 8 bytes, each behind its count, stand in `bytes` from `start` to `end`. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly layout: AvlLayout;
  readonly blobs: readonly Blob[];
  /** The undocumented fifth group of old firmware: `id`, 16 bytes. */
  readonly sixteens: readonly Blob[];
}

export interface AvlMessage {
  readonly type: 'avl';
  readonly codec: number;
  readonly records: readonly AvlRecord[];
  /** The records carry the group of 16 bytes. */
  readonly sixteenByteGroup: boolean;
  readonly datagram: DatagramHead | undefined;
}

/** GPS part of a codec 7 record; what its mask leaves out is undefined. Degrees, m, km/h. */
export interface GhPosition {
  readonly mask: number;
  readonly lat: number | undefined;
  readonly lng: number | undefined;
  readonly altitudeM: number | undefined;
  /** Course in 360/256 degrees. */
  readonly angleRaw: number | undefined;
  readonly speedKmh: number | undefined;
  readonly satellites: number | undefined;
  readonly lac: number | undefined;
  readonly cellId: number | undefined;
  readonly signal: number | undefined;
  readonly operator: number | undefined;
}

/** One record of codec 7. `io` holds `id, raw` for elements of 1, 2 and 4 bytes. */
export interface GhRecord {
  /** Seconds since 2007-01-01 UTC. */
  readonly seconds: number;
  readonly priority: number;
  readonly mask: number;
  readonly position: GhPosition | undefined;
  readonly count1: number;
  readonly count2: number;
  readonly count4: number;
  readonly io: readonly number[];
}

export interface GhMessage {
  readonly type: 'gh-avl';
  readonly records: readonly GhRecord[];
  readonly datagram: DatagramHead | undefined;
}

/** A command frame of codec 12, 13, 14 or 15, or what a unit passes on from its serial port in one. */
export interface CommandMessage {
  readonly type: 'command' | 'response' | 'refusal' | 'serial' | 'camera';
  readonly codec: number;
  readonly commandType: number;
  readonly quantity: number;
  /** The size field as sent: firmwares differ in what it counts. */
  readonly size: number;
  /** Codecs 13 and 15: seconds since 1970 UTC. */
  readonly seconds: number | undefined;
  /** Codecs 14 and 15: 16 BCD digits with the leading 0. */
  readonly imeiBcd: string | undefined;
  readonly payload: Buffer;
  readonly datagram: DatagramHead | undefined;
}

export interface LoginMessage {
  readonly type: 'login';
  readonly imei: string;
}
export interface PingMessage {
  readonly type: 'ping';
}
/** The server's answer to a login. */
export interface LoginReplyMessage {
  readonly type: 'login-reply';
  readonly accepted: boolean;
}
/** The server's record count on TCP. */
export interface AckMessage {
  readonly type: 'ack';
  readonly records: number;
}
/** The server's record count on UDP. */
export interface DatagramAckMessage {
  readonly type: 'datagram-ack';
  readonly packetId: number;
  readonly unusable: number;
  readonly avlPacketId: number;
  readonly records: number;
}

export type TeltonikaMessage =
  | LoginMessage
  | PingMessage
  | AvlMessage
  | GhMessage
  | CommandMessage
  | LoginReplyMessage
  | AckMessage
  | DatagramAckMessage;
