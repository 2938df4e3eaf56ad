/**
 * The forms in which `export` prints records.
 */
import type { FieldValue } from '../domain/update.js';
import type { ExportedRecord } from './export.js';

export interface RecordWriter {
  begin(): string[];
  record(record: ExportedRecord): string[];
  end(): string[];
}

/** One JSON object a line: a message of `decode` with `unit` and `receivedAt`. */
export function jsonlWriter(): RecordWriter {
  return { begin: () => [], record: (record) => [JSON.stringify(record)], end: () => [] };
}

const columns = 'unit,time,received_at,lat,lng,valid,speed,heading,alt,satellites,fields';

/** Fixed columns; everything with a name stands as JSON in the last one. RFC 4180 quoting. */
export function csvWriter(): RecordWriter {
  return {
    begin: () => [columns],
    record(record) {
      const { position } = record;
      const cells = [
        record.unit,
        record.time,
        record.receivedAt,
        position?.lat,
        position?.lng,
        position?.valid,
        position?.speed,
        position?.heading,
        position?.alt,
        position?.satellites,
        JSON.stringify(fieldsOf(record)),
      ];
      return [cells.map(cell).join(',')];
    },
    end: () => [],
  };
}

function fieldsOf(record: ExportedRecord): Record<string, FieldValue | readonly (boolean | null)[]> {
  return {
    ...record.readings,
    ...record.states,
    ...(record.battery_level === undefined ? {} : { battery_level: record.battery_level }),
    ...Object.fromEntries(Object.entries(record.gsm).map(([name, value]) => [`gsm_${name}`, value])),
    ...(record.inputs.length === 0 ? {} : { inputs: record.inputs }),
    ...(record.outputs.length === 0 ? {} : { outputs: record.outputs }),
  };
}

function cell(value: unknown): string {
  const text = value === undefined || value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** GPX 1.1: one track a unit, fixes only; the next unit's points start a new track. Source: topografix.com/GPX/1/1. */
export function gpxWriter(): RecordWriter {
  const tracks = new Map<string, string[]>();
  return {
    begin: () => [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<gpx version="1.1" creator="Milepost" xmlns="http://www.topografix.com/GPX/1/1">',
    ],
    record(record) {
      const { position, time, unit } = record;
      if (position?.valid !== true || position.lat === null || position.lng === null || time === null) return [];
      const points = tracks.get(unit) ?? [];
      tracks.set(unit, points);
      const elevation = position.alt === undefined ? '' : `<ele>${position.alt}</ele>`;
      const satellites = position.satellites === undefined ? '' : `<sat>${position.satellites}</sat>`;
      points.push(
        `<trkpt lat="${position.lat}" lon="${position.lng}">${elevation}<time>${time}</time>${satellites}</trkpt>`,
      );
      return [];
    },
    end() {
      const lines: string[] = [];
      for (const [unit, points] of tracks)
        lines.push(`<trk><name>${xml(unit)}</name><trkseg>`, ...points, '</trkseg></trk>');
      return [...lines, '</gpx>'];
    },
  };
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
