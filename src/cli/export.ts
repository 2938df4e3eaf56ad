/**
 * `milepost export`: what the journal keeps, oldest record first, as JSON lines, CSV or GPX. It only reads, so it runs beside a gateway.
 * A record that was sent twice is printed once: same unit, same time, same content.
 */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type MessageJson, messageJson } from '../domain/message-json.js';
import { decodeKept } from '../ingest/decoder.js';
import type { Engine } from '../store/engine.js';
import { type PlacedFrame, readFrames } from '../store/entries.js';
import { sourcesOf, valuesOf } from '../store/history.js';
import { LmdbEngine } from '../store/lmdb-engine.js';
import { type JournalValue, RecordOrder } from '../store/record-order.js';
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

/** Records that match, in order of their times and free of doubles. */
export function* exportRecords(engine: Engine, filter: RecordFilter): Generator<ExportedRecord> {
  const { unit, fromMs, toMs } = filter;
  const order = new RecordOrder({
    engine,
    decode: decodeKept,
    framesIn: (value) => framesOf(value, unit),
    timeOf: ({ at }) => (at >= fromMs && at < toMs ? at : undefined),
  });
  for (const _ of order.collect(valuesFor(engine, unit)));
  for (const { update, entry } of order.records()) {
    const { deviceId } = entry.context;
    yield { ...messageJson(update, deviceId), unit: deviceId, receivedAt: new Date(entry.receivedAt).toISOString() };
  }
}

function* framesOf(value: Buffer, unit: string | undefined): Generator<PlacedFrame> {
  for (const frame of readFrames(value, () => true)) {
    if (unit === undefined || frame.entry.context.deviceId === unit) yield frame;
  }
}

/** The index leads to the commits with frames of a unit's sources. */
function* valuesFor(engine: Engine, unit: string | undefined): Generator<JournalValue> {
  if (unit === undefined) yield* engine.read(0);
  else for (const sourceId of sourcesOf(engine, unit)) yield* valuesOf(engine, sourceId);
}
