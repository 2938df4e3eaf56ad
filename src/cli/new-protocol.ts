/**
 * `milepost new-protocol`: the folder of a new protocol with the files every protocol has, in a clone of the sources. What it makes
 * compiles and reads nothing yet: each part refuses with a typed error until it is written.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { type CliIo, UsageError, writeLine } from './io.js';

export function newProtocolCommand(io: CliIo): Command {
  return new Command('new-protocol')
    .description('make the folder of a new protocol (in a clone of the sources)')
    .argument('<name>', 'lower-case letters, digits and hyphens')
    .option('--root <dir>', 'the clone', '.')
    .action(async (name: string, options: { root: string }) => {
      if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new UsageError(`not a protocol name: ${name}`);
      const folder = join(options.root, 'src', 'protocols', name);
      if (!existsSync(join(options.root, 'src', 'protocols', 'protocol.ts')))
        throw new UsageError(`no sources in ${options.root}`);
      if (existsSync(folder)) throw new UsageError(`${folder} exists`);
      mkdirSync(folder, { recursive: true });
      mkdirSync(join(options.root, 'fixtures', name), { recursive: true });
      for (const [file, content] of Object.entries(templates(name))) {
        writeFileSync(join(folder, file), content);
        await writeLine(io.stdout, join(folder, file));
      }
      await writeLine(io.stdout, 'Next: vectors in fixtures/, then framing.ts; CONTRIBUTING.md has the steps.');
    });
}

function camel(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function templates(name: string): Record<string, string> {
  const id = camel(name);
  const type = `${id.charAt(0).toUpperCase()}${id.slice(1)}Message`;
  return {
    'spec.ts': `/**
 * Tables of ${name}: messages and fields, declared once and read by decoder, encoder, \`decode\` and the virtual tracker.
 * Source: name the document, its version and the section here.
 */

export interface ${type} {
  readonly type: 'text';
  readonly text: string;
}
`,
    'framing.ts': `/** Bytes to frames: one line is one frame, until the protocol's own rule stands here. */
import { type Framer, type FramerLimits, Outcome } from '../../wire/framers.js';

const lineFeed = 0x0a;

export class ${id.charAt(0).toUpperCase()}${id.slice(1)}Framer implements Framer {
  readonly #outcome = new Outcome();
  readonly #maxFrameBytes: number;

  constructor(limits: FramerLimits) {
    this.#maxFrameBytes = limits.maxFrameBytes;
  }

  next(bytes: Buffer, start: number, end: number): Outcome {
    const at = bytes.indexOf(lineFeed, start);
    if (at >= 0 && at < end) return this.#outcome.frame(start, at + 1);
    return end - start > this.#maxFrameBytes ? this.#outcome.fault(start, end, 'frame_too_large') : this.#outcome.more();
  }
}
`,
    'codec.ts': `/** Frame to message and back. */
import { CodecError, hexExcerpt } from '../../errors.js';
import type { ${type} } from './spec.js';

export function decode(frame: Buffer): ${type} {
  throw new CodecError('unknown_message', { hex: hexExcerpt(frame) });
}

export function encode(message: ${type}): Buffer {
  throw new CodecError('encode_range', { got: message.type });
}
`,
    'mapping.ts': `/** Message to records and back, under the names of \`domain/fields.ts\`. */
import type { StateUpdate } from '../../domain/update.js';
import type { ${type} } from './spec.js';

export function toUpdates(_message: ${type}): StateUpdate[] {
  return [];
}

export function fromUpdates(_updates: readonly StateUpdate[]): ${type}[] {
  return [];
}
`,
    'commands.ts': `/** Commands to bytes, and their replies. */
import type { Command } from '../../domain/command.js';
import { CommandError } from '../../errors.js';

export function encodeCommand(command: Command): Buffer {
  throw new CommandError('unsupported_command', { got: command.kind });
}
`,
    'index.ts': `/** ${name}: see README.md. */
import { defineProtocol } from '../protocol.js';
import { decode, encode } from './codec.js';
import { encodeCommand } from './commands.js';
import { ${id.charAt(0).toUpperCase()}${id.slice(1)}Framer } from './framing.js';
import { fromUpdates, toUpdates } from './mapping.js';
import type { ${type} } from './spec.js';

export const ${id} = defineProtocol<${type}>({
  name: '${name}',
  title: '${name}',
  port: 0,
  transports: ['tcp'],
  defaultModel: '${name}',
  decoderVersion: 1,
  connectionOriented: true,
  detect: () => 'no',
  createFramer: (limits) => new ${id.charAt(0).toUpperCase()}${id.slice(1)}Framer(limits),
  decode: (frame) => decode(frame),
  encode: (message) => encode(message),
  identify: () => undefined,
  isLogin: () => false,
  toUpdates: (message) => toUpdates(message),
  fromUpdates: (updates) => fromUpdates(updates),
  reply: () => null,
  replyLogin: () => null,
  refuse: () => null,
  replyUndecodable: () => null,
  encodeCommand: (command) => encodeCommand(command),
  matchReply: () => undefined,
  explain: (message) => [message.type],
});
`,
    'README.md': `# ${name}

Sources:

| message | direction | verified by |
|---|---|---|

Quirks:

Unverified:

Not supported:
`,
  };
}
