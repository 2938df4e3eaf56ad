/**
 * A client of the gateway's tracker API and of the operator's API, typed by the gateway's own declarations. It needs nothing but `fetch`.
 * It never tries again by itself: a command that was sent twice may act twice.
 */
import type { AdminAnswer, AdminArguments, AdminRoute } from './admin-types.js';
import type { CallAnswer, CallArguments, CallName } from './call-types.js';
import { AdminApiError, type AdminProblem, NavixyApiError, UnexpectedAnswerError } from './errors.js';

/** What the client needs of `fetch`. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

export interface FetchInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface FetchResponse {
  readonly status: number;
  text(): Promise<string>;
}

export interface ClientOptions {
  /** Base of the API: `http://127.0.0.1:8080`, or another server's `https://api.eu.navixy.com/v2`. */
  readonly url: string;
  /** Session hash or API key. Calls that need none can be made without; `logIn` gets one. */
  readonly hash?: string | undefined;
  /** Dates of answers as ISO 8601 with offset instead of `yyyy-MM-dd HH:mm:ss`. */
  readonly isoDates?: boolean;
  /** A request that is not answered by then is given up, ms. Default 30,000. */
  readonly timeoutMs?: number;
  /** Stands in for the global one. */
  readonly fetch?: Fetch;
}

const defaultTimeoutMs = 30_000;

/** The parts of one request. */
interface Request {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export class NavixyClient {
  readonly #base: string;
  readonly #isoDates: boolean;
  readonly #timeoutMs: number;
  readonly #fetch: Fetch;
  #hash: string | undefined;

  constructor(options: ClientOptions) {
    this.#base = options.url.replace(/\/+$/, '');
    this.#hash = options.hash;
    this.#isoDates = options.isoDates ?? false;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
  }

  /** The credential in use. */
  get hash(): string | undefined {
    return this.#hash;
  }

  /** Logs in and uses the session from then on. Returns its hash. Throws `NavixyApiError` 102 for a wrong password. */
  async logIn(login: string, password: string): Promise<string> {
    const { hash } = await this.call('user/auth', { login, password });
    this.#hash = hash;
    return hash;
  }

  /** Ends the session. API keys cannot be logged out. */
  async logOut(): Promise<void> {
    await this.call('user/logout');
    this.#hash = undefined;
  }

  /** The same server with another credential. */
  as(hash: string | undefined): NavixyClient {
    const options = { url: this.#base, isoDates: this.#isoDates, timeoutMs: this.#timeoutMs, fetch: this.#fetch };
    return new NavixyClient({ ...options, hash });
  }

  /**
   * Makes a call of the tracker API. Throws `NavixyApiError`, `UnexpectedAnswerError`, and what `fetch` throws when the server cannot be
   * reached or does not answer in time.
   */
  async call<N extends CallName>(name: N, ...[params]: CallArguments<N>): Promise<CallAnswer<N>> {
    const path = `/${name}`;
    const headers = { 'content-type': 'application/json', ...(this.#isoDates ? { 'nvx-iso-datetime': 'true' } : {}) };
    const { status, body } = await this.#send({ method: 'POST', path, headers, body: JSON.stringify(params ?? {}) });
    if (body.success === true) return body as CallAnswer<N>;
    const { success: _success, status: error, ...extra } = body;
    if (!isStatus(error)) throw new UnexpectedAnswerError({ path, httpStatus: status });
    throw new NavixyApiError(error, extra, { path, httpStatus: status });
  }

  /**
   * Requests a route of the operator's API: `admin('GET /accounts/:id', { params: { id: 1 } })`. The session has to be an operator's.
   * Throws `AdminApiError` and the same as `call` besides.
   */
  async admin<R extends AdminRoute>(route: R, ...[request]: AdminArguments<R>): Promise<AdminAnswer<R>> {
    const { params = {}, query = {}, body } = (request ?? {}) as AdminParts;
    const [method = 'GET', pattern = ''] = route.split(' ');
    const path = `/admin${pattern.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])))}`;
    const answered = await this.#send({ method, path, query: queryText(query), ...bodyOf(body) });
    if (answered.status < 400) return answered.body as AdminAnswer<R>;
    const { error } = answered.body;
    if (!isAdminError(error)) throw new UnexpectedAnswerError({ path, httpStatus: answered.status });
    throw new AdminApiError(error, { path, httpStatus: answered.status });
  }

  async #send({ method, path, query = '', headers = {}, body }: Request): Promise<Answered> {
    const response = await this.#fetch(`${this.#base}${path}${query}`, {
      method,
      headers: { ...headers, ...(this.#hash === undefined ? {} : { authorization: `NVX ${this.#hash}` }) },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    const answer = parsed(await response.text());
    if (answer === undefined) throw new UnexpectedAnswerError({ path, httpStatus: response.status });
    return { status: response.status, body: answer };
  }
}

/** A request to an admin route with its types forgotten. */
interface AdminParts {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

function queryText(query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

/** Text is sent as YAML, everything else as JSON. */
function bodyOf(body: unknown): Pick<Request, 'body' | 'headers'> {
  if (body === undefined) return {};
  if (typeof body === 'string') return { body, headers: { 'content-type': 'application/yaml' } };
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

/** The object that a text is as JSON; undefined where it is none. */
function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is { readonly code: number; readonly description: string } {
  const { code, description } = (value ?? {}) as Record<string, unknown>;
  return typeof code === 'number' && typeof description === 'string';
}

interface AdminErrorBody {
  readonly code: string;
  readonly message: string;
  readonly problems?: readonly AdminProblem[];
}

function isAdminError(value: unknown): value is AdminErrorBody {
  const { code, message } = (value ?? {}) as Record<string, unknown>;
  return typeof code === 'string' && typeof message === 'string';
}
