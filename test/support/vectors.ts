/**
 * Captured frames from outside the repository: one `<protocol>.jsonl` for each protocol in the folder that `MILEPOST_VECTORS` names.
 * Nothing of them is kept here; tests know a frame by its case id only, the first 12 hex digits of the SHA-1 of its bytes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CapturedSession, type DecodedFrame } from '../../src/cli/frames.js';
import { models } from '../../src/domain/models.js';
import type { Protocol, Transport } from '../../src/protocols/protocol.js';

export const capturesDir = process.env.MILEPOST_VECTORS;

export type CapturedValue = number | string | boolean | null | { readonly [key: string]: unknown };

export interface Expectation {
  readonly kind: 'position' | 'positions' | 'attributes' | 'attribute' | 'notnull' | 'null';
  readonly time?: string;
  readonly valid?: boolean;
  readonly lat?: number;
  readonly lon?: number;
  readonly location?: boolean;
  readonly attribute?: { readonly name: string; readonly value: CapturedValue };
}

interface CommonRow {
  readonly case: string;
  readonly session: number;
  readonly seq: number;
}

export interface DecodeRow extends CommonRow {
  readonly kind: 'decode';
  readonly needs: readonly number[];
  readonly context?: boolean;
  readonly encoding: 'hex' | 'text';
  readonly frame: string;
  readonly integrity?: 'bad';
  readonly options?: { readonly model?: string; readonly transport?: Transport };
  readonly expect?: Expectation;
}

export interface FrameRow extends CommonRow {
  readonly kind: 'frame';
  readonly input: string;
  readonly expectedFrame: string | null;
  readonly thenFrames?: readonly string[];
}

export type CapturedRow = DecodeRow | FrameRow;

/** Rows of a protocol; none when its file is not there. */
export function capturesOf(protocol: string): CapturedRow[] {
  return linesOf<CapturedRow>(`${protocol}.jsonl`);
}

/** One message as another server reads the frame, in its names and units. */
export interface ReferenceMessage {
  readonly time?: string;
  readonly deviceId?: string;
  readonly position?: {
    readonly lat: number;
    readonly lng: number;
    readonly valid: boolean;
    readonly speed?: number;
    readonly heading?: number;
    readonly alt?: number;
    readonly satellites?: number;
  };
  readonly attributes?: Readonly<Record<string, CapturedValue>>;
  readonly volatile?: unknown;
  /** It kept the last place it knew. */
  readonly outdated?: boolean;
}

export interface ReferenceRow {
  /** protocol/session/seq. */
  readonly id: string;
  readonly case: string;
  readonly messages: readonly ReferenceMessage[];
}

/** What another server makes of the same frames. */
export function referenceOf(protocol: string): ReferenceRow[] {
  return linesOf<ReferenceRow>(join('reference', `${protocol}.jsonl`));
}

function linesOf<T>(name: string): T[] {
  if (capturesDir === undefined) return [];
  const path = join(capturesDir, name);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

/** "Now" for captured frames: after the last of them was taken. */
const receivedAt = Date.UTC(2026, 11, 1);

/** Decodes a row as on a fresh connection, fed with the rows it needs first. */
export function decodeCaptured(protocol: Protocol, row: DecodeRow, rows: readonly CapturedRow[]): DecodedFrame {
  const session = new CapturedSession(protocol);
  const before = rows.filter(
    (each): each is DecodeRow => each.kind === 'decode' && each.session === row.session && row.needs.includes(each.seq),
  );
  for (const each of before) session.decode(bytesOf(each), optionsOf(each));
  return session.decode(bytesOf(row), optionsOf(row));
}

function bytesOf(row: DecodeRow): Buffer {
  return row.encoding === 'hex' ? Buffer.from(row.frame, 'hex') : Buffer.from(row.frame, 'utf8');
}

function optionsOf({ options = {} }: DecodeRow): { receivedAt: number; transport?: Transport; model?: string } {
  const { transport, model } = options;
  return {
    receivedAt,
    ...(transport === undefined ? {} : { transport }),
    ...(model === undefined ? {} : { model: catalogueCode(model) }),
  };
}

/** The code of a model that is known by its vendor's name; the name itself when the catalogue has no such model. */
function catalogueCode(name: string): string {
  const plain = (text: string | null) => (text ?? '').toLowerCase().replace(/[^a-z0-9]/g, '');
  const wanted = plain(name);
  return models.find((each) => plain(each.code).endsWith(wanted) || plain(each.name).endsWith(wanted))?.code ?? name;
}
