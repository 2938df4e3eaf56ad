/**
 * An HTTP server over a store in memory and a clock that stands still, with what most tests of the API need: accounts, trackers and
 * requests in each of the forms that clients use.
 */
import type { LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { VirtualClock } from '../../src/clock.js';
import { Dispatcher } from '../../src/downlink/dispatcher.js';
import type { SmsGateway } from '../../src/downlink/sms.js';
import { calls } from '../../src/http/navixy/call-list.js';
import { createHttpServer, type HttpOptions, type HttpServer } from '../../src/http/server.js';
import { checkCommand } from '../../src/ingest/command-check.js';
import { createAccount, type NewAccount, type NewTracker, registerTracker } from '../../src/store/accounts.js';
import type { Health } from '../../src/store/contract.js';
import { digestOf, newCredential } from '../../src/store/credentials.js';
import type { SourceRow, TrackerRow, UserRow } from '../../src/store/rows.js';
import { FakeLinks } from './fake-links.js';
import { MemoryStore } from './memory-store.js';
import { holdHandlers, holdToDocument } from './openapi-check.js';

holdHandlers(calls);

/** Ways to pass parameters. */
export const forms = ['get', 'form', 'json'] as const;
export type Form = (typeof forms)[number];

export type Params = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly body: Body;
}

/** Enough of any answer to look into it. */
export type Body = { readonly success: boolean; readonly status?: { code: number; description: string } } & Record<
  string,
  never
>;

export interface TestUser {
  readonly user: UserRow;
  /** A session of the user. */
  readonly hash: string;
}

export class TestApi {
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly server: HttpServer;
  readonly logLines: string[];
  /** Live connections of units, as a test wants them. */
  readonly links: FakeLinks;
  health: Health = { ready: true, problems: [] };

  private constructor(parts: Pick<TestApi, 'clock' | 'store' | 'server' | 'logLines' | 'links'>) {
    this.clock = parts.clock;
    this.store = parts.store;
    this.server = parts.server;
    this.logLines = parts.logLines;
    this.links = parts.links;
  }

  static async create({ sms, ...options }: Partial<HttpOptions> & { sms?: SmsGateway } = {}): Promise<TestApi> {
    const clock = new VirtualClock(Date.UTC(2026, 5, 15, 12, 0, 0));
    const store = new MemoryStore(clock);
    const logLines: string[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void logLines.push(line) });
    const links = new FakeLinks();
    const dispatcher = new Dispatcher({ store, links, clock, log, check: checkCommand, sms, ttlMs: 86_400_000 });
    links.listener = dispatcher;
    const api: { it?: TestApi } = {};
    const server = await createHttpServer({
      store,
      live: store,
      history: store,
      commands: dispatcher,
      health: () => api.it?.health ?? { ready: false, problems: [] },
      metricsText: async () => '# TYPE up gauge\nup 1\n',
      clock,
      log,
      rateLimit: 0,
      ...options,
    });
    holdToDocument(server.app);
    api.it = new TestApi({ clock, store, server, logLines, links });
    return api.it;
  }

  /** An account with its master user and a session. */
  async account(wanted: Partial<NewAccount> = {}): Promise<TestUser> {
    const login = wanted.login ?? `user${this.store.registry.size('user')}@example.com`;
    const outcome = await this.store.change((tx) => createAccount(tx, { passwordHash: 'none', ...wanted, login }));
    if (!outcome.ok) throw new Error(outcome.reason);
    return this.session(outcome.user);
  }

  /** A sub-user of the same account. */
  async subUser(of: TestUser, change: Partial<UserRow> = {}): Promise<TestUser> {
    const user = await this.store.change((tx) => {
      const id = tx.nextId('user');
      const row: UserRow = { ...of.user, id, login: `sub${id}@example.com`, master: false, operator: false, ...change };
      tx.put('user', row);
      return row;
    });
    return this.session(user);
  }

  async session(user: UserRow): Promise<TestUser> {
    const hash = newCredential();
    await this.store.change((tx) => {
      const id = tx.nextId('session');
      tx.put('session', { id, userId: user.id, digest: digestOf(hash), createdAt: tx.at, usedAt: tx.at });
    });
    return { user, hash };
  }

  async tracker(of: TestUser, wanted: Partial<NewTracker> = {}): Promise<{ tracker: TrackerRow; source: SourceRow }> {
    const deviceId = String(356307042440000 + this.store.registry.size('source'));
    const { accountId } = of.user;
    const filled = { accountId, label: 'Van', model: 'telfmb920', deviceId, ...wanted };
    const outcome = await this.store.change((tx) => registerTracker(tx, filled));
    if (!outcome.ok) throw new Error(outcome.reason);
    return outcome;
  }

  /** Makes a source what a later change of the registry would make it. */
  async changeSource(source: SourceRow, change: Partial<SourceRow>): Promise<void> {
    await this.store.change((tx) => tx.put('source', { ...source, ...change }));
  }

  /** Calls an action, `/v2/tracker/read` say, in one of the forms. */
  async call(path: string, params: Params = {}, form: Form = 'json'): Promise<Answer> {
    return answerOf(await this.inject(path, params, form));
  }

  async inject(path: string, params: Params, form: Form): Promise<LightMyRequestResponse> {
    const { app } = this.server;
    if (form === 'get') return app.inject({ url: `${path}?${asForm(params)}` });
    if (form === 'json') return app.inject({ method: 'POST', url: path, payload: { ...params } });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return app.inject({ method: 'POST', url: path, headers, payload: asForm(params) });
  }

  /** A body as it is, under any content type. */
  async post(path: string, payload: string, headers: Record<string, string> = {}): Promise<Answer> {
    return answerOf(await this.server.app.inject({ method: 'POST', url: path, headers, payload }));
  }
}

export function answerOf(response: LightMyRequestResponse): Answer {
  return { status: response.statusCode, body: response.json() };
}

/** What a client library makes of parameters outside of JSON: text as it is, everything else as JSON text. */
function asForm(params: Params): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    form.append(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return form.toString();
}
