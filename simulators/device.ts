/**
 * One virtual unit: it dials its server, logs in, stays online, comes back after a failure and does as it is told. It owns no timer:
 * the fleet's ticker calls `tick`, the socket calls the rest. Getting records across is `Reporter`'s work.
 */
import type { Clock } from '../src/clock.js';
import type { StateUpdate } from '../src/domain/update.js';
import { Backoff, type BackoffLimits } from './backoff.js';
import type { Behavior, Downlink } from './behavior.js';
import { actionOf, nothing } from './device-commands.js';
import { DownlinkReader } from './downlink-reader.js';
import { Link, type LinkFaults } from './link.js';
import type { Random } from './random.js';
import type { Recorder } from './recorder.js';
import { Reporter } from './reporter.js';
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
  readonly backoffMs: BackoffLimits;
}

/** `resting`: between two attempts to connect. `offline`: no network. */
export type DeviceState = 'idle' | 'connecting' | 'login' | 'online' | 'resting' | 'offline' | 'closed';

/** Records made in one tick at most, so that a stalled process catches up in steps. */
const recordsPerTick = 1000;

export class Device {
  readonly options: DeviceOptions;
  state: DeviceState = 'idle';
  /** Records that the server has taken over. */
  acknowledged = 0;
  readonly #reporter: Reporter;
  readonly #backoff: Backoff;
  #link: Link | undefined;
  #reader: DownlinkReader | undefined;
  /** When the present state has lasted long enough, ms of the monotonic clock. */
  #deadlineMs = 0;
  #lastSentMs = 0;
  #letInBefore = false;
  /** The last connection ended against the unit's will. */
  #broken = false;
  /** An output was switched after the record of this time, and no heartbeat has told of it. */
  #switchedAt: number | undefined;
  /** Time of the record with which the status was told last, ms since 1970 UTC. */
  #statusAt = Number.NEGATIVE_INFINITY;

