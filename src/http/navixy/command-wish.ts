/**
 * From a call to the queue of commands: what refuses a command is answered with the codes of this dialect.
 */

import type { Command } from '../../domain/command.js';
import type { CommandWish } from '../../downlink/dispatcher.js';
import type { Transaction } from '../../store/contract.js';
import type { CallContext } from './call.js';
import { NavixyError } from './errors.js';
import type { TrackerView } from './visibility.js';

/** How a call wants its commands carried out. */
export interface Manner {
  readonly reliable: boolean;
  readonly via?: 'link' | 'sms';
}

/** Puts commands into the queue of a tracker's device. Throws code 8 when it is full. */
export async function submit(
  context: CallContext,
  { source, tracker }: TrackerView,
  commands: readonly Command[],
  { make, ...manner }: Manner & { readonly make?: (tx: Transaction) => void },
): Promise<void> {
  const wishes = commands.map((command): CommandWish => ({ source, accountId: tracker.accountId, command, ...manner }));
  const rows = await context.services.commands.submit(wishes, make);
  if (rows === undefined) throw new NavixyError(8);
}

/** Throws code 214 when the protocol of the device has no such command. */
export function requireSpoken(context: CallContext, { source }: TrackerView, command: Command): void {
  if (context.services.commands.problemOf(source, command) !== undefined) throw new NavixyError(214);
}

/** What moves something does so now or not at all. Throws code 213 when the device has no live connection. */
export function requireLink(context: CallContext, { source }: TrackerView): void {
  if (!context.services.commands.isLinked(source.id)) throw new NavixyError(213);
}
