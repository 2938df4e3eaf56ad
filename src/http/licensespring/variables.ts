/**
 * Device variables: `track_device_variables` and `get_device_variables`. Names and values come back as they were sent.
 * Source: LicenseSpring License API v4, "Device variables".
 */
import { type Static, Type } from '@sinclair/typebox';
import type { Transaction } from '../../store/contract.js';
import { findDevice, type LicenseRefusal } from '../../store/licensing/find.js';
import type { DeviceVariableRow, LicenseDeviceRow, VariableValue } from '../../store/licensing/rows.js';
import { byName } from '../../store/licensing/shown-variables.js';
import { maxVariablesPerDevice, setVariables } from '../../store/licensing/variables.js';
import { defineLicenseCall, granted } from './call.js';
import { LicenseError } from './errors.js';
import { anyVariables, bodyNaming, closed, queryNaming, readVariables, wantedOf, withVariables } from './params.js';

const variableSchema = Type.Object({
  variable: Type.String({ description: 'Name' }),
  value: Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
  device_id: Type.Integer(),
  created_at: Type.Integer({ description: 'When this value was set, ms since 1970 UTC' }),
});

/** Refusals of every call about a device. */
export const deviceErrors: readonly LicenseRefusal[] = [
  'unknown_product',
  'license_not_found',
  'license_not_active',
  'license_not_enabled',
  'blacklisted',
  'device_not_found',
];

const trackParams = closed({ ...bodyNaming, variables: anyVariables });

const track = defineLicenseCall({
  name: 'track_device_variables',
  method: 'POST',
  summary: 'Sets variables of a device; those set before are overwritten',
  params: trackParams,
  documented: withVariables(trackParams),
  response: Type.Array(variableSchema),
  errors: deviceErrors,
  handler: async ({ store }, params) => {
    const variables = readVariables(params.variables);
    const rows = await store.change((tx) => {
      const { device } = granted(findDevice(tx.registry, wantedOf(params)));
      return keepVariables(tx, device, variables);
    });
    return rows.map(variableBody);
  },
});

/** Throws `validation_error` when the device would have too many. */
export function keepVariables(
  tx: Transaction,
  device: LicenseDeviceRow,
  variables: ReadonlyMap<string, VariableValue>,
): readonly DeviceVariableRow[] {
  const outcome = setVariables(tx, device, variables);
  if (outcome.ok) return outcome.rows;
  throw new LicenseError('validation_error', `variables: a device has at most ${maxVariablesPerDevice}`);
}

const get = defineLicenseCall({
  name: 'get_device_variables',
  method: 'GET',
  summary: 'Variables of a device, by name',
  params: closed(queryNaming),
  response: Type.Array(variableSchema),
  errors: deviceErrors,
  handler: ({ store }, params) => {
    const { device } = granted(findDevice(store.registry, wantedOf(params)));
    return [...store.registry.licensing.variablesOfDevice(device.id)].sort(byName).map(variableBody);
  },
});

function variableBody(row: DeviceVariableRow): Static<typeof variableSchema> {
  return { variable: row.name, value: row.value, device_id: row.deviceId, created_at: row.createdAt };
}

export const variableCalls = [track, get] as const;
