/**
 * The calls of the tracker API as types, taken from the declarations that the gateway itself works by. Nothing here exists at run time.
 */
import type { Static, TObject, TOptional, TProperties, TSchema } from '@sinclair/typebox';
import type { TypedCall } from '../http/navixy/call.js';
import type { DeclaredCall } from '../http/navixy/call-list.js';
import type { rawDataStreams } from '../http/navixy/calls/raw-data.js';

/** Name, parameters and answer of one declaration. */
type Facts<C> = C extends TypedCall<infer N, infer P, infer R> ? { name: N; params: P; response: R } : never;

/** Calls whose answer is JSON. */
type JsonCall = Exclude<DeclaredCall, (typeof rawDataStreams)[number]>;

type FactsByName = { [F in Facts<JsonCall> as F['name']]: F };

/** Name of a call: its path without the leading slash. */
export type CallName = keyof FactsByName & string;

/** Values that are only read: lists may be given as constants. */
export type Given<T> = T extends readonly (infer I)[]
  ? readonly Given<I>[]
  : T extends object
    ? { readonly [K in keyof T]: Given<T[K]> }
    : T;

/** Names of parameters that may be left out: optional ones, and those with a default. */
type Omissible<P extends TProperties> = {
  [K in keyof P]: P[K] extends TOptional<TSchema> | { readonly default: unknown } ? K : never;
}[keyof P];

type Flat<T> = { [K in keyof T]: T[K] };

/** Parameters by their names, those that may be left out as such. */
export type ParamsOfObject<P extends TProperties> = Flat<
  { readonly [K in Exclude<keyof P, Omissible<P>>]: Given<Static<P[K]>> } & {
    readonly [K in Omissible<P>]?: Given<Static<P[K]>> | undefined;
  }
>;

/** Parameters of a call. Null is the same as absent, so absent it is. */
export type CallParams<N extends CallName> = ParamsOfObject<FactsByName[N]['params']['properties']>;

/** A good answer of a call. */
export type CallAnswer<N extends CallName> = Flat<{ success: true } & Static<TObject<FactsByName[N]['response']>>>;

/** The arguments after the name: parameters may be left out where none is needed. */
export type CallArguments<N extends CallName> =
  Record<never, never> extends CallParams<N> ? [params?: CallParams<N>] : [params: CallParams<N>];
