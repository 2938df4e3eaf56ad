/**
 * Every error the product can meet, in one table: its stable code (also its metric label), its kind and what follows.
 * Codes never change meaning; tests and other people's scripts compare codes, never message texts.
 */

export type ErrorKind = 'frame' | 'codec' | 'session' | 'command' | 'request' | 'store' | 'config';

/** `code: [kind, what it means]`. The table is the documentation; `docs/errors.md` is checked against it. */
export const errorTable = {
  checksum: ['frame', 'the frame checksum does not match its bytes'],
  garbage: ['frame', 'bytes that belong to no frame were skipped'],
  frame_too_large: ['frame', 'a frame announces more bytes than the limit'],
  frame_length: ['frame', 'the length field contradicts the frame'],
  compressed_frame: ['frame', 'a compressed container does not inflate within its limit'],
  too_many_strikes: ['frame', 'too many bad frames in a row on one connection'],

  unknown_message: ['codec', 'a good frame of a type that is not known'],
  truncated: ['codec', 'a good frame ends before its content does'],
  trailing_bytes: ['codec', 'a good frame holds bytes after its content'],
  count_mismatch: ['codec', 'a repeated count in a good frame differs from the first'],
  field_range: ['codec', 'a field is outside its documented range'],
  field_format: ['codec', 'a field does not have its documented form'],
  encode_range: ['codec', 'a value does not fit the field it is to be encoded into'],

  not_logged_in: ['session', 'a message before login'],
  unknown_unit: ['session', 'the identity is not registered'],
  unclaimed_unit: ['session', 'the unit is provisioned but nobody has claimed it'],
  blocked_unit: ['session', 'the unit is blocked'],
  wrong_protocol: ['session', 'the unit is registered with a model of another protocol'],
  wrong_password: ['session', 'the unit sent a wrong password'],
  bad_identity: ['session', 'the identity has not the form its protocol asks for'],
  replaced: ['session', 'a newer connection of the same unit took over'],
  login_timeout: ['session', 'no login within the time allowed'],
  login_budget: ['session', 'too many bytes before login'],
  idle_timeout: ['session', 'nothing received within the idle timeout'],
  slow_reader: ['session', 'the unit does not read what it is sent'],
  connection_limit: ['session', 'too many connections in all'],
  address_limit: ['session', 'too many connections from one address'],
  unknown_protocol: ['session', 'the first bytes belong to no known protocol'],
  shutdown: ['session', 'the gateway is stopping'],

  unsupported_command: ['command', 'the protocol has no such command'],
  unit_offline: ['command', 'the unit has no live session'],
  command_refused: ['command', 'the unit refused the command'],
  command_timeout: ['command', 'the unit did not answer in time'],
  command_text: ['command', 'the command text cannot be written in this protocol'],

  store_write: ['store', 'the journal could not be written'],
  store_behind: ['store', 'a datagram was dropped unread because the disk is too far behind'],
  store_closed: ['store', 'the journal is closed'],
  store_corrupt: ['store', 'the journal holds a value that cannot be read'],
  store_version: ['store', 'the data directory was written by another version'],
  data_dir_locked: ['store', 'another gateway uses the data directory'],
  backup_exists: ['store', 'there is something already where the copy is to be made'],
  backup_invalid: ['store', 'the directory is no copy of a journal'],
  key_unreadable: ['store', 'a key file of the data directory cannot be read'],
  secret_unreadable: ['store', 'a kept secret cannot be read with the keys of this data directory'],
  journal_exists: ['store', 'the data directory has a journal already'],

  config_invalid: ['config', 'the configuration is not valid'],
  port_in_use: ['config', 'a port cannot be bound'],
} as const satisfies Record<string, readonly [ErrorKind, string]>;

export type ErrorCode = keyof typeof errorTable;

/** Facts that travel with an error into logs: what was expected, what came, where. */
export interface ErrorFacts {
  readonly expected?: string | number;
  readonly got?: string | number;
  /** Byte offset in the frame (or field number in a text record). */
  readonly offset?: number;
  /** Name of the field, message or setting the error is about. */
  readonly at?: string;
  /** At most 64 bytes of the frame, as hex. */
  readonly hex?: string;
  readonly cause?: unknown;
}

/** Base of all typed errors. `code` is stable, `message` is for people. */
export class MilepostError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, facts: ErrorFacts = {}) {
    super(describe(code, facts), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = code;
    this.facts = facts;
  }

  get kind(): ErrorKind {
    return errorTable[this.code][0];
  }
}

/** Bytes that are not a frame: checksum, length, garbage. Costs a strike. */
export class FrameError extends MilepostError {}
/** A good frame with content that cannot be read. Not acknowledged until it has come three times. */
export class CodecError extends MilepostError {}
/** The session may not go on: not logged in, unknown, replaced, idle. */
export class SessionError extends MilepostError {}
/** A command that cannot be carried out. */
export class CommandError extends MilepostError {}
/** The journal cannot keep or give what is asked of it. Nothing is acknowledged meanwhile. */
export class StoreError extends MilepostError {}
/** The configuration is wrong; `problems` lists every fault, one line each. */
export class ConfigError extends MilepostError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], code: 'config_invalid' | 'port_in_use' = 'config_invalid', cause?: unknown) {
    super(code, { got: problems.join('; '), cause });
    this.problems = problems;
  }
}

function describe(code: ErrorCode, facts: ErrorFacts): string {
  const parts: string[] = [errorTable[code][1]];
  if (facts.at !== undefined) parts.push(`at ${facts.at}`);
  if (facts.expected !== undefined) parts.push(`expected ${facts.expected}`);
  if (facts.got !== undefined) parts.push(`got ${facts.got}`);
  if (facts.offset !== undefined) parts.push(`offset ${facts.offset}`);
  return parts.join(', ');
}

/** Hex of at most 64 bytes, for `ErrorFacts.hex`. */
export function hexExcerpt(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64)).toString('hex');
}
