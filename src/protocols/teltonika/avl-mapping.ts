/**
 * AVL records (codecs 8, 8 Extended, 16) to records in domain units.
 */
import type { Position, StateUpdate } from '../../domain/update.js';
import type { DecodeContext } from '../protocol.js';
import { elementsOf } from './avl.js';
import { mapLate } from './io-late.js';
import { mapElements } from './io-mapping.js';
import { type IoTable, tableOf } from './io-table.js';
import { mapVariable } from './io-variable.js';
import type { AvlMessage, AvlRecord } from './messages.js';
import { RecordOut } from './record-out.js';
import { type AvlFix, type EventAlarms, geofenceIds, overspeedId } from './spec.js';
import { plausibleAltitude } from './values.js';

/** The latest instant that ISO 8601 writes with a year of four digits. */
const latestMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const out = new RecordOut();

export function avlUpdates(message: AvlMessage, context: DecodeContext): StateUpdate[] {
  const table = tableOf(context.model);
  const { records } = message;
  const updates: StateUpdate[] = [];
  for (let i = 0; i < records.length; i++) updates.push(toUpdate(records[i] as AvlRecord, table));
  return updates;
}

function toUpdate(record: AvlRecord, table: IoTable): StateUpdate {
  const { fix } = record;
  out.begin();
  out.push('event_code', record.eventId);
  out.push('event_priority', fix.priority);
  if (record.generationType >= 0) out.push('generation_type', record.generationType);
  mapElements(record, table, out);
  if (out.late.length > 0) mapLate(out);
  if (record.blobs.length > 0 || record.sixteens.length > 0) mapVariable(record, table, out);
  if (record.eventId !== 0) mapEvent(record, table.family.events);
  return {
    // A clock that is further ahead than dates can be written is ahead all the same: filed under its receipt the record would become state.
    at: Math.min(fix.at, latestMs),
    timed: true,
    backlog: false,
    position: positionOf(fix, out.lastKnown),
    names: out.names(),
    values: out.values,
  };
}

/** Elements tell their present state in every record; an event is what the record was made for. */
function mapEvent(record: AvlRecord, events: EventAlarms): void {
  const { eventId } = record;
  const alarms = events.get(eventId);
  if (alarms === undefined && eventId !== overspeedId) return;
  const element = elementsOf(record).find((each) => each.id === eventId && each.width === 1);
  if (element === undefined) return;
  const alarm = alarms === undefined ? 'overspeed' : alarms[element.low];
  if (alarm === undefined) return;
  out.set('alarm', alarm);
  const zone = geofenceIds.indexOf(eventId) + 1;
  if (zone > 0) out.set('fence_number', zone);
}

/** Coordinates of 0/0 and impossible ones are none. A unit without a fix repeats the last ones. */
function positionOf(fix: AvlFix, lastKnown: boolean): Position {
  const { lat, lng, altitudeM, angleDeg, satellites } = fix;
  const usable = (lat !== 0 || lng !== 0) && lat >= -90 && lat <= 90 && lng >= -180 && lng <= 180;
  return {
    lat: usable ? lat : null,
    lng: usable ? lng : null,
    valid: usable && satellites > 0 && !lastKnown,
    speedKmh: fix.speedKmh,
    headingDeg: angleDeg < 360 ? angleDeg : angleDeg === 360 ? 0 : undefined,
    altitudeM: plausibleAltitude(altitudeM),
    satellites,
  };
}
