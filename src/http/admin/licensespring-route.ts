/**
 * What the operator's routes about the licence API share: lists, making an item in the words of the setup file, deleting one.
 */
import { type Static, type TObject, type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Transaction } from '../../store/contract.js';
import type { Registry } from '../../store/registry.js';
import type { TableName, Tables } from '../../store/rows.js';
import type { SetupLicenseSpring } from '../../store/setup/licensespring-schema.js';
import type { Section } from '../../store/setup/work.js';
import type { AdminOptions } from './dialect.js';
import { notFound } from './errors.js';
import { answers, applyPart, documented, done, page, pageOf, pageQuery, typed } from './route.js';

/** Under `/admin`. */
export const licensingRoot = '/licensespring';

/** Ids of the licence API have 16 digits. */
export const licensingId = Type.String({ pattern: '^[1-9]\\d{0,15}$', description: 'Id' });
export const licensingIdParams = Type.Object({ id: licensingId });
export const outcomeSchema = Type.Object({ outcome: Type.String({ description: 'created, updated or unchanged' }) });

interface Listing<N extends TableName, S extends TSchema> {
  readonly path: string;
  readonly table: N;
  readonly item: S;
  readonly show: (row: Tables[N]) => Static<S>;
}

/** Everything of a table, by id. */
export function mountList<N extends TableName, S extends TSchema>(
  scope: FastifyInstance,
  { store }: AdminOptions,
  { path, table, item, show }: Listing<N, S>,
): void {
  const schema = documented(`Licence API: ${path}`, { querystring: pageQuery, response: answers(pageOf(item)) });
  typed(scope).get(`${licensingRoot}/${path}`, { schema }, ({ query }) => {
    const rows = [...store.registry.all(table)].sort((left, right) => (left.id < right.id ? -1 : 1));
    return page(rows, query, show) as never;
  });
}

interface Making<S extends TObject> {
  readonly path: string;
  readonly summary: string;
  readonly item: S;
  readonly section: Section;
  /** The part of a setup that declares this item alone. */
  readonly part: (item: Static<S>) => SetupLicenseSpring;
}

export function mountMaking<S extends TObject>(
  scope: FastifyInstance,
  options: AdminOptions,
  { path, summary, item, section, part }: Making<S>,
): void {
  const schema = documented(`${summary}, in the words of the setup file`, {
    body: item as TSchema,
    response: answers(outcomeSchema),
  });
  typed(scope).post(`${licensingRoot}/${path}`, { schema }, async ({ body }) =>
    made(options, section, part(body as Static<S>)),
  );
}

/** Applies part of a setup; what became of the items of one section. Throws `SetupError`. */
export async function made(options: AdminOptions, section: Section, part: SetupLicenseSpring) {
  const tally = (await applyPart(options, { licensespring: part })).sections[section];
  if (tally?.created === 1) return { outcome: 'created' };
  return { outcome: tally?.updated === 1 ? 'updated' : 'unchanged' };
}

interface Deletion {
  readonly path: string;
  /** Names one item by `id`. */
  readonly params: TObject;
  readonly noun: string;
  /** Throws `not_found` and `conflict`. */
  readonly remove: (tx: Transaction, params: { readonly id: string }) => void;
}

export function mountDeletion(scope: FastifyInstance, options: AdminOptions, deletion: Deletion): void {
  const { path, params, noun, remove } = deletion;
  const schema = documented(`Deletes a ${noun}`, { params: params as TSchema, response: answers(done) });
  typed(scope).delete(`${licensingRoot}/${path}/:id`, { schema }, async (request) => {
    await options.store.change((tx) => remove(tx, request.params as { readonly id: string }));
    return { done: true as const };
  });
}

/** The row of an id. Throws `not_found`. */
export function required<N extends TableName>(registry: Registry, table: N, id: string, noun: string): Tables[N] {
  const row = registry.get(table, Number(id));
  if (row === undefined) throw notFound(noun);
  return row;
}

export function codeOf(registry: Registry, productId: number): string {
  return registry.get('licenseProduct', productId)?.code ?? '';
}
