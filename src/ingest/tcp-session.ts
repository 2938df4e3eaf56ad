/**
 * One TCP connection of a unit: bytes in, frames to its uplink, replies out when their commits are on disk and in the order in which
 * they fell due. Invariant: while a registration is awaited, the disk is far behind or the gateway stops, nothing is read.
 *
 * Written for thousands of idle connections: no timer, no child logger and no closure of its own beyond the session object.
 */
import type { Socket } from 'node:net';
import type { Command, CommandReply } from '../domain/command.js';
import { CommandError, type ErrorCode, FrameError, MilepostError, SessionError, type StoreError } from '../errors.js';
import type { ProtocolCounters } from '../metrics.js';
import type { DecodeContext, Message, Protocol } from '../protocols/protocol.js';
import type { SourceRow } from '../store/rows.js';
import type { Framer } from '../wire/framers.js';
import { ReceiveBuffer } from '../wire/receive-buffer.js';
import { CommandLine } from './command-line.js';
import { detectMaxBytes, detectProtocol } from './detect.js';
import { identityOf } from './refusals.js';
import type { LiveSession, Sessions } from './sessions.js';
import { Uplink, type UplinkOwner, type UplinkServices } from './uplink.js';

export interface TcpLimits {
  readonly loginTimeoutMs: number;
  readonly loginMaxBytes: number;
  readonly tcpIdleTimeoutMs: number;
  readonly frameMaxBytes: number;
  readonly maxStrikes: number;
  readonly sendBufferMaxBytes: number;
  readonly commandTimeoutMs: number;
}

export interface TcpServices extends UplinkServices {
  readonly sessions: Sessions;
  readonly limits: TcpLimits;
  /** Protocols that the shared port may recognise. */
  readonly candidates: readonly Protocol[];
}

/** The largest chunk a socket hands over at once; the receive buffer has room for one beside an incomplete frame. */
const chunkMaxBytes = 65_536;
/** A unit that has sent no record looks at commands after this time. */
const readyAfterMs = 10_000;
let sessionCount = 0;

export class TcpSession implements LiveSession, UplinkOwner {
  readonly id = ++sessionCount;
  readonly address: string;
  readonly #socket: Socket;
  readonly #services: TcpServices;
  readonly #buffer: ReceiveBuffer;
  readonly #openedMs: number;
  #lastMs: number;
  #uplink: Uplink | undefined;
  #framer: Framer | undefined;
  #counters: ProtocolCounters | undefined;
  #commands: CommandLine | undefined;
  #owedSeqs: number[] = [];
  #owedReplies: Buffer[] = [];
  #receivedBytes = 0;
  #strikes = 0;
  /** Source whose link this session is, and since when. */
  #linkedId: number | undefined;
  #linkedMs = 0;
  #isReady = false;
  #isRegistering = false;
  #isWaitingForDisk = false;
  #isDraining = false;
  /** The unit has said that it sends no more. */
  #isHalfClosed = false;
  #isEnding = false;
  #isClosed = false;

  constructor(socket: Socket, protocol: Protocol | undefined, services: TcpServices) {
    this.#socket = socket;
    this.#services = services;
    this.address = socket.remoteAddress ?? '';
    this.#buffer = new ReceiveBuffer(services.limits.frameMaxBytes + chunkMaxBytes);
    this.#openedMs = services.clock.monotonicMs();
    this.#lastMs = this.#openedMs;
    if (protocol !== undefined) this.#speak(protocol);
  }

