/**
 * Commands to units: what became of each, what the unit answered, and taking one back. A source remembers those under way and the last
 * hundred that ended.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { cancel, commandStates } from '../../downlink/queue.js';
import type { Registry } from '../../store/registry.js';
import type { CommandRow } from '../../store/rows.js';
import type { AdminOptions } from './dialect.js';
import { AdminError, notFound } from './errors.js';
import { answers, documented, idParams, isoTime, nullable, page, pageOf, pageQueryWith, typed } from './route.js';

const isoOrNull = (description: string) => nullable(Type.String({ description: `${description}, ISO 8601` }));

export const commandBodySchema = Type.Object({
  id: Type.Integer(),
  source_id: Type.Integer(),
  device_id: Type.String({ description: 'Identity on the wire' }),
  account_id: Type.Integer({ description: 'Who sent it' }),
  kind: Type.String({ description: 'text, raw, output, position or lock' }),
  command: Type.String({ description: 'What the unit is told, for people; bytes as hex' }),
  via: Type.String({ description: 'link or sms' }),
  reliable: Type.Boolean({ description: 'Sent again after each login until it is answered' }),
  state: Type.String({ description: commandStates.join(', ') }),
  attempts: Type.Integer(),
  result: nullable(Type.String({ description: 'The answer of the unit, or the code of what went wrong' })),
  created_at: isoOrNull('When it was accepted'),
  expires_at: isoOrNull('When it is given up'),
  sent_at: isoOrNull('When it was last sent'),
  ended_at: isoOrNull('When it came to its end'),
});

export function mountCommands(scope: FastifyInstance, options: AdminOptions): void {
  const app = typed(scope);
  const { store } = options;

  const listing = documented('Commands to units, the newest first', {
    querystring: pageQueryWith({
      source: Type.Optional(Type.String({ pattern: '^\\d{1,15}$', description: 'Id of the source' })),
      device_id: Type.Optional(Type.String({ description: 'Identity on the wire' })),
      state: Type.Optional(Type.Union(commandStates.map((state) => Type.Literal(state)))),
    }),
    response: answers(pageOf(commandBodySchema)),
  });
  app.get('/commands', { schema: listing }, ({ query }) => {
    const { registry } = store;
    const sourceId =
      query.device_id === undefined ? query.source : (registry.sourceByDeviceId(query.device_id)?.id ?? 0);
    const all = sourceId === undefined ? registry.all('command') : registry.commandsOfSource(Number(sourceId));
    const rows = [...all].filter(({ state }) => query.state === undefined || state === query.state);
    rows.sort((left, right) => right.id - left.id);
    return page(rows, query, (row) => commandBody(registry, row));
  });

  const reading = documented('One command, with the answer', {
    params: idParams,
    response: answers(commandBodySchema),
  });
  app.get('/commands/:id', { schema: reading }, ({ params }) => bodyOf(store.registry, params.id));

  const cancelling = documented('Takes a command back; one that is on its way may still be carried out', {
    params: idParams,
    response: answers(commandBodySchema),
  });
  app.post('/commands/:id/cancel', { schema: cancelling }, async ({ params }) => {
    requireCommand(store.registry, params.id);
    const isCancelled = await store.change((tx) => cancel(tx, Number(params.id)));
    if (!isCancelled) throw new AdminError('conflict', 'the command has ended');
    return bodyOf(store.registry, params.id);
  });
}

function bodyOf(registry: Registry, id: string): Static<typeof commandBodySchema> {
  return commandBody(registry, requireCommand(registry, id));
}

/** Throws `not_found`. */
function requireCommand(registry: Registry, id: string): CommandRow {
  const row = registry.get('command', Number(id));
  if (row === undefined) throw notFound('command');
  return row;
}

function commandBody(registry: Registry, row: CommandRow): Static<typeof commandBodySchema> {
  return {
    id: row.id,
    source_id: row.sourceId,
    device_id: registry.get('source', row.sourceId)?.deviceId ?? '',
    account_id: row.accountId,
    kind: String(row.command.kind),
    command: wordsOf(row.command),
    via: row.via,
    reliable: row.reliable,
    state: row.state,
    attempts: row.attempts,
    result: row.result ?? null,
    created_at: isoTime(row.createdAt),
    expires_at: isoTime(row.expiresAt),
    sent_at: isoTime(row.sentAt),
    ended_at: isoTime(row.endedAt),
  };
}

/** Passwords of locks are not shown. */
function wordsOf({ kind, text, hex, output, enable, seal }: CommandRow['command']): string {
  if (kind === 'text') return String(text);
  if (kind === 'raw') return String(hex);
  if (kind === 'output') return `output ${output} ${enable === true ? 'on' : 'off'}`;
  return kind === 'lock' ? (seal === true ? 'seal' : 'unseal') : String(kind);
}
