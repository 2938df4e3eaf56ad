/**
 * The state topic over a store in memory, with clients on real sockets and a clock that moves when told to.
 */
import { type Socket, connect as tcpConnect } from 'node:net';
import { pino } from 'pino';
import { defaultLiveLimits } from '../../src/http/navixy/live/limits.js';
import type { HttpOptions } from '../../src/http/server.js';
import type { StateTopicLimits } from '../../src/mqtt/limits.js';
import { StateTopic } from '../../src/mqtt/state-topic.js';
import { hashPassword } from '../../src/store/credentials.js';
import { TestApi, type TestUser } from '../support/api.js';
import { TopicClient, type TopicClientOptions, type TopicMessage } from '../support/topic-client.js';

export interface TopicOptions extends Partial<HttpOptions> {
  readonly limits?: Partial<StateTopicLimits>;
}

export const defaultLimits: StateTopicLimits = {
  ...defaultLiveLimits,
  mqttMaxSubscriptions: 100,
  mqttConnectTimeoutMs: 10_000,
  mqttPacketMaxBytes: 16_384,
};

export const password = 'correct-horse';

export class TopicKit {
  readonly api: TestApi;
  readonly topic: StateTopic;
  readonly port: number;
  readonly owner: TestUser;
  readonly logLines: string[];
  readonly #clients: TopicClient[] = [];
  readonly #sockets: Socket[] = [];

  private constructor(parts: Pick<TopicKit, 'api' | 'topic' | 'port' | 'owner' | 'logLines'>) {
    this.api = parts.api;
    this.topic = parts.topic;
    this.port = parts.port;
    this.owner = parts.owner;
    this.logLines = parts.logLines;
  }

  static async open({ limits, rateLimit = 0, ...options }: TopicOptions = {}): Promise<TopicKit> {
    const api = await TestApi.create(options);
    const { services, hub } = api.server;
    const logLines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void logLines.push(line) });
    const all = { ...defaultLimits, ...limits };
    const topic = new StateTopic({ services, audience: hub.audience, limits: all, rateLimit, log });
    const port = await topic.listen('127.0.0.1', 0);
    const passwordHash = await hashPassword(password);
    const owner = await api.account({ login: 'acme@example.com', passwordHash });
    return new TopicKit({ api, topic, port, owner, logLines });
  }

  async connect(options: TopicClientOptions = { username: this.owner.hash }): Promise<TopicClient> {
    const client = await TopicClient.connect(this.port, options);
    this.#clients.push(client);
    return client;
  }

  /** A client with a subscription whose first messages were taken. */
  async subscribed(filter: string, options?: TopicClientOptions): Promise<TopicClient> {
    const client = await this.connect(options);
    await client.subscribe(filter);
    await client.rest();
    return client;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array = Buffer.alloc(0)): Socket {
    const socket = tcpConnect(this.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(bytes);
    this.#sockets.push(socket);
    return socket;
  }

  /** Trackers of the owner, as many as named. */
  async trackers(...labels: string[]) {
    const made = [];
    for (const label of labels) made.push(await this.api.tracker(this.owner, { label }));
    return made;
  }

  /** What `tracker/get_state` shows. */
  async stateOf(trackerId: number, { hash } = this.owner): Promise<unknown> {
    return (await this.api.call('/tracker/get_state', { hash, tracker_id: trackerId })).body.state;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.end();
    for (const socket of this.#sockets) socket.destroy();
    await this.topic.close();
    await this.api.server.close();
  }
}

/** The tracker that a message is about. */
export function idOf({ topic }: TopicMessage): number {
  return Number(topic.split('/')[1]);
}

export function stateIn({ text }: TopicMessage): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

/** A CONNECT of MQTT 3.1.1 by hand. */
export function connectPacket(userName: string, keepAliveSeconds = 0): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
  const head = Buffer.concat([text('MQTT'), Buffer.from([4, 0b1000_0010, 0, keepAliveSeconds])]);
  const body = Buffer.concat([head, text('raw'), text(userName)]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

/** A SUBSCRIBE by hand. */
export function subscribePacket(filter: string): Buffer {
  const body = Buffer.concat([Buffer.from([0, 1, 0, filter.length]), Buffer.from(filter), Buffer.from([0])]);
  return Buffer.concat([Buffer.from([0x82, body.length]), body]);
}
