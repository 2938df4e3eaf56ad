/**
 * Errors of the claim API: one envelope for all of them, whose `code` is always the HTTP status.
 * Source: HERE Tracking, Registry API 2.6, `Error`.
 */

import { randomUUID } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import type { FastifyError, FastifyReply } from 'fastify';
import { StoreError } from '../../errors.js';
import { NavixyError } from '../navixy/errors.js';

/** Statuses with their `error` texts. */
export const hereErrors = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;
export type HereStatus = keyof typeof hereErrors;

export class HereError extends Error {
  readonly status: HereStatus;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: HereStatus, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** `id` joins the answer with the log. */
export function errorBody({ status, message }: HereError, id: string) {
  const details = status === 429 ? {} : { details: { hereErrorCode: status * 1000 + 306 } };
  return { error: hereErrors[status], code: status, id, message, ...details };
}

export const hereErrorSchema = Type.Object({
  error: Type.String({ description: 'The status in words' }),
  code: Type.Integer({ description: 'The HTTP status' }),
  id: Type.String({ description: 'The request id' }),
  message: Type.Optional(Type.String({ description: 'For people' })),
  details: Type.Optional(Type.Object({ hereErrorCode: Type.Integer() })),
});

/** Of what both APIs share, in the words of the other one. */
const tooManyReads = 15;

/** What an error means to a client of this API. */
export function toHereError(error: Error | FastifyError): HereError {
  if (error instanceof HereError) return error;
  if (error instanceof NavixyError && error.code === tooManyReads) {
    return new HereError(429, 'Too many reads of the past at a time.', { 'retry-after': '1' });
  }
  if (error instanceof StoreError) return new HereError(503, 'The gateway cannot keep anything at the moment.');
  const { code, statusCode } = error as FastifyError;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new HereError(413, 'The body is too large.');
  const isClientError = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  return isClientError ? new HereError(400, 'The request cannot be read.') : new HereError(500, 'The request failed.');
}

/** For a URL that no route ever sees. */
export function answerBadUrl(reply: FastifyReply): void {
  const id = randomUUID();
  void reply
    .code(400)
    .header('x-request-id', id)
    .type('application/json; charset=utf-8')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(errorBody(badRequest('The path cannot be read.'), id));
}

export const badRequest = (message: string) => new HereError(400, message);
export const forbidden = (message: string) => new HereError(403, message);
export const notFound = (message: string) => new HereError(404, message);
/** Bearer is what has to be sent instead. */
export const unauthorized = (message: string) => new HereError(401, message, { 'www-authenticate': 'Bearer' });
