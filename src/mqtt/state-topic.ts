/**
 * The state topic: an MQTT broker whose only publisher is the gateway. Clients subscribe to states of trackers that they see, and may do
 * nothing else. Whatever they do is bounded, and a failure in here never reaches the store.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Aedes, AuthenticateError, Client, ConnectPacket } from 'aedes';
import type { Timer } from '../clock.js';
import { ConfigError } from '../errors.js';
import type { Services } from '../http/navixy/call.js';
import type { Audience } from '../http/navixy/live/audience.js';
import { RateLimiter } from '../http/rate-limit.js';
import type { Logger } from '../log.js';
import { createBroker, plainConnect, tame } from './broker.js';
import { Connection, type ConnectionOptions } from './connection.js';
import type { Consumer } from './consumer.js';
import { StateTopicFigures } from './figures.js';
import type { CutReason, Refusal, StateTopicLimits } from './limits.js';
import { type LoginOutcome, logIn } from './login.js';

export interface StateTopicOptions {
  readonly services: Services;
  readonly audience: Audience;
  readonly limits: StateTopicLimits;
  /** Connections a second from one address; 0 for no limit. */
  readonly rateLimit: number;
  readonly log: Logger;
}

/** CONNACK return codes. Source: MQTT 3.1.1, table 3.1. */
const returnCodes: Readonly<Record<Exclude<Refusal, 'connection_limit' | 'protocol_version'>, 2 | 3 | 4 | 5>> = {
  client_id: 2,
  rate_limit: 3,
  throttled: 3,
  wrong_credential: 4,
  no_credential: 5,
  blocked: 5,
};

/** Refusals of the broker's own, by return code. */
const ownRefusals: Readonly<Record<number, Refusal>> = { 1: 'protocol_version', 2: 'client_id' };

/** What a filter in a SUBACK is granted that was refused. Source: MQTT 3.1.1, section 3.9.3. */
const refusedFilter = 128;

const lookPeriodMs = 1000;
const backlog = 1024;

export class StateTopic {
  readonly figures = new StateTopicFigures();
  readonly #options: StateTopicOptions;
  readonly #connects: RateLimiter;
  readonly #connections = new Set<Connection>();
  readonly #byClient = new WeakMap<Client, Connection>();
  readonly #connectionOptions: ConnectionOptions;
  readonly #server: Server;
  #broker: Aedes | undefined;
  #looking: Timer | undefined;

