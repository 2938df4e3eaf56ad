/**
 * Live events over a store in memory, with clients on real sockets and a clock that moves when told to.
 */
import { defaultLiveLimits, type LiveLimits } from '../../../src/http/navixy/live/limits.js';
import { liveSchemas } from '../../../src/http/navixy/live-document.js';
import type { HttpOptions } from '../../../src/http/server.js';
import { TestApi, type TestUser } from '../../support/api.js';
import { type Frame, LiveClient } from '../../support/live-client.js';
import { faultsOf } from '../../support/openapi-check.js';

export interface LiveOptions extends Partial<HttpOptions> {
  readonly limits?: Partial<LiveLimits>;
}

export class LiveKit {
  readonly api: TestApi;
  readonly port: number;
  readonly owner: TestUser;
  readonly #clients: LiveClient[] = [];
  /** Everything that the server has sent, once. */
  readonly #texts = new Set<string>();

  private constructor(api: TestApi, port: number, owner: TestUser) {
    this.api = api;
    this.port = port;
    this.owner = owner;
  }

  static async open({ limits, ...options }: LiveOptions = {}): Promise<LiveKit> {
    const api = await TestApi.create({ ...options, liveLimits: { ...defaultLiveLimits, ...limits } });
    const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
    return new LiveKit(api, port, await api.account());
  }

  async connect(path?: string): Promise<LiveClient> {
    const client = await LiveClient.connect(this.port, path);
    this.#clients.push(client);
    for (const text of client.texts) this.#texts.add(text);
    client.socket.on('message', (bytes) => this.#texts.add(String(bytes)));
    return client;
  }

  /** A client with one subscription, its answer and first events taken. */
  async subscribed(request: Frame, firstEvents: number, hash = this.owner.hash): Promise<LiveClient> {
    const client = await this.connect();
    client.send({ action: 'subscribe', hash, requests: [request] });
    await client.take(1 + firstEvents);
    return client;
  }

  /** Trackers of the owner, as many as named. */
  async trackers(...labels: string[]) {
    const made = [];
    for (const label of labels) made.push(await this.api.tracker(this.owner, { label }));
    return made;
  }

  /** Throws when the server has sent something that is not as the document says. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.socket.terminate();
    await this.api.server.close();
    for (const text of this.#texts) if (text.startsWith('{')) await holdMessage(text);
  }
}

const schemaByType = {
  response: liveSchemas.LiveResponse,
  error: liveSchemas.LiveError,
  event: liveSchemas.LiveEvent,
};

async function holdMessage(text: string): Promise<void> {
  const message = JSON.parse(text) as { type: keyof typeof schemaByType };
  const faults = await faultsOf(schemaByType[message.type], message);
  if (faults !== undefined) throw new Error(`${JSON.stringify(faults)} in ${text.slice(0, 1000)}`);
}