  /** Bytes from the socket. */
  receive(chunk: Buffer): void {
    if (this.#isEnding) return;
    this.#lastMs = this.#services.clock.monotonicMs();
    this.#receivedBytes += chunk.length;
    if (this.#counters !== undefined) this.#counters.receivedBytes += chunk.length;
    if (!this.#buffer.push(chunk)) {
      this.close('frame_too_large');
      return;
    }
    this.#read();
    this.#buffer.settle();
    if (this.#uplink?.source === undefined && this.#receivedBytes > this.#services.limits.loginMaxBytes) {
      if (!this.#isHeld) this.close('login_budget');
    }
  }

  /** The socket has ended or failed. */
  ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isEnding = true;
    this.#services.sessions.remove(this, this.#linkedId);
    if (this.#counters !== undefined) this.#counters.connections--;
    this.#commands?.close();
    this.#log('info', 'closed');
  }

  /** The socket takes bytes again. */
  drained(): void {
    if (!this.#isHeld && !this.#isEnding) this.#socket.resume();
  }

  /** The unit sends no more: what is owed to it still goes out. */
  halfClosed(): void {
    this.#isHalfClosed = true;
    this.#endWhenPaid();
  }

  drain(): void {
    this.#isDraining = true;
    this.#socket.pause();
  }

  close(code: ErrorCode, identity?: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#noteRefusal(code, identity);
    this.#services.metrics.error(code, this.#uplink?.protocol.name);
    this.#log(code === 'shutdown' ? 'debug' : 'info', 'closing', code);
    this.#commands?.close();
    this.#socket.resume();
    this.#socket.destroySoon();
  }

  tick(nowMs: number): void {
    const { limits } = this.#services;
    if (this.#isWaitingForDisk) this.#goOnWhenDiskCan();
    if (this.#isEnding || this.#isHalfClosed) {
      if (nowMs - this.#lastMs > limits.loginTimeoutMs) this.#socket.destroy();
    } else if (this.#uplink?.source === undefined && nowMs - this.#openedMs > limits.loginTimeoutMs) {
      this.close('login_timeout');
    } else if (nowMs - this.#lastMs > limits.tcpIdleTimeoutMs) {
      this.close('idle_timeout');
    } else if (this.#socket.writableLength > limits.sendBufferMaxBytes) {
      this.close('slow_reader');
      this.#socket.destroy();
    } else if (!this.#isReady && this.#linkedId !== undefined && nowMs - this.#linkedMs > readyAfterMs) {
      this.#becomeReady();
    }
  }

  send(command: Command): Promise<CommandReply> {
    const uplink = this.#uplink;
    if (uplink?.source === undefined || this.#isEnding) return Promise.reject(new CommandError('unit_offline'));
    this.#commands ??= new CommandLine({
      protocol: uplink.protocol,
      clock: this.#services.clock,
      timeoutMs: this.#services.limits.commandTimeoutMs,
      write: (bytes) => this.#write(bytes),
    });
    uplink.onMessage ??= (message: Message, context: DecodeContext) => this.#commands?.offer(message, context);
    return this.#commands.send(command, uplink.context);
  }

  owe(seq: number, reply: Buffer): void {
    this.#owedSeqs.push(seq);
    this.#owedReplies.push(reply);
  }

  bound(source: SourceRow): void {
    const { sessions, clock } = this.#services;
    if (this.#linkedId !== undefined && this.#linkedId !== source.id) {
      sessions.unbind(this, this.#linkedId);
      this.#commands?.close();
    }
    this.#linkedId = source.id;
    this.#linkedMs = clock.monotonicMs();
    this.#isReady = false;
    sessions.bind(this, source.id);
    if (this.#uplink?.protocol.commandsAfterRecord !== true) this.#becomeReady();
    this.#log('info', 'login');
  }

  settled(_seq: number, error: StoreError | undefined): void {
    if (error === undefined) {
      this.#payOwed();
      if (this.#isWaitingForDisk) this.#goOnWhenDiskCan();
      return;
    }
    this.#owedSeqs = [];
    this.#owedReplies = [];
    this.close(error.code);
  }

  /** Reads as many frames as are there. */
  #read(): void {
    const buffer = this.#buffer;
    const nowMs = this.#services.clock.now();
    while (!this.#isHeld && !this.#isEnding && buffer.length > 0) {
      const framer = this.#framer ?? this.#detect();
      if (framer === undefined) break;
      const found = framer.next(buffer.bytes, buffer.start, buffer.end);
      if (found.kind === 'more') break;
      const { start, end } = found;
      if (found.kind === 'frame') {
        if (!this.#takeFrame(start, end, nowMs)) break;
      } else if (found.code !== undefined) {
        this.#refuse(start, end, found.code);
      }
      buffer.consumeTo(end);
    }
    this.#payOwed();
    if (!this.#services.store.isFull || this.#isEnding) return;
    this.#isWaitingForDisk = true;
    this.#socket.pause();
  }

  /** False when the frame has to be taken again later. */
  #takeFrame(start: number, end: number, receivedAt: number): boolean {
    const outcome = (this.#uplink as Uplink).take(this.#buffer.bytes.subarray(start, end), receivedAt);
    if (outcome === 'done') {
      this.#strikes = 0;
      return true;
    }
    if (outcome instanceof Promise) {
      this.#isRegistering = true;
      this.#socket.pause();
      outcome.then(
        () => {
          this.#isRegistering = false;
          this.#goOn();
        },
        (error: unknown) => this.close(error instanceof MilepostError ? error.code : 'store_write'),
      );
      return false;
    }
    this.#fault(outcome);
    return true;
  }

  #refuse(start: number, end: number, code: ErrorCode): void {
    const uplink = this.#uplink as Uplink;
    const error = new FrameError(code);
    const reply = uplink.protocol.refuse(this.#buffer.bytes.subarray(start, end), error, uplink.context);
    if (reply !== null) this.owe(0, reply);
    this.#fault(error);
  }

  #fault(error: MilepostError): void {
    const source = this.#uplink?.source;
    if (!(error instanceof FrameError) || source === undefined) {
      this.#log('warn', 'refused', error.code, error.message);
      this.#payOwed();
      this.close(error.code, identityOf(error));
      return;
    }
    this.#noteRefusal(error.code, source.deviceId);
    this.#services.metrics.error(error.code, this.#uplink?.protocol.name);
    if (this.#strikes === 0) this.#log('warn', 'bad frame', error.code, error.message);
    if (++this.#strikes < this.#services.limits.maxStrikes) return;
    this.#payOwed();
    this.close('too_many_strikes');
  }

  #noteRefusal(reason: ErrorCode, identity: string | undefined): void {
    const uplink = this.#uplink;
    if (identity === undefined && (uplink?.source !== undefined || reason === 'shutdown')) return;
    const { address } = this;
    this.#services.refusals.note({ identity, address, protocol: uplink?.protocol.name, reason });
  }

  #detect(): Framer | undefined {
    const waiting = this.#buffer.bytes.subarray(this.#buffer.start, this.#buffer.end);
    const found = detectProtocol(waiting, this.#services.candidates);
    if (found === 'more') return undefined;
    if (found === undefined) {
      this.#fault(new SessionError('unknown_protocol', { got: waiting.subarray(0, detectMaxBytes).toString('hex') }));
      return undefined;
    }
    return this.#speak(found);
  }

  #speak(protocol: Protocol): Framer {
    const { limits, metrics } = this.#services;
    this.#uplink = new Uplink(protocol, 'tcp', this.#services, this);
    this.#framer = protocol.createFramer({ maxFrameBytes: limits.frameMaxBytes });
    this.#counters = metrics.of(protocol.name);
    this.#counters.connections++;
    this.#counters.accepted++;
    this.#counters.receivedBytes += this.#receivedBytes;
    return this.#framer;
  }

  get #isHeld(): boolean {
    return this.#isRegistering || this.#isWaitingForDisk || this.#isDraining;
  }

  #goOnWhenDiskCan(): void {
    if (this.#services.store.isFull) return;
    this.#isWaitingForDisk = false;
    this.#goOn();
  }

  #goOn(): void {
    if (this.#isHeld || this.#isEnding) return;
    this.#socket.resume();
    this.#read();
    this.#buffer.settle();
    this.#endWhenPaid();
  }

  #endWhenPaid(): void {
    if (!this.#isHalfClosed || this.#isEnding || this.#isHeld || this.#owedSeqs.length > 0) return;
    this.#isEnding = true;
    this.#socket.destroySoon();
  }

  /** Writes the replies whose commits are on disk. */
  #payOwed(): void {
    const seqs = this.#owedSeqs;
    const done = this.#services.store.committedSeq;
    let due = 0;
    while (due < seqs.length && (seqs[due] as number) <= done) due++;
    if (due === 0) return;
    const replies = this.#owedReplies;
    const hasRecord = (seqs[due - 1] as number) > 0;
    const paid = replies.splice(0, due);
    seqs.splice(0, due);
    const bytes = paid.length === 1 ? (paid[0] as Buffer) : Buffer.concat(paid);
    this.#write(bytes);
    if (hasRecord && !this.#isReady) this.#becomeReady();
    if (this.#isHalfClosed) this.#endWhenPaid();
  }

  #becomeReady(): void {
    this.#isReady = true;
    if (this.#linkedId !== undefined) this.#services.sessions.ready(this, this.#linkedId);
  }

  #write(bytes: Buffer): void {
    if (this.#isClosed || !this.#socket.writable) return;
    if (this.#counters !== undefined) this.#counters.sentBytes += bytes.length;
    if (!this.#socket.write(bytes)) this.#socket.pause();
  }

  #log(level: 'info' | 'warn' | 'debug', what: string, code?: ErrorCode, detail?: string): void {
    const { log } = this.#services;
    if (!log.isLevelEnabled(level)) return;
    const uplink = this.#uplink;
    log[level](
      {
        protocol: uplink?.protocol.name,
        session: this.id,
        unit: uplink?.source?.deviceId,
        remote: this.address,
        code,
        detail,
      },
      what,
    );
  }
}
