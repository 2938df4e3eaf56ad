/**
 * The operator's API over a store in memory, with sessions of an operator, of a master user and of a sub-user.
 */
import type { LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { VirtualClock } from '../../../src/clock.js';
import type { ErrorCode } from '../../../src/errors.js';
import { type AdminOptions, adminDialect } from '../../../src/http/admin/dialect.js';
import { createHttpServer, type HttpServer } from '../../../src/http/server.js';
import { Refusals } from '../../../src/ingest/refusals.js';
import { createAccount, registerTracker } from '../../../src/store/accounts.js';
import { digestOf, newCredential } from '../../../src/store/credentials.js';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { MemoryStore } from '../../support/memory-store.js';
import { holdToDocument } from '../../support/openapi-check.js';

export interface AdminAnswer {
  readonly status: number;
  readonly body: Record<string, never> & { readonly error?: { readonly code: string; readonly message: string } };
}

export class AdminApi {
  readonly clock = new VirtualClock(Date.UTC(2026, 5, 15, 12, 0, 0));
  readonly store = new MemoryStore(this.clock);
  readonly refusals = new Refusals(this.clock, 3);
  readonly ended: [number, ErrorCode][] = [];
  server!: HttpServer;
  /** Session of the operator. */
  hash = '';

  static async create(options: Partial<AdminOptions> = {}): Promise<AdminApi> {
    const api = new AdminApi();
    const { clock, store } = api;
    const log = pino({ level: 'silent' });
    const live = {
      isConnected: (id: number) => store.isConnected(id),
      hasSession: (id: number) => store.hasSession(id),
      disconnect: (id: number, code: ErrorCode) => void api.ended.push([id, code]),
    };
    const health = () => ({ ready: true, problems: [] });
    const parts = { store, live, clock, log, rateLimit: 0 };
    const admin = adminDialect({ ...parts, refused: api.refusals, backUp: undefined, ...options });
    api.server = await createHttpServer({ ...parts, health, metricsText: async () => '', dialects: [admin] });
    holdToDocument(api.server.app);
    api.hash = await api.session(await api.account('admin', true));
    return api;
  }

  /** An account; returns its master user. */
  async account(login: string, operator = false): Promise<number> {
    const outcome = await this.store.change((tx) => createAccount(tx, { login, passwordHash: 'none', operator }));
    if (!outcome.ok) throw new Error(outcome.reason);
    return outcome.user.id;
  }

  async session(userId: number): Promise<string> {
    const hash = newCredential();
    await this.store.change((tx) => {
      const id = tx.nextId('session');
      tx.put('session', { id, userId, digest: digestOf(hash), createdAt: tx.at, usedAt: tx.at });
    });
    return hash;
  }

  async tracker(userId: number, deviceId: string): Promise<{ tracker: TrackerRow; source: SourceRow }> {
    const { accountId } = this.store.registry.get('user', userId)!;
    const wanted = { accountId, label: 'Van', model: 'telfmb920', deviceId };
    const outcome = await this.store.change((tx) => registerTracker(tx, wanted));
    if (!outcome.ok) throw new Error(outcome.reason);
    return outcome;
  }

  async call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    hash = this.hash,
  ): Promise<AdminAnswer> {
    const headers: Record<string, string> = hash === '' ? {} : { authorization: `NVX ${hash}` };
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    if (body !== undefined)
      headers['content-type'] = typeof body === 'string' ? 'application/yaml' : 'application/json';
    const response: LightMyRequestResponse = await this.server.app.inject({
      ...{ method, url: `/admin/${path}`, headers },
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: response.statusCode, body: response.json() };
  }
}
