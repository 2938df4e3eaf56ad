/**
 * What clients send: a JSON text with an action, a credential and the events that are wanted. Types are coerced and faults told as
 * everywhere in this dialect (`params.ts`); nothing is looked up here.
 */
import { type Static, type TObject, type TSchema, Type } from '@sinclair/typebox';
import { invalidParameters, NavixyError, type Violation } from '../errors.js';
import { oneOf } from '../param-types.js';
import { checked, readParams, unpackParams } from '../params.js';
import { type ParamObject, parseJsonBody, RequestData } from '../request-data.js';

export const eventTypes = ['state', 'state_batch', 'readings_batch', 'iot_monitor'] as const;
export type EventType = (typeof eventTypes)[number];

export const actions = ['subscribe', 'unsubscribe'] as const;
export type Action = (typeof actions)[number];

/** Events of one kind that are wanted, or no longer wanted. */
export interface Wish {
  readonly type: EventType;
  /** Undefined for all that the user sees. */
  readonly trackerIds: readonly number[] | undefined;
  readonly isCompact: boolean;
  /** At most one round of events in this time, ms; 0 for at once. */
  readonly rateLimitMs: number;
  /** Only sensors of this type. */
  readonly sensorType: string | undefined;
  /** Also sensors that others are made of. */
  readonly includeComponents: boolean;
}

/** Trackers that one request may name. */
const maxListed = 12_000;
/** Trackers of an `iot_monitor`. */
export const maxMonitored = 10;
const maxRequests = 16;
const maxRateLimitMs = 86_400_000;

const rateLimitForm = /^(\d+)(ms|s|m)$/;
const msPerUnit: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function durationMs(text: string): number {
  const [, count, unit] = rateLimitForm.exec(text) ?? [];
  return Number(count) * (msPerUnit[unit ?? ''] ?? Number.NaN);
}

const format = { ...oneOf(['full', 'compact']), default: 'full' };
const rateLimit = checked(Type.String({ pattern: '^\\d+(ms|s|m)$', default: '1s' }), (text) =>
  durationMs(text) > maxRateLimitMs ? 'must be less than or equal to 1440m' : undefined,
);
const targetOf = (maxItems: number) =>
  Type.Object({
    type: oneOf(['all', 'selected']),
    tracker_ids: Type.Optional(Type.Array(Type.Integer(), { maxItems })),
  });

/** Source: Navixy backend API, WebSocket, "Subscription". */
export const requestSchemas: Readonly<Record<EventType, TObject>> = {
  state: Type.Object({ trackers: Type.Array(Type.Integer(), { maxItems: maxListed }), format }),
  state_batch: Type.Object({ target: targetOf(maxListed), rate_limit: rateLimit, format }),
  readings_batch: Type.Object({
    target: targetOf(maxListed),
    rate_limit: rateLimit,
    sensor_type: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    include_components: Type.Boolean({ default: true }),
  }),
  iot_monitor: Type.Object({ target: targetOf(maxMonitored), rate_limit: rateLimit }),
};

/** A request of any kind as it was read. */
interface RequestParams {
  readonly trackers?: readonly number[];
  readonly target?: { readonly type: 'all' | 'selected'; readonly tracker_ids?: readonly number[] };
  readonly format?: 'full' | 'compact';
  readonly rate_limit?: string;
  readonly sensor_type?: string;
  readonly include_components?: boolean;
}

const anyObject = Type.Unsafe<ParamObject>({ type: 'object' });
export const rootSchema = Type.Object({
  requests: Type.Optional(Type.Array(anyObject, { minItems: 1, maxItems: maxRequests })),
  // The form from before `requests`, which clients still send.
  events: Type.Optional(Type.Array(oneOf(eventTypes), { minItems: 1, maxItems: maxRequests })),
  trackers: Type.Optional(Type.Array(Type.Integer(), { maxItems: maxListed })),
});
const typeSchema = Type.Object({ type: oneOf(eventTypes) });
const isoSchema = Type.Object({ iso_datetime: Type.Boolean({ default: false }) });

/** Throws code 5 for anything but a JSON object. */
export function parseMessage(text: string): RequestData {
  if (text.trim() === '') throw new NavixyError(5);
  return new RequestData({}, parseJsonBody(text));
}

/** Throws code 112. */
export function actionOf(message: RequestData): Action {
  const action = actions.find((each) => each === message.get('action'));
  if (action === undefined) throw new NavixyError(112);
  return action;
}

export function wantsIso(message: RequestData): boolean {
  return readParams(isoSchema, unpackParams(isoSchema, message)).params.iso_datetime === true;
}

/** Throws code 7 with every fault of every request, and 5. What an `unsubscribe` leaves out means all of it. */
export function readWishes(action: Action, message: RequestData): Wish[] {
  const { params, violations } = readParams(rootSchema, unpackParams(rootSchema, message));
  const requests = violations.length > 0 ? [] : requestsOf(params, action);
  const wishes: Wish[] = [];
  const found: Violation[] = [...violations];
  if (requests === undefined) found.push({ parameter: 'requests', error: 'must not be null' });
  for (const request of requests ?? []) {
    const read = readWish(action, new RequestData({}, request));
    if (Array.isArray(read)) found.push(...read);
    else wishes.push(read as Wish);
  }
  if (found.length > 0) throw invalidParameters(found);
  return wishes;
}

/** The kinds of events a message names, for errors about it. */
export function typesIn(message: RequestData): EventType[] {
  const requests = message.get('requests');
  const named = Array.isArray(requests) ? requests.map((each) => (each as ParamObject | null)?.type) : [];
  const events = message.get('events');
  const all: unknown[] = [...named, ...(Array.isArray(events) ? events : [])];
  return eventTypes.filter((type) => all.includes(type));
}

function requestsOf(params: Static<typeof rootSchema>, action: Action): readonly ParamObject[] | undefined {
  const { requests, events, trackers } = params;
  if (requests !== undefined || events === undefined) return requests;
  if (action === 'unsubscribe' && trackers === undefined) return events.map((type) => ({ type }));
  const target = trackers === undefined ? { type: 'all' } : { type: 'selected', tracker_ids: trackers };
  return events.map((type) => (type === 'state' ? { type, trackers } : { type, target }));
}

function readWish(action: Action, request: RequestData): Wish | Violation[] {
  const kind = readParams(typeSchema, unpackParams(typeSchema, request));
  if (kind.violations.length > 0) return [...kind.violations];
  const { type } = kind.params;
  const schema: TSchema = action === 'subscribe' ? requestSchemas[type] : { ...requestSchemas[type], required: [] };
  const read = readParams(schema as TObject, unpackParams(schema as TObject, request));
  const params = read.params as RequestParams;
  const violations = [...read.violations, ...targetFaults(params)];
  return violations.length > 0 ? violations : toWish(type, params);
}

function targetFaults({ target }: RequestParams): Violation[] {
  if (target?.type !== 'selected' || target.tracker_ids !== undefined) return [];
  return [{ parameter: 'target', error: 'tracker_ids must not be null' }];
}

function toWish(type: EventType, params: RequestParams): Wish {
  const { target } = params;
  return {
    type,
    trackerIds: type === 'state' ? params.trackers : target?.type === 'selected' ? target.tracker_ids : undefined,
    isCompact: params.format === 'compact',
    rateLimitMs: type === 'state' ? 0 : durationMs(params.rate_limit ?? '1s'),
    sensorType: params.sensor_type,
    includeComponents: params.include_components ?? true,
  };
}
