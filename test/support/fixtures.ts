/**
 * Loads the vectors of `fixtures/<protocol>/*.json`: frames with what a decoder should make of them. `fixtures/README.md` describes
 * the format. A file that does not keep to it fails the load, with its name.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { FieldValue, Position, StateUpdate } from '../../src/domain/update.js';
import { type ErrorCode, errorTable } from '../../src/errors.js';
import type { DecodeContext, Protocol, Transport } from '../../src/protocols/protocol.js';

const isoTime = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})?Z$' });
const optionalNumber = Type.Optional(Type.Union([Type.Number(), Type.Null()]));
const strict = { additionalProperties: false };

const positionSchema = Type.Object(
  {
    lat: Type.Union([Type.Number(), Type.Null()]),
    lng: Type.Union([Type.Number(), Type.Null()]),
    valid: Type.Boolean(),
    speedKmh: optionalNumber,
    headingDeg: optionalNumber,
    altitudeM: optionalNumber,
    satellites: optionalNumber,
  },
  strict,
);

const updateSchema = Type.Object(
  {
    at: isoTime,
    timed: Type.Optional(Type.Boolean()),
    backlog: Type.Optional(Type.Boolean()),
    position: Type.Union([positionSchema, Type.Null()]),
    values: Type.Record(Type.String(), Type.Unknown()),
  },
  strict,
);

const vectorSchema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    source: Type.String({ minLength: 1 }),
    direction: Type.Union([Type.Literal('up'), Type.Literal('down')]),
    transport: Type.Optional(Type.Union([Type.Literal('tcp'), Type.Literal('udp')])),
    context: Type.Optional(
      Type.Object(
        {
          deviceId: Type.Optional(Type.String()),
          model: Type.Optional(Type.String()),
          session: Type.Optional(Type.String()),
          receivedAt: Type.Optional(isoTime),
        },
        strict,
      ),
    ),
    hex: Type.Optional(Type.String({ pattern: '^([0-9a-fA-F]{2})*$' })),
    text: Type.Optional(Type.String()),
    type: Type.Optional(Type.String()),
    updates: Type.Optional(Type.Array(updateSchema)),
    reply: Type.Optional(Type.Union([Type.String({ pattern: '^([0-9a-fA-F]{2})*$' }), Type.Null()])),
    mirror: Type.Optional(Type.Boolean()),
    error: Type.Optional(Type.Union((Object.keys(errorTable) as ErrorCode[]).map((code) => Type.Literal(code)))),
    note: Type.Optional(Type.String()),
  },
  strict,
);

const fileSchema = Type.Object({ protocol: Type.String(), vectors: Type.Array(vectorSchema) }, strict);

/** One vector, ready to use. */
export interface Vector {
  /** `login.json: codec 8, one record`. */
  readonly title: string;
  readonly protocol: string;
  readonly source: string;
  readonly direction: 'up' | 'down';
  readonly context: DecodeContext;
  readonly bytes: Buffer;
  readonly type: string | undefined;
  readonly updates: readonly ExpectedUpdate[] | undefined;
  /** Hex, null for no reply, undefined where the vector does not say. */
  readonly reply: string | null | undefined;
  readonly mirror: boolean;
  readonly error: ErrorCode | undefined;
}

export type ExpectedUpdate = Static<typeof updateSchema>;

/** When vectors without a time of receipt arrive. */
export const defaultReceivedAt = Date.UTC(2026, 0, 1);

export const fixturesDir = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** Every vector of a protocol, file by file. Throws for a file that breaks the format. */
export function vectorsOf(protocol: string): Vector[] {
  const dir = join(fixturesDir, protocol);
  if (!existsSync(dir)) return [];
  const files = readdirSync(dir).filter((name) => name.endsWith('.json'));
  return files.sort().flatMap((name) => loadFile(join(dir, name), protocol));
}

function loadFile(path: string, protocol: string): Vector[] {
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const fault = Value.Errors(fileSchema, parsed).First();
  if (fault !== undefined) throw new Error(`${path} ${fault.path}: ${fault.message}`);
  const file = parsed as Static<typeof fileSchema>;
  if (file.protocol !== protocol) throw new Error(`${path}: protocol ${file.protocol}, expected ${protocol}`);
  return file.vectors.map((row) => vectorFrom(row, basename(path), protocol));
}

function vectorFrom(row: Static<typeof vectorSchema>, file: string, protocol: string): Vector {
  if ((row.hex === undefined) === (row.text === undefined)) throw new Error(`${file} ${row.name}: either hex or text`);
  const { deviceId, model, session, receivedAt } = row.context ?? {};
  return {
    title: `${file}: ${row.name}`,
    protocol,
    source: row.source,
    direction: row.direction,
    context: {
      transport: (row.transport ?? 'tcp') as Transport,
      receivedAt: receivedAt === undefined ? defaultReceivedAt : Date.parse(receivedAt),
      deviceId,
      model,
      session: session ?? '',
    },
    bytes: row.hex === undefined ? Buffer.from(row.text as string) : Buffer.from(row.hex, 'hex'),
    type: row.type,
    updates: row.updates,
    reply: typeof row.reply === 'string' ? row.reply.toLowerCase() : row.reply,
    mirror: row.mirror ?? false,
    error: row.error,
  };
}

/** What may be known of the session once this message is read: its own identity, and what it changes. */
export function contextAfter(
  protocol: Protocol,
  message: ReturnType<Protocol['decode']>,
  before: DecodeContext,
): DecodeContext {
  const deviceId = before.deviceId ?? protocol.identify(message, before)?.deviceId;
  const context = { ...before, deviceId };
  return { ...context, session: protocol.nextSession?.(message, context) ?? context.session };
}

/** An update as vectors write it, for comparison and for people. Members without a value are left out. */
export function writtenUpdate(update: StateUpdate): Required<ExpectedUpdate> {
  const values: Record<string, FieldValue> = {};
  update.names.forEach((name, i) => {
    Object.defineProperty(values, name, { value: update.values[i], enumerable: true, configurable: true });
  });
  return {
    at: new Date(update.at).toISOString(),
    timed: update.timed,
    backlog: update.backlog,
    position: update.position === null ? null : writtenPosition(update.position),
    values,
  };
}

/** A vector's update with its defaults filled in, in the form of `writtenUpdate`. */
export function expectedUpdate(update: ExpectedUpdate): Required<ExpectedUpdate> {
  return {
    at: new Date(update.at).toISOString(),
    timed: update.timed ?? true,
    backlog: update.backlog ?? false,
    position: update.position === null ? null : writtenPosition(update.position),
    values: update.values,
  };
}

type WrittenPosition = NonNullable<ExpectedUpdate['position']>;

/** Coordinates to 1e-7 degrees: what finer digits say depends on who divides. */
function writtenPosition(position: WrittenPosition | Position): WrittenPosition {
  const { lat, lng, valid, ...rest } = position;
  const known = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null);
  return { lat: rounded(lat), lng: rounded(lng), valid, ...Object.fromEntries(known) };
}

function rounded(degrees: number | null): number | null {
  return degrees === null ? null : Math.round(degrees * 1e7) / 1e7;
}
