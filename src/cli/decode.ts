/**
 * `milepost decode`: frames to messages, as a readable account or as JSON lines.
 */
import { Command } from 'commander';
import { fieldOf } from '../domain/fields.js';
import type { MessageJson } from '../domain/message-json.js';
import type { FieldValue } from '../domain/update.js';
import { detectProtocol } from '../ingest/detect.js';
import type { Protocol, Transport } from '../protocols/protocol.js';
import { protocolByName, protocols } from '../protocols/registry.js';
import { parseHex } from '../wire/hex.js';
import { CapturedSession, type DecodedFrame } from './frames.js';
import { type CliIo, ExitCode, linesOf, UsageError, writeLine } from './io.js';

interface DecodeOptions {
  readonly protocol?: string;
  readonly transport?: Transport;
  readonly model?: string;
  readonly json?: boolean;
  readonly receivedAt?: string;
}

/** One line of `decode --json`. */
interface FrameLine {
  readonly id?: unknown;
  readonly protocol?: string;
  readonly session?: string | number;
  readonly encoding?: 'hex' | 'text';
  readonly frame?: string;
  readonly transport?: Transport;
  readonly model?: string;
}

export function decodeCommand(io: CliIo, exit: (code: number) => void): Command {
  return new Command('decode')
    .description('turn frames into messages')
    .argument('[frames...]', 'frames as hex; without any, lines are read from standard input')
    .option('-p, --protocol <name>', `${protocols.map((each) => each.name).join(', ')}; recognised when left out`)
    .option('-t, --transport <name>', 'tcp or udp; found out when left out')
    .option('-m, --model <code>', 'model of the unit, where one message has several layouts')
    .option('--received-at <time>', 'when the frames arrived, ISO 8601; now when left out')
    .option(
      '--json',
      'one JSON answer a line; standard input holds {"id","protocol","session","encoding","frame"} a line',
    )
    .addHelpText('after', '\nExample:\n  milepost decode --protocol teltonika 000f333536333037303432343431303133')
    .action(async (frames: string[], options: DecodeOptions) => {
      const decoder = new Decoder(options);
      const source = frames.length > 0 ? frames : linesOf(io.stdin);
      let failed = false;
      for await (const line of source) {
        const answer = decoder.line(line);
        failed ||= answer.failed;
        for (const each of answer.lines) await writeLine(io.stdout, each);
      }
      if (failed && options.json !== true) exit(ExitCode.failed);
    });
}

class Decoder {
  readonly #options: DecodeOptions;
  readonly #receivedAt: number | undefined;
  readonly #sessions = new Map<string, CapturedSession>();

  constructor(options: DecodeOptions) {
    this.#options = options;
    this.#receivedAt = options.receivedAt === undefined ? undefined : Date.parse(options.receivedAt);
    if (Number.isNaN(this.#receivedAt)) throw new UsageError(`--received-at: not a time: ${options.receivedAt}`);
    if (options.protocol !== undefined) requireProtocol(options.protocol);
    if (options.transport !== undefined && !['tcp', 'udp'].includes(options.transport)) {
      throw new UsageError(`--transport: expected tcp or udp, got ${options.transport}`);
    }
  }

  line(line: string): { lines: string[]; failed: boolean } {
    const text = line.trim();
    return text.startsWith('{') ? this.#jsonLine(text) : this.#plainLine(text);
  }

  #plainLine(text: string): { lines: string[]; failed: boolean } {
    const bytes = parseHex(text) ?? Buffer.from(text);
    const protocol = this.#protocolFor(bytes);
    const decoded = this.#decode(protocol, { session: 'plain' }, bytes);
    const failed = decoded.error !== null;
    return { lines: this.#options.json === true ? [answer(null, decoded)] : account(protocol, bytes, decoded), failed };
  }

  #jsonLine(text: string): { lines: string[]; failed: boolean } {
    let line: FrameLine;
    try {
      line = JSON.parse(text) as FrameLine;
    } catch {
      return refusal(null, 'not_json', 'the line is not JSON');
    }
    const id = line.id ?? null;
    const name = line.protocol ?? this.#options.protocol;
    const bytes = bytesOf(line);
    if (bytes === undefined)
      return refusal(id, 'not_a_frame', 'frame: expected hex of whole bytes, or text with "encoding":"text"');
    const protocol = name === undefined ? detected(bytes) : protocolByName(name);
    if (protocol === undefined) return refusal(id, 'unknown_protocol', `no such protocol: ${name ?? 'not recognised'}`);
    const decoded = this.#decode(protocol, line, bytes);
    if (this.#options.json === true) return { lines: [answer(id, decoded)], failed: decoded.error !== null };
    return { lines: account(protocol, bytes, decoded), failed: decoded.error !== null };
  }

  #decode(protocol: Protocol, line: FrameLine, bytes: Buffer): DecodedFrame {
    const session =
      line.session === undefined ? new CapturedSession(protocol) : this.#session(protocol, String(line.session));
    const transport = line.transport ?? this.#options.transport;
    const model = line.model ?? this.#options.model;
    return session.decode(bytes, {
      receivedAt: this.#receivedAt ?? Date.now(),
      ...(transport === undefined ? {} : { transport }),
      ...(model === undefined ? {} : { model }),
    });
  }

  #session(protocol: Protocol, name: string): CapturedSession {
    const key = `${protocol.name}/${name}`;
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = new CapturedSession(protocol);
      this.#sessions.set(key, session);
    }
    return session;
  }

  #protocolFor(bytes: Buffer): Protocol {
    if (this.#options.protocol !== undefined) return requireProtocol(this.#options.protocol);
    const found = detected(bytes);
    if (found === undefined) throw new UsageError('the protocol was not recognised; name it with --protocol');
    return found;
  }
}

