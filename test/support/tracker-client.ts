/**
 * The unit's end of a connection, in the hands of a test: raw bytes both ways, and a unit of any protocol on top that logs in, sends
 * records and reads what comes back. Everything waits for what it expects, for a bounded time.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Behavior, Downlink } from '../../simulators/behavior.js';
import { behaviorOf } from '../../simulators/behaviors/registry.js';
import type { StateUpdate } from '../../src/domain/update.js';
import type { Framer } from '../../src/wire/framers.js';
import { until, within } from './until.js';

export class RawClient {
  readonly socket: Socket;
  /** Everything received. */
  received = Buffer.alloc(0);
  readonly closed: Promise<void>;
  isClosed = false;
  #taken = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay();
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      socket.on('close', () => {
        this.isClosed = true;
        resolve();
      }),
    );
  }

  /** `localAddress`: any of 127.0.0.0/8. */
  static async connect(
    port: number,
    options: { localAddress?: string; allowHalfOpen?: boolean } = {},
  ): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', ...options });
    onTestFinished(() => void socket.destroy());
    const client = new RawClient(socket);
    await within(
      new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)),
      'a connection',
    );
    return client;
  }

  send(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** Sends one byte after the other, each in a packet of its own as far as the kernel goes along. */
  async trickle(bytes: Buffer): Promise<void> {
    for (const byte of bytes)
      await new Promise<void>((resolve) => this.socket.write(Buffer.from([byte]), () => resolve()));
  }

  /** The next `count` bytes, once they are there. */
  async take(count: number, limitMs?: number): Promise<Buffer> {
    await until(
      () => this.received.length >= this.#taken + count,
      `${count} bytes (${this.received.toString('hex')})`,
      limitMs,
    );
    this.#taken += count;
    return this.received.subarray(this.#taken - count, this.#taken);
  }

  /** Resolves when the server has ended the connection, with all that came before. */
  async end(): Promise<Buffer> {
    await within(this.closed, 'the end of the connection');
    return this.received;
  }
}

/** One datagram socket. */
export class DatagramClient {
  readonly socket: UdpSocket;
  readonly received: Buffer[] = [];
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
    this.socket = createSocket('udp4');
    this.socket.on('message', (datagram) => this.received.push(datagram));
    onTestFinished(() => void this.socket.close());
  }

  send(bytes: Buffer): void {
    this.socket.send(bytes, this.#port, '127.0.0.1');
  }

  async replies(count: number): Promise<readonly Buffer[]> {
    await until(() => this.received.length >= count, `${count} datagrams`);
    return this.received;
  }
}

/** A unit that speaks a protocol over TCP. */
export class Unit {
  readonly client: RawClient;
  readonly behavior: Behavior;
  readonly deviceId: string;
  readonly downlinks: Downlink[] = [];
  readonly #framer: Framer;
  #read = 0;
  #seen = 0;

  constructor(client: RawClient, protocol: string, n: number) {
    const factory = behaviorOf(protocol);
    if (factory === undefined) throw new Error(`no behavior for ${protocol}`);
    this.client = client;
    this.deviceId = factory.deviceId(n);
    this.behavior = factory.create({ deviceId: this.deviceId, transport: 'tcp' });
    this.#framer = this.behavior.downlinkFramer();
    client.socket.on('data', () => this.#readDownlink());
  }

  static async connect(port: number, protocol: string, n = 0): Promise<Unit> {
    return new Unit(await RawClient.connect(port), protocol, n);
  }

  /** Connects and logs in. */
  static async online(port: number, protocol: string, n = 0): Promise<Unit> {
    const unit = await Unit.connect(port, protocol, n);
    unit.client.send(unit.loginFrame());
    const answer = await unit.next('login');
    if (answer.kind !== 'login' || !answer.accepted) throw new Error('the login was refused');
    return unit;
  }

  loginFrame(): Buffer {
    const login = this.behavior.login();
    if (login === undefined) throw new Error('this protocol has no login');
    return Buffer.from(login);
  }

  /** A frame with the records. */
  frame(updates: readonly StateUpdate[]): Buffer {
    return Buffer.from(this.behavior.pack(updates).bytes);
  }

  /** Sends records and waits for their acknowledgement. */
  async report(updates: readonly StateUpdate[]): Promise<Downlink> {
    this.client.send(this.frame(updates));
    return this.next('ack');
  }

  /** The next message of this kind that has not been looked at. */
  async next(kind: Downlink['kind'], limitMs?: number): Promise<Downlink> {
    return until(
      () => {
        while (this.#seen < this.downlinks.length) {
          const downlink = this.downlinks[this.#seen++];
          if (downlink?.kind === kind) return downlink;
        }
        return undefined;
      },
      `${kind} for ${this.deviceId}`,
      limitMs,
    );
  }

  count(kind: Downlink['kind']): number {
    return this.downlinks.filter((each) => each.kind === kind).length;
  }

  #readDownlink(): void {
    const bytes = this.client.received;
    while (this.#read < bytes.length) {
      const { kind, start, end } = this.#framer.next(bytes, this.#read, bytes.length);
      if (kind === 'more') return;
      if (kind === 'frame') this.downlinks.push(this.behavior.readDownlink(Buffer.from(bytes.subarray(start, end))));
      this.#read = end;
    }
  }
}

/** A record with a position and some fields, `offsetS` seconds after a fixed time. */
export function sampleAt(baseMs: number, offsetS = 0, ignition = true): StateUpdate {
  return {
    at: Math.floor(baseMs / 1000) * 1000 + offsetS * 1000,
    timed: true,
    backlog: false,
    position: {
      lat: 52.5 + offsetS / 10_000,
      lng: 13.4,
      valid: true,
      speedKmh: 10 + (offsetS % 90),
      headingDeg: 90,
      altitudeM: 40,
      satellites: 9,
    },
    names: ['ignition'],
    values: [ignition],
  };
}
