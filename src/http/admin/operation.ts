/**
 * For whoever runs the gateway: applying a whole setup, units that were turned away lately, and copies of the journal.
 */
import { type TProperties, Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { SetupReport } from '../../store/setup/apply.js';
import { checkSetup, readSetup, type SetupFile } from '../../store/setup/read.js';
import { setupSchema } from '../../store/setup/schema.js';
import { sections } from '../../store/setup/work.js';
import type { AdminOptions } from './dialect.js';
import { AdminError } from './errors.js';
import { answers, applyFile, documented, isoTime, nullable, typed } from './route.js';

/** A setup with some ten thousand devices. */
const setupMaxBytes = 16 * 1024 * 1024;

export const tallySchema = Type.Object({ created: Type.Integer(), updated: Type.Integer(), unchanged: Type.Integer() });
const reportProperties: TProperties = Object.fromEntries(sections.map((name) => [name, Type.Optional(tallySchema)]));
const reportSchema = Type.Object({
  changed: Type.Boolean({ description: 'False when everything was so already' }),
  sections: Type.Object(reportProperties, { description: 'What became of the items of each section' }),
});

export function mountOperation(scope: FastifyInstance, options: AdminOptions): void {
  scope.register(async (inner) => mountSetup(inner, options));
  mountRefused(scope, options);
  mountBackup(scope, options);
}

function mountSetup(scope: FastifyInstance, options: AdminOptions): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'string' }, async (request: FastifyRequest, text: string) => {
    return /^application\/(?:[\w.-]+\+)?json/i.test(request.headers['content-type'] ?? '')
      ? fromJson(text)
      : fromText(text);
  });
  // The text is judged as a setup, so that problems are told by their lines.
  scope.setValidatorCompiler(() => () => true);
  const schema = documented(
    'Applies a setup, given as JSON or, with any other content type, as YAML. All of it or nothing',
    {
      body: setupSchema,
      consumes: ['application/json', 'application/yaml'],
      response: answers(reportSchema),
    },
  );
  scope.post('/setup', { schema, bodyLimit: setupMaxBytes }, async (request) => {
    if (request.body === undefined) throw new AdminError('invalid_request', 'there is no setup');
    return reportBody(await applyFile(options, request.body as SetupFile));
  });
}

function fromText(text: string): SetupFile {
  return readSetup(text, { name: 'setup', env: undefined });
}

/** JSON is read by the faster parser, which knows no lines; what it cannot read goes to the one that does. */
function fromJson(text: string): SetupFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fromText(text);
  }
  return checkSetup(value);
}

function reportBody(report: SetupReport) {
  return { changed: report.isChanged, sections: report.sections };
}

export const refusedSchema = Type.Object({
  identity: nullable(Type.String({ description: 'What the unit called itself; null when it did not come so far' })),
  address: Type.String({ description: 'Where it came from last' }),
  protocol: nullable(Type.String()),
  reason: Type.String({ description: 'Error code: unknown_unit, blocked_unit, wrong_protocol ...' }),
  count: Type.Integer(),
  first_at: nullable(Type.String({ description: 'ISO 8601' })),
  last_at: nullable(Type.String({ description: 'ISO 8601' })),
});

function mountRefused(scope: FastifyInstance, options: AdminOptions): void {
  const schema = documented('Units that were turned away since the start, the last one first', {
    querystring: Type.Object({ identity: Type.Optional(Type.String({ description: 'Only this one' })) }),
    response: answers(Type.Object({ list: Type.Array(refusedSchema) })),
  });
  typed(scope).get('/refused', { schema }, ({ query }) => {
    const units = options.refused.recent();
    const wanted = query.identity === undefined ? units : units.filter(({ identity }) => identity === query.identity);
    return {
      list: wanted.map(({ firstAt, lastAt, ...unit }) => ({
        ...unit,
        first_at: isoTime(firstAt),
        last_at: isoTime(lastAt),
      })),
    };
  });
}

export const backupRequest = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$',
        description: 'Name of the copy; the time where it is left out',
      }),
    ),
  },
  { additionalProperties: false },
);

export const backupMade = Type.Object({ path: Type.String(), size_bytes: Type.Integer() });

function mountBackup(scope: FastifyInstance, options: AdminOptions): void {
  const schema = documented('Copies the journal to `backups/NAME` of the data directory, as it is at one moment', {
    body: backupRequest,
    response: answers(backupMade, 201),
  });
  typed(scope).post('/backup', { schema }, async ({ body }, reply) => {
    if (options.backUp === undefined) throw new AdminError('conflict', 'nothing is kept on disk');
    const now = new Date(options.clock.now()).toISOString();
    const name = (body as { name?: string } | undefined)?.name ?? now.replace(/[:.]/g, '-');
    const made = await options.backUp(name);
    reply.code(201);
    return { path: made.path, size_bytes: made.sizeBytes };
  });
}
