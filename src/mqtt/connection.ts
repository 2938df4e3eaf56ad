/**
 * One connection of a client: let in or refused, told of states, and cut when it does what it may not do or reads nothing. The broker
 * speaks the protocol; here is what it is allowed to.
 */
import type { Socket } from 'node:net';
import type { Client } from 'aedes';
import type { Timer } from '../clock.js';
import type { Credential, Services } from '../http/navixy/call.js';
import type { Audience } from '../http/navixy/live/audience.js';
import { Outflow } from '../http/navixy/live/outflow.js';
import { Consumer } from './consumer.js';
import { GuardedStream } from './guarded-stream.js';
import type { CutReason, StateTopicLimits } from './limits.js';
import { PacketGuard } from './packet-guard.js';
import type { StateMessage } from './topic-feed.js';
import { stateTopicOf } from './topics.js';

export interface ConnectionOptions {
  readonly services: Services;
  readonly audience: Audience;
  readonly limits: StateTopicLimits;
  readonly onCut: (connection: Connection, reason: CutReason) => void;
  readonly onClose: (connection: Connection) => void;
  readonly onSent: () => void;
}

/** A client that vanished without a word is noticed by the system after this long of silence, and a few attempts. */
const keepAliveMs = 60_000;

export class Connection {
  readonly address: string;
  readonly stream: GuardedStream;
  readonly outflow: Outflow;
  /** Of an MQTT 3.1.1 CONNECT that asked for a session to come back to, under no name. */
  isNameless = false;
  readonly #options: ConnectionOptions;
  readonly #connectTimer: Timer;
  #client: Client | undefined;
  #consumer: Consumer | undefined;
  /** Bytes of messages that the broker has not passed on entirely. */
  #handedBytes = 0;
  #isOver = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    const { limits, services } = options;
    this.#options = options;
    this.address = socket.remoteAddress ?? '';
    socket.setKeepAlive(true, keepAliveMs);
    this.stream = new GuardedStream(socket, {
      guard: new PacketGuard(limits.mqttPacketMaxBytes),
      onFault: (fault) => this.cut(fault),
      onTaken: () => this.outflow.moved(),
    });
    this.stream.once('close', () => this.#closed());
    const { clock } = services;
    const bufferedBytes = () => Math.max(this.#handedBytes, this.stream.writableLength);
    this.outflow = new Outflow({ limits, clock, bufferedBytes });
    this.#connectTimer = clock.after(limits.mqttConnectTimeoutMs, () => this.cut('connect_timeout'));
  }

  /** True once its end has a reason. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get consumer(): Consumer | undefined {
    return this.#consumer;
  }

  /** The broker has taken the connection on. */
  begin(client: Client): void {
    this.#client = client;
  }

  /** A CONNECT has come. */
  connecting(): void {
    this.#connectTimer.cancel();
  }

  /** Lets a client in; false when its credential has ended meanwhile, or the connection. */
  admit(credential: Credential): boolean {
    if (this.#isOver) return false;
    const { services, audience, limits } = this.#options;
    const consumer = new Consumer({
      services,
      audience,
      credential,
      address: this.address,
      outflow: this.outflow,
      maxFilters: limits.mqttMaxSubscriptions,
      send: (message) => this.#send(message),
      onEnd: () => this.cut('credential_ended'),
    });
    if (consumer.contextNow(false) === undefined) {
      consumer.leave();
      return false;
    }
    this.#consumer = consumer;
    return true;
  }

  /** The broker ends the connection by itself, once it has said why. */
  refused(): void {
    this.#isOver = true;
  }

  /** MQTT 3.1.1 has no word for a server to say why it goes. */
  cut(reason: CutReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onCut(this, reason);
    this.stream.destroy();
  }

  #send({ trackerId, payload, retain }: StateMessage): void {
    const topic = stateTopicOf(trackerId);
    const sizeBytes = topic.length + payload.length;
    this.outflow.sending();
    this.#handedBytes += sizeBytes;
    this.#options.onSent();
    this.#client?.publish({ cmd: 'publish', topic, payload, retain, qos: 0, dup: false }, () => {
      this.#handedBytes -= sizeBytes;
      this.outflow.moved();
    });
  }

  #closed(): void {
    this.#isOver = true;
    this.#connectTimer.cancel();
    this.#consumer?.leave();
    this.outflow.release();
    this.#options.onClose(this);
  }
}
