/**
 * The URLs of the Navixy dialect: one set of actions under three bases, with or without a slash at the end. Paths of other dialects are
 * left as they are.
 */

/** Bases that hosted, self-hosted and white-label servers are known under; the bare root is the fourth. */
const bases = ['/v2', '/api-v2'];
/** First segments that belong to other dialects. */
const foreignPath = /^\/api\/v4(?:\/|$)/;
/** Prefixes of HERE's API, and its paths under a base of this dialect. */
const herePath =
  /^\/(?:(?:registry|users|shadows|traces|v3|device-http)(?:\/|$)|v2\/?$|v2\/(?:token|timestamp|health|version)\/?$)/;

/** Raw data are under no base. */
const rootOnly = '/dwh/';

/** The URL without its base and its last slash; the query stays. */
export function canonicalUrl(url: string): string {
  const queryAt = url.indexOf('?');
  const path = queryAt < 0 ? url : url.slice(0, queryAt);
  if (foreignPath.test(path)) return url;
  const bare = withoutLastSlash(isHerePath(path) ? path : withoutBase(path));
  if (bare === path || (bare.startsWith(rootOnly) && !path.startsWith(rootOnly))) return url;
  return queryAt < 0 ? bare : bare + url.slice(queryAt);
}

/** Whether a path is one of HERE's API, the query left out. */
export function isHerePath(path: string): boolean {
  return herePath.test(path);
}

function withoutBase(path: string): string {
  const base = bases.find((each) => path === each || path.startsWith(`${each}/`));
  return base === undefined ? path : path.slice(base.length) || '/';
}

function withoutLastSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** The path of a URL, without the query: the only part that may be shown. */
export function pathOf(url: string): string {
  const queryAt = url.indexOf('?');
  return queryAt < 0 ? url : url.slice(0, queryAt);
}

/** Tells a path under a known resource (code 112, unknown action) from any other (111, unknown resource). */
export class Resources {
  readonly #resources: ReadonlySet<string>;

  /** `actions`: names like `tracker/settings/read`. */
  constructor(actions: readonly string[]) {
    this.#resources = new Set(actions.map((name) => name.slice(0, name.lastIndexOf('/'))));
  }

  codeFor(path: string): 111 | 112 {
    const segments = path.split('/').slice(1);
    const whole = segments.join('/');
    const parent = segments.slice(0, -1).join('/');
    return this.#resources.has(parent) || this.#resources.has(whole) ? 112 : 111;
  }
}
