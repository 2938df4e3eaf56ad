/**
 * Pages of long lists. A token names the last item of its page by what the list is sorted by, so that a page is right whatever came and
 * went meanwhile.
 */
import { badRequest } from './errors.js';

/** Lists are sorted by a time and then by an id. */
export interface PageKey {
  readonly at: number;
  readonly id: string;
}

export interface PageQuery {
  readonly count: number;
  readonly pageToken?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Undefined on the last page. */
  readonly pageToken: string | undefined;
}

/** The page that a query asks for. Throws 400 for a token that is none. */
export function pageOf<T>(items: Iterable<T>, keyOf: (item: T) => PageKey, query: PageQuery): Page<T> {
  const after = query.pageToken === undefined ? undefined : parseToken(query.pageToken);
  const keyed = [...items].map((item) => ({ item, key: keyOf(item) }));
  const left = keyed.filter(({ key }) => after === undefined || compare(key, after) > 0);
  left.sort((one, other) => compare(one.key, other.key));
  const page = left.slice(0, query.count);
  const last = left.length > page.length ? page.at(-1) : undefined;
  return { items: page.map(({ item }) => item), pageToken: last === undefined ? undefined : formatToken(last.key) };
}

function compare(left: PageKey, right: PageKey): number {
  if (left.at !== right.at) return left.at - right.at;
  if (left.id === right.id) return 0;
  return left.id < right.id ? -1 : 1;
}

function formatToken({ at, id }: PageKey): string {
  return Buffer.from(`${at} ${id}`).toString('base64url');
}

function parseToken(token: string): PageKey {
  const [, at, id] = /^(\d{1,16}) (.+)$/s.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  const key = { at: Number(at), id: id ?? '' };
  if (at === undefined || formatToken(key) !== token) throw badRequest('query pageToken: not one of ours.');
  return key;
}
