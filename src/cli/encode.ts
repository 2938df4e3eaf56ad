/**
 * `milepost encode`: messages, as `decode --json` prints them, back to frames.
 */
import { type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Command } from 'commander';
import { type MessageJson, updateFrom } from '../domain/message-json.js';
import { CodecError, MilepostError } from '../errors.js';
import type { DecodeContext, Protocol, Transport } from '../protocols/protocol.js';
import { protocolByName, protocols } from '../protocols/registry.js';
import { type CliIo, ExitCode, linesOf, UsageError, writeLine } from './io.js';

interface EncodeOptions {
  readonly protocol?: string;
  readonly transport?: string;
  readonly model?: string;
  readonly deviceId?: string;
  readonly session?: string;
  readonly json?: boolean;
}

function checkOptions({ protocol, transport }: EncodeOptions): void {
  if (protocol !== undefined && protocolByName(protocol) === undefined) {
    throw new UsageError(`no such protocol: ${protocol} (there are ${protocols.map((each) => each.name).join(', ')})`);
  }
  if (transport !== 'tcp' && transport !== 'udp') {
    throw new UsageError(`--transport: expected tcp or udp, got ${transport}`);
  }
}

/** One line of input: a message of `decode`, or an answer of `decode --json` with its `messages`. */
type MessageLine = Partial<MessageJson> & {
  readonly id?: unknown;
  readonly protocol?: string;
  readonly messages?: readonly Partial<MessageJson>[];
};

export function encodeCommand(io: CliIo, exit: (code: number) => void): Command {
  return new Command('encode')
    .description('turn messages into frames, one message or one list of messages a line of standard input')
    .option('-p, --protocol <name>', protocols.map((each) => each.name).join(', '))
    .option('-t, --transport <name>', 'tcp or udp', 'tcp')
    .option('-m, --model <code>', 'model of the unit, where models use one message differently')
    .option('-d, --device-id <id>', 'identity, where the message has none')
    .option('--session <text>', 'what the connection has shown before: for wialon-ips the version', '')
    .option('--json', 'one JSON answer {"id","frames","error"} a line')
    .addHelpText('after', helpEnd)
    .action(async (options: EncodeOptions) => {
      checkOptions(options);
      let failed = false;
      for await (const line of linesOf(io.stdin, io.stopped)) {
        const { id, frames, error } = encodeLine(line, options);
        failed ||= error !== null;
        if (options.json === true) {
          await writeLine(
            io.stdout,
            JSON.stringify({ id, frames: frames.map((frame) => frame.toString('hex')), error }),
          );
        } else if (error !== null) {
          await writeLine(io.stderr, `milepost encode: ${error.code}: ${error.message}`);
        } else {
          for (const frame of frames) await writeLine(io.stdout, frame.toString('hex'));
        }
      }
      if (failed) exit(ExitCode.failed);
    });
}

const helpEnd = `
Messages are those of decode --json; what carries no record (a login, a ping) makes no frame.

Examples:
  echo '{"time":"2026-01-01T00:00:00Z","position":{"lat":52.37,"lng":4.9,"valid":true}}' | milepost encode -p teltonika
  milepost decode --json < frames.jsonl | milepost encode --protocol teltonika

Exit codes: 0 every line was encoded, 1 some were not, 2 wrong usage.`;

const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const values = Type.Record(Type.String(), Type.Unknown());

/** What a line must be like to be encoded; everything may be left out. */
const messageSchema = Type.Partial(
  Type.Object({
    time: orNull(Type.String()),
    deviceId: orNull(Type.String()),
    position: orNull(
      Type.Object({
        lat: orNull(Type.Number({ minimum: -90, maximum: 90 })),
        lng: orNull(Type.Number({ minimum: -180, maximum: 180 })),
        valid: Type.Boolean(),
        speed: Type.Optional(Type.Number()),
        heading: Type.Optional(Type.Number()),
        alt: Type.Optional(Type.Number()),
        satellites: Type.Optional(Type.Number()),
      }),
    ),
    readings: Type.Record(Type.String(), Type.Number()),
    inputs: Type.Array(orNull(Type.Boolean())),
    outputs: Type.Array(orNull(Type.Boolean())),
    states: values,
    gsm: values,
    battery_level: Type.Number(),
  }),
);

interface Encoded {
  readonly id: unknown;
  readonly frames: readonly Buffer[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

function encodeLine(text: string, options: EncodeOptions): Encoded {
  const line = parseLine(text);
  if (line === undefined) return refused(null, 'not_json', 'the line is no JSON object');
  const id = line.id ?? null;
  const messages = line.messages ?? [line];
  const fault = Value.Errors(Type.Array(messageSchema), messages).First();
  if (fault !== undefined) return refused(id, 'field_format', `${fault.path}: ${fault.message}`);
  const name = line.protocol ?? options.protocol;
  const protocol = name === undefined ? undefined : protocolByName(name);
  if (protocol === undefined) return refused(id, 'unknown_protocol', `no such protocol: ${name ?? 'none is named'}`);
  try {
    return { id, frames: framesOf(protocol, messages, options), error: null };
  } catch (error) {
    if (!(error instanceof MilepostError)) throw error;
    return refused(id, error.code, error.message);
  }
}

function parseLine(text: string): MessageLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null && !Array.isArray(line) ? line : undefined;
  } catch {
    return undefined;
  }
}

function refused(id: unknown, code: string, message: string): Encoded {
  return { id, frames: [], error: { code, message } };
}

function framesOf(protocol: Protocol, messages: readonly Partial<MessageJson>[], options: EncodeOptions): Buffer[] {
  const now = Date.now();
  const updates = messages.filter((message) => message.time !== null).map((message) => updateFrom(message, now));
  if (updates.some(({ at }) => Number.isNaN(at))) throw new CodecError('field_format', { at: 'time' });
  const named = messages.find((message) => typeof message.deviceId === 'string')?.deviceId;
  const context: DecodeContext = {
    transport: options.transport as Transport,
    receivedAt: now,
    deviceId: options.deviceId ?? named ?? undefined,
    model: options.model,
    session: options.session ?? '',
  };
  return protocol.fromUpdates(updates, context).map((message) => protocol.encode(message, context));
}
