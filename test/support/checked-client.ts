/**
 * The typed client against a gateway on a socket, with every answer held against the document that this gateway serves.
 */
import { type ClientOptions, type Fetch, NavixyApiError, NavixyClient } from '../../src/client/index.js';
import { DocumentCheck } from './openapi-check.js';

export function checkedClient(options: Omit<ClientOptions, 'fetch'>): NavixyClient {
  const { origin } = new URL(options.url);
  let check: Promise<DocumentCheck> | undefined;
  const checkedFetch: Fetch = async (url, init) => {
    check ??= documentOf(origin);
    const response = await fetch(url, init);
    const body = await response.text();
    const contentType = response.headers.get('content-type') ?? '';
    await (await check).hold({
      ...{ method: init.method, url: url.slice(origin.length), status: response.status },
      ...{ contentType, body },
    });
    return { status: response.status, text: async () => body };
  };
  return new NavixyClient({ ...options, fetch: checkedFetch });
}

/** The document that the gateway at an address serves. */
export async function documentOf(origin: string): Promise<DocumentCheck> {
  const response = await fetch(`${origin}/openapi.json`);
  return new DocumentCheck((await response.json()) as never);
}

/** The code that a call is refused with; 0 when it is not. */
export async function codeOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 0;
  } catch (error) {
    if (error instanceof NavixyApiError) return error.code;
    throw error;
  }
}
