/**
 * Parts that routes of the operator's API share: how they are documented, ids in paths, pages of lists.
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { applySetup, type SetupReport } from '../../store/setup/apply.js';
import { checkSetup, type SetupFile } from '../../store/setup/read.js';
import type { Setup } from '../../store/setup/schema.js';
import type { AdminOptions } from './dialect.js';
import { adminErrorSchema } from './errors.js';

/** The instance with requests typed by their schemas. */
export function typed(app: FastifyInstance) {
  return app.withTypeProvider<TypeBoxTypeProvider>();
}

/** What is documented of every route: its one line, credential and errors. */
export function documented<const S extends object>(summary: string, schema: S) {
  return { tags: ['admin'], summary, security: [{ header: [] }], ...schema };
}

/** Answers by status: the good one, and errors in their one form. */
export function answers<S extends TSchema, const C extends 200 | 201 = 200>(schema: S, status?: C) {
  return { [status ?? 200]: schema, '4xx': adminErrorSchema, '5xx': adminErrorSchema } as Record<C, S>;
}

export const idParams = Type.Object({ id: Type.String({ pattern: '^[1-9]\\d{0,14}$', description: 'Id' }) });
export const done = Type.Object({ done: Type.Literal(true) });

const pageProperties = {
  limit: Type.Optional(Type.String({ pattern: '^([1-9]\\d{0,2}|1000)$', description: 'Most items, 1 to 1000; 100' })),
  offset: Type.Optional(Type.String({ pattern: '^\\d{1,9}$', description: 'Items passed over' })),
};
export const pageQuery = Type.Object(pageProperties);
type PageQuery = Static<typeof pageQuery>;

/** A query of a list with conditions of its own. */
export function pageQueryWith<P extends Record<string, TSchema>>(properties: P) {
  return Type.Object({ ...pageProperties, ...properties });
}

/** An answer with part of a list, and how long the whole is. */
export function pageOf<S extends TSchema>(item: S) {
  return Type.Object({ list: Type.Array(item), total: Type.Integer() });
}

export function page<T, R>(rows: readonly T[], query: PageQuery, show: (row: T) => R): { list: R[]; total: number } {
  const offset = Number(query.offset ?? 0);
  return { list: rows.slice(offset, offset + Number(query.limit ?? 100)).map(show), total: rows.length };
}

export function nullable<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
}

export function isoTime(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

/** Applies part of a setup and ends the sessions it makes void. Throws `SetupError`. */
export async function applyPart(options: AdminOptions, setup: Setup): Promise<SetupReport> {
  return applyFile(options, checkSetup(setup));
}

export async function applyFile(options: AdminOptions, file: SetupFile): Promise<SetupReport> {
  const report = await applySetup(options.store, file);
  for (const { sourceId, code } of report.sessionsToEnd) options.live.disconnect(sourceId, code);
  return report;
}
