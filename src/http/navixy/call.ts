/**
 * What a call of the Navixy dialect is: its name, its parameters and answer as schemas, who may make it, and the function behind it. The
 * router, the OpenAPI document and the tests read this one declaration.
 */

import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox';
import type { Clock } from '../../clock.js';
import type { TripDetection } from '../../domain/state.js';
import type { Commands } from '../../downlink/dispatcher.js';
import type { ReportAddress } from '../../downlink/set-up.js';
import type { LiveUnits, RegistryStore, StateStore } from '../../store/contract.js';
import type { History } from '../../store/history-records.js';
import type { ApiKeyRow, SessionRow, UserRow } from '../../store/rows.js';
import type { AnswerBytes } from './answer-bytes.js';
import type { DateFormat } from './dates.js';
import type { NavixyCode, Violation } from './errors.js';
import type { HistoryTurns } from './history-turns.js';
import type { Logins } from './logins.js';
import type { StatusRules } from './status.js';
import type { StreamedAnswer } from './streamed-answer.js';

/** Rights that may be granted to sub-users; `admin` may not, and only master users hold it. */
export type Right =
  | 'admin'
  | 'tracker_update'
  | 'tracker_configure'
  | 'tracker_set_output'
  | 'tracker_register'
  | 'tracker_rule_update'
  | 'tag_update'
  | 'task_update'
  | 'form_template_update'
  | 'zone_update'
  | 'place_update'
  | 'places_custom_fields_update'
  | 'employee_update'
  | 'vehicle_update'
  | 'video_monitoring'
  | 'payment_create'
  | 'reports'
  | 'weblocator_session_create'
  | 'delivery_session_create'
  | 'checkin_update';

/** What calls work with. */
export interface Services {
  readonly store: RegistryStore & StateStore;
  readonly live: LiveUnits;
  /** Records that the journal keeps. */
  readonly history: History;
  /** Whoever goes through many of them takes a turn. */
  readonly turns: HistoryTurns;
  readonly clock: Clock;
  readonly statusRules: StatusRules;
  /** Whether units of a protocol hold a connection while they are on. */
  readonly isConnectionOriented: (protocol: string) => boolean;
  readonly logins: Logins;
  /** The queues of commands to units. */
  readonly commands: Commands;
  /** How trips are told where a tracker has no settings of its own. */
  readonly trips: TripDetection;
  /** Set-up commands of one device may be asked for again after this long, ms; without it at any time. */
  readonly setUpPauseMs?: number;
  /** Where units reach the gateway, for set-up commands by SMS; without it none are sent. */
  readonly reportTo?: ReportAddress | undefined;
}

/** The credential of a request. */
export type Credential =
  | { readonly kind: 'session'; readonly row: SessionRow; readonly user: UserRow }
  | { readonly kind: 'apiKey'; readonly row: ApiKeyRow; readonly user: UserRow }
  /** Login and password given for one connection, which no session stands for. */
  | { readonly kind: 'password'; readonly row: UserRow; readonly user: UserRow };

/** Circumstances of a call that needs no credential. */
export interface PublicContext {
  readonly services: Services;
  /** Time of the request, ms since 1970 UTC. */
  readonly now: number;
  readonly remoteAddress: string;
}

/** Circumstances of a call with a good credential. */
export interface CallContext extends PublicContext {
  readonly credential: Credential;
  readonly user: UserRow;
  /** In the user's zone, in the form the request asks for. */
  readonly dates: DateFormat;
}

/**
 * Who may call: `public` anybody, `session` who has logged in (API keys get code 4), `any` holders of a session or a key, `master` the
 * same but only for the master user of the account (sub-users get code 13).
 */
export type Access = 'public' | 'session' | 'any' | 'master' | 'master-session';

interface Declaration<N extends string, P extends TObject, R extends TProperties> {
  /** Path without the leading slash. */
  readonly name: N;
  /** One line for the OpenAPI document. */
  readonly summary: string;
  readonly params: P;
  /** Keys of the answer besides `success`. */
  readonly response: R;
  /** Codes of its own; those every call may answer are not repeated. */
  readonly errors?: readonly NavixyCode[];
  /** What a good answer is where it is no JSON: `text/csv`. */
  readonly mediaType?: string;
}

/** An answer that is JSON already, as text or as bytes, `success` included. It has to be what the call's response schema says. */
export class PreparedAnswer {
  readonly json: string | AnswerBytes;

  constructor(json: string | AnswerBytes) {
    this.json = json;
  }
}

type OneAnswer<R extends TProperties> = Static<TObject<R>> | PreparedAnswer | StreamedAnswer;
type Answer<R extends TProperties> = OneAnswer<R> | Promise<OneAnswer<R>>;

interface CallDeclaration<N extends string, P extends TObject, R extends TProperties> extends Declaration<N, P, R> {
  readonly access?: Exclude<Access, 'public'>;
  /** All of these are needed. */
  readonly rights?: readonly Right[];
  /** Faults that the schema cannot tell: they join those it found, so that all are reported at once. */
  readonly examine?: (params: Partial<Static<P>>) => readonly Violation[];
  readonly handler: (context: CallContext, params: Static<P>) => Answer<R>;
}

interface PublicDeclaration<N extends string, P extends TObject, R extends TProperties> extends Declaration<N, P, R> {
  readonly handler: (context: PublicContext, params: Static<P>) => Answer<R>;
}

interface CallBase<N extends string, P extends TObject, R extends TProperties> extends Declaration<N, P, R> {
  readonly errors: readonly NavixyCode[];
  readonly examine: (params: never) => readonly Violation[];
}

/** A call that remembers what it was declared with, for the types of the client. */
export type TypedCall<N extends string, P extends TObject, R extends TProperties> =
  | (CallBase<N, P, R> & {
      readonly access: 'public';
      readonly handler: (context: PublicContext, params: never) => unknown;
    })
  | (CallBase<N, P, R> & {
      readonly access: Exclude<Access, 'public'>;
      readonly rights: readonly Right[];
      readonly handler: (context: CallContext, params: never) => unknown;
    });

/** A call as the router sees it. */
export type Call = TypedCall<string, TObject, TProperties>;

const noFaults = (): readonly Violation[] => [];

/** Declares a call that needs a credential. */
export function defineCall<const N extends string, P extends TObject, R extends TProperties>(
  declaration: CallDeclaration<N, P, R>,
): TypedCall<N, P, R> {
  return { access: 'any', rights: [], errors: [], examine: noFaults, ...declaration };
}

/** Declares a call that anybody may make. */
export function definePublicCall<const N extends string, P extends TObject, R extends TProperties>(
  declaration: PublicDeclaration<N, P, R>,
): TypedCall<N, P, R> {
  return { errors: [], examine: noFaults, ...declaration, access: 'public' };
}

/** The same call under another name. */
export function alias<const N extends string, P extends TObject, R extends TProperties>(
  call: TypedCall<string, P, R>,
  name: N,
): TypedCall<N, P, R> {
  return { ...call, name };
}

/** Parameters of a call that takes none. */
export const noParams = Type.Object({});
