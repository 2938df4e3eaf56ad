/**
 * How commands reach a unit. Whoever holds a unit's connection implements `UnitLink`; callers know units, not sockets.
 */
import type { Command, CommandReply } from '../domain/command.js';

export interface UnitLink {
  /**
   * Sends a command and waits for the unit's answer; commands of one unit go out one at a time, in order. Rejects with `CommandError`:
   * `unsupported_command`, `command_text`, `unit_offline` (the connection ended first) or `command_timeout`.
   */
  send(command: Command): Promise<CommandReply>;
}

export interface UnitLinks {
  /** The live link of a source, if it has one. */
  linkOf(sourceId: number): UnitLink | undefined;
}
