/**
 * What the bench tells its clients of the HTTP API, as their one argument, and what they answer, as JSON lines on their standard output.
 */
import { type Measured, sumOfUsage, type Usage } from './usage.js';

/** One request, again and again: each connection sends the next when it has the answer to the last. */
export interface HttpJob extends Measured {
  readonly port: number;
  readonly connections: number;
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly url: string;
  /** JSON; empty for none. */
  readonly body: string;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface HttpResult extends Usage {
  readonly msg: 'done';
  readonly answers: number;
  /** Of the last answer, without its head. */
  readonly bodyBytes: number;
  /** From the request to the end of the answer, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Several turns of one job as one: the times of answers are those of the turn in the middle. */
export function together(turns: readonly HttpResult[]): HttpResult {
  const middle = (figureOf: (turn: HttpResult) => number) =>
    quantile(
      turns.map(figureOf).sort((left, right) => left - right),
      0.5,
    );
  return {
    msg: 'done',
    answers: turns.reduce((sum, { answers }) => sum + answers, 0),
    bodyBytes: turns.at(-1)?.bodyBytes ?? 0,
    ...{ p50Ms: middle(({ p50Ms }) => p50Ms), p99Ms: middle(({ p99Ms }) => p99Ms) },
    ...sumOfUsage(turns),
  };
}

/** Commands to units that are connected, one after the other, each to the next unit. */
export interface CommandJob {
  /** Port of the units. */
  readonly port: number;
  readonly httpUrl: string;
  readonly password: string;
  readonly units: number;
  readonly measureMs: number;
}

export interface CommandResult {
  readonly msg: 'done';
  readonly commands: number;
  /** From the call until the unit has the whole command, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The value that this share of the samples does not exceed; NaN of none. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
