/**
 * Whether a command can be written in the protocol of a source, asked before it is put into a queue. A model whose protocol is not
 * served takes any command: its units cannot connect, and nothing is known of what they understand.
 */
import type { Command } from '../domain/command.js';
import { protocolByName } from '../protocols/registry.js';
import type { SourceRow } from '../store/rows.js';

/** Throws `CommandError` `unsupported_command` or `command_text`. */
export function checkCommand(source: SourceRow, command: Command): void {
  const { deviceId, model } = source;
  protocolByName(source.protocol)?.encodeCommand(command, 1, {
    transport: 'tcp',
    receivedAt: 0,
    deviceId,
    model,
    session: '',
  });
}
