/**
 * Decoded frames of Wialon IPS. Times are ms since 1970 UTC; `checksum` tells whether the line carries a CRC, so that it is encoded
 * as it came.
 */
import type { ErrorCode } from '../../errors.js';
import type { FullData, ShortData } from './spec.js';

/** Who sent a line, where the line itself says so: the prefix of a datagram. Without a version it is 1.1. */
export interface Sender {
  readonly version: string | undefined;
  readonly deviceId: string;
}

/** What every line has. */
export interface LineHead {
  readonly from: Sender | undefined;
  readonly checksum: boolean;
}

/** One sample. `unread` names the columns that could not be read; they are without a value in `data`. */
export interface Sample {
  readonly data: ShortData | FullData;
  readonly unread: readonly string[];
}

export interface LoginMessage extends LineHead {
  readonly type: 'login';
  /** As the unit says it (`2.0`, `2.1`), or `1.1` where it says none. */
  readonly version: string;
  readonly deviceId: string;
  readonly password: string | undefined;
}

/** `SD` or `D`, named by the line's type. Either may carry the fields of the other. */
export interface DataMessage extends LineHead {
  readonly type: 'short_data' | 'data';
  readonly sample: Sample;
}

/** `B`. A body that cannot be read is kept as it came, and not counted in the answer. */
export interface BlackBoxMessage extends LineHead {
  readonly type: 'black_box';
  readonly bodies: readonly (Sample | { readonly raw: string })[];
}

/** `M`, in both directions. */
export interface TextMessage extends LineHead {
  readonly type: 'driver_message';
  readonly text: string;
}

export interface ImageMessage extends LineHead {
  readonly type: 'image';
  readonly index: number;
  /** Number of the last block (1.1, English edition) or count of blocks (Russian edition). */
  readonly last: number | undefined;
  readonly at: number | undefined;
  readonly fileName: string | undefined;
  readonly content: Buffer;
}

export interface TachoInfoMessage extends LineHead {
  readonly type: 'tacho_info';
  readonly at: number | undefined;
  readonly driverId: string | undefined;
  readonly code: string | undefined;
  readonly blocks: number | undefined;
}

export interface TachoBlockMessage extends LineHead {
  readonly type: 'tacho_block';
  readonly code: string | undefined;
  readonly index: number;
  readonly content: Buffer;
}

/** `US` and `UC`. */
export interface UploadMessage extends LineHead {
  readonly type: 'firmware' | 'configuration';
  readonly content: Buffer;
}

/** `P`, `QI`. */
export interface BareMessage extends LineHead {
  readonly type: 'ping' | 'image_query';
}

export interface TachoQueryMessage extends LineHead {
  readonly type: 'tacho_query';
  readonly driverId: string;
}

/** An answer of a server: `code` is that of the answer (`ASD`), `value` what follows the second `#`. */
export interface AnswerMessage extends LineHead {
  readonly type: 'answer';
  readonly code: string;
  readonly value: string;
}

/** A line of a type without a meaning here (video, extensions). */
export interface OtherMessage extends LineHead {
  readonly type: 'other';
  readonly code: string;
  readonly body: string;
}

/** A line of a container that could not be read while others could. It is refused on its own. */
export interface RejectedMessage extends LineHead {
  readonly type: 'rejected';
  readonly line: Buffer;
  readonly error: ErrorCode;
}

/** One frame outside a container. */
export type LineMessage =
  | LoginMessage
  | DataMessage
  | BlackBoxMessage
  | TextMessage
  | ImageMessage
  | TachoInfoMessage
  | TachoBlockMessage
  | UploadMessage
  | BareMessage
  | TachoQueryMessage
  | AnswerMessage
  | OtherMessage
  | RejectedMessage;

/** A container: its lines in order. */
export interface CompressedMessage {
  readonly type: 'compressed';
  readonly lines: readonly LineMessage[];
}

export type WialonMessage = LineMessage | CompressedMessage;

/** The lines of a frame, in order: one, or those of a container. */
export function linesOf(message: WialonMessage): readonly LineMessage[] {
  return message.type === 'compressed' ? message.lines : [message];
}

/** True for a body of a black box that was read. */
export function isSample(body: Sample | { readonly raw: string }): body is Sample {
  return 'data' in body;
}

/** True for a sample with the fields of `D`. */
export function isFull(data: ShortData | FullData): data is FullData {
  return 'parameters' in data;
}