function detected(bytes: Buffer): Protocol | undefined {
  const found = detectProtocol(bytes, protocols);
  return found === 'more' ? undefined : found;
}

function requireProtocol(name: string): Protocol {
  const protocol = protocolByName(name);
  if (protocol === undefined) {
    throw new UsageError(`no such protocol: ${name} (there are ${protocols.map((each) => each.name).join(', ')})`);
  }
  return protocol;
}

function bytesOf(line: FrameLine): Buffer | undefined {
  if (typeof line.frame !== 'string') return undefined;
  return line.encoding === 'text' ? Buffer.from(line.frame) : parseHex(line.frame);
}

function answer(id: unknown, decoded: DecodedFrame): string {
  const { messages, reply, error } = decoded;
  return JSON.stringify({
    id,
    messages,
    reply: reply === null ? null : reply.toString('hex'),
    error: error === null ? null : { code: error.code, message: error.message },
  });
}

function refusal(id: unknown, code: string, message: string): { lines: string[]; failed: boolean } {
  return { lines: [JSON.stringify({ id, messages: [], reply: null, error: { code, message } })], failed: true };
}

function account(protocol: Protocol, bytes: Buffer, decoded: DecodedFrame): string[] {
  const lines = [`${protocol.title}, ${bytes.length} bytes`];
  if (decoded.error !== null) lines.push(`  error ${decoded.error.code}: ${decoded.error.message}`);
  else lines.push('  checksum and length are good');
  lines.push(...decoded.account.map((line) => `  ${line}`));
  decoded.messages.forEach((message, i) => {
    if (message.time !== null) lines.push(...recordLines(message, i));
  });
  const reply = decoded.reply;
  lines.push(reply === null ? '  no reply' : `  reply ${reply.toString('hex')}${printable(reply)}`, '');
  return lines;
}

function recordLines(message: MessageJson, index: number): string[] {
  const lines = [`  record ${index + 1}: ${message.time}`];
  const position = message.position;
  if (position !== null) {
    const parts = [`lat ${position.lat}`, `lng ${position.lng}`, position.valid ? 'fix' : 'no fix'];
    if (position.speed !== undefined) parts.push(`${position.speed} km/h`);
    if (position.heading !== undefined) parts.push(`heading ${position.heading}°`);
    if (position.alt !== undefined) parts.push(`${position.alt} m`);
    if (position.satellites !== undefined) parts.push(`${position.satellites} satellites`);
    lines.push(`    position: ${parts.join(', ')}`);
  }
  for (const [name, value] of Object.entries(message.readings)) lines.push(fieldLine(name, value));
  if (message.battery_level !== undefined) lines.push(fieldLine('battery_level', message.battery_level));
  for (const [name, value] of Object.entries(message.states)) lines.push(fieldLine(name, value));
  for (const [name, value] of Object.entries(message.gsm)) lines.push(fieldLine(`gsm_${name}`, value));
  if (message.inputs.length > 0) lines.push(`    inputs: ${message.inputs.map(bit).join(' ')}`);
  if (message.outputs.length > 0) lines.push(`    outputs: ${message.outputs.map(bit).join(' ')}`);
  return lines;
}

function fieldLine(name: string, value: FieldValue): string {
  const row = fieldOf(name);
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const unit = row?.unit === undefined ? '' : ` ${row.unit}`;
  return `    ${name}: ${shown}${unit}${row === undefined ? '' : `  (${row.doc})`}`;
}

function bit(value: boolean | null): string {
  if (value === null) return '-';
  return value ? '1' : '0';
}

function printable(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  return /^[\x20-\x7e\r\n]+$/.test(text) ? ` ${JSON.stringify(text)}` : '';
}
