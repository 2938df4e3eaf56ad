/**
 * What a call of the claim API is: its method and paths, who may make it, its parameters and answers as schemas, and the function behind
 * it. The router, the OpenAPI document and the tests read this one declaration.
 */
import { type Static, type TNever, type TObject, type TSchema, Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../clock.js';
import type { Metrics } from '../../metrics.js';
import type { TokenHolder } from '../../store/claims/tokens.js';
import type { Health, LiveUnits } from '../../store/contract.js';
import type { History } from '../../store/history-records.js';
import type { Store } from '../../store/store.js';
import type { HistoryTurns } from '../navixy/history-turns.js';
import type { Logins } from '../navixy/logins.js';
import type { HereStatus } from './errors.js';

/** What calls work with. */
export interface HereServices {
  readonly store: Store;
  readonly live: LiveUnits;
  readonly history: History;
  /** Reads of the past take turns. */
  readonly turns: HistoryTurns;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly health: () => Health;
  readonly logins: Logins;
  readonly version: string;
  /** Where devices reach the gateway from outside. */
  readonly publicBaseUrl: string | undefined;
  /** Telemetry may be this far ahead of its receipt, ms. */
  readonly telemetryToleranceMs: number;
  /** Hardware that may send nothing over any protocol, claimed or not. */
  readonly isBarred?: (deviceId: string) => boolean;
}

export type Holder = TokenHolder['kind'];
/** Holders of a token as kinds of it tell them apart. */
export type HolderOf<K extends Holder> = Extract<TokenHolder, { kind: K }>;

export interface HereContext<K extends Holder = Holder> {
  readonly services: HereServices;
  /** Time of the request, ms since 1970 UTC. */
  readonly now: number;
  readonly requestId: string;
  readonly request: FastifyRequest;
  /** Whoever makes the call; of no meaning where anybody may. */
  readonly holder: HolderOf<K>;
}

export interface HereAnswer {
  readonly status: number;
  readonly body?: unknown;
}

export interface HereInput<P extends TObject, Q extends TObject, B extends TSchema> {
  readonly params: Static<P>;
  readonly query: Static<Q>;
  readonly body: Static<B>;
}

interface Declaration<K extends Holder, P extends TObject, Q extends TObject, B extends TSchema> {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** The first is the documented one. A slash at the end makes no difference. */
  readonly paths: readonly string[];
  readonly summary: string;
  /** Kinds of tokens; none where anybody may call. */
  readonly holders: readonly K[];
  readonly params: P;
  readonly query: Q;
  /** Undefined where a body is not looked at. */
  readonly body: B | undefined;
  /** Good answers by status; undefined for an empty one. */
  readonly answers: Readonly<Record<number, TSchema | undefined>>;
  /** Statuses of its own errors. */
  readonly errors: readonly HereStatus[];
  /** Bytes; by `Content-Length` too. */
  readonly bodyLimit?: number;
  readonly handler: (context: HereContext<K>, input: HereInput<P, Q, B>) => HereAnswer | Promise<HereAnswer>;
}

/** A call as the router sees it. */
export type HereCall = Omit<Declaration<never, TObject, TObject, TSchema>, 'handler' | 'holders'> & {
  readonly holders: readonly Holder[];
  readonly handler: (context: never, input: never) => HereAnswer | Promise<HereAnswer>;
};

export const nothing = Type.Object({});

type Answers = Readonly<Record<number, TSchema | undefined>>;
type Paths = readonly [string, ...string[]];

/** A call that remembers what it was declared with, for the types of the client. */
export type TypedHereCall<
  M extends HereCall['method'],
  U extends Paths,
  P extends TObject,
  Q extends TObject,
  B extends TSchema,
  A extends Answers,
> = Omit<HereCall, 'method' | 'paths' | 'params' | 'query' | 'body' | 'answers'> & {
  readonly method: M;
  readonly paths: U;
  readonly params: P;
  readonly query: Q;
  readonly body: B | undefined;
  readonly answers: A;
};

type Optionals = 'holders' | 'params' | 'query' | 'body' | 'errors';

/** Declares a call. */
export function defineCall<
  const M extends HereCall['method'],
  const U extends Paths,
  const A extends Answers,
  const K extends Holder = never,
  P extends TObject = typeof nothing,
  Q extends TObject = typeof nothing,
  B extends TSchema = TNever,
>(
  declaration: Omit<Declaration<K, P, Q, B>, Optionals | 'method' | 'paths' | 'answers'> &
    Partial<Pick<Declaration<K, P, Q, B>, Optionals>> & {
      readonly method: M;
      readonly paths: U;
      readonly answers: A;
    },
): TypedHereCall<M, U, P, Q, B, A> {
  const defaults = { holders: [], params: nothing, query: nothing, body: undefined, errors: [] } as const;
  return { ...defaults, ...declaration } as never;
}

/** An answer with a body. */
export function answer(status: number, body: unknown): HereAnswer {
  return { status, body };
}

export const noContent: HereAnswer = { status: 204 };
