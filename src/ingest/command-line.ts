/**
 * Commands of one session: one in flight at a time, the next when it is answered or its time is up. Answers are matched by the protocol.
 */
import type { Clock, Timer } from '../clock.js';
import type { Command, CommandReply } from '../domain/command.js';
import { CommandError, MilepostError } from '../errors.js';
import type { DecodeContext, Message, Protocol } from '../protocols/protocol.js';

interface Waiting {
  readonly command: Command;
  readonly resolve: (reply: CommandReply) => void;
  readonly reject: (error: MilepostError) => void;
}

export interface CommandLineOptions {
  readonly protocol: Protocol;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly write: (bytes: Buffer) => void;
}

/** Most commands that may wait for one session. */
const maxWaiting = 64;
const maxTag = 0x7fff_ffff;

export class CommandLine {
  readonly #options: CommandLineOptions;
  readonly #waiting: Waiting[] = [];
  #inFlight: (Waiting & { readonly tag: number; readonly timer: Timer }) | undefined;
  #tag = 0;

  constructor(options: CommandLineOptions) {
    this.#options = options;
  }

  send(command: Command, context: DecodeContext): Promise<CommandReply> {
    if (this.#waiting.length >= maxWaiting)
      return Promise.reject(new CommandError('unit_offline', { got: 'queue full' }));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      this.#next(context);
    });
  }

  /** Looks whether the message answers the command in flight. */
  offer(message: Message, context: DecodeContext): void {
    const inFlight = this.#inFlight;
    if (inFlight === undefined) return;
    const reply = this.#options.protocol.matchReply(message, inFlight.tag, context);
    if (reply === undefined) return;
    this.#finish();
    inFlight.resolve(reply);
    this.#next(context);
  }

  /** The connection is gone: nothing will be answered any more. */
  close(): void {
    const error = new CommandError('unit_offline');
    this.#inFlight?.reject(error);
    this.#finish();
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }

  #next(context: DecodeContext): void {
    while (this.#inFlight === undefined) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      this.#start(waiting, context);
    }
  }

  #start(waiting: Waiting, context: DecodeContext): void {
    this.#tag = (this.#tag % maxTag) + 1;
    const tag = this.#tag;
    let bytes: Buffer;
    try {
      bytes = this.#options.protocol.encodeCommand(waiting.command, tag, context);
    } catch (error) {
      if (!(error instanceof MilepostError)) throw error;
      waiting.reject(error);
      return;
    }
    const timer = this.#options.clock.after(this.#options.timeoutMs, () => {
      this.#finish();
      waiting.reject(new CommandError('command_timeout'));
      this.#next(context);
    });
    this.#inFlight = { ...waiting, tag, timer };
    this.#options.write(bytes);
  }

  #finish(): void {
    this.#inFlight?.timer.cancel();
    this.#inFlight = undefined;
  }
}
