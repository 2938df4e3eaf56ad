/**
 * What a command may touch of the outside: handed in by `main.ts`, replaced in tests.
 */
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Resolves at the first SIGINT or SIGTERM. */
  readonly stopped: Promise<void>;
}

/** Exit codes of every command. */
export const ExitCode = { good: 0, failed: 1, usage: 2, config: 78 } as const;

/** Wrong usage: printed as one line, exit code 2. */
export class UsageError extends Error {}

/** Lines of a stream, without their ends. Empty lines are passed over. Once `stopped` resolves no more are awaited. */
export async function* linesOf(stream: Readable, stopped?: Promise<void>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunksOf(stream, stopped)) {
    const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line.replace(/\r$/, '');
  }
  rest += decoder.end();
  if (rest.trim() !== '') yield rest.replace(/\r$/, '');
}

type Chunk = string | Buffer;

async function* chunksOf(stream: Readable, stopped: Promise<void> = new Promise(() => {})): AsyncGenerator<Chunk> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Chunk>;
  const end = stopped.then((): IteratorResult<Chunk> => ({ done: true, value: undefined }));
  for (;;) {
    const next = await Promise.race([chunks.next(), end]);
    if (next.done === true) break;
    yield next.value;
  }
  stream.destroy();
}

/** Writes a line and waits when the reader is slow. */
export async function writeLine(stream: Writable, line: string): Promise<void> {
  if (stream.write(`${line}\n`)) return;
  await new Promise<void>((resolve) => stream.once('drain', resolve));
}
