/**
 * Raw data as CSV: names, text and dates in quotes, numbers without, `\N` for nothing, lines ended by a line feed.
 * Source: Navixy raw IoT data API, `tracker/raw_data/read`, sample of an answer.
 */
import type { OrderedRecords } from '../../../store/ordered-history.js';
import type { DateFormat } from '../dates.js';
import { type Cell, type Column, RawRow } from './columns.js';

/** A line with the names of the columns, then one for each record. Chunks hold a few lines each. */
export async function* csvOf(
  records: OrderedRecords,
  columns: readonly Column[],
  dates: DateFormat,
): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => quoted(name)).join()}\n`;
  for await (const batch of records.batches()) {
    let text = '';
    for (const record of batch) {
      const row = new RawRow(record);
      text += `${columns.map(({ cell }) => written(cell(row, dates))).join()}\n`;
    }
    yield text;
  }
}

const nothing = '\\N';

function written(cell: Cell): string {
  if (cell === null) return nothing;
  return typeof cell === 'number' ? String(cell) : quoted(cell);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
