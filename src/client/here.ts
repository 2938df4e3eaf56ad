/**
 * A client of HERE's API as the gateway serves it, typed by the gateway's own declarations. It needs nothing but `fetch` and never tries
 * again by itself.
 */
import type { Fetch } from './client.js';
import { HereApiError, UnexpectedAnswerError } from './errors.js';
import { deviceAuthorization, newNonce } from './here-signature.js';
import type { HereAnswered, HereArguments, HereRoute } from './here-types.js';

export interface HereClientOptions {
  /** Base of the API: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Bearer token. Calls that need none can be made without; `logIn` gets one. */
  readonly token?: string | undefined;
  /** Makes the id of a request, a UUID of version 4; without it the gateway makes one. It is in the gateway's log. */
  readonly requestId?: () => string;
  /** A request that is not answered by then is given up, ms. Default 30,000. */
  readonly timeoutMs?: number;
  /** Stands in for the global one. */
  readonly fetch?: Fetch;
}

const defaultTimeoutMs = 30_000;

/** A request with its types forgotten. */
interface Parts {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

export class HereClient {
  readonly #base: string;
  readonly #timeoutMs: number;
  readonly #fetch: Fetch;
  readonly #requestId: (() => string) | undefined;
  #token: string | undefined;

  constructor(options: HereClientOptions) {
    this.#base = options.url.replace(/\/+$/, '');
    this.#token = options.token;
    this.#requestId = options.requestId;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
  }

  /** Logs a user in and uses the token from then on. Throws `HereApiError` 401 for a wrong password. */
  async logIn(email: string, password: string): Promise<void> {
    const { body } = await this.call('POST /users/v2/login', { body: { email, password } });
    this.#token = body.accessToken;
  }

  /**
   * Logs a device in by its secret and uses the token from then on; the time that is signed is the gateway's. Throws `HereApiError`: 401 for
   * a wrong secret, 404 for an unknown device, 412 for one that nobody has claimed.
   */
  async logInDevice(deviceId: string, secret: string): Promise<void> {
    const { timestamp: timestampS } = (await this.call('GET /v2/timestamp')).body;
    const { href: url } = new URL(`${this.#base}/v2/token`);
    const authorization = await deviceAuthorization({ url, deviceId, secret, timestampS, nonce: newNonce() });
    const { body } = await this.#request('POST /v2/token', {}, authorization);
    this.#token = body.accessToken;
  }

  /**
   * Requests a route: `call('PUT /registry/v2/devices/:deviceOrExternalId', { params: { deviceOrExternalId: '356...' } })`. Resolves with
   * status and body. Throws `HereApiError`, `UnexpectedAnswerError`, and what `fetch` throws when the server cannot be reached or does not
   * answer in time.
   */
  async call<R extends HereRoute>(route: R, ...[request]: HereArguments<R>): Promise<HereAnswered<R>> {
    const authorization = this.#token === undefined ? undefined : `Bearer ${this.#token}`;
    return this.#request(route, (request ?? {}) as Parts, authorization);
  }

  async #request<R extends HereRoute>(
    route: R,
    { params = {}, query = {}, body }: Parts,
    authorization: string | undefined,
  ): Promise<HereAnswered<R>> {
    const [method = 'GET', pattern = ''] = route.split(' ');
    const path = pattern.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
    const response = await this.#fetch(`${this.#base}${path}${queryText(query)}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(authorization === undefined ? {} : { authorization }),
        ...(this.#requestId === undefined ? {} : { 'x-request-id': this.#requestId() }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    const { status } = response;
    const answer = parsed(await response.text());
    if (status < 300) return { status, body: answer } as unknown as HereAnswered<R>;
    if (!isError(answer)) throw new UnexpectedAnswerError({ path, httpStatus: status });
    throw new HereApiError(answer, { path, httpStatus: status });
  }
}

function queryText(query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

/** Undefined for an empty text and for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

interface ErrorBody {
  readonly error: string;
  readonly code: number;
  readonly id: string;
  readonly message?: string;
}

function isError(value: unknown): value is ErrorBody {
  const { error, code, id } = (value ?? {}) as Record<string, unknown>;
  return typeof error === 'string' && typeof code === 'number' && typeof id === 'string';
}
