/**
 * HERE's API as types: what each route takes and answers, from the declarations that the gateway works by. Nothing here exists at run time.
 */
import type { Static, TNever, TObject, TOptional, TSchema } from '@sinclair/typebox';
import type { DeclaredHereCall } from '../http/here/call-list.js';
import type { Given, ParamsOfObject } from './call-types.js';

/** The parts of any declaration. */
interface AnyFacts {
  readonly route: string;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly answers: unknown;
}

/** The parts of one declaration. */
type Facts<C> = C extends {
  readonly method: infer M extends string;
  readonly paths: readonly [infer U extends string, ...string[]];
  readonly params: infer P;
  readonly query: infer Q;
  readonly body: infer B;
  readonly answers: infer A;
}
  ? { route: `${M} ${U}`; params: P; query: Q; body: Exclude<B, undefined>; answers: A }
  : never;

type Part<K extends string, T> = Record<never, never> extends T ? { readonly [N in K]?: T } : { readonly [N in K]: T };
type PartOfObject<K extends string, O> = O extends TObject ? Part<K, ParamsOfObject<O['properties']>> : unknown;
type PartOfBody<B> = [B] extends [TNever]
  ? unknown
  : B extends TOptional<infer S extends TSchema>
    ? { readonly body?: Given<Static<S>> }
    : B extends TSchema
      ? { readonly body: Given<Static<B>> }
      : unknown;
/** Nothing of a query is needed: it is optional or has a default. */
type PartOfQuery<O> = O extends TObject ? { readonly query?: Partial<Given<Static<O>>> } : unknown;
type RequestOf<F extends AnyFacts> = PartOfObject<'params', F['params']> &
  PartOfQuery<F['query']> &
  PartOfBody<F['body']>;

type BodyAnswered<S> = S extends TSchema ? Static<S> : undefined;
type AnsweredBy<A> = { [S in keyof A]: { readonly status: S; readonly body: BodyAnswered<A[S]> } }[keyof A];
type ArgumentsFor<T> = Record<never, never> extends T ? [request?: T] : [request: T];

/** Every route: `METHOD /path`, as in the OpenAPI document, with parameters as `:name`. */
export type HereRoutes = {
  [F in Facts<DeclaredHereCall> as F['route']]: {
    request: RequestOf<F>;
    arguments: ArgumentsFor<RequestOf<F>>;
    answer: AnsweredBy<F['answers']>;
  };
};
export type HereRoute = keyof HereRoutes;

/** What a request to a route is made of. */
export type HereRequest<R extends HereRoute> = HereRoutes[R]['request'];
/** A good answer, told apart by its status. */
export type HereAnswered<R extends HereRoute> = HereRoutes[R]['answer'];
/** The arguments after the route: left out where nothing is needed. */
export type HereArguments<R extends HereRoute> = HereRoutes[R]['arguments'];
