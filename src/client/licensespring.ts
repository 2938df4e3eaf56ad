/**
 * A client of LicenseSpring's licence API as the gateway serves it, typed by the gateway's own declarations. It signs its requests and,
 * given the public key, takes no answer that the gateway has not signed. It needs nothing but `fetch` and the web's cryptography, and
 * never tries again by itself. Browsers do not let programs set the `Date` header, so it is for servers and devices.
 */
import { LicenseApiError, UnexpectedAnswerError } from './errors.js';
import { authorization, isSignedBy } from './license-signatures.js';
import type { LicenseAnswer, LicenseCallName, LicenseParams } from './license-types.js';

/** What the client needs of `fetch`. */
export type LicenseFetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal: AbortSignal;
  },
) => Promise<LicenseFetchResponse>;

export interface LicenseFetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

export interface LicenseClientOptions {
  /** Base of the API: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly apiKey: string;
  readonly sharedKey: string;
  /** In PEM; `publicKey()` asks the gateway for it. Without one signatures of answers are not looked at. */
  readonly publicKey?: string | undefined;
  /** A request that is not answered by then is given up, ms. Default 30,000. */
  readonly timeoutMs?: number;
  /** Stands in for the global one. */
  readonly fetch?: LicenseFetch;
}

const defaultTimeoutMs = 30_000;
const readNames: ReadonlySet<LicenseCallName> = new Set(['get_device_variables', 'check_license', 'product_details']);

export class LicenseClient {
  readonly #base: string;
  readonly #options: LicenseClientOptions;
  readonly #fetch: LicenseFetch;

  constructor(options: LicenseClientOptions) {
    this.#base = options.url.replace(/\/+$/, '');
    this.#options = options;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
  }

  /** The key that answers of the gateway are verified with. It is to be asked for where nobody can stand in between. */
  async publicKey(): Promise<string> {
    const path = '/licensespring/public-key';
    const response = await this.#fetch(`${this.#base}${path}`, { method: 'GET', headers: {}, signal: this.#signal() });
    const text = await response.text();
    if (response.status !== 200) throw new UnexpectedAnswerError({ path, httpStatus: response.status });
    return text;
  }

  /**
   * Makes a call: `call('track_device_variables', { product: 'GW', ... })`. Throws `LicenseApiError`, `UnexpectedAnswerError`, also for an
   * answer whose signature does not match, and what `fetch` throws when the server cannot be reached or does not answer in time.
   */
  async call<N extends LicenseCallName>(name: N, params: LicenseParams<N>): Promise<LicenseAnswer<N>> {
    const path = `/api/v4/${name}`;
    const response = await this.#send(path, name, params);
    const text = await response.text();
    const facts = { path, httpStatus: response.status };
    const body = parsed(text);
    if (response.status !== 200)
      throw isError(body) ? new LicenseApiError(body, facts) : new UnexpectedAnswerError(facts);
    if (body === undefined) throw new UnexpectedAnswerError(facts);
    const { publicKey } = this.#options;
    const signature = response.headers.get('licensesignature') ?? '';
    const isTrusted = publicKey === undefined || (await isSignedBy(publicKey, JSON.stringify(body), signature));
    if (!isTrusted) throw new UnexpectedAnswerError(facts);
    return body as LicenseAnswer<N>;
  }

  async #send(path: string, name: LicenseCallName, params: object): Promise<LicenseFetchResponse> {
    const { apiKey, sharedKey } = this.#options;
    const date = new Date().toUTCString();
    const signed = { date, authorization: await authorization(apiKey, sharedKey, date) };
    const signal = this.#signal();
    if (readNames.has(name)) {
      const url = `${this.#base}${path}?${queryText(params)}`;
      return this.#fetch(url, { method: 'GET', headers: signed, signal });
    }
    const headers = { ...signed, 'content-type': 'application/json' };
    return this.#fetch(`${this.#base}${path}`, { method: 'POST', headers, body: JSON.stringify(params), signal });
  }

  #signal(): AbortSignal {
    return AbortSignal.timeout(this.#options.timeoutMs ?? defaultTimeoutMs);
  }
}

function queryText(params: object): string {
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

interface ErrorBody {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

function isError(value: unknown): value is ErrorBody {
  const { status, code, message } = (value ?? {}) as Record<string, unknown>;
  return typeof status === 'number' && typeof code === 'string' && typeof message === 'string';
}
