/**
 * What a call fails with: an error of the tracker API, one of the operator's API, or an answer that is neither.
 */

/** A fault of one parameter, as code 7 lists them. */
export interface ParameterFault {
  readonly parameter: string;
  readonly error: string;
}

/** What every error says. */
export interface ErrorFacts {
  /** Path without base and query: credentials travel in neither. */
  readonly path: string;
  readonly httpStatus: number;
}

/** The tracker API answered with one of its codes. */
export class NavixyApiError extends Error {
  /** 201, 7, ...; programs go by it. */
  readonly code: number;
  readonly description: string;
  readonly httpStatus: number;
  readonly path: string;
  /** Everything else the answer holds: `errors` of code 7, `rules` or `vehicles` of 203, `timeout` and `remainder` of 264. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(
    status: { readonly code: number; readonly description: string },
    extra: Readonly<Record<string, unknown>>,
    facts: ErrorFacts,
  ) {
    super(`${facts.path}: ${status.code} ${status.description}${faultText(extra)}`);
    this.name = 'NavixyApiError';
    this.code = status.code;
    this.description = status.description;
    this.extra = extra;
    this.httpStatus = facts.httpStatus;
    this.path = facts.path;
  }

  /** The parameters that code 7 finds fault with; none for other codes. */
  get faults(): readonly ParameterFault[] {
    return faultsOf(this.extra);
  }
}

function faultsOf(extra: Readonly<Record<string, unknown>>): readonly ParameterFault[] {
  return Array.isArray(extra.errors) ? (extra.errors as ParameterFault[]) : [];
}

function faultText(extra: Readonly<Record<string, unknown>>): string {
  const texts = faultsOf(extra).map(({ parameter, error }) => `${parameter} ${error}`);
  return texts.length === 0 ? '' : ` (${texts.join('; ')})`;
}

/** Where a setup or a body is wrong. */
export interface AdminProblem {
  /** `accounts[0].trackers[2].model` */
  readonly path: string;
  /** Line of the text, where one was sent. */
  readonly line?: number;
  readonly message: string;
}

/** The operator's API answered with one of its codes. */
export class AdminApiError extends Error {
  /** `not_found`, `conflict`, ...; programs go by it. */
  readonly code: string;
  readonly problems: readonly AdminProblem[];
  readonly httpStatus: number;
  readonly path: string;

  constructor(
    error: { readonly code: string; readonly message: string; readonly problems?: readonly AdminProblem[] },
    facts: ErrorFacts,
  ) {
    super(`${facts.path}: ${error.code}: ${error.message}`);
    this.name = 'AdminApiError';
    this.code = error.code;
    this.problems = error.problems ?? [];
    this.httpStatus = facts.httpStatus;
    this.path = facts.path;
  }
}

/** HERE's API answered with an error. */
export class HereApiError extends Error {
  /** The HTTP status; programs go by it. */
  readonly code: number;
  /** Id of the request, to find it in the gateway's log. */
  readonly id: string;
  readonly path: string;

  constructor(
    error: { readonly error: string; readonly code: number; readonly id: string; readonly message?: string },
    { path }: ErrorFacts,
  ) {
    super(`${path}: ${error.code} ${error.message ?? error.error}`);
    this.name = 'HereApiError';
    this.code = error.code;
    this.id = error.id;
    this.path = path;
  }
}

/** The licence API answered with one of its codes. */
export class LicenseApiError extends Error {
  /** `device_not_found`, `signature_mismatch`, ...; programs go by it. */
  readonly code: string;
  readonly httpStatus: number;
  readonly path: string;

  constructor(error: { readonly code: string; readonly message: string }, facts: ErrorFacts) {
    super(`${facts.path}: ${error.code}: ${error.message}`);
    this.name = 'LicenseApiError';
    this.code = error.code;
    this.httpStatus = facts.httpStatus;
    this.path = facts.path;
  }
}

/** What answered is no gateway, or something stands between it and us: the body is not what either API answers. */
export class UnexpectedAnswerError extends Error {
  readonly httpStatus: number;
  readonly path: string;

  constructor({ path, httpStatus }: ErrorFacts) {
    super(`${path}: HTTP ${httpStatus} without an answer of the API`);
    this.name = 'UnexpectedAnswerError';
    this.httpStatus = httpStatus;
    this.path = path;
  }
}
