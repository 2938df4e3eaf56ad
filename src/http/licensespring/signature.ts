/**
 * Signatures of the licence API: HMAC-SHA256 of requests under a shared key, RSA PKCS#1 v1.5 with SHA-256 of answers. Nothing here knows
 * a request.
 * Source: LicenseSpring License API v4, "API key authorization", "Response signature" and "Response signature v2".
 */
import { createHmac, type KeyObject, sign, timingSafeEqual } from 'node:crypto';
import { userPart } from '../../store/licensing/find.js';

/** The signature of a request with this `Date` header. */
export function requestSignature(sharedKey: string, date: string): string {
  return createHmac('sha256', sharedKey).update(`licenseSpring\ndate: ${date}`).digest('base64');
}

/** The `Authorization` header of a request with this `Date` header. */
export function authorizationHeader(apiKey: string, sharedKey: string, date: string): string {
  const signature = requestSignature(sharedKey, date);
  return `algorithm="hmac-sha256",headers="date",signature="${signature}",apikey="${apiKey}"`;
}

/** Equality in a time that tells nothing of the signatures but their length. */
export function isSameSignature(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The signature of a text, in base64. Signing takes about a millisecond of a core: it is done outside of the event loop. */
export function textSignature(text: string, privateKey: KeyObject): Promise<string> {
  return new Promise((resolve, reject) => {
    sign('RSA-SHA256', Buffer.from(text), privateKey, (error, signature) => {
      if (error === null) resolve(signature.toString('base64'));
      else reject(error);
    });
  });
}

/** What `license_signature` of a body signs: whom the licence was granted to and until when. */
export function licenseText(hardwareId: string, holder: string, validUntil: number | undefined): string {
  const validity = validUntil === undefined ? '' : new Date(validUntil).toISOString();
  return `${hardwareId}#${userPart(holder)}#${validity}`.toLowerCase();
}
