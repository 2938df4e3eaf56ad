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

/** Told which units come and go. Called from the middle of reading a socket: do little, and throw nothing. */
export interface LinkListener {
  /** The unit of a source has logged in over `link`, which takes the place of any earlier one. */
  linked(sourceId: number, link: UnitLink): void;
  /** The unit now looks at commands that waited for it. */
  ready(sourceId: number, link: UnitLink): void;
  /** `link` has ended, and no other has taken its place. */
  unlinked(sourceId: number, link: UnitLink): void;
}
