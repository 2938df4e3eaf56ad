/**
 * `milepost encode`: messages, as `decode --json` prints them, back to frames.
 */
import { Command } from 'commander';
import { type MessageJson, updateFrom } from '../domain/message-json.js';
import { MilepostError } from '../errors.js';
import type { DecodeContext, Protocol, Transport } from '../protocols/protocol.js';
import { protocolByName, protocols } from '../protocols/registry.js';
import { type CliIo, ExitCode, linesOf, UsageError, writeLine } from './io.js';

interface EncodeOptions {
  readonly protocol?: string;
  readonly transport?: string;
  readonly deviceId?: string;
  readonly session?: string;
  readonly json?: boolean;
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
    .option('-d, --device-id <id>', 'identity, where the message has none')
    .option('--session <text>', "the protocol's session text, as a version", '')
    .option('--json', 'one JSON answer {"id","frames","error"} a line')
    .addHelpText('after', '\nExample:\n  milepost decode --json < frames.jsonl | milepost encode --protocol teltonika')
    .action(async (options: EncodeOptions) => {
      let failed = false;
      for await (const line of linesOf(io.stdin)) {
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

interface Encoded {
  readonly id: unknown;
  readonly frames: readonly Buffer[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

function encodeLine(text: string, options: EncodeOptions): Encoded {
  let line: MessageLine;
  try {
    line = JSON.parse(text) as MessageLine;
  } catch {
    return { id: null, frames: [], error: { code: 'not_json', message: 'the line is not JSON' } };
  }
  const id = line.id ?? null;
  const protocol = protocolFor(line.protocol ?? options.protocol);
  const now = Date.now();
  try {
    const messages = line.messages ?? [line];
    const updates = messages.filter((message) => message.time !== null).map((message) => updateFrom(message, now));
    const deviceId =
      options.deviceId ?? messages.find((message) => typeof message.deviceId === 'string')?.deviceId ?? undefined;
    const context: DecodeContext = {
      transport: options.transport as Transport,
      receivedAt: now,
      deviceId: deviceId ?? undefined,
      model: undefined,
      session: options.session ?? '',
    };
    const frames = protocol.fromUpdates(updates, context).map((message) => protocol.encode(message, context));
    return { id, frames, error: null };
  } catch (error) {
    if (!(error instanceof MilepostError)) throw error;
    return { id, frames: [], error: { code: error.code, message: error.message } };
  }
}

function protocolFor(name: string | undefined): Protocol {
  const protocol = name === undefined ? undefined : protocolByName(name);
  if (protocol === undefined)
    throw new UsageError(name === undefined ? '--protocol is missing' : `no such protocol: ${name}`);
  return protocol;
}
