/**
 * Devices logging in with a signature over their secret, and the time that they sign with.
 * Source: HERE Tracking, Ingestion API 2.6, `POST /v2/token`.
 */
import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import { activeLicence } from '../../../store/claims/claims.js';
import type { DeviceLicenceRow } from '../../../store/claims/rows.js';
import { deviceTokenLifetimeMs, issueDeviceToken } from '../../../store/claims/tokens.js';
import { useLogin } from '../../../store/claims/used-logins.js';
import { isSameSecret } from '../../../store/credentials.js';
import { blockOf } from '../blocks.js';
import { answer, defineCall, type HereServices } from '../call.js';
import { HereError, notFound } from '../errors.js';
import { baseUrl, type DeviceLogin, parseLogin, signatureOf } from '../oauth.js';

/** A device's clock may be wrong by this. */
const clockToleranceS = 10;

const token = defineCall({
  method: 'POST',
  paths: ['/v2/token'],
  summary: 'Logs a device in; `Authorization` is an OAuth 1.0 signature with HMAC-SHA256',
  answers: { 200: Type.Object({ accessToken: Type.String(), expiresIn: Type.Integer({ description: 's' }) }) },
  errors: [401, 403, 404, 412],
  handler: async ({ services, now, request }) => {
    const { store } = services;
    const login = parseLogin(request.headers.authorization);
    if (login === undefined) throw refused('The header Authorization holds no OAuth signature.');
    const nowS = Math.floor(now / 1000);
    if (Math.abs(Number(login.timestamp) - nowS) > clockToleranceS) {
      throw refused('The clock of the device is wrong.', { 'x-here-timestamp': String(nowS) });
    }
    const licence = activeLicence(store.registry, login.deviceId);
    if (licence === undefined) throw notFound('There is no such device.');
    if (!isSigned(services, request, login, licence)) throw refused('The signature is wrong.');
    // A login that comes to nothing is used up too: returned, and not thrown, so that this is kept.
    const outcome = await store.change((tx) => {
      if (!useLogin(tx, login)) return refused('The signature has been used.');
      const claim = tx.registry.claims.openClaimOf(licence.id);
      if (claim === undefined) return new HereError(412, 'The device is not claimed.');
      return blockOf(services, claim) ?? issueDeviceToken(tx, claim);
    });
    if (outcome instanceof HereError) throw outcome;
    return answer(200, { accessToken: outcome, expiresIn: deviceTokenLifetimeMs / 1000 });
  },
});

function refused(message: string, headers: Readonly<Record<string, string>> = {}): HereError {
  return new HereError(401, message, { 'www-authenticate': 'OAuth', ...headers });
}

/** Whether the signature is right for an address that the device may know the gateway by. */
function isSigned(
  { store, publicBaseUrl }: HereServices,
  request: FastifyRequest,
  login: DeviceLogin,
  { secret: sealed }: DeviceLicenceRow,
): boolean {
  if (sealed === undefined) return false;
  const secret = store.secrets.open(sealed);
  const host = request.headers.host ?? '';
  const urls = [baseUrl('https', host), baseUrl('http', host)];
  if (publicBaseUrl !== undefined) urls.push(`${publicBaseUrl}/v2/token`);
  return urls.map((url) => isSameSecret(signatureOf(url, login, secret), login.signature)).includes(true);
}

const timestamp = defineCall({
  method: 'GET',
  paths: ['/v2/timestamp'],
  summary: 'The time of the gateway, for devices to set their clock by',
  answers: { 200: Type.Object({ timestamp: Type.Integer({ description: 's since 1970 UTC' }) }) },
  handler: ({ now }) => answer(200, { timestamp: Math.floor(now / 1000) }),
});

export const deviceLoginCalls = [token, timestamp];
