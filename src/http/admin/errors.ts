/**
 * Errors of the operator's API: a code that scripts may rely on, with its HTTP status, and a message for people.
 */
import { Type } from '@sinclair/typebox';
import type { FastifyError } from 'fastify';
import { StoreError } from '../../errors.js';
import { pathText, SetupError, type SetupProblem } from '../../store/setup/problem.js';
import { oneOf } from '../navixy/param-types.js';

/** Codes and their HTTP statuses. */
export const adminErrors = {
  /** Parameters or body are not as documented; `problems` says where. */
  invalid_request: 400,
  /** No session of `user/auth`, or one that has ended. */
  unauthorized: 401,
  /** The session is not an operator's. */
  forbidden: 403,
  not_found: 404,
  /** Clashes with what exists; `problems` may say where. */
  conflict: 409,
  too_large: 413,
  rate_limited: 429,
  internal: 500,
  /** The journal cannot be written. */
  unavailable: 503,
} as const;
export type AdminErrorCode = keyof typeof adminErrors;

export class AdminError extends Error {
  readonly code: AdminErrorCode;
  readonly problems: readonly SetupProblem[];

  constructor(code: AdminErrorCode, message: string, problems: readonly SetupProblem[] = []) {
    super(message);
    this.code = code;
    this.problems = problems;
  }

  get status(): number {
    return adminErrors[this.code];
  }

  get body() {
    const { code, message, problems } = this;
    const places = problems.map(({ path, line, message: what }) => ({
      path: pathText(path),
      ...(line === undefined ? {} : { line }),
      message: what,
    }));
    return { error: { code, message, ...(places.length === 0 ? {} : { problems: places }) } };
  }
}

export const adminErrorSchema = Type.Object({
  error: Type.Object({
    code: oneOf(Object.keys(adminErrors) as AdminErrorCode[]),
    message: Type.String(),
    problems: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({ description: 'Where: `accounts[0].trackers[2].model`' }),
          line: Type.Optional(Type.Integer({ description: 'Line of the text, where one was sent' })),
          message: Type.String(),
        }),
      ),
    ),
  }),
});

export function notFound(what: string): AdminError {
  return new AdminError('not_found', `there is no such ${what}`);
}

/** What an error means to a client of this API. */
export function toAdminError(error: Error | FastifyError): AdminError {
  if (error instanceof AdminError) return error;
  if (error instanceof SetupError) return ofSetup(error.faults);
  if (error instanceof StoreError && error.code === 'backup_exists') return new AdminError('conflict', error.message);
  if (error instanceof StoreError) return new AdminError('unavailable', 'the change could not be kept');
  const { code, statusCode } = error as FastifyError;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new AdminError('too_large', 'the body is too large');
  const isClientError = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  return isClientError
    ? new AdminError('invalid_request', 'the request cannot be read')
    : new AdminError('internal', 'the request failed');
}

function ofSetup(faults: readonly SetupProblem[]): AdminError {
  const isConflict = faults.some((fault) => fault.isConflict === true);
  const first = faults[0];
  const message = first === undefined ? 'not valid' : `${pathText(first.path)} ${first.message}`.trim();
  return new AdminError(isConflict ? 'conflict' : 'invalid_request', message, faults);
}
