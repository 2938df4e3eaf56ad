/**
 * A device of the licence API over real HTTP, by the client that other programs use: it takes no answer without a good signature,
 * and none that is not what the gateway documents.
 */
import { LicenseApiError, LicenseClient, type LicenseFetch } from '../../src/client/index.js';
import { documentOf } from './checked-client.js';

export interface LicenseNames {
  readonly hardware_id: string;
  readonly product: string;
  readonly license_key: string;
}

/** Holds every answer against the document of the gateway. */
async function checkedFetch(origin: string): Promise<LicenseFetch> {
  const check = await documentOf(origin);
  return async (url, init) => {
    const response = await fetch(url, init);
    const { status, headers } = response;
    const body = await response.text();
    const contentType = headers.get('content-type') ?? '';
    await check.hold({ method: init.method, url: url.slice(origin.length), status, contentType, body });
    return { status, headers, text: async () => body };
  };
}

const defaultKeys = { apiKey: 'client', sharedKey: 'gw-shared-key-0001' };

type Values = Readonly<Record<string, string | number | boolean>>;

export class LicensedDevice {
  readonly publicKey: string;
  readonly #client: LicenseClient;
  readonly #names: LicenseNames;

  private constructor(client: LicenseClient, names: LicenseNames, publicKey: string) {
    this.#client = client;
    this.#names = names;
    this.publicKey = publicKey;
  }

  static async connect(url: string, names: LicenseNames, keys = defaultKeys): Promise<LicensedDevice> {
    const options = { url, ...keys, fetch: await checkedFetch(url) };
    const publicKey = await new LicenseClient(options).publicKey();
    return new LicensedDevice(new LicenseClient({ ...options, publicKey }), names, publicKey);
  }

  async activate(variables: Values = {}): Promise<void> {
    await this.#client.call('activate_license', { ...this.#names, variables });
  }

  async deactivate(): Promise<void> {
    await this.#client.call('deactivate_license', this.#names);
  }

  async track(variables: Values): Promise<void> {
    await this.#client.call('track_device_variables', { ...this.#names, variables });
  }

  /** The code that tracking nothing is refused with; undefined where it is not. */
  async refusal(): Promise<string | undefined> {
    try {
      await this.track({});
      return undefined;
    } catch (error) {
      if (error instanceof LicenseApiError) return error.code;
      throw error;
    }
  }

  async variables(): Promise<Values> {
    const list = await this.#client.call('get_device_variables', this.#names);
    return Object.fromEntries(list.map(({ variable, value }) => [variable, value]));
  }
}
