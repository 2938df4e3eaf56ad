/**
 * The socket of a client as the broker sees it: what comes in was looked at by the guard and is handed on in small pieces, so that a flood
 * of tiny packets leaves turns of the event loop to others; what goes out tells when the client has taken some of it.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { PacketFault, PacketGuard } from './packet-guard.js';

export interface GuardedStreamOptions {
  readonly guard: PacketGuard;
  /** The client has sent what it may not send. Nothing of it is handed on. */
  readonly onFault: (fault: PacketFault) => void;
  /** The client has taken something. */
  readonly onTaken: () => void;
}

/** Handed on at once. */
const inPieceBytes = 512;
/** Written at once: progress is noticed piece by piece. */
const outPieceBytes = 32 * 1024;
const empty = Buffer.alloc(0);

/** A socket that fails is closed; `close` follows. */
function ignore(): void {}

export class GuardedStream extends Duplex {
  readonly #socket: Socket;
  readonly #options: GuardedStreamOptions;
  /** Received and not handed on yet. */
  #received: Buffer = empty;

  constructor(socket: Socket, options: GuardedStreamOptions) {
    super({ readableHighWaterMark: inPieceBytes });
    this.#socket = socket;
    this.#options = options;
    this.on('error', ignore);
    socket.on('error', ignore);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  override _read(): void {
    if (this.#received.length === 0) {
      this.#socket.resume();
      return;
    }
    const piece = this.#received.subarray(0, inPieceBytes);
    this.#received = this.#received.subarray(piece.length);
    this.push(piece);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#put(chunk, done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#put(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  /** Ends the connection at once: what a client is owed that reads at all has gone to the system already. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#received = empty;
    this.#socket.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    this.#socket.pause();
    const fault = this.#options.guard.check(chunk);
    if (fault !== undefined) {
      this.#options.onFault(fault);
      return;
    }
    this.#received = chunk;
    this._read();
  }

  #put(bytes: Buffer, done: (error?: Error | null) => void): void {
    const rest = bytes.subarray(outPieceBytes);
    this.#socket.write(bytes.subarray(0, outPieceBytes), (error) => {
      if (error !== undefined && error !== null) {
        done(error);
        return;
      }
      if (rest.length > 0) this.#put(rest, done);
      else done();
      this.#options.onTaken();
    });
  }
}
