/**
 * Sources: the physical boxes of all accounts. Blocking one takes effect at once: its session ends, and its data is refused.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { isAnywhereBlacklisted } from '../../store/licensing/find.js';
import type { Registry } from '../../store/registry.js';
import type { SourceRow } from '../../store/rows.js';
import type { AdminOptions } from './dialect.js';
import { notFound } from './errors.js';
import { answers, documented, idParams, isoTime, nullable, page, pageOf, pageQueryWith, typed } from './route.js';

export const sourceBodySchema = Type.Object({
  id: Type.Integer(),
  device_id: Type.String({ description: 'Identity on the wire' }),
  account_id: Type.Integer(),
  model: Type.String(),
  protocol: Type.String(),
  phone: nullable(Type.String()),
  tariff_id: Type.Integer(),
  blocked: Type.Boolean(),
  blacklisted: Type.Boolean({ description: 'By the licence API, for any product' }),
  corrupted: Type.Boolean({ description: 'Deleted for good, or replaced' }),
  tracker_ids: Type.Array(Type.Integer(), { description: 'Clones included' }),
  connected: Type.Boolean(),
  heard_at: nullable(Type.String({ description: 'When something was last received, ISO 8601' })),
  created_at: nullable(Type.String({ description: 'ISO 8601' })),
});

export function mountSources(scope: FastifyInstance, options: AdminOptions): void {
  const app = typed(scope);
  const { store } = options;
  const flag = Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')]));

  const listing = documented('Devices of all accounts', {
    querystring: pageQueryWith({
      device_id: Type.Optional(Type.String()),
      account_id: Type.Optional(Type.String({ pattern: '^\\d{1,15}$' })),
      blocked: flag,
    }),
    response: answers(pageOf(sourceBodySchema)),
  });
  app.get('/sources', { schema: listing }, ({ query }) => {
    const rows = [...store.registry.all('source')].filter(
      (source) =>
        (query.device_id === undefined || source.deviceId === query.device_id) &&
        (query.account_id === undefined || source.accountId === Number(query.account_id)) &&
        (query.blocked === undefined || source.blocked === (query.blocked === 'true')),
    );
    rows.sort((left, right) => left.id - right.id);
    return page(rows, query, (source) => sourceBody(options, source));
  });

  const reading = documented('One device', { params: idParams, response: answers(sourceBodySchema) });
  app.get('/sources/:id', { schema: reading }, ({ params }) =>
    sourceBody(options, requireSource(store.registry, params.id)),
  );

  for (const [action, blocked] of [
    ['block', true],
    ['unblock', false],
  ] as const) {
    const summary = blocked ? 'Refuses the data of a device from now on' : 'Takes the data of a device again';
    const schema = documented(summary, { params: idParams, response: answers(sourceBodySchema) });
    app.post(`/sources/:id/${action}`, { schema }, async ({ params }) => {
      await store.change((tx) => {
        const source = requireSource(tx.registry, params.id);
        if (source.blocked !== blocked) tx.put('source', { ...source, blocked });
      });
      const source = requireSource(store.registry, params.id);
      if (blocked) options.live.disconnect(source.id, 'blocked_unit');
      return sourceBody(options, source);
    });
  }
}

/** Throws `not_found`. */
function requireSource(registry: Registry, id: string): SourceRow {
  const source = registry.get('source', Number(id));
  if (source === undefined) throw notFound('source');
  return source;
}

function sourceBody({ store, live }: AdminOptions, source: SourceRow): Static<typeof sourceBodySchema> {
  const heardAt = store.stateOf(source.id)?.heardAt;
  return {
    id: source.id,
    device_id: source.deviceId,
    account_id: source.accountId,
    model: source.model,
    protocol: source.protocol,
    phone: source.phone,
    tariff_id: source.tariffId,
    blocked: source.blocked,
    blacklisted: isAnywhereBlacklisted(store.registry, source.deviceId),
    corrupted: source.corrupted === true,
    tracker_ids: store.registry
      .trackersOfSource(source.id)
      .map(({ id }) => id)
      .sort((left, right) => left - right),
    connected: live.isConnected(source.id),
    heard_at: heardAt === undefined || heardAt <= 0 ? null : isoTime(heardAt),
    created_at: isoTime(source.createdAt),
  };
}
