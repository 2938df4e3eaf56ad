/**
 * The two halves of a device's shadow: what it last reported, made of the state of its unit, and what its owner wants of it.
 */
import { type Reported, type Telemetry, telemetryFrom } from '../../domain/telemetry.js';
import type { FieldValue } from '../../domain/update.js';
import type { ClaimRow, ShadowRow } from '../../store/claims/rows.js';
import type { Registry } from '../../store/registry.js';
import type { HereServices } from './call.js';

/** Metres for a position whose error nobody knows. */
export const unknownAccuracyM = 10;

/** What the device last said of each thing; empty before it said anything. */
export function reportedBody(
  { store }: Pick<HereServices, 'store'>,
  claim: ClaimRow,
): Telemetry | Record<string, never> {
  const state = store.stateOf(claim.sourceId);
  const after = store.registry.get('shadow', claim.id)?.reportedAfter ?? 0;
  if (state === undefined || state.recordAt === 0 || state.recordAt <= after) return {};
  const value = (field: string): FieldValue | undefined => {
    const found = state.fields.get(field);
    return found === undefined || found.at <= after ? undefined : found.value;
  };
  const { lat, lng, altitudeM, headingDeg, speedKmh, satellites } = state;
  const isPlaced = state.fixAt > after;
  const reported: Reported = {
    at: state.recordAt,
    positionAt: state.fixAt,
    position: isPlaced ? { lat, lng, altitudeM, headingDeg, speedKmh, satellites } : null,
    accuracyM: unknownAccuracyM,
    value,
  };
  return telemetryFrom(reported);
}

const firstVersion = 1;

/** What the owner wants, with its version; a device that has seen this version need not look again. */
export function desiredBody(registry: Registry, claim: ClaimRow) {
  const { stateVersion, payload, system } = registry.get('shadow', claim.id) ?? newShadow(claim);
  return {
    ...(payload === undefined ? {} : { payload }),
    system: { lastModifiedGeofenceTimestamp: 0, ...system, stateVersion },
  };
}

export function newShadow({ id }: ClaimRow): ShadowRow {
  return { id, stateVersion: firstVersion, system: {} };
}
