/**
 * `milepost export`: what the journal keeps, oldest record first, as JSON lines, CSV or GPX. It only reads, so it runs beside a gateway.
 *
 * Two passes keep memory small: the first notes the time and place of every record (some 30 bytes each), the second decodes them again
 * in order of their times. A record that was sent twice is printed once: same unit, same time, same content.
 */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type MessageJson, messageJson } from '../domain/message-json.js';
import type { StateUpdate } from '../domain/update.js';
import { decodeKept } from '../ingest/decoder.js';
import type { Engine } from '../store/engine.js';
import { readEntries } from '../store/entries.js';
import { keptFrames } from '../store/history.js';
import { LmdbEngine } from '../store/lmdb-engine.js';
import { csvWriter, gpxWriter, jsonlWriter, type RecordWriter } from './export-formats.js';
import { type CliIo, UsageError, writeLine } from './io.js';

interface ExportOptions {
  readonly dataDir: string;
  readonly unit?: string;
  readonly from?: string;
  readonly to?: string;
  readonly format: 'jsonl' | 'csv' | 'gpx';
}

/** A kept record as it is printed. */
export type ExportedRecord = MessageJson & { readonly unit: string; readonly receivedAt: string };

export function exportCommand(io: CliIo, journalPath: (dataDir: string) => string): Command {
  return new Command('export')
    .description('print what the journal keeps, oldest record first')
    .addOption(new Option('--data-dir <dir>', 'directory of the journal').env('MILEPOST_DATA_DIR').default('./data'))
    .option('-u, --unit <id>', 'only this unit')
    .option('--from <time>', 'records from this time on, ISO 8601')
    .option('--to <time>', 'records before this time, ISO 8601')
    .addOption(
      new Option('-f, --format <name>', 'form of the output').choices(['jsonl', 'csv', 'gpx']).default('jsonl'),
    )
    .action(async (options: ExportOptions) => {
      const path = journalPath(options.dataDir);
      if (!existsSync(path)) throw new UsageError(`no journal in ${options.dataDir}`);
      const engine = new LmdbEngine({ path, readOnly: true });
      try {
        const writer = { jsonl: jsonlWriter, csv: csvWriter, gpx: gpxWriter }[options.format]();
        await printAll(engine, options, writer, io);
      } finally {
        await engine.close();
      }
    });
}

async function printAll(engine: Engine, options: ExportOptions, writer: RecordWriter, io: CliIo): Promise<void> {
  for (const line of writer.begin()) await writeLine(io.stdout, line);
  for (const record of exportRecords(engine, filterOf(options))) {
    for (const line of writer.record(record)) await writeLine(io.stdout, line);
  }
  for (const line of writer.end()) await writeLine(io.stdout, line);
}

export interface RecordFilter {
  readonly unit: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

function filterOf(options: ExportOptions): RecordFilter {
  return {
    unit: options.unit,
    fromMs: timeOf('--from', options.from, Number.NEGATIVE_INFINITY),
    toMs: timeOf('--to', options.to, Number.POSITIVE_INFINITY),
  };
}

function timeOf(option: string, text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`${option}: not a time: ${text}`);
  return at;
}

/** Where a record stands: the commit, the entry within it, the record within its frame. */
interface Place {
  readonly at: number;
  readonly seq: number;
  readonly entry: number;
  readonly record: number;
}

/** Records that match, in order of their times and free of doubles. */
export function* exportRecords(engine: Engine, filter: RecordFilter): Generator<ExportedRecord> {
  const places = collectPlaces(engine, filter);
  places.sort((a, b) => a.at - b.at || a.seq - b.seq || a.entry - b.entry || a.record - b.record);
  const reader = new PlaceReader(engine);
  let groupAt = Number.NaN;
  let seen = new Set<string>();
  for (const place of places) {
    const record = reader.read(place);
    if (record === undefined) continue;
    if (place.at !== groupAt) {
      groupAt = place.at;
      seen = new Set();
    }
    const { receivedAt, ...content } = record;
    const identity = JSON.stringify(content);
    if (seen.has(identity)) continue;
    seen.add(identity);
    yield record;
  }
}

function collectPlaces(engine: Engine, filter: RecordFilter): Place[] {
  const places: Place[] = [];
  let lastSeq = -1;
  let entry = -1;
  for (const kept of keptFrames(engine)) {
    entry = kept.seq === lastSeq ? entry + 1 : 0;
    lastSeq = kept.seq;
    if (filter.unit !== undefined && kept.entry.context.deviceId !== filter.unit) continue;
    const updates = decodeKept(kept.entry) ?? [];
    updates.forEach((update, record) => {
      if (update.at >= filter.fromMs && update.at < filter.toMs)
        places.push({ at: update.at, seq: kept.seq, entry, record });
    });
  }
  return places;
}

interface DecodedEntry {
  readonly unit: string;
  readonly receivedAt: number;
  readonly updates: readonly StateUpdate[];
}

/** Decodes records by place; keeps the few values it read last, since neighbours in time are mostly neighbours in the journal. */
class PlaceReader {
  readonly #engine: Engine;
  readonly #cache = new Map<number, readonly DecodedEntry[]>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  read(place: Place): ExportedRecord | undefined {
    const entry = this.#entriesOf(place.seq)[place.entry];
    const update = entry?.updates[place.record];
    if (entry === undefined || update === undefined) return undefined;
    return {
      ...messageJson(update, entry.unit),
      unit: entry.unit,
      receivedAt: new Date(entry.receivedAt).toISOString(),
    };
  }

  #entriesOf(seq: number): readonly DecodedEntry[] {
    const cached = this.#cache.get(seq);
    if (cached !== undefined) return cached;
    const value = this.#engine.get(seq);
    const entries: DecodedEntry[] = [];
    for (const entry of value === undefined ? [] : readEntries(value)) {
      if (entry.kind === 'rows') continue;
      entries.push({ unit: entry.context.deviceId, receivedAt: entry.receivedAt, updates: decodeKept(entry) ?? [] });
    }
    if (this.#cache.size >= 64) this.#cache.clear();
    this.#cache.set(seq, entries);
    return entries;
  }
}
