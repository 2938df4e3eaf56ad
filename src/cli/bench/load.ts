/**
 * The closed-loop load: every connection is a unit that keeps a fixed number of frames unacknowledged and sends one for each
 * acknowledgement. Frames are built beforehand and acknowledgements are counted, not read, but for the last byte of each chunk.
 */
import { connect, type Socket } from 'node:net';
import { ackBytes, type FrameRing, frameRing, loginOf, loginReplyBytes } from './frames.js';
import type { LoadCount, LoadJob, LoadPace, LoadResult, LoadTime } from './load-job.js';
import { markUsage, type UsageMark, usageBetween } from './usage.js';

const connectingAtOnce = 200;
const firstUnit = 100_000;
const loginTimeoutMs = 60_000;
/** A count that is not reached by then never will be. */
const countTimeoutMs = 300_000;
const paceTickMs = 10;
/** All sockets read into this one: what is read is looked at before anything else is read. */
const readBuffer = Buffer.alloc(65_536);

/** State of one connection. */
interface Unit {
  readonly socket: Socket;
  isLoggedIn: boolean;
  /** Bytes of an acknowledgement that is not complete. */
  partBytes: number;
  /** Place in the ring of the next frame to send. */
  next: number;
}

export class Load {
  readonly #job: LoadJob;
  readonly #ring: FrameRing;
  readonly #frames: readonly Buffer[];
  readonly #units: Unit[] = [];
  #acks = 0;
  #sent = 0;
  #limit = Number.POSITIVE_INFINITY;
  #isSending = true;
  #isPaced = false;
  readonly #onStarted: () => void;
  #onLimit: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  /** `onStarted` hears when a pace begins to be kept. */
  constructor(job: LoadJob, nowMs: number, onStarted: () => void = () => {}) {
    this.#job = job;
    this.#onStarted = onStarted;
    const ring = frameRing(job.recordsPerFrame, nowMs);
    this.#ring = ring;
    this.#frames = Array.from({ length: ring.count }, (_, i) =>
      ring.bytes.subarray(i * ring.frameBytes, (i + 1) * ring.frameBytes),
    );
  }

  /** Connects all, logs all in, and then measures. Rejects when a connection is refused, closed or wrongly answered. */
  async run(): Promise<LoadResult> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => {});
    await Promise.race([failed, this.#logInAll()]);
    const { until } = this.#job;
    return Promise.race([failed, this.#measure(until)]);
  }

  #measure(until: LoadJob['until']): Promise<LoadResult> {
    if (until.kind === 'pace') return this.#atPace(until);
    return until.kind === 'time' ? this.#forTime(until) : this.#forCount(until);
  }

  async #forTime({ warmUpMs, measureMs }: LoadTime): Promise<LoadResult> {
    this.#startSending();
    await sleep(warmUpMs);
    const before = this.#sample();
    await sleep(measureMs);
    const after = this.#sample();
    this.#isSending = false;
    return difference(before, after);
  }

  async #forCount({ frames }: LoadCount): Promise<LoadResult> {
    this.#limit = frames;
    const before = this.#sample();
    await within(countTimeoutMs, `${frames} acknowledgements`, (resolve) => {
      this.#onLimit = resolve;
      this.#startSending();
    });
    return difference(before, this.#sample());
  }

  /** First one frame of each unit, then as many a second as wanted, of all units in turn. */
  async #atPace({ framesPerSecond, measureMs }: LoadPace): Promise<LoadResult> {
    const units = this.#units.length;
    await within(countTimeoutMs, 'first acknowledgements', (resolve) => {
      this.#limit = units;
      this.#onLimit = resolve;
      this.#startSending();
    });
    this.#limit = Number.POSITIVE_INFINITY;
    this.#isPaced = true;
    this.#onStarted();
    const before = this.#sample();
    const ticker = setInterval(() => this.#catchUp(before, framesPerSecond), paceTickMs);
    await sleep(measureMs);
    clearInterval(ticker);
    return difference(before, this.#sample());
  }

  #catchUp(since: Sample, framesPerSecond: number): void {
    const due = since.sent + Math.floor(((performance.now() - since.atMs) / 1000) * framesPerSecond);
    while (this.#sent < due) this.#send(this.#units[this.#sent % this.#units.length] as Unit, 1);
  }

  #startSending(): void {
    for (const unit of this.#units) this.#send(unit, this.#job.framesInFlight);
  }

  async #logInAll(): Promise<void> {
    const { connections } = this.#job;
    let next = 0;
    const chain = async () => {
      while (next < connections) await this.#logIn(firstUnit + next++);
    };
    await Promise.all(Array.from({ length: Math.min(connectingAtOnce, connections) }, chain));
  }

  #logIn(number: number): Promise<void> {
    return within(loginTimeoutMs, 'a login', (resolve) => {
      const callback = (length: number): boolean => {
        if (unit.isLoggedIn) return this.#received(unit, length);
        if (length !== loginReplyBytes || readBuffer[0] !== 1) this.#fail(new Error('a login was refused'));
        unit.isLoggedIn = true;
        resolve();
        return true;
      };
      const socket = connect({
        host: '127.0.0.1',
        port: this.#job.port,
        noDelay: true,
        onread: { buffer: readBuffer, callback },
      });
      const unit: Unit = { socket, isLoggedIn: false, partBytes: 0, next: 0 };
      socket.on('error', (error) => this.#fail(error));
      socket.on('close', () => this.#fail(new Error('the server closed a connection')));
      socket.write(loginOf(number));
      this.#units.push(unit);
    });
  }

  #received(unit: Unit, length: number): boolean {
    const bytes = unit.partBytes + length;
    const acks = Math.floor(bytes / ackBytes);
    unit.partBytes = bytes % ackBytes;
    if (unit.partBytes === 0 && readBuffer[length - 1] !== this.#job.recordsPerFrame) {
      this.#fail(
        new Error(`an acknowledgement says ${readBuffer[length - 1]} records, not ${this.#job.recordsPerFrame}`),
      );
    }
    this.#acks += acks;
    if (this.#acks >= this.#limit) this.#onLimit();
    else if (acks > 0 && !this.#isPaced) this.#send(unit, acks);
    return true;
  }

  #send(unit: Unit, wanted: number): void {
    const count = Math.min(wanted, this.#limit - this.#sent);
    if (!this.#isSending || count <= 0) return;
    if (unit.next + count > this.#ring.count) unit.next = 0;
    const at = unit.next;
    unit.next += count;
    this.#sent += count;
    const { bytes, frameBytes } = this.#ring;
    unit.socket.write(
      count === 1 ? (this.#frames[at] as Buffer) : bytes.subarray(at * frameBytes, (at + count) * frameBytes),
    );
  }

  #sample(): Sample {
    return { ...markUsage(this.#job), acks: this.#acks, sent: this.#sent };
  }
}

interface Sample extends UsageMark {
  readonly acks: number;
  readonly sent: number;
}

function difference(before: Sample, after: Sample): LoadResult {
  return { msg: 'done', acks: after.acks - before.acks, ...usageBetween(before, after) };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Rejects when `start` has not called `resolve` in time. */
function within(timeoutMs: number, what: string, start: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${what} within ${timeoutMs / 1000} s`)), timeoutMs);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
