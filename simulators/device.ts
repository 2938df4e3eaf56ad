/**
 * One virtual unit: it dials its server, logs in, reports, waits for acknowledgements, keeps what is not acknowledged, comes back
 * after a failure and does as it is told. It owns no timer: the fleet's ticker calls `tick`, the socket calls the rest.
 */
import type { Clock } from '../src/clock.js';
import type { StateUpdate } from '../src/domain/update.js';
import { MilepostError } from '../src/errors.js';
import type { Behavior, Downlink } from './behavior.js';
import { actionOf } from './device-commands.js';
import { DownlinkReader } from './downlink-reader.js';
import { Link, type LinkFaults } from './link.js';
import { Outbox } from './outbox.js';
import type { Random } from './random.js';
import type { Recorder } from './recorder.js';
import type { FleetStats } from './stats.js';
import type { Vehicle } from './vehicle.js';
import type { Endpoint } from './wire.js';

/** What a fleet tells its owner; every hook may be left out. */
export interface FleetHooks {
  /** The server let a unit in, or refused it. */
  onLogin?(deviceId: string, accepted: boolean): void;
  /** Records that the server has just taken over, oldest first. */
  onAcknowledged?(deviceId: string, updates: readonly StateUpdate[]): void;
  onCommand?(deviceId: string, text: string): void;
  /** Bytes as they leave the unit, faults of the link not yet applied. */
  onUplink?(deviceId: string, bytes: Buffer): void;
}

export interface DeviceOptions {
  readonly deviceId: string;
  readonly protocol: string;
  readonly endpoint: Endpoint;
  readonly behavior: Behavior;
  readonly vehicle: Vehicle;
  readonly recorder: Recorder;
  readonly random: Random;
  readonly clock: Clock;
  readonly stats: FleetStats;
  readonly hooks: FleetHooks;
  readonly faults: LinkFaults;
  readonly batch: number;
  readonly backlogRecords: number;
  readonly timeoutMs: number;
  readonly backoffMs: { readonly min: number; readonly max: number };
}

/** `resting`: between two attempts to connect. `offline`: no network. */
export type DeviceState = 'idle' | 'connecting' | 'login' | 'online' | 'resting' | 'offline' | 'closed';

/** Records made in one tick at most, so that a stalled process catches up in steps. */
const recordsPerTick = 1000;

export class Device {
  readonly options: DeviceOptions;
  readonly outbox: Outbox;
  state: DeviceState = 'idle';
  acknowledged = 0;
  #link: Link | undefined;
  #reader: DownlinkReader | undefined;
  /** When the present state has lasted long enough, ms of the monotonic clock. */
  #deadlineMs = 0;
  /** No frame is sent before this: the server took less than it was given. */
  #pausedUntilMs = 0;
  #lastSentMs = 0;
  #failures = 0;
  #letInBefore = false;
  /** The last connection ended against the unit's will. */
  #broken = false;

  constructor(options: DeviceOptions) {
    this.options = options;
    this.outbox = new Outbox(options.backlogRecords, options.batch);
  }

  get deviceId(): string {
    return this.options.deviceId;
  }

  tick(nowMs: number): void {
    if (this.state === 'closed') return;
    this.#makeRecords(nowMs);
    this.#followNetwork();
    if (this.state === 'idle') this.#connect();
    else if (this.state === 'resting' && nowMs >= this.#deadlineMs) this.#connect();
    else if (this.state === 'connecting' && nowMs >= this.#deadlineMs) this.#fail('connect_timeout');
    else if (this.state === 'login' && nowMs >= this.#deadlineMs) this.#fail('login_timeout');
    else if (this.state === 'online') this.#keepOnline(nowMs);
  }

  /** No more records; what is there is sent out. */
  finish(): void {
    const { recorder, clock, backoffMs } = this.options;
    recorder.end();
    this.outbox.flush();
    this.#failures = 0;
    this.#deadlineMs = this.state === 'resting' ? Math.min(this.#deadlineMs, clock.monotonicMs() + backoffMs.min) : this.#deadlineMs;
  }

  close(): void {
    this.#setState('closed');
    this.#dropLink(true);
  }

  #makeRecords(nowMs: number): void {
    const { recorder } = this.options;
    for (let i = 0; i < recordsPerTick && recorder.due(nowMs); i++) this.#keep(recorder.make(this.state === 'resting'));
  }

  #keep(update: StateUpdate): void {
    const { stats } = this.options;
    stats.recordsMade++;
    const lost = this.outbox.push(update);
    if (lost === 0) return;
    stats.recordsLost += lost;
    stats.error('backlog_full');
  }

  #followNetwork(): void {
    const up = this.options.recorder.networkUp;
    if (!up && this.state !== 'offline') {
      this.#broken = true;
      this.#dropLink(false);
      this.#setState('offline');
    } else if (up && this.state === 'offline') {
      this.#setState('idle');
    }
  }

