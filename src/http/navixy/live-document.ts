/**
 * What the OpenAPI document says of live events: the way to the WebSocket, and the messages of both sides as schemas. Those of requests
 * are the ones that are read by; those of events are made of the schemas of the calls that answer the same.
 */
import { type TSchema, Type } from '@sinclair/typebox';
import { dateTime, errorExtras, errorSchema, stateSchema } from './bodies.js';
import { stateShapes } from './live/limits.js';
import { liveEventsName } from './live/route.js';
import { standings } from './live/standing.js';
import { actions, eventTypes, requestSchemas, rootSchema } from './live/wishes.js';
import { dictionary, nullable, oneOf } from './param-types.js';
import { readingsObject } from './readings-body.js';

/** One of several forms. The validator of the calls knows only single types, so these schemas are for the document alone. */
const anyOf = (...forms: TSchema[]) => Type.Unsafe({ anyOf: forms });

const requestForms = eventTypes.map((type) => {
  const { properties, required = [] } = requestSchemas[type];
  const needed = required.filter((name) => properties[name]?.default === undefined);
  return { type: 'object', properties: { type: Type.Literal(type), ...properties }, required: ['type', ...needed] };
});

/** Texts that clients send. */
const requestSchema = {
  type: 'object',
  properties: {
    action: oneOf(actions),
    hash: Type.String({ description: 'Session hash or API key; each message has its own' }),
    iso_datetime: Type.Boolean({ default: false, description: 'Dates of the events as ISO 8601' }),
    ...rootSchema.properties,
    requests: { ...rootSchema.properties.requests, items: { anyOf: requestForms } },
    events: { ...rootSchema.properties.events, deprecated: true },
    trackers: { ...rootSchema.properties.trackers, deprecated: true },
  },
  required: ['action', 'hash'],
};

const actionName = oneOf(actions.map((action) => `subscription/${action}`));

const responseSchema = Type.Object({
  type: Type.Literal('response'),
  action: actionName,
  events: Type.Array(oneOf(eventTypes)),
  data: Type.Partial(
    Type.Object(
      Object.fromEntries(
        eventTypes.map((type) => [
          type,
          Type.Object({
            success: Type.Literal(true),
            value: dictionary(oneOf(standings), { description: 'By tracker id' }),
          }),
        ]),
      ),
    ),
  ),
});

const errorMessageSchema = Type.Object({
  type: Type.Literal('error'),
  action: anyOf(actionName, Type.Literal('null')),
  status: Type.Object({ code: Type.Integer(), description: Type.String() }),
  errors: Type.Optional(errorExtras[7].errors),
  data: Type.Optional(
    Type.Object({ events: Type.Array(oneOf(eventTypes)) }, { description: 'What the message was about' }),
  ),
});

const compactKeys = [
  ...(['source_id', 'gps', 'connection_status', 'movement_status', 'movement_status_update'] as const),
  ...(['ignition', 'ignition_update', 'last_update'] as const),
] as const;
const stateForms: readonly TSchema[] = [stateSchema, Type.Pick(stateSchema, compactKeys)];
const itemType = { type: Type.Literal('source_state_event') };

/** A state in a batch, as each of the settings has it. */
const batchItems: Readonly<Record<(typeof stateShapes)[number], readonly TSchema[]>> = {
  merged: stateForms.map((state) => Type.Object({ ...itemType, state, ...state.properties })),
  documented: stateForms,
  wrapped: stateForms.map((state) => Type.Object({ ...itemType, state })),
};

const entries = dictionary(
  Type.Array(Type.Object({ msg_time: Type.String(), srv_time: Type.String(), value: nullable(Type.String()) })),
  { description: 'By name; newest first, ISO 8601 in UTC' },
);

const eventOf = (event: string, data: TSchema) =>
  Type.Object({ type: Type.Literal('event'), event: Type.Literal(event), user_time: dateTime, data });

const eventForms = [
  eventOf('state', anyOf(...stateForms)),
  eventOf('state_batch', Type.Array(anyOf(...stateShapes.flatMap((shape) => batchItems[shape])))),
  eventOf('readings_batch', Type.Array(dictionary(readingsObject, { description: 'By tracker id' }))),
  eventOf(
    'iot_monitor',
    Type.Object({
      iot_last_values: Type.Array(
        Type.Object({ tracker_id: Type.Integer(), nonnull_fields: entries, all_fields: entries }),
      ),
    }),
  ),
  Type.Object({
    type: Type.Literal('event'),
    event: Type.Literal('lifecycle'),
    data: Type.Object({ source_id: Type.Integer(), lifecycle_event: oneOf(['block', 'unblock', 'corrupt']) }),
  }),
  Type.Object({ type: Type.Literal('event'), event: Type.Literal('logout'), data: Type.Literal('session closed') }),
];

/** Schemas of the document. */
export const liveSchemas: Readonly<Record<'LiveRequest' | 'LiveResponse' | 'LiveError' | 'LiveEvent', object>> = {
  LiveRequest: requestSchema,
  LiveResponse: responseSchema,
  LiveError: errorMessageSchema,
  LiveEvent: anyOf(...eventForms),
};

const reference = (name: keyof typeof liveSchemas) => ({ $ref: `#/components/schemas/${name}` });

const description = `A WebSocket. Connecting needs no credential; every message of the client, a JSON text of the form \`LiveRequest\`, has its own. It
is answered with a \`LiveResponse\` or a \`LiveError\`; then come \`LiveEvent\`s. With \`X-atmo-protocol=true\` there are besides, as plain text,
Atmosphere's handshake \`<uuid>|30000|X|\` and a heartbeat \`X\` every 30 seconds.`;

const refusal = (told: string) => ({
  description: told,
  content: { 'application/json': { schema: errorSchema } },
});

/** Paths of the document that are no calls. */
export const livePaths = {
  [`/${liveEventsName}`]: {
    get: {
      operationId: 'eventSubscription',
      summary: 'States and readings as they change, over a WebSocket',
      description,
      tags: ['event'],
      security: [],
      parameters: [
        {
          name: 'X-atmo-protocol',
          in: 'query',
          schema: { type: 'boolean', default: false },
          description: 'The client speaks the protocol of the Atmosphere framework',
        },
      ],
      responses: {
        101: { description: 'The connection is a WebSocket from now on' },
        400: refusal('112 Wrong method: the request asks for no WebSocket'),
        429: refusal('15 Too many requests (rate limit exceeded), or too many connections'),
      },
      'x-websocket': {
        client: reference('LiveRequest'),
        server: { anyOf: [reference('LiveResponse'), reference('LiveError'), reference('LiveEvent')] },
      },
    },
  },
};
