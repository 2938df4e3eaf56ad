/**
 * Commands to a unit, and which message answers one. Text goes into a frame of codec 12; the protocol correlates nothing, so one
 * command is under way at a time and the next answer is its answer.
 *
 * Source: Teltonika wiki, "Teltonika Data Sending Protocols", codec 12 and 14; "FMB SMS/GPRS Commands".
 */
import type { Command, CommandReply } from '../../domain/command.js';
import { CommandError } from '../../errors.js';
import { encode } from './codec.js';
import { commandMessage, payloadText } from './command-frames.js';
import { otherImeiText } from './mapping.js';
import type { TeltonikaMessage } from './messages.js';
import { codecId, commandType } from './spec.js';

/** Longest text sent; the 160 characters of the vendor's lists are those of a short message, not of a connection. */
const maxTextLength = 512;
const maxRawBytes = 1024;
/** Outputs that any model has. */
const maxOutput = 4;
/** Asks for the position as text; `getrecord` would send a record but answers nothing. */
const positionText = 'getgps';

/** Throws `CommandError` `command_text` or `unsupported_command`. */
export function encodeCommand(command: Command): Buffer {
  return encode(commandMessage(codecId.command12, commandType.command, payloadOf(command)));
}

function payloadOf(command: Command): Buffer {
  switch (command.kind) {
    case 'text':
      return textPayload(command.text);
    case 'raw':
      if (command.bytes.length === 0 || command.bytes.length > maxRawBytes) {
        throw new CommandError('command_text', { expected: `1..${maxRawBytes} bytes`, got: command.bytes.length });
      }
      return Buffer.from(command.bytes);
    case 'output':
      return textPayload(outputText(command.output, command.enable));
    case 'position':
      return textPayload(positionText);
    case 'lock':
      throw new CommandError('unsupported_command', { got: command.kind });
  }
}

function textPayload(text: string): Buffer {
  if (!/^[\x20-\x7e\r\n\t]*$/.test(text) || text.trim() === '' || text.length > maxTextLength) {
    throw new CommandError('command_text', { expected: `1..${maxTextLength} ASCII characters`, got: text.length });
  }
  return Buffer.from(text, 'latin1');
}

/** One character an output: `1` on, `0` off, `?` as it is. */
function outputText(output: number, enable: boolean): string {
  if (!Number.isInteger(output) || output < 1 || output > maxOutput) {
    throw new CommandError('unsupported_command', { at: 'output', expected: `1..${maxOutput}`, got: output });
  }
  return `setdigout ${'?'.repeat(output - 1)}${enable ? '1' : '0'}`;
}

/** The answer that `message` is, if it is one. */
export function matchReply(message: TeltonikaMessage): CommandReply | undefined {
  if (message.type === 'refusal') return { text: otherImeiText, ok: false };
  if (message.type !== 'response' || message.codec === codecId.command13) return undefined;
  return { text: payloadText(message.payload), ok: true };
}
