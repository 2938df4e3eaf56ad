/**
 * What a virtual unit has to know of its protocol beyond the protocol's own codec: how it logs in, how it packs records, what it
 * makes of the bytes a server sends, and how it answers a command. One small file a protocol, under `behaviors/`.
 *
 * A behavior is pure but for its own counters (serial numbers): same calls, same bytes. It works against any server that speaks the
 * protocol, so it accepts every acknowledgement that the field's servers are known to send.
 */
import type { StateUpdate } from '../src/domain/update.js';
import type { Framer } from '../src/wire/framers.js';

/** A frame that carries records and waits for its acknowledgement. */
export interface OutgoingFrame {
  readonly bytes: Buffer;
  /** How many of the given records it carries, from the first on. */
  readonly records: number;
  /** What an acknowledgement of this frame alone carries (a serial number); undefined where acks come in order. */
  readonly tag: number | undefined;
}

/** What the server said. */
export type Downlink =
  | { readonly kind: 'login'; readonly accepted: boolean }
  /** `records`: how many were accepted, undefined where the protocol does not say (then: all of the frame). */
  | { readonly kind: 'ack'; readonly records: number | undefined; readonly tag: number | undefined }
  | { readonly kind: 'heartbeat' }
  /** `reference` goes back with the answer; it is negative for a command that the unit refuses, as one meant for another unit. */
  | { readonly kind: 'command'; readonly text: string; readonly reference: number }
  | { readonly kind: 'other' };

export interface Behavior {
  /** Most records one frame may carry. */
  readonly maxRecords: number;
  /** Frames that may wait for an acknowledgement at the same time. */
  readonly window: number;
  /** How often a silent connection sends `heartbeat`, seconds; 0 for never. */
  readonly heartbeatSeconds: number;
  /** A heartbeat tells the unit's status: one follows the login, and one the first record of every `heartbeatSeconds` of record time. */
  readonly heartbeatIsStatus?: boolean;

  /** The login frame; undefined when the protocol has none on this transport. */
  login(): Buffer | undefined;
  /** Packs as many of `updates` (oldest first, at least one) as fit into one frame. */
  pack(updates: readonly StateUpdate[]): OutgoingFrame;
  /** `status`: the record whose status a heartbeat tells that tells one; default that of the last record packed. */
  heartbeat(status?: StateUpdate): Buffer | undefined;
  /** Splits what the server sends: one framer a connection. */
  downlinkFramer(): Framer;
  readDownlink(frame: Buffer): Downlink;
  /** The unit's answer to a command; undefined when the protocol answers nothing. */
  answer(text: string, reference: number): Buffer | undefined;
}

export interface BehaviorOptions {
  readonly deviceId: string;
  readonly transport: 'tcp' | 'udp';
}

/** How to make virtual units of one protocol. */
export interface BehaviorFactory {
  readonly protocol: string;
  readonly port: number;
  readonly transports: readonly ('tcp' | 'udp')[];
  /** The identity of the `n`-th unit (0, 1, ...), within the protocol's rules. */
  deviceId(n: number): string;
  create(options: BehaviorOptions): Behavior;
}