  constructor(options: DeviceOptions) {
    this.options = options;
    this.#backoff = new Backoff(options.backoffMs, options.random);
    this.#reporter = new Reporter({
      ...options,
      transport: options.endpoint.transport,
      backoff: this.#backoff,
      send: (frame) => this.#send(frame),
      reported: (updates) => this.#tellStatus(updates),
      acknowledged: (updates) => this.#noteAcknowledged(updates),
      changePort: () => this.#changePort(),
    });
  }

  get deviceId(): string {
    return this.options.deviceId;
  }

  /** Records that are not acknowledged. */
  get pending(): number {
    return this.#reporter.outbox.pending;
  }

  tick(nowMs: number): void {
    if (this.state === 'closed') return;
    this.#makeRecords(nowMs);
    this.#followNetwork();
    if (this.state === 'idle' || (this.state === 'resting' && nowMs >= this.#deadlineMs)) this.#connect();
    else if (this.state === 'connecting' && nowMs >= this.#deadlineMs) this.#fail('connect_timeout');
    else if (this.state === 'login' && nowMs >= this.#deadlineMs) this.#fail('login_timeout');
    else if (this.state === 'online') this.#keepOnline(nowMs);
  }

  /** No more records; what is there is sent out, without waiting long for another attempt. */
  finish(): void {
    const { recorder, clock } = this.options;
    recorder.end();
    this.#reporter.outbox.flush();
    this.#backoff.reset();
    if (this.state !== 'resting') return;
    this.#deadlineMs = Math.min(this.#deadlineMs, clock.monotonicMs() + this.#backoff.minMs);
  }

  close(): void {
    this.#setState('closed');
    this.#dropLink(true);
  }

  #makeRecords(nowMs: number): void {
    const { recorder } = this.options;
    for (let i = 0; i < recordsPerTick && recorder.due(nowMs); i++) {
      this.#reporter.keep(recorder.make(this.state === 'resting'));
    }
  }

  #followNetwork(): void {
    const isUp = this.options.recorder.networkUp;
    if (isUp && this.state === 'offline') {
      this.#setState('idle');
    } else if (!isUp && this.state !== 'offline') {
      this.#broken = true;
      this.#dropLink(false);
      this.#setState('offline');
    }
  }

  #connect(): void {
    const { endpoint, behavior, clock, faults, random, stats, timeoutMs } = this.options;
    this.#setState('connecting');
    this.#deadlineMs = clock.monotonicMs() + timeoutMs;
    this.#reader = new DownlinkReader(behavior, endpoint.transport === 'udp');
    const onWritten = (bytes: number) => {
      stats.bytesSent += bytes;
    };
    const link: Link = new Link(
      { endpoint, faults, random, clock, onWritten },
      {
        opened: () => link === this.#link && this.#opened(),
        received: (bytes) => link === this.#link && this.#receive(bytes),
        closed: (reason) => link === this.#link && this.#fail(reason),
      },
    );
    this.#link = link;
  }

  #opened(): void {
    const { behavior, clock, timeoutMs } = this.options;
    const login = behavior.login();
    if (login === undefined) {
      this.#enter();
      return;
    }
    this.#setState('login');
    this.#deadlineMs = clock.monotonicMs() + timeoutMs;
    this.#send(login);
  }

  #enter(): void {
    if (this.#broken && this.#letInBefore) this.options.stats.reconnects++;
    this.#broken = false;
    this.#setState('online');
    // Over UDP there is nothing to be let into: a unit counts as connected once it is answered.
    if (this.options.endpoint.transport === 'tcp') this.#countLetIn();
    if (this.options.behavior.heartbeatIsStatus === true) this.#tellStatusOfLogin();
    this.#reporter.open();
  }

  #tellStatusOfLogin(): void {
    const first = this.#statusAt === Number.NEGATIVE_INFINITY ? this.#reporter.outbox.head : undefined;
    if (first === undefined) this.#sendHeartbeat();
    else this.#sendStatus(first);
  }

  /** By the time of the records, not of the clock: so the same seed gives the same bytes. */
  #tellStatus(updates: readonly StateUpdate[]): void {
    const { heartbeatIsStatus, heartbeatSeconds } = this.options.behavior;
    const newest = updates.at(-1);
    if (heartbeatIsStatus !== true || newest === undefined || newest.backlog) return;
    if (newest.at - this.#statusAt >= heartbeatSeconds * 1000) this.#sendStatus(newest);
  }

  #sendStatus(status: StateUpdate): void {
    this.#statusAt = status.at;
    const heartbeat = this.options.behavior.heartbeat(status);
    if (heartbeat !== undefined) this.#send(heartbeat);
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
    else if (downlink.kind === 'ack') this.#reporter.take(downlink.tag, downlink.records);
    else if (downlink.kind === 'command') this.#carryOut(downlink.text, downlink.reference);
  }

  #loggedIn(accepted: boolean): void {
    const { hooks, stats } = this.options;
    if (this.state !== 'login') return;
    hooks.onLogin?.(this.deviceId, accepted);
    if (accepted) {
      this.#enter();
    } else {
      stats.loginsRefused++;
      this.#rest();
    }
  }

  #noteAcknowledged(updates: readonly StateUpdate[]): void {
    this.#countLetIn();
    this.acknowledged += updates.length;
    this.options.hooks.onAcknowledged?.(this.deviceId, updates);
    this.#tellSwitching(updates.at(-1)?.at ?? 0);
  }

  /** Units whose records have no room for it report a switched output by a heartbeat. It follows the first record made since. */
  #tellSwitching(acknowledgedAt: number): void {
    if (this.#switchedAt === undefined || acknowledgedAt <= this.#switchedAt) return;
    this.#switchedAt = undefined;
    if (this.options.behavior.heartbeatSeconds > 0) this.#sendHeartbeat();
  }

  #changePort(): void {
    this.#dropLink(true);
    this.#connect();
  }

  #carryOut(text: string, reference: number): void {
    const { behavior, vehicle, recorder, stats, hooks, clock } = this.options;
    const action = reference < 0 ? nothing : actionOf(text);
    for (const { output, on } of action.outputs) {
      if (vehicle.switchOutput(output, on)) this.#switchedAt = recorder.lastAt;
    }
    const answer = behavior.answer(text, reference);
    if (answer !== undefined) {
      this.#send(answer);
      stats.commandsAnswered++;
    }
    hooks.onCommand?.(this.deviceId, text);
    if (!action.recordNow) return;
    this.#reporter.keep(recorder.makeNow(clock.monotonicMs(), false));
    this.#reporter.outbox.flush();
    this.#reporter.pump();
  }

  #keepOnline(nowMs: number): void {
    const { heartbeatSeconds } = this.options.behavior;
    if (!this.#reporter.tick(nowMs)) {
      this.#fail('ack_timeout');
      return;
    }
    if (heartbeatSeconds > 0 && nowMs - this.#lastSentMs >= heartbeatSeconds * 1000) this.#sendHeartbeat();
  }

  #sendHeartbeat(): void {
    const heartbeat = this.options.behavior.heartbeat();
    if (heartbeat !== undefined) this.#send(heartbeat);
  }

  #send(bytes: Buffer): number {
    this.#lastSentMs = this.options.clock.monotonicMs();
    this.options.hooks.onUplink?.(this.deviceId, bytes);
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
    this.#deadlineMs = this.options.clock.monotonicMs() + this.#backoff.failed();
  }

  #dropLink(gently: boolean): void {
    const link = this.#link;
    this.#link = undefined;
    link?.close(gently);
    this.#reporter.shut();
  }

  #setState(state: DeviceState): void {
    const { stats } = this.options;
    if (this.state === 'online') stats.online--;
    if (state === 'online') stats.online++;
    this.state = state;
  }
}