  #connect(): void {
    const { endpoint, behavior, clock, faults, random, stats } = this.options;
    this.#setState('connecting');
    this.#deadlineMs = clock.monotonicMs() + this.options.timeoutMs;
    this.#reader = new DownlinkReader(behavior, endpoint.transport === 'udp');
    const link: Link = new Link(
      { endpoint, faults, random, clock, onWritten: (bytes) => (stats.bytesSent += bytes) },
      {
        opened: () => link === this.#link && this.#opened(),
        received: (bytes) => link === this.#link && this.#receive(bytes),
        closed: (reason) => link === this.#link && this.#fail(reason),
      },
    );
    this.#link = link;
  }

  #opened(): void {
    const login = this.options.behavior.login();
    if (login === undefined) return this.#enter();
    this.#setState('login');
    this.#deadlineMs = this.options.clock.monotonicMs() + this.options.timeoutMs;
    this.#send(login);
  }

  #enter(): void {
    const { stats } = this.options;
    if (this.#broken && this.#letInBefore) stats.reconnects++;
    this.#broken = false;
    this.#setState('online');
    // Over UDP there is nothing to be let into: a unit counts as connected once it is answered.
    if (this.options.endpoint.transport === 'tcp') this.#countLetIn();
    this.#pump();
  }

  #countLetIn(): void {
    if (this.#letInBefore) return;
    this.#letInBefore = true;
    this.options.stats.connected++;
  }

  #receive(bytes: Buffer): void {
    const { stats } = this.options;
    stats.bytesReceived += bytes.length;
    const link = this.#link;
    this.#reader?.feed(bytes, {
      read: (downlink) => {
        this.#obey(downlink);
        return this.#link === link;
      },
      fault: (code) => stats.error(code),
    });
  }

  #obey(downlink: Downlink): void {
    if (downlink.kind === 'login') this.#loggedIn(downlink.accepted);
    else if (downlink.kind === 'ack') this.#takeAck(downlink.tag, downlink.records);
    else if (downlink.kind === 'command') this.#carryOut(downlink.text, downlink.reference);
  }

  #loggedIn(accepted: boolean): void {
    if (this.state !== 'login') return;
    this.options.hooks.onLogin?.(this.deviceId, accepted);
    if (accepted) return this.#enter();
    this.options.stats.loginsRefused++;
    this.#rest();
  }

  #takeAck(tag: number | undefined, records: number | undefined): void {
    const { stats, clock, endpoint, hooks } = this.options;
    const verdict = this.outbox.acknowledge(tag, records);
    if (verdict.kind === 'accepted') {
      const { updates, sentMs, sends } = verdict.waiting;
      this.#failures = 0;
      this.#countLetIn();
      this.acknowledged += updates.length;
      stats.recordsAcknowledged += updates.length;
      stats.acknowledged(clock.monotonicMs() - sentMs);
      hooks.onAcknowledged?.(this.deviceId, updates);
      if (endpoint.transport === 'udp' && tag === undefined && sends > 1) return this.#changePort();
    } else if (verdict.kind === 'short') {
      stats.error('short_ack');
      this.#pausedUntilMs = clock.monotonicMs() + this.#backoffMs();
      this.#failures++;
    } else if (verdict.kind === 'unknown' && endpoint.transport === 'tcp') {
      stats.error('unexpected_ack');
    }
    this.#pump();
  }

  /**
   * Acknowledgements without a mark of their own cannot be told apart: one that belongs to a repeated datagram must not pass for the
   * next one's. It goes to the old port.
   */
  #changePort(): void {
    this.#dropLink(true);
    this.#connect();
  }

  #carryOut(text: string, reference: number): void {
    const { behavior, vehicle, recorder, stats, hooks, clock } = this.options;
    const action = actionOf(text);
    for (const { output, on } of action.outputs) vehicle.switchOutput(output, on);
    const answer = behavior.answer(text, reference);
    if (answer !== undefined) {
      this.#send(answer);
      stats.commandsAnswered++;
    }
    hooks.onCommand?.(this.deviceId, text);
    if (!action.recordNow) return;
    this.#keep(recorder.makeNow(clock.monotonicMs(), false));
    this.outbox.flush();
    this.#pump();
  }

  #keepOnline(nowMs: number): void {
    const { behavior, timeoutMs, endpoint } = this.options;
    const oldest = this.outbox.oldest;
    if (oldest !== undefined && nowMs - oldest.sentMs >= timeoutMs) {
      if (endpoint.transport === 'tcp') return this.#fail('ack_timeout');
      this.#repeat(nowMs);
    }
    this.#pump();
    if (behavior.heartbeatSeconds === 0 || nowMs - this.#lastSentMs < behavior.heartbeatSeconds * 1000) return;
    const heartbeat = behavior.heartbeat();
    if (heartbeat !== undefined) this.#send(heartbeat);
  }

  /** Sends every datagram again whose acknowledgement is overdue. */
  #repeat(nowMs: number): void {
    const { stats, timeoutMs } = this.options;
    for (const waiting of this.outbox.waiting) {
      if (nowMs - waiting.sentMs < timeoutMs) continue;
      stats.error('ack_timeout');
      stats.resent += waiting.updates.length;
      stats.framesSent++;
      waiting.sentMs = nowMs;
      waiting.sends += this.#send(waiting.frame.bytes);
    }
  }

  /** Sends what may be sent. */
  #pump(): void {
    const { behavior, clock, stats, endpoint } = this.options;
    const nowMs = clock.monotonicMs();
    while (this.state === 'online' && this.outbox.framesWaiting < behavior.window && nowMs >= this.#pausedUntilMs) {
      const updates = this.outbox.peek(behavior.maxRecords);
      if (updates.length === 0) return;
      const frame = this.#pack(updates);
      if (frame === undefined) continue;
      const copies = this.#send(frame.bytes);
      const again = this.outbox.sent(frame, nowMs, { sends: copies, due: endpoint.transport === 'tcp' ? copies : 1 });
      stats.framesSent++;
      stats.resent += again;
      stats.recordsSent += frame.records - again;
    }
  }

  /** The frame of the first of `updates`; undefined when the protocol cannot say them, and the first is given up. */
  #pack(updates: readonly StateUpdate[]) {
    try {
      return this.options.behavior.pack(updates);
    } catch (error) {
      if (!(error instanceof MilepostError)) throw error;
      this.options.stats.error(error.code);
      this.options.stats.recordsLost += this.outbox.discard(1);
      return undefined;
    }
  }

  #send(bytes: Buffer): number {
    const { hooks, clock } = this.options;
    this.#lastSentMs = clock.monotonicMs();
    hooks.onUplink?.(this.deviceId, bytes);
    return this.#link?.send(bytes) ?? 0;
  }

  #fail(reason: string): void {
    this.options.stats.error(reason);
    this.#rest();
  }

  #rest(): void {
    this.#broken = true;
    this.#dropLink(false);
    this.#setState('resting');
    this.#deadlineMs = this.options.clock.monotonicMs() + this.#backoffMs();
    this.#failures++;
  }

  /** Twice as long after every failure in a row, and between half and all of that, so that a fleet does not come back as one. */
  #backoffMs(): number {
    const { backoffMs, random } = this.options;
    return Math.min(backoffMs.max, backoffMs.min * 2 ** Math.min(this.#failures, 20)) * random.between(0.5, 1);
  }

  #dropLink(gently: boolean): void {
    const link = this.#link;
    this.#link = undefined;
    link?.close(gently);
    this.outbox.requeue();
  }

  #setState(state: DeviceState): void {
    const { stats } = this.options;
    if (this.state === 'online') stats.online--;
    if (state === 'online') stats.online++;
    this.state = state;
  }
}
