/**
 * The licence API over a store in memory, with the products and licences that most of its tests need, and requests signed as clients sign
 * them.
 */
import { createVerify } from 'node:crypto';
import type { LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { VirtualClock } from '../../../src/clock.js';
import {
  codesOf,
  type LicenseSpringOptions,
  licenseSpringCalls,
  licenseSpringDialect,
} from '../../../src/http/licensespring/dialect.js';
import { type LicenseErrorCode, licenseErrors } from '../../../src/http/licensespring/errors.js';
import { ResponseKey } from '../../../src/http/licensespring/response-key.js';
import { authorizationHeader } from '../../../src/http/licensespring/signature.js';
import { Logins } from '../../../src/http/navixy/logins.js';
import { createHttpServer, type HttpServer } from '../../../src/http/server.js';
import { createAccount, registerTracker } from '../../../src/store/accounts.js';
import { digestOf, hashPassword, newCredential } from '../../../src/store/credentials.js';
import { keysInMemory } from '../../../src/store/key-files.js';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { applySetup } from '../../../src/store/setup/apply.js';
import { checkSetup } from '../../../src/store/setup/read.js';
import { MemoryStore } from '../../support/memory-store.js';
import { holdToDocument } from '../../support/openapi-check.js';

export const imei = '356307042441013';
export const licenseKey = 'AAAA-BBBB-CCCC-DDDD';
export const user = { username: 'eve@example.com', password: 'open-sesame' } as const;

/** One for all tests of a file: making them takes a while. */
const passwordHash = hashPassword(user.password);
const responseKey = new ResponseKey(keysInMemory());

export const licensespring = {
  api_keys: [
    { key: 'key-1', shared_key: 'shared-1' },
    { key: 'reader', shared_key: 'shared-2', read_only: true },
    { key: 'gone', shared_key: 'shared-3', revoked: true },
    { key: 'narrow', shared_key: 'shared-4', products: ['APP'] },
  ],
  products: [
    {
      code: 'GW',
      name: 'Gateway',
      authorization_method: 'license-key',
      licenses: [{ key: licenseKey, max_activations: 3 }],
    },
    {
      code: 'APP',
      name: 'App',
      authorization_method: 'user',
      licenses: [{ users: [{ email: user.username }], max_activations: 1 }],
    },
  ],
};

export type Params = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** How a request differs from a good one. */
export interface Oddities {
  readonly apiKey?: string;
  readonly sharedKey?: string;
  /** Undefined leaves a header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export class LicenseApi {
  readonly clock = new VirtualClock(Date.UTC(2026, 5, 15, 12, 0, 0));
  readonly store = new MemoryStore(this.clock);
  server!: HttpServer;

  static async create(options: Partial<LicenseSpringOptions> = {}): Promise<LicenseApi> {
    const api = new LicenseApi();
    const { clock, store } = api;
    const log = pino({ level: 'silent' });
    const logins = new Logins(clock);
    const common = { store, clock, log, rateLimit: 0, logins };
    const dialects = [licenseSpringDialect({ ...common, key: responseKey, ...options })];
    const ops = { health: () => ({ ready: true, problems: [] }), metricsText: async () => '' };
    api.server = await createHttpServer({ ...common, ...ops, live: store, dialects });
    holdToDocument(api.server.app);
    const password = await passwordHash;
    const row = { id: 1, email: user.username, password, firstName: 'Eve', lastName: '', phone: '' };
    await store.change((tx) => tx.put('licenseUser', row));
    await api.setUp(licensespring);
    return api;
  }

  async setUp(section: object): Promise<void> {
    await applySetup(this.store, checkSetup({ licensespring: section }));
  }

  date(offsetMs = 0): string {
    return new Date(this.clock.now() + offsetMs).toUTCString();
  }

  async call(name: string, params: Params | string = {}, oddities: Oddities = {}): Promise<Answer> {
    return answerOf(await this.inject(name, params, oddities));
  }

  /** A GET for what only reads, otherwise a POST. What it is refused with has to be documented for the call. */
  async inject(
    name: string,
    params: Params | string | Buffer = {},
    oddities: Oddities = {},
  ): Promise<LightMyRequestResponse> {
    const response = await this.#send(name, params, oddities);
    const call = licenseSpringCalls.find((each) => each.name === name);
    const { code } = (response.statusCode === 200 ? {} : response.json()) as { code?: LicenseErrorCode };
    if (call === undefined || code === undefined || codesOf(call).includes(code)) return response;
    throw new Error(`${name} is refused with ${code}, which is not documented`);
  }

  async #send(name: string, params: Params | string | Buffer, oddities: Oddities): Promise<LightMyRequestResponse> {
    const { apiKey = 'key-1', sharedKey = 'shared-1' } = oddities;
    const date = this.date();
    const all = { date, authorization: authorizationHeader(apiKey, sharedKey, date), ...oddities.headers };
    const headers = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as never;
    const isRead = ['get_device_variables', 'check_license', 'product_details'].includes(name);
    const url = `/api/v4/${name}`;
    const isAsIs = typeof params === 'string' || Buffer.isBuffer(params);
    if (isRead) return this.server.app.inject({ url: `${url}?${isAsIs ? params : queryOf(params)}`, headers });
    const payload = isAsIs ? params : JSON.stringify(params);
    return this.server.app.inject({ method: 'POST', url, headers, payload });
  }

  /** Activates a licence on hardware; the answer is good. */
  async activate(params: Params = {}): Promise<{ readonly id: number; readonly device_id: number }> {
    const answer = await this.call('activate_license', { ...device, ...params });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return answer.body as { id: number; device_id: number };
  }

  /** An account with a tracker of this wire identity, and a session to look at it. */
  async tracker(deviceId: string): Promise<{ tracker: TrackerRow; source: SourceRow; hash: string }> {
    const hash = newCredential();
    const login = `user${this.store.registry.size('user')}@example.com`;
    return this.store.change((tx) => {
      const made = createAccount(tx, { login, passwordHash: 'none' });
      if (!made.ok) throw new Error(made.reason);
      const { account, user: owner } = made;
      const outcome = registerTracker(tx, { accountId: account.id, label: 'Van', model: 'telfmb920', deviceId });
      if (!outcome.ok) throw new Error(outcome.reason);
      const id = tx.nextId('session');
      tx.put('session', { id, userId: owner.id, digest: digestOf(hash), createdAt: tx.at, usedAt: tx.at });
      return { ...outcome, hash };
    });
  }

  /** What a tracker shows under `additional`, by both calls. */
  async additional(trackerId: number, hash: string): Promise<unknown> {
    const get = async (url: string) => (await this.server.app.inject(`${url}&hash=${hash}`)).json();
    const one = await get(`/tracker/get_state?tracker_id=${trackerId}`);
    const several = await get(`/tracker/get_states?trackers=[${trackerId}]`);
    const { additional } = one.state;
    if (JSON.stringify(several.states[trackerId].additional) !== JSON.stringify(additional)) throw new Error('differ');
    return additional;
  }
}

/** What names the key-based licence and a unit. */
export const device = { hardware_id: imei, product: 'GW', license_key: licenseKey } as const;
/** What names the user-based licence and a unit. */
export const userDevice = { hardware_id: imei, product: 'APP', ...user } as const;

export function answerOf(response: LightMyRequestResponse): Answer {
  return { status: response.statusCode, body: response.json() };
}

/** The whole answer of an error, whatever it says to people. */
export function refusal(code: LicenseErrorCode, status: number = licenseErrors[code][0]): unknown {
  return { status, body: { status, code, message: expectText } };
}

const expectText = { asymmetricMatch: (value: unknown) => typeof value === 'string' && value !== '' };

/** Whether a signature of a text is that of the gateway. */
export async function isSigned(text: string, signature: unknown): Promise<boolean> {
  return createVerify('RSA-SHA256')
    .update(text, 'utf8')
    .verify(await responseKey.public(), String(signature), 'base64');
}

function queryOf(params: Params): string {
  const pairs = Object.entries(params).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(pairs).toString();
}
