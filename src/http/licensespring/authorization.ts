/**
 * Who asks: the checks of the `Date` and `Authorization` headers, in their order. Path, method and body are not covered by the signature,
 * and within its window it is good for any request.
 * Source: LicenseSpring License API v4, "API key authorization".
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { RegistryStore } from '../../store/contract.js';
import type { LicenseApiKeyRow } from '../../store/licensing/rows.js';
import { LicenseError } from './errors.js';
import { parseHttpDate } from './http-date.js';
import { isSameSignature, requestSignature } from './signature.js';

/** How far the `Date` of a request may be from now, both ways. */
export const dateWindowMs = 15 * 60_000;

/** Codes that any request may be refused with here; one that changes something also with `read_only_api_key`. */
export const authorizationCodes = [
  'missing_headers',
  'authorization_invalid_headers',
  'authorization_missing_params',
  'hmac_required',
  'date_header_diff',
  'invalid_api_key',
  'revoked_api_key',
  'signature_mismatch',
] as const;

const pair = /[ \t]*([A-Za-z]+)="([^"]*)"[ \t]*(?:,|$)/y;
const required = ['algorithm', 'headers', 'signature', 'apikey'] as const;
type Parameters = Readonly<Record<(typeof required)[number], string>>;

/** The API key of a request. Throws `LicenseError` with one of the codes of authorization. */
export function authorize(
  store: RegistryStore,
  request: { readonly headers: IncomingHttpHeaders; readonly method: string },
  nowMs: number,
): LicenseApiKeyRow {
  const { date = '', authorization = '' } = request.headers;
  if (date === '' || authorization === '') throw new LicenseError('missing_headers');
  const parameters = readParameters(authorization);
  if (parameters.algorithm.toLowerCase() !== 'hmac-sha256') throw new LicenseError('hmac_required');
  if (parameters.headers.toLowerCase() !== 'date') throw new LicenseError('authorization_invalid_headers');
  const sentAt = parseHttpDate(date, nowMs);
  if (sentAt === undefined || Math.abs(nowMs - sentAt) > dateWindowMs) throw new LicenseError('date_header_diff');
  const key = store.registry.get('licenseApiKey', parameters.apikey);
  if (key === undefined) throw new LicenseError('invalid_api_key');
  if (key.revoked) throw new LicenseError('revoked_api_key');
  const expected = requestSignature(store.secrets.open(key.sharedKey), date);
  if (!isSameSignature(parameters.signature, expected)) throw new LicenseError('signature_mismatch');
  if (key.readOnly && request.method === 'POST') throw new LicenseError('read_only_api_key');
  return key;
}

/** Names in any order and case. Throws `authorization_invalid_headers` and `authorization_missing_params`. */
function readParameters(header: string): Parameters {
  const found = new Map<string, string>();
  pair.lastIndex = 0;
  while (pair.lastIndex < header.length) {
    const [, name, value] = pair.exec(header) ?? [];
    if (name === undefined || value === undefined || found.has(name.toLowerCase())) {
      throw new LicenseError('authorization_invalid_headers');
    }
    found.set(name.toLowerCase(), value);
  }
  const [algorithm, headers, signature, apikey] = required.map((name) => found.get(name) ?? '');
  if (!algorithm || !headers || !signature || !apikey) throw new LicenseError('authorization_missing_params');
  return { algorithm, headers, signature, apikey };
}
