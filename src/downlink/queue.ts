/**
 * Commands to units as rows of the registry: what a row means, and the changes it goes through. Each function works on an open
 * transaction; nothing here sends anything.
 *
 *   queued -> sent -> acknowledged | answered | failed      expired and cancelled end a row from either of the first two
 *
 * A reliable command whose unit did not answer goes back from `sent` to `queued`, until it expires.
 */
import type { Command, CommandReply } from '../domain/command.js';
import type { ErrorCode } from '../errors.js';
import type { Transaction } from '../store/contract.js';
import type { Registry } from '../store/registry.js';
import type { CommandRow, CommandState, SourceRow } from '../store/rows.js';

export const commandStates: readonly CommandState[] = [
  'queued',
  'sent',
  'acknowledged',
  'answered',
  'failed',
  'expired',
  'cancelled',
];

/** Most commands that may wait for one source. */
export const maxOpenPerSource = 256;
/** Commands that have ended are kept for reading, this many of a source. */
export const maxEndedPerSource = 100;
/** Characters kept of an answer. */
const maxResultLength = 4096;

/** A command somebody wants to reach a unit. */
export interface NewCommand {
  readonly source: SourceRow;
  /** Who asks: the account whose tracker it is. */
  readonly accountId: number;
  readonly command: Command;
  readonly via: 'link' | 'sms';
  /** Kept for a unit that is offline, and sent again after each login until it is answered. */
  readonly reliable: boolean;
  readonly ttlMs: number;
}

export function isOpen(row: CommandRow): boolean {
  return row.state === 'queued' || row.state === 'sent';
}

/** Adds a command to the queue of its source; undefined when the queue is full. The oldest ended ones are forgotten. */
export function enqueue(tx: Transaction, wanted: NewCommand): CommandRow | undefined {
  const known = tx.registry.commandsOfSource(wanted.source.id);
  if (known.filter(isOpen).length >= maxOpenPerSource) return undefined;
  const ended = known.filter((row) => !isOpen(row)).sort((left, right) => left.id - right.id);
  for (const row of ended.slice(0, Math.max(0, ended.length + 1 - maxEndedPerSource))) tx.remove('command', row.id);
  const row: CommandRow = {
    id: tx.nextId('command'),
    sourceId: wanted.source.id,
    accountId: wanted.accountId,
    command: toJson(wanted.command),
    via: wanted.via,
    reliable: wanted.reliable,
    state: 'queued',
    attempts: 0,
    createdAt: tx.at,
    expiresAt: tx.at + wanted.ttlMs,
  };
  tx.put('command', row);
  return row;
}

/** Marks a queued command as on its way; undefined when it is no longer queued. */
export function markSent(tx: Transaction, id: number): CommandRow | undefined {
  const row = tx.registry.get('command', id);
  if (row?.state !== 'queued') return undefined;
  return put(tx, { ...row, state: 'sent', attempts: row.attempts + 1, sentAt: tx.at });
}

/** What the unit answered ends the command. An answer without text is an acknowledgement. */
export function markReply(tx: Transaction, id: number, reply: CommandReply): void {
  const row = tx.registry.get('command', id);
  if (row === undefined || !isOpen(row)) return;
  const state = !reply.ok ? 'failed' : reply.text === '' ? 'acknowledged' : 'answered';
  end(tx, row, state, reply.text);
}

/** Errors that another attempt cannot mend. */
const lasting: ReadonlySet<ErrorCode> = new Set(['unsupported_command', 'command_text', 'command_refused']);

/** The attempt came to nothing: a reliable command waits for the next one, another has failed. */
export function markUnanswered(tx: Transaction, id: number, code: ErrorCode): void {
  const row = tx.registry.get('command', id);
  if (row === undefined || !isOpen(row)) return;
  if (row.reliable && !lasting.has(code)) put(tx, { ...row, state: 'queued' });
  else end(tx, row, 'failed', code);
}

/** Takes a command back; false when it had ended. One that is on its way may still be carried out. */
export function cancel(tx: Transaction, id: number): boolean {
  const row = tx.registry.get('command', id);
  if (row === undefined || !isOpen(row)) return false;
  end(tx, row, 'cancelled');
  return true;
}

/** Ends every command of the registry whose time is up. */
export function expire(tx: Transaction): void {
  for (const row of [...tx.registry.openCommands()]) if (row.expiresAt <= tx.at) end(tx, row, 'expired');
}

/** The oldest command that waits for the unit's connection. */
export function nextQueued(registry: Registry, sourceId: number, without: ReadonlySet<number>): CommandRow | undefined {
  let next: CommandRow | undefined;
  for (const row of registry.openCommandsOfSource(sourceId)) {
    if (row.via !== 'link' || row.state !== 'queued' || without.has(row.id)) continue;
    if (next === undefined || row.id < next.id) next = row;
  }
  return next;
}

function end(tx: Transaction, row: CommandRow, state: CommandState, result?: string): void {
  put(tx, {
    ...row,
    state,
    endedAt: tx.at,
    ...(result === undefined ? {} : { result: result.slice(0, maxResultLength) }),
  });
}

function put(tx: Transaction, row: CommandRow): CommandRow {
  tx.put('command', row);
  return row;
}

/** A command as a row holds it: bytes as hex. */
export function toJson(command: Command): CommandRow['command'] {
  if (command.kind !== 'raw') return { ...command };
  return { kind: 'raw', hex: Buffer.from(command.bytes).toString('hex') };
}

/** The command of a row. */
export function commandOf(row: CommandRow): Command {
  const { command } = row;
  if (command.kind === 'raw') return { kind: 'raw', bytes: Buffer.from(String(command.hex), 'hex') };
  return command as unknown as Command;
}
