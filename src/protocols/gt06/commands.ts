/**
 * Commands to GT06 units (0x80) and their answers (0x15, 0x21). The unit echoes the server flag, which is our tag. Source: Concox, GT06
 * communication protocol, packets sent by the server; Jimi JM-VL03 protocol, online command.
 */
import type { Command, CommandReply } from '../../domain/command.js';
import { CommandError } from '../../errors.js';
import type { DecodeContext } from '../protocol.js';
import { encode } from './codec.js';
import type { Gt06Message } from './message.js';

/** Longest text that leaves room for flag, language, serial number and checksum behind one length byte. */
const longestText = 243;
const english = 2;

/** Models that take commands without the language word. */
const withoutLanguage = /vl\d|jm-vl/i;

/** Switching the relay: the words differ by model, the last row is for all others. */
const relayTexts: readonly { readonly model: RegExp; readonly cut: string; readonly restore: string }[] = [
  { model: /gt02|tr02|tr06/i, cut: 'DYD,000000#', restore: 'HFYD,000000#' },
  { model: /.*/, cut: 'RELAY,1#', restore: 'RELAY,0#' },
];

/** Bytes of a command. Throws `CommandError` `unsupported_command` or `command_text`. */
export function encodeCommand(command: Command, tag: number, context: DecodeContext): Buffer {
  const model = context.model ?? '';
  const text = textOf(command, model);
  if (text === '#' || text.length > longestText || !/^[\x20-\x7e]+$/.test(text)) {
    throw new CommandError('command_text', { expected: `1..${longestText} ASCII characters`, got: text.length });
  }
  return encode({
    type: 'command',
    form: 'short',
    protocol: 0x80,
    serial: tag & 0xffff,
    layout: '80',
    content: { command: { flag: tag, text }, language: withoutLanguage.test(model) ? undefined : english },
  });
}

function textOf(command: Command, model: string): string {
  switch (command.kind) {
    case 'text':
      return command.text.endsWith('#') ? command.text : `${command.text}#`;
    case 'raw':
      return Buffer.from(command.bytes).toString('latin1');
    case 'position':
      return 'WHERE#';
    case 'output':
      return relayText(command.output, command.enable, model);
    case 'lock':
      throw new CommandError('unsupported_command', { got: command.kind });
  }
}

function relayText(output: number, enable: boolean, model: string): string {
  const words = relayTexts.find((each) => each.model.test(model));
  if (output !== 1 || words === undefined)
    throw new CommandError('unsupported_command', { at: 'output', expected: 1, got: output });
  return enable ? words.cut : words.restore;
}

const refusal = /error|fail|invalid|illegal|refuse|denied|unsupported|not support|wrong/i;

/** The answer in `message`, when it echoes `tag`. */
export function matchReply(message: Gt06Message, tag: number): CommandReply | undefined {
  const reply = message.content.commandReply ?? message.content.encodedReply;
  if (reply === undefined || reply.flag !== tag) return undefined;
  return { text: reply.text, ok: !refusal.test(reply.text) };
}
