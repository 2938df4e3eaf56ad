/**
 * HERE's API, the Navixy dialect and the operator's API over a real store, which can be closed and opened again from what its engine kept.
 * There are two accounts with a project each; passwords are not hashed, tokens are given out directly.
 */
import type { LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { VirtualClock } from '../../../src/clock.js';
import { defaultTripDetection } from '../../../src/domain/state.js';
import { defaultTimeRules } from '../../../src/domain/time-rules.js';
import type { ErrorCode } from '../../../src/errors.js';
import { adminDialect } from '../../../src/http/admin/dialect.js';
import { type HereOptions, hereDialect } from '../../../src/http/here/dialect.js';
import { createHttpServer, type HttpServer } from '../../../src/http/server.js';
import { decodeKept, decoderVersions } from '../../../src/ingest/decoder.js';
import { Refusals } from '../../../src/ingest/refusals.js';
import { Metrics } from '../../../src/metrics.js';
import { createAccount } from '../../../src/store/accounts.js';
import { Eraser } from '../../../src/store/claims/erasure.js';
import { issueClientToken, issueUserTokens } from '../../../src/store/claims/tokens.js';
import type { Health } from '../../../src/store/contract.js';
import { digestOf, newCredential } from '../../../src/store/credentials.js';
import type { Engine } from '../../../src/store/engine.js';
import { JournalHistory } from '../../../src/store/history-records.js';
import { keysInMemory } from '../../../src/store/key-files.js';
import { recover } from '../../../src/store/recovery.js';
import type { UserRow } from '../../../src/store/rows.js';
import { SecretBox } from '../../../src/store/secret-box.js';
import { applySetup } from '../../../src/store/setup/apply.js';
import type { SetupProject } from '../../../src/store/setup/here-schema.js';
import { checkSetup } from '../../../src/store/setup/read.js';
import { Snapshots } from '../../../src/store/snapshots.js';
import { Store } from '../../../src/store/store.js';
import { FailingEngine } from '../../support/failing-engine.js';
import { holdToDocument } from '../../support/openapi-check.js';

/** One for all: each watches the event loop. */
const metrics = new Metrics();

/** What a test may have otherwise. */
type Rules = Pick<HereOptions, 'publicBaseUrl' | 'telemetryToleranceMs' | 'rateLimit' | 'history'> & {
  readonly claimRetentionMs: number;
};

export interface CallOptions {
  readonly token?: string | undefined;
  /** Sent as JSON, or as it is where it is a text. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HereReply {
  readonly status: number;
  readonly body: Record<string, never> & { readonly trackingId?: string };
  readonly headers: Record<string, string>;
}

export interface TestOwner {
  readonly user: UserRow;
  readonly token: string;
  /** A session of the Navixy dialect. */
  readonly hash: string;
}

export const imei = (n: number) => String(356_307_042_441_013 + n);
export const appOf = (n: number) => `application-${n}`;

export class HereApi {
  readonly clock = new VirtualClock(Date.UTC(2026, 5, 15, 12, 0, 0));
  readonly log: Record<string, unknown>[] = [];
  readonly ended: [number, ErrorCode][] = [];
  readonly refusals = new Refusals(this.clock);
  /** Master users of the accounts. */
  readonly owners: TestOwner[] = [];
  /** Session of the operator. */
  operatorHash = '';
  health: Health | undefined;
  store!: Store;
  server!: HttpServer;
  snapshots!: Snapshots;
  readonly #keys = keysInMemory();
  readonly #openEngine: () => Engine;
  readonly #options: Partial<Rules>;

  private constructor(openEngine: () => Engine, options: Partial<Rules>) {
    this.#openEngine = openEngine;
    this.#options = options;
  }

  /** Two accounts, each with a project `p0` and `p1` of its own. `openEngine` gives the same content each time. */
  static async create(options: Partial<Rules> = {}, openEngine?: () => Engine): Promise<HereApi> {
    const engine = new FailingEngine();
    const api = new HereApi(openEngine ?? (() => engine), options);
    await api.open();
    const operator = await api.owner('admin', true);
    api.operatorHash = operator.hash;
    for (const n of [0, 1]) {
      api.owners.push(await api.owner(`owner${n}@example.com`));
      await api.project({ id: `p${n}`, app_id: appOf(n), members: [`owner${n}@example.com`] });
    }
    return api;
  }

  async open(): Promise<void> {
    const { clock } = this;
    const secrets = new SecretBox(this.#keys);
    const parts = { clock, metrics, timeRules: defaultTimeRules, trips: defaultTripDetection, secrets };
    const engine = this.#openEngine();
    const store = new Store({ engine, ...parts });
    const report = await recover({ store, decode: decodeKept, decoderVersions, onUnreadable: () => {} });
    const onError = (error: unknown) => {
      throw error;
    };
    this.snapshots = new Snapshots(
      { store, clock, decoderVersions, retention: { maxAgeMs: 0, maxBytes: 0 }, eraser: this.#eraser(store), onError },
      report.mark,
    );
    this.store = store;
    this.server = await this.#serve(engine);
    holdToDocument(this.server.app);
  }

  #eraser(store: Store): Eraser {
    return new Eraser({
      store,
      clock: this.clock,
      claimRetentionMs: this.#options.claimRetentionMs ?? 30 * 86_400_000,
    });
  }

  #serve(engine: Engine): Promise<HttpServer> {
    const { store, clock } = this;
    const log = pino({ level: 'debug' }, { write: (line: string) => void this.log.push(JSON.parse(line)) });
    const live = {
      isConnected: () => false,
      hasSession: () => false,
      disconnect: (id: number, code: ErrorCode) => void this.ended.push([id, code]),
    };
    const history = new JournalHistory({ engine, units: store.units, decode: decodeKept, timeRules: defaultTimeRules });
    const health = () => this.health ?? store.health;
    const common = { store, live, clock, log, rateLimit: 0, health };
    return createHttpServer({
      ...{ ...common, history, metricsText: () => metrics.text() },
      dialects: [
        adminDialect({ ...common, refused: this.refusals, backUp: undefined }),
        hereDialect({
          ...{ ...common, history, metrics, version: '1.2.3', publicBaseUrl: undefined },
          ...{ telemetryToleranceMs: 86_400_000, ...this.#options },
        }),
      ],
    });
  }

  /** A clean end writes a snapshot, otherwise the journal has to do. */
  async close(isClean: boolean): Promise<void> {
    await this.server.app.close();
    await this.store.drained();
    if (isClean) await this.snapshots.run();
    await this.store.drained();
  }

  /** An account with its master user. */
  async owner(login: string, operator = false): Promise<TestOwner> {
    const made = await this.store.change((tx) => createAccount(tx, { login, passwordHash: 'none', operator }));
    if (!made.ok) throw new Error(made.reason);
    return this.credentials(made.user);
  }

  /** A sub-user of an account. */
  async subUser(of: TestOwner, login: string): Promise<TestOwner> {
    const user = await this.store.change((tx) => {
      const row: UserRow = { ...of.user, id: tx.nextId('user'), login, master: false, operator: false };
      tx.put('user', row);
      return row;
    });
    return this.credentials(user);
  }

  async credentials(user: UserRow): Promise<TestOwner> {
    const hash = newCredential();
    const { accessToken: token } = await this.store.change((tx) => {
      const id = tx.nextId('session');
      tx.put('session', { id, userId: user.id, digest: digestOf(hash), createdAt: tx.at, usedAt: tx.at });
      return issueUserTokens(tx, user, 'IoT');
    });
    return { user, token, hash };
  }

  clientToken(projectId: string): Promise<string> {
    const project = this.store.registry.get('project', projectId)!;
    return this.store.change((tx) => issueClientToken(tx, project, tx.at + 86_400_000));
  }

  async project(project: SetupProject): Promise<void> {
    await applySetup(this.store, checkSetup({ here: { projects: [project] } }));
  }

  /** Devices of project `p0` by their numbers. */
  async provision(...numbers: number[]): Promise<void> {
    await this.project({ id: 'p0', devices: numbers.map((n) => ({ id: imei(n), model: 'telfmb920' })) });
  }

  async call(method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, options: CallOptions = {}): Promise<HereReply> {
    const { token, body } = options;
    const isText = typeof body === 'string';
    const response: LightMyRequestResponse = await this.server.app.inject({
      ...{ method, url },
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || isText ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { payload: isText ? body : JSON.stringify(body) }),
    });
    const headers = response.headers as Record<string, string>;
    return { status: response.statusCode, body: response.body === '' ? {} : response.json(), headers };
  }

  claim(n: number, owner: number): Promise<HereReply> {
    return this.call('PUT', `/registry/v2/devices/${imei(n)}`, { token: this.owners[owner]!.token });
  }

  unclaim(trackingId: string, owner: number): Promise<HereReply> {
    return this.call('DELETE', `/registry/v2/${trackingId}`, { token: this.owners[owner]!.token });
  }

  async admin(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) {
    const response = await this.server.app.inject({
      ...{ method, url: `/admin/${path}`, headers: { authorization: `NVX ${this.operatorHash}` } },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    return { status: response.statusCode, body: response.json() as Record<string, never> };
  }

  /** Trackers of an owner, as the Navixy dialect lists them. */
  async trackers(owner: number): Promise<readonly { readonly id: number; readonly source: { device_id: string } }[]> {
    const response = await this.server.app.inject({ url: `/tracker/list?hash=${this.owners[owner]!.hash}` });
    return (response.json() as { list: [] }).list;
  }

  async navixy(path: string, owner: number, params: Readonly<Record<string, unknown>>): Promise<Record<string, never>> {
    const payload = { hash: this.owners[owner]!.hash, ...params };
    const response = await this.server.app.inject({ method: 'POST', url: path, payload });
    return response.json() as Record<string, never>;
  }

  get now(): number {
    return this.clock.now();
  }
}
