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

/** What one line of input gives to print. */
interface Answered {
  readonly lines: readonly string[];
  readonly failed: boolean;
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
    .argument('[frames...]', 'frames as hex, or as text; without any, lines are read from standard input')
    .option('-p, --protocol <name>', `${protocols.map((each) => each.name).join(', ')}; recognised when left out`)
    .option('-t, --transport <name>', 'tcp or udp; found out when left out')
    .option('-m, --model <code>', 'model of the unit, where one message has several layouts')
    .option('--received-at <time>', 'when the frames arrived, ISO 8601; now when left out')
    .option(
      '--json',
      'one JSON answer a line; standard input holds {"id","protocol","session","encoding","frame"} a line',
    )
    .addHelpText('after', helpEnd)
    .action(async (frames: string[], options: DecodeOptions) => {
      const decoder = new Decoder(options);
      const source = frames.length > 0 ? frames : linesOf(io.stdin, io.stopped);
      let failed = false;
      for await (const line of source) {
        const answer = decoder.line(line);
        failed ||= answer.failed;
        for (const each of answer.lines) await writeLine(io.stdout, each);
      }
      if (failed && options.json !== true) exit(ExitCode.failed);
    });
}

const helpEnd = `
Frames of one call come on one connection: a login tells whose the frames after it are.

Examples:
  milepost decode 000f333536333037303432343431303133
  milepost decode --protocol gt06 --model jimi_vl03 < frames.txt
  milepost decode '#SD#141125;101530;5130.4440;N;00007.6680;W;54;271;35;9'
  milepost decode --json < frames.jsonl

Exit codes: 0 every frame was read, 1 some were not, 2 wrong usage. With --json each line says it.`;

const transports: readonly Transport[] = ['tcp', 'udp'];

class Decoder {
  readonly #options: DecodeOptions;
  readonly #receivedAt: number | undefined;
  readonly #sessions = new Map<string, CapturedSession>();

  constructor(options: DecodeOptions) {
    this.#options = options;
    this.#receivedAt = options.receivedAt === undefined ? undefined : Date.parse(options.receivedAt);
    if (Number.isNaN(this.#receivedAt)) throw new UsageError(`--received-at: not a time: ${options.receivedAt}`);
    if (options.protocol !== undefined) requireProtocol(options.protocol);
    if (options.transport !== undefined && !transports.includes(options.transport)) {
      throw new UsageError(`--transport: expected tcp or udp, got ${options.transport}`);
    }
  }

  line(line: string): Answered {
    const text = line.trim();
    return text.startsWith('{') ? this.#jsonLine(text) : this.#plainLine(text);
  }

  #plainLine(text: string): Answered {
    const isJson = this.#options.json === true;
    const hex = parseHex(text);
    if (isJson && hex === undefined) return refusal(null, 'not_json', 'the line is neither JSON nor hex');
    const bytes = hex ?? Buffer.from(text);
    const protocol = this.#options.protocol === undefined ? detected(bytes) : requireProtocol(this.#options.protocol);
    if (protocol === undefined) return isJson ? notRecognised() : unreadable(text, hex === undefined);
    const decoded = this.#decode(protocol, { session: 'plain' }, bytes);
    return {
      lines: isJson ? [answer(null, decoded)] : account(protocol, bytes, decoded),
      failed: decoded.error !== null,
    };
  }

  #jsonLine(text: string): Answered {
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
    if (line.transport !== undefined && !transports.includes(line.transport)) {
      return refusal(id, 'unknown_transport', `transport: expected ${transports.join(' or ')}`);
    }
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
}

/** The protocol of a stream that begins with `bytes`, or of the datagram that they are. */
function detected(bytes: Buffer): Protocol | undefined {
  const found = detectProtocol(bytes, protocols);
  return found === 'more' || found === undefined ? protocols.find((each) => isDatagram(each, bytes)) : found;
}

function isDatagram(protocol: Protocol, bytes: Buffer): boolean {
  if (protocol.splitDatagram === undefined) return false;
  const { error } = new CapturedSession(protocol).decode(bytes, { receivedAt: 0, transport: 'udp' });
  return error === null;
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

function refusal(id: unknown, code: string, message: string): Answered {
  return { lines: [JSON.stringify({ id, messages: [], reply: null, error: { code, message } })], failed: true };
}

function notRecognised(): Answered {
  return refusal(null, 'unknown_protocol', 'the protocol was not recognised');
}

function unreadable(text: string, isText: boolean): Answered {
  const isOddHex = isText && /^[0-9a-f]+$/i.test(text);
  const reason = isOddHex
    ? `not_a_frame: ${text.length} hex digits are no whole bytes`
    : 'unknown_protocol: the protocol was not recognised; name it with --protocol';
  return { lines: [`error ${reason}`, ''], failed: true };
}

function account(protocol: Protocol, bytes: Buffer, decoded: DecodedFrame): string[] {
  const lines = [`${protocol.title}, ${bytes.length} bytes`];
  if (decoded.error !== null) lines.push(`  error ${decoded.error.code}: ${decoded.error.message}`);
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
    const place = position.lat === null ? ['no coordinates'] : [`lat ${position.lat}`, `lng ${position.lng}`];
    const parts = [...place, position.valid ? 'fix' : 'no fix'];
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
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value).replace(/\s+/g, ' ');
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
