/**
 * What the operator keeps for all accounts, as a setup declares it: tariffs, SIM cards, activation codes, bundles; and the rules and
 * vehicles that tie trackers down.
 */
import { modelByCode } from '../../domain/models.js';
import { defaultTariffId } from '../accounts.js';
import type { Registry } from '../registry.js';
import type { ActivationCodeRow, BundleRow, RuleRow, SimRow, TariffRow, TrackerRow, VehicleRow } from '../rows.js';
import { requireAccount } from './devices.js';
import { conflict, fault, type SetupPath } from './problem.js';
import type { SetupActivationCode, SetupBundle, SetupRule, SetupSim, SetupTariff, SetupVehicle } from './schema.js';
import { given, requireReadable, type SetupWork } from './work.js';

export function applyTariff(work: SetupWork, wanted: SetupTariff, path: SetupPath): TariffRow {
  work.once('tariff', wanted.id, [...path, 'id']);
  requireReadable(wanted.name, [...path, 'name']);
  work.reserveId('tariff', wanted.id);
  return work.save('tariff', {
    id: wanted.id,
    name: wanted.name,
    ...given<Pick<TariffRow, 'legalType'>>({ legalType: wanted.legal_type }),
  });
}

export function applySim(work: SetupWork, wanted: SetupSim, path: SetupPath): SimRow {
  work.once('SIM card', wanted.iccid, [...path, 'iccid']);
  return work.save('sim', { id: wanted.iccid, phone: wanted.phone });
}

/** A code that was used stays used. */
export function applyActivationCode(work: SetupWork, wanted: SetupActivationCode, path: SetupPath): ActivationCodeRow {
  const { registry } = work.tx;
  work.once('activation code', wanted.code, [...path, 'code']);
  const tariffId = wanted.tariff_id;
  if (tariffId !== undefined && tariffId !== defaultTariffId && registry.get('tariff', tariffId) === undefined) {
    fault([...path, 'tariff_id'], `there is no tariff ${tariffId}`);
  }
  const { tariffId: _old, ...old } = registry.get('activationCode', wanted.code) ?? { id: wanted.code };
  return work.save('activationCode', { ...old, ...given<Pick<ActivationCodeRow, 'tariffId'>>({ tariffId }) });
}

/** A bundle may say more than the gateway can serve: its registration tells what is wrong with it. */
export function applyBundle(work: SetupWork, wanted: SetupBundle, path: SetupPath): BundleRow {
  work.once('bundle', wanted.imei, [...path, 'imei']);
  if (modelByCode(wanted.model) === undefined && !/^[\w.-]+$/.test(wanted.model)) {
    fault([...path, 'model'], 'is no code of a model');
  }
  const account = requireAccount(work.tx.registry, wanted.account, [...path, 'account']);
  const { imei: id, model, iccid, phone } = wanted;
  return work.save('bundle', {
    ...{ id, model, iccid, phone, accountId: account.id },
    ...given<Pick<BundleRow, 'activationCode'>>({ activationCode: wanted.activation_code }),
  });
}

export function applyRule(work: SetupWork, wanted: SetupRule, path: SetupPath): RuleRow {
  const { registry } = work.tx;
  work.once('rule', wanted.id, [...path, 'id']);
  const trackers = wanted.trackers.flatMap((name, i) => requireTrackers(registry, name, [...path, 'trackers', i]));
  work.reserveId('rule', wanted.id);
  return work.save('rule', {
    id: wanted.id,
    accountId: trackers[0]?.accountId ?? 0,
    trackerIds: [...new Set(trackers.map(({ id }) => id))],
  });
}

export function applyVehicle(work: SetupWork, wanted: SetupVehicle, path: SetupPath): VehicleRow {
  work.once('vehicle', wanted.id, [...path, 'id']);
  const [tracker, ...others] = requireTrackers(work.tx.registry, wanted.tracker, [...path, 'tracker']);
  if (tracker === undefined) return fault([...path, 'tracker'], 'there is no such tracker');
  work.reserveId('vehicle', wanted.id);
  return work.save('vehicle', {
    id: wanted.id,
    accountId: tracker.accountId,
    trackerId: tracker.id,
    ...(others.length === 0 ? {} : { otherTrackerIds: others.map(({ id }) => id) }),
  });
}

/** Trackers that show the device of this identity, or else the one of this label. Throws `SetupError`. */
function requireTrackers(registry: Registry, name: string, path: SetupPath): readonly TrackerRow[] {
  const source = registry.sourceByDeviceId(name);
  if (source !== undefined) return [...registry.trackersOfSource(source.id)].sort((left, right) => left.id - right.id);
  const labelled = [...registry.all('tracker')].filter(
    (tracker) => tracker.label === name && registry.get('source', tracker.sourceId)?.corrupted !== true,
  );
  if (labelled.length > 1) conflict(path, 'more than one tracker has this label');
  return labelled.length === 1 ? labelled : fault(path, 'there is no such device or label');
}