  constructor(options: StateTopicOptions) {
    const { clock } = options.services;
    this.#options = options;
    this.#connects = new RateLimiter({ clock, perSecond: options.rateLimit });
    this.#connectionOptions = {
      ...options,
      onCut: (connection, reason) => this.#onCut(connection, reason),
      onClose: (connection) => this.#connections.delete(connection),
      onSent: () => this.figures.sentMessages++,
    };
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  get subscriptionCount(): number {
    let sum = 0;
    for (const { consumer } of this.#connections) sum += consumer?.feed.filterCount ?? 0;
    return sum;
  }

  /** What waits to be read by all clients. */
  get bufferedBytes(): number {
    let sum = 0;
    for (const { outflow } of this.#connections) sum += outflow.bufferedBytes;
    return sum;
  }

  /** Binds; port 0 takes any free one. Throws `ConfigError` `port_in_use`. */
  async listen(host: string, port: number): Promise<number> {
    const broker = await this.#openBroker();
    this.#broker = broker;
    this.#looking = this.#options.services.clock.every(lookPeriodMs, () => this.#look());
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(new ConfigError([`cannot listen on mqtt ${host}:${port}: ${error.message}`], 'port_in_use', error));
      });
      this.#server.listen({ host, port, backlog }, resolve);
    });
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) => this.#options.log.error({ err: error }, 'mqtt'));
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Takes nobody in any more; who is there stays. */
  stop(): void {
    this.#server.close();
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.stop();
    this.#looking?.cancel();
    for (const connection of [...this.#connections]) connection.cut('shutdown');
    const broker = this.#broker;
    if (broker !== undefined) await promisify((done: () => void) => broker.close(done))();
  }

  async #openBroker(): Promise<Aedes> {
    const broker = await createBroker({
      preConnect: (client, packet, done) => done(null, this.#connecting(client, packet)),
      authenticate: (client, userName, password, done) => {
        this.#logIn(client, userName, password).then(
          (refusal) => (refusal === undefined ? done(null, true) : done(errorOf(refusal), false)),
          (error: unknown) => this.#failed(client, error),
        );
      },
      authorizeSubscribe: (client, subscription, done) => {
        let isAdmitted = false;
        this.#withConsumer(client, ({ feed }) => {
          isAdmitted = feed.admits(subscription.topic);
        });
        done(null, isAdmitted ? subscription : null);
      },
    });
    broker.on('subscribe', (subscriptions, client) => {
      const granted = subscriptions.filter(({ qos }) => (qos as number) !== refusedFilter).map(({ topic }) => topic);
      this.#withConsumer(client, (consumer) => consumer.subscribed(granted));
    });
    broker.on('unsubscribe', (filters, client) => {
      this.#withConsumer(client, ({ feed }) => {
        for (const filter of filters) feed.close(filter);
      });
    });
    broker.on('ping', (_packet, client) => {
      this.#withConsumer(client, (consumer) => consumer.touch((error) => this.#notKept(error)));
    });
    broker.on('keepaliveTimeout', (client) => this.#byClient.get(client)?.cut('keep_alive'));
    broker.on('clientError', (client, error) => this.#wireFault(client, error));
    broker.on('connectionError', (client, error) => this.#wireFault(client, error));
    return broker;
  }

  #accept(socket: Socket): void {
    const broker = this.#broker;
    if (broker === undefined || this.#connections.size >= this.#options.limits.liveMaxSockets) {
      this.figures.refuse('connection_limit');
      this.#options.log.debug({ remote: socket.remoteAddress, reason: 'connection_limit' }, 'state topic: refused');
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, this.#connectionOptions);
    this.#connections.add(connection);
    const client = broker.handle(connection.stream);
    this.#byClient.set(client, connection);
    tame(client, (error) => this.#failed(client, error));
    connection.begin(client);
  }

  #connecting(client: Client, packet: ConnectPacket): boolean {
    const connection = this.#byClient.get(client);
    if (connection === undefined) return false;
    connection.connecting();
    connection.isNameless = packet.clean !== true && packet.clientId === '' && packet.protocolVersion === 4;
    plainConnect(packet);
    return true;
  }

  /** Undefined when the client is let in. */
  async #logIn(client: Client, userName: string | undefined, password?: Buffer): Promise<Refusal | undefined> {
    const connection = this.#byClient.get(client);
    if (connection === undefined) return 'no_credential';
    const outcome = await this.#outcome(connection, userName, password);
    const isIn = outcome.ok && connection.admit(outcome.credential);
    if (!outcome.ok || !isIn) return this.#refuse(connection, outcome.ok ? 'wrong_credential' : outcome.refusal);
    const { user } = outcome.credential;
    // Clients of two users may have the same name, and are two clients all the same.
    (client as { id: string }).id = `${user.id}/${client.id}`;
    connection.consumer?.touch((error) => this.#notKept(error));
    this.#options.log.info({ remote: connection.address, user: user.id }, 'state topic: connected');
    return undefined;
  }

  async #outcome(connection: Connection, userName: string | undefined, password?: Buffer): Promise<LoginOutcome> {
    const { services } = this.#options;
    const { address, isNameless } = connection;
    if (!this.#connects.take(address)) return { ok: false, refusal: 'rate_limit' };
    if (isNameless) return { ok: false, refusal: 'client_id' };
    return logIn({ services, now: services.clock.now(), remoteAddress: address }, userName, password);
  }

  #refuse(connection: Connection, reason: Refusal): Refusal {
    // Who has gone meanwhile was not refused.
    if (connection.isOver) return reason;
    connection.refused();
    this.figures.refuse(reason);
    this.#options.log.info({ remote: connection.address, reason }, 'state topic: refused');
    return reason;
  }

  /** The broker calls from wherever it is: nothing may be thrown at it. */
  #withConsumer(client: Client, work: (consumer: Consumer) => void): void {
    const consumer = this.#byClient.get(client)?.consumer;
    try {
      if (consumer !== undefined) work(consumer);
    } catch (error) {
      this.#failed(client, error);
    }
  }

  /** What the broker ends a connection for by itself. */
  #wireFault(client: Client, error: Error & { readonly errorCode?: number }): void {
    const connection = this.#byClient.get(client);
    if (connection === undefined || connection.isOver) return;
    const refusal = ownRefusals[error.errorCode ?? 0];
    if (refusal !== undefined) this.#refuse(connection, refusal);
    else connection.cut('malformed');
  }

  #onCut(connection: Connection, reason: CutReason): void {
    this.figures.end(reason);
    this.#options.log.info({ remote: connection.address, reason }, 'state topic: cut');
  }

  #look(): void {
    for (const connection of [...this.#connections]) if (connection.outflow.isStalled) connection.cut('slow_reader');
  }

  #notKept(error: unknown): void {
    this.#options.log.warn({ err: error }, 'session use not kept');
  }

  #failed(client: Client, error: unknown): void {
    this.#options.log.error({ err: error }, 'state topic failed');
    this.#byClient.get(client)?.cut('malformed');
  }
}

function errorOf(refusal: Refusal): AuthenticateError {
  const returnCode = (returnCodes as Readonly<Record<string, number>>)[refusal] ?? 5;
  return Object.assign(new Error(refusal), { returnCode }) as AuthenticateError;
}
