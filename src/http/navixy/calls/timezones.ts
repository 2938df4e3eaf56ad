/**
 * `timezone/list`: the zones that the time zone database of the platform knows. Names are those of the database, in no language.
 */
import { Type } from '@sinclair/typebox';
import { IANAZone } from 'luxon';
import { definePublicCall } from '../call.js';
import { nullable } from '../param-types.js';

const zoneSchema = Type.Object({
  zone_id: Type.String(),
  description: Type.String(),
  base_offset: Type.Number({ description: 'Hours from UTC, without summer time' }),
  dst_offset: Type.Number({ description: 'Hours that summer time adds' }),
  country_code: nullable(Type.String()),
  alt_ids: Type.Array(Type.String()),
});

const list = definePublicCall({
  name: 'timezone/list',
  summary: 'Time zones',
  params: Type.Object({ locale: Type.Optional(Type.String({ maxLength: 35 })) }),
  response: { list: Type.Array(zoneSchema) },
  handler: ({ now }) => ({ list: zonesOf(new Date(now).getUTCFullYear()) }),
});

let kept: { readonly year: number; readonly zones: ReturnType<typeof zoneBody>[] } | undefined;

function zonesOf(year: number) {
  if (kept?.year !== year) {
    const ids = Intl.supportedValuesOf('timeZone');
    const withUtc = ids.includes('UTC') ? ids : [...ids, 'UTC'];
    kept = { year, zones: withUtc.map((id) => zoneBody(id, year)) };
  }
  return kept.zones;
}

/** Winter is in January or in July; summer time, where there is any, puts the clock forward. */
function zoneBody(id: string, year: number) {
  const zone = IANAZone.create(id);
  const offsets = [Date.UTC(year, 0, 1), Date.UTC(year, 6, 1)].map((at) => zone.offset(at) / 60);
  const base = Math.min(...offsets);
  return {
    zone_id: id,
    description: `(UTC${offsetText(base)}) ${id.slice(id.lastIndexOf('/') + 1).replaceAll('_', ' ')}`,
    base_offset: base,
    dst_offset: Math.max(...offsets) - base,
    country_code: null,
    alt_ids: [],
  };
}

/** `+05:30`; nothing at no offset. */
function offsetText(hours: number): string {
  if (hours === 0) return '';
  const minutes = Math.round(Math.abs(hours) * 60);
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  return `${hours < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

export const timezoneCalls = [list] as const;
