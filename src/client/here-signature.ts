/**
 * Signed logins of devices by the web's own cryptography, which Node and other runtimes have.
 * Source: RFC 5849, sections 3.4.1 to 3.4.3, with HMAC-SHA256 in the place of HMAC-SHA1.
 */

/** What a device signs. */
export interface DeviceSignature {
  readonly url: string;
  readonly deviceId: string;
  readonly secret: string;
  /** Of the gateway's clock, s since 1970 UTC. */
  readonly timestampS: number;
  /** Never the same twice in a second. */
  readonly nonce: string;
}

/** The `Authorization` header of a login. */
export async function deviceAuthorization(login: DeviceSignature): Promise<string> {
  const { url, deviceId, secret, timestampS, nonce } = login;
  const params = [
    ['oauth_consumer_key', deviceId],
    ['oauth_nonce', nonce],
    ['oauth_signature_method', 'HMAC-SHA256'],
    ['oauth_timestamp', String(timestampS)],
    ['oauth_version', '1.0'],
  ] as const;
  const joined = params.map(([name, value]) => `${name}=${encoded(value)}`).join('&');
  const signature = await hmac(`${encoded(secret)}&`, `POST&${encoded(url)}&${encoded(joined)}`);
  const all = [...params, ['oauth_signature', signature] as const];
  return `OAuth ${all.map(([name, value]) => `${name}="${encoded(value)}"`).join(',')}`;
}

/** A text that nobody else comes by. */
export function newNonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function hmac(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', key, encoder.encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(signature)));
}

/** Percent-encoding of everything but letters, digits, `-`, `.`, `_` and `~`. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
