/**
 * Commands to a unit and its answers. The protocol has no command frame: a command is a driver message whose text the unit's
 * firmware interprets, and the unit answers with a message of its own, without a reference.
 * Source: Wialon IPS 2.0, message type M from the server.
 */
import type { Command, CommandReply } from '../../domain/command.js';
import { CommandError } from '../../errors.js';
import type { DecodeContext } from '../protocol.js';
import { encode, sessionIsChecked } from './codec.js';
import { linesOf, type WialonMessage } from './messages.js';
import { maxLineBytes } from './spec.js';

/** Longest text of a command, bytes: a line without the marks, the checksum and the line end of a message. */
const maxTextBytes = maxLineBytes - 10;

/** `text` becomes `#M#text`; `raw` is a line as the unit's firmware understands it, a line end is added. */
export function encodeCommand(command: Command, context: DecodeContext): Buffer {
  if (command.kind === 'text') {
    const text = oneLine(command.text);
    return encode({ type: 'driver_message', from: undefined, checksum: sessionIsChecked(context), text });
  }
  if (command.kind === 'raw') return rawLine(Buffer.from(command.bytes));
  throw new CommandError('unsupported_command', { got: command.kind });
}

const lineEnd = Buffer.from('\r\n');

/** Bytes as they are, with the line end that they lack. */
function rawLine(bytes: Buffer): Buffer {
  const hasEnd = bytes.subarray(-lineEnd.length).equals(lineEnd);
  const line = hasEnd ? bytes.subarray(0, -lineEnd.length) : bytes;
  if (line.length === 0 || line.length > maxTextBytes || line.includes(0x0d) || line.includes(0x0a)) {
    throw new CommandError('command_text', { expected: `one line of 1..${maxTextBytes} bytes`, got: line.length });
  }
  return Buffer.concat([line, lineEnd]);
}

function oneLine(text: string): string {
  if (text === '' || /[\r\n]/.test(text))
    throw new CommandError('command_text', { expected: 'one line of text', got: text });
  const bytes = Buffer.byteLength(text);
  if (bytes > maxTextBytes)
    throw new CommandError('command_text', { expected: `at most ${maxTextBytes} bytes`, got: bytes });
  return text;
}

/** The unit's next message answers the command. */
export function matchReply(message: WialonMessage): CommandReply | undefined {
  for (const line of linesOf(message)) {
    if (line.type === 'driver_message') return { text: line.text, ok: true };
  }
  return undefined;
}
