/**
 * A client of the licence API over real HTTP: it signs its requests, and takes no answer whose signature is not that of the gateway.
 */
import { createVerify } from 'node:crypto';
import { authorizationHeader } from '../../src/http/licensespring/signature.js';

export interface Variable {
  readonly variable: string;
  readonly value: string | number | boolean;
  readonly device_id: number;
  readonly created_at: number;
}

export interface LicenseAnswer {
  readonly status: number;
  readonly body: Record<string, never>;
}

export class LicenseClient {
  readonly #url: string;
  readonly #publicKey: string;
  /** What every request says. */
  readonly #named: Readonly<Record<string, string>>;

  private constructor(url: string, publicKey: string, named: Readonly<Record<string, string>>) {
    this.#url = url;
    this.#publicKey = publicKey;
    this.#named = named;
  }

  static async connect(url: string, named: Readonly<Record<string, string>>): Promise<LicenseClient> {
    const response = await fetch(`${url}/licensespring/public-key`);
    return new LicenseClient(url, await response.text(), named);
  }

  get publicKey(): string {
    return this.#publicKey;
  }

  async post(name: string, params: object = {}): Promise<LicenseAnswer> {
    const body = JSON.stringify({ ...this.#named, ...params });
    return this.#send(`${this.#url}/api/v4/${name}`, { method: 'POST', body });
  }

  async get(name: string): Promise<LicenseAnswer> {
    return this.#send(`${this.#url}/api/v4/${name}?${new URLSearchParams(this.#named)}`, {});
  }

  /** Sets variables; throws when they were not taken. */
  async track(variables: object): Promise<Variable[]> {
    return good(await this.post('track_device_variables', { variables }));
  }

  /** All variables by name. */
  async variables(): Promise<Record<string, Variable['value']>> {
    const list = good<Variable[]>(await this.get('get_device_variables'));
    return Object.fromEntries(list.map(({ variable, value }) => [variable, value]));
  }

  async #send(url: string, init: RequestInit): Promise<LicenseAnswer> {
    const date = new Date().toUTCString();
    const authorization = authorizationHeader('client', 'gw-shared-key-0001', date);
    const response = await fetch(url, {
      ...init,
      headers: { date, authorization, 'content-type': 'application/json' },
    });
    const text = await response.text();
    if (response.status === 200) this.#verify(text, response.headers.get('licensesignature') ?? '');
    return { status: response.status, body: JSON.parse(text) };
  }

  #verify(text: string, signature: string): void {
    const verify = createVerify('RSA-SHA256').update(JSON.stringify(JSON.parse(text)), 'utf8');
    if (!verify.verify(this.#publicKey, signature, 'base64')) throw new Error('the signature does not match');
  }
}

function good<T>({ status, body }: LicenseAnswer): T {
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body as T;
}
