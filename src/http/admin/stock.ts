/**
 * What the operator keeps for all accounts: tariffs, SIM cards, activation codes, bundles, clones, rules and vehicles. A POST takes an
 * item in the words of the setup file and makes or changes it.
 */
import { type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Transaction } from '../../store/contract.js';
import type { Registry } from '../../store/registry.js';
import { deleteClone, tiesOf } from '../../store/removal.js';
import type { TableName, Tables } from '../../store/rows.js';
import * as setup from '../../store/setup/schema.js';
import { masterOf } from '../../store/setup/users.js';
import { oneOf } from '../navixy/param-types.js';
import type { AdminOptions } from './dialect.js';
import { AdminError, notFound } from './errors.js';
import { answers, applyPart, documented, done, isoTime, nullable, page, pageOf, pageQuery, typed } from './route.js';

/** One kind of thing that is kept. */
interface Stock<N extends TableName> {
  readonly path: keyof typeof stockBodies;
  /** What one is called. */
  readonly noun: string;
  readonly table: N;
  /** Section of the setup. */
  readonly section: Exclude<keyof setup.Setup, 'licensespring'>;
  readonly item: TSchema;
  readonly show: (row: Tables[N], registry: Registry) => Record<string, unknown>;
  /** The only rows of the table that are meant. */
  readonly only?: (row: Tables[N]) => boolean;
  /** Ids are numbers. */
  readonly isNumbered: boolean;
  /** Throws `conflict` where it must stay. */
  readonly remove: (tx: Transaction, row: Tables[N]) => void;
}

const text = Type.String();
const int = Type.Integer();

/** How each kind is shown, by its path. */
export const stockBodies = {
  tariffs: { id: int, name: text, legal_type: nullable(text) },
  sims: { iccid: text, phone: text },
  'activation-codes': { code: text, tariff_id: nullable(int), used_at: nullable(text), tracker_id: nullable(int) },
  bundles: { imei: text, model: text, iccid: text, phone: text, account: text, activation_code: nullable(text) },
  clones: { id: int, label: text, of: text, account: text, source_id: int, group_id: int },
  rules: { id: int, account: text, tracker_ids: Type.Array(int) },
  vehicles: { id: int, account: text, tracker_ids: Type.Array(int) },
} satisfies Record<string, TProperties>;

export const outcomeSchema = Type.Object({
  outcome: oneOf(['created', 'updated', 'unchanged']),
});

