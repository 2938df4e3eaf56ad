/**
 * A tracker as the Navixy dialect shows it.
 */
import type { SourceRow, TrackerRow } from '../../store/rows.js';
import type { TrackerBody } from './bodies.js';
import type { DateFormat } from './dates.js';

/** The tracker object. Dates in it are days, in the user's zone. */
export function trackerBody(tracker: TrackerRow, source: SourceRow, dates: DateFormat): TrackerBody {
  return {
    id: tracker.id,
    label: tracker.label,
    clone: tracker.clone,
    group_id: tracker.groupId,
    source: {
      id: source.id,
      device_id: source.deviceId,
      model: source.model,
      blocked: source.blocked,
      tariff_id: source.tariffId,
      status_listing_id: null,
      creation_date: dates.formatDay(source.createdAt),
      tariff_end_date: null,
      phone: source.phone,
    },
    tag_bindings: tracker.tagBindings.map(({ tagId, ordinal }) => ({ tag_id: tagId, ordinal })),
  };
}
