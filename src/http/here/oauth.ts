/**
 * Signed logins of devices: the header as it is read and the signature as it is made.
 * Source: RFC 5849, sections 3.4.1 to 3.4.3 and 3.6, with HMAC-SHA256 in the place of HMAC-SHA1.
 */
import { createHmac } from 'node:crypto';

/** What a device says of its login. */
export interface DeviceLogin {
  readonly deviceId: string;
  readonly nonce: string;
  /** As it stands in the header, since it is signed: seconds since 1970 UTC. */
  readonly timestamp: string;
  readonly signature: string;
}

const method = 'HMAC-SHA256';
const required = ['consumer_key', 'nonce', 'signature_method', 'timestamp', 'version', 'signature'] as const;

/** The parameters of a header `OAuth name="value", ...`; undefined where it has not that form. `realm` is not looked at. */
export function parseLogin(header: string | undefined): DeviceLogin | undefined {
  const list = /^OAuth\s+(.+)$/i.exec(header ?? '')?.[1];
  const values = list === undefined ? undefined : parseParameters(list);
  if (values === undefined) return undefined;
  const [deviceId, nonce, signatureMethod, timestamp, version, signature] = required.map((name) =>
    values.get(`oauth_${name}`),
  );
  if (signatureMethod !== method || version !== '1.0') return undefined;
  if (!deviceId || !nonce || !timestamp || !signature || !/^\d{1,12}$/.test(timestamp)) return undefined;
  return { deviceId, nonce, timestamp, signature };
}

/** Undefined where something is there that is no parameter, or twice. */
function parseParameters(list: string): Map<string, string> | undefined {
  const values = new Map<string, string>();
  for (const part of list.split(',')) {
    const [, name, encoded] = /^\s*([A-Za-z_]+)="([^"]*)"\s*$/.exec(part) ?? [];
    const value = encoded === undefined ? undefined : decoded(encoded);
    if (name === undefined || value === undefined || values.has(name)) return undefined;
    values.set(name, value);
  }
  return values;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins no byte.
    return undefined;
  }
}

/** Percent-encoding of everything but letters, digits, `-`, `.`, `_` and `~`. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The text that is signed. */
export function baseString(url: string, { deviceId, nonce, timestamp }: Omit<DeviceLogin, 'signature'>): string {
  const params = [
    ['oauth_consumer_key', deviceId],
    ['oauth_nonce', nonce],
    ['oauth_signature_method', method],
    ['oauth_timestamp', timestamp],
    ['oauth_version', '1.0'],
  ];
  const joined = params.map(([name = '', value = '']) => `${name}=${encoded(value)}`).join('&');
  return `POST&${encoded(url)}&${encoded(joined)}`;
}

/** Base64, not percent-encoded. */
export function signatureOf(url: string, login: Omit<DeviceLogin, 'signature'>, secret: string): string {
  return createHmac('sha256', `${encoded(secret)}&`)
    .update(baseString(url, login))
    .digest('base64');
}

/** `{scheme}://{host}/v2/token` as it is signed: lower case, without the port that goes without saying. */
export function baseUrl(scheme: 'http' | 'https', host: string): string {
  const defaultPort = scheme === 'http' ? ':80' : ':443';
  const lower = host.toLowerCase();
  const named = lower.endsWith(defaultPort) ? lower.slice(0, -defaultPort.length) : lower;
  return `${scheme}://${named}/v2/token`;
}