const stocks = [
  stock({
    ...{ path: 'tariffs', noun: 'tariff', table: 'tariff', section: 'tariffs', item: setup.tariffSchema },
    show: (row) => ({ id: row.id, name: row.name, legal_type: row.legalType ?? null }),
    isNumbered: true,
    remove(tx, { id }) {
      for (const source of tx.registry.all('source')) {
        if (source.tariffId === id && source.corrupted !== true)
          throw new AdminError('conflict', 'a device has this tariff');
      }
      tx.remove('tariff', id);
    },
  }),
  stock({
    ...{ path: 'sims', noun: 'SIM card', table: 'sim', section: 'sims', item: setup.simSchema },
    show: (row) => ({ iccid: row.id, phone: row.phone }),
    isNumbered: false,
    remove: (tx, { id }) => tx.remove('sim', id),
  }),
  stock({
    ...{ path: 'activation-codes', noun: 'activation code', table: 'activationCode', section: 'activation_codes' },
    item: setup.activationCodeSchema,
    show: (row) => ({
      ...{ code: row.id, tariff_id: row.tariffId ?? null },
      ...{ used_at: isoTime(row.usedAt), tracker_id: row.trackerId ?? null },
    }),
    isNumbered: false,
    remove: (tx, { id }) => tx.remove('activationCode', id),
  }),
  stock({
    ...{ path: 'bundles', noun: 'bundle', table: 'bundle', section: 'bundles', item: setup.bundleSchema },
    show: (row, registry) => ({
      ...{ imei: row.id, model: row.model, iccid: row.iccid, phone: row.phone },
      ...{ account: loginOf(registry, row.accountId), activation_code: row.activationCode ?? null },
    }),
    isNumbered: false,
    remove: (tx, { id }) => tx.remove('bundle', id),
  }),
  stock({
    ...{ path: 'clones', noun: 'clone', table: 'tracker', section: 'clones', item: setup.cloneSchema },
    show: (row, registry) => ({
      ...{ id: row.id, label: row.label, of: registry.get('source', row.sourceId)?.deviceId ?? '' },
      ...{ account: loginOf(registry, row.accountId), source_id: row.sourceId, group_id: row.groupId },
    }),
    only: (row) => row.clone,
    isNumbered: true,
    remove(tx, row) {
      const { rules, vehicles } = tiesOf(tx.registry, row.id);
      if (rules.length + vehicles.length > 0)
        throw new AdminError('conflict', 'rules or vehicles are tied to the clone');
      deleteClone(tx, row);
    },
  }),
  stock({
    ...{ path: 'rules', noun: 'rule', table: 'rule', section: 'rules', item: setup.ruleSchema },
    show: (row, registry) => ({
      ...{ id: row.id, account: loginOf(registry, row.accountId), tracker_ids: [...row.trackerIds] },
    }),
    isNumbered: true,
    remove: (tx, { id }) => tx.remove('rule', id),
  }),
  stock({
    ...{ path: 'vehicles', noun: 'vehicle', table: 'vehicle', section: 'vehicles', item: setup.vehicleSchema },
    show: (row, registry) => ({
      ...{ id: row.id, account: loginOf(registry, row.accountId) },
      tracker_ids: [row.trackerId, ...(row.otherTrackerIds ?? [])],
    }),
    isNumbered: true,
    remove: (tx, { id }) => tx.remove('vehicle', id),
  }),
];

/** Types one row of the table above by its registry table, and then forgets it. */
function stock<N extends TableName>(declared: Stock<N>): Stock<TableName> {
  return declared as unknown as Stock<TableName>;
}

function loginOf(registry: Registry, accountId: number): string {
  const account = registry.get('account', accountId);
  return (account === undefined ? undefined : masterOf(registry, account)?.login) ?? '';
}

export function mountStock(scope: FastifyInstance, options: AdminOptions): void {
  for (const declared of stocks) mountOne(scope, options, declared);
}

function mountOne(scope: FastifyInstance, options: AdminOptions, declared: Stock<TableName>): void {
  const app = typed(scope);
  const { registry } = options.store;
  const { path, noun, table, section } = declared;
  const shown = Type.Object(stockBodies[path] as TProperties);

  const listing = documented(`Every ${noun}`, { querystring: pageQuery, response: answers(pageOf(shown)) });
  app.get(`/${path}`, { schema: listing }, ({ query }) => {
    const rows = [...registry.all(table)].filter((row) => declared.only?.(row) ?? true);
    rows.sort((left, right) => (left.id < right.id ? -1 : 1));
    return page(rows, query, (row) => declared.show(row, registry)) as never;
  });

  const making = documented(`Makes or changes a ${noun}, in the words of the setup file`, {
    body: declared.item,
    response: answers(outcomeSchema),
  });
  app.post(`/${path}`, { schema: making }, async ({ body }) => {
    const report = await applyPart(options, { [section]: [body] });
    const tally = report.sections[section];
    if (tally?.created === 1) return { outcome: 'created' as const };
    return { outcome: tally?.updated === 1 ? ('updated' as const) : ('unchanged' as const) };
  });

  const params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
  const deletion = documented(`Deletes a ${noun}`, { params, response: answers(done) });
  app.delete(`/${path}/:id`, { schema: deletion }, async (request) => {
    const { id } = request.params;
    await options.store.change((tx) => {
      const row = tx.registry.get(table, declared.isNumbered ? Number(id) : id);
      if (row === undefined || declared.only?.(row) === false) throw notFound(noun);
      declared.remove(tx, row);
    });
    return { done: true as const };
  });
}
