/**
 * Errors of the licence API: the table of codes as data, and the one error that request handling throws. Clients key on the code.
 * Source: LicenseSpring License API v4, "Error responses" and "Track device variables".
 */
import { Type } from '@sinclair/typebox';
import type { FastifyError, FastifyReply } from 'fastify';
import { StoreError } from '../../errors.js';

/** `code: [HTTP status, message]`. */
export const licenseErrors = {
  missing_headers: [400, 'The Date and Authorization headers are required'],
  authorization_invalid_headers: [400, 'The Authorization header cannot be read'],
  authorization_missing_params: [400, 'The Authorization header lacks algorithm, headers, signature or apikey'],
  hmac_required: [400, 'The algorithm of the signature must be hmac-sha256'],
  date_header_diff: [400, 'The Date header is not within 15 minutes of the time of the server'],
  invalid_api_key: [400, 'The API key is not known'],
  revoked_api_key: [400, 'The API key was revoked'],
  signature_mismatch: [400, 'The signature does not match'],
  read_only_api_key: [400, 'The API key may only read'],
  api_key_product_not_allowed: [400, 'The API key may not be used with this product'],
  not_found: [404, 'There is no such path, or not by this method'],
  validation_error: [400, 'A parameter is not as documented'],
  missing_parameters: [400, 'A required parameter is missing'],
  invalid_json: [400, 'The body is not valid JSON'],
  unknown_product: [400, 'Provided product was not found'],
  disabled_product: [400, 'The product is disabled'],
  archived_product: [400, 'The product is archived'],
  license_not_found: [400, 'License with the provided license user not found'],
  license_not_active: [400, 'The license is not active'],
  license_not_enabled: [400, 'The license is not enabled'],
  device_not_found: [400, 'An active device matching the hardware_id not found'],
  blacklisted: [400, 'This device is blacklisted'],
  license_activated_max_times: [400, 'The license was activated as often as it may be'],
  /** Ours: the vendor documents no code for it. */
  too_many_requests: [429, 'Too many requests'],
  internal_error: [500, 'The request failed'],
} as const satisfies Record<string, readonly [httpStatus: number, message: string]>;

export type LicenseErrorCode = keyof typeof licenseErrors;

export const licenseErrorSchema = Type.Object(
  {
    status: Type.Integer({ description: 'The HTTP status' }),
    code: Type.String({ description: Object.keys(licenseErrors).join(', ') }),
    message: Type.String(),
  },
  { additionalProperties: false, description: 'An error, told by its code' },
);

/** A request that is answered with a code of the table. */
export class LicenseError extends Error {
  readonly code: LicenseErrorCode;
  readonly status: number;

  /** `status` only where it is another than that of the table. */
  constructor(
    code: LicenseErrorCode,
    message: string = licenseErrors[code][1],
    status: number = licenseErrors[code][0],
  ) {
    super(message);
    this.name = 'LicenseError';
    this.code = code;
    this.status = status;
  }

  get body() {
    const { status, code, message } = this;
    return { status, code, message };
  }
}

/** What an error means to a client of this API. */
export function toLicenseError(error: Error & Partial<FastifyError>): LicenseError {
  if (error instanceof LicenseError) return error;
  if (error instanceof StoreError) return new LicenseError('internal_error', 'The change could not be kept');
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new LicenseError('validation_error', 'The body is too large', 413);
  }
  if (error.code?.startsWith('FST_ERR_CTP_') === true) return new LicenseError('invalid_json');
  if (error.code === 'FST_ERR_BAD_URL') return new LicenseError('not_found');
  const isClientError = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  return new LicenseError(isClientError ? 'invalid_json' : 'internal_error');
}

export function sendLicenseError(reply: FastifyReply, error: LicenseError): FastifyReply {
  return reply.code(error.status).type('application/json; charset=utf-8').send(JSON.stringify(error.body));
}

/** Whether a path is one of this API, known to it or not. */
export function isLicensingPath(path: string): boolean {
  return /^\/api\/v4(?:[/?]|$)/.test(path);
}
