/**
 * Signatures of the licence API by the web's own cryptography, which Node and other runtimes have: HMAC-SHA256 of requests, RSA with
 * SHA-256 of answers.
 */

/** The `Authorization` header of a request with this `Date` header. */
export async function authorization(apiKey: string, sharedKey: string, date: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytesOf(sharedKey), algorithm, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', key, bytesOf(`licenseSpring\ndate: ${date}`));
  const text = btoa(String.fromCharCode(...new Uint8Array(signature)));
  return `algorithm="hmac-sha256",headers="date",signature="${text}",apikey="${apiKey}"`;
}

/** Whether `signature` (base64) is that of a text under an RSA key in PEM. */
export async function isSignedBy(publicKey: string, text: string, signature: string): Promise<boolean> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const der = fromBase64(publicKey.replace(/-----[^-]+-----|\s/g, ''));
  const key = await crypto.subtle.importKey('spki', der, algorithm, false, ['verify']);
  return crypto.subtle.verify(algorithm, key, fromBase64(signature), bytesOf(text));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

/** Empty for what is no base64: no signature is. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
