/**
 * A running gateway, spoken to with an operator's credentials: logs in, calls the operator's API, logs out.
 */
import { type Command, Option } from 'commander';
import { type CliIo, UsageError } from './io.js';

export interface AdminOptions {
  readonly url: string;
  readonly login: string;
  readonly password?: string;
}

/** Options of every command that speaks to a running gateway. */
export function addAdminOptions(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'address of the gateway').env('MILEPOST_URL').default('http://127.0.0.1:8080'))
    .addOption(new Option('--login <login>', 'of an operator').env('MILEPOST_ADMIN_LOGIN').default('admin'))
    .addOption(new Option('--password <password>', 'better given in the environment').env('MILEPOST_ADMIN_PASSWORD'));
}

/** What the gateway answered to a request that failed, or why it could not be reached. */
export class AdminFailure extends Error {
  /** Where a setup is wrong, as `problems` of the answer. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];

  constructor(message: string, problems: AdminFailure['problems'] = []) {
    super(message);
    this.problems = problems;
  }
}

type Json = Record<string, unknown>;

/** Runs `work` in a session, which is ended afterwards. Throws `AdminFailure` and `UsageError`. */
export async function withAdmin<T>(
  io: CliIo,
  options: AdminOptions,
  work: (admin: AdminClient) => Promise<T>,
): Promise<T> {
  const { login } = options;
  const password = options.password ?? io.env.MILEPOST_ADMIN_PASSWORD;
  if (password === undefined) throw new UsageError('no password: set MILEPOST_ADMIN_PASSWORD');
  const base = baseOf(options.url);
  const { hash } = await request(base, 'user/auth', { body: { login, password } });
  const client = new AdminClient(base, String(hash));
  try {
    return await work(client);
  } finally {
    await request(base, 'user/logout', { body: { hash } });
  }
}

function baseOf(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`not an HTTP address: ${url}`);
  return url.endsWith('/') ? url : `${url}/`;
}

export class AdminClient {
  readonly #base: string;
  readonly #hash: string;

  constructor(base: string, hash: string) {
    this.#base = base;
    this.#hash = hash;
  }

  get(path: string): Promise<Json> {
    return request(this.#base, `admin/${path}`, { hash: this.#hash });
  }

  post(path: string, body: unknown): Promise<Json> {
    return request(this.#base, `admin/${path}`, { hash: this.#hash, body });
  }
}

async function request(base: string, path: string, parts: { hash?: string; body?: unknown }): Promise<Json> {
  const headers: Record<string, string> = parts.hash === undefined ? {} : { authorization: `NVX ${parts.hash}` };
  const url = new URL(path, base);
  let response: Response;
  let body: Json;
  try {
    if (parts.body === undefined) {
      response = await fetch(url, { headers });
    } else {
      headers['content-type'] = 'application/json';
      response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(parts.body) });
    }
    body = (await response.json()) as Json;
  } catch (error) {
    throw new AdminFailure(`${url.origin} does not answer: ${reasonOf(error)}`);
  }
  if (response.ok) return body;
  const { error, status } = body as { error?: AdminFailure; status?: { description?: string } };
  throw new AdminFailure(error?.message ?? status?.description ?? `HTTP ${response.status}`, error?.problems);
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string } };
  return cause?.code ?? message;
}
