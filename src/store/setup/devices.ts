/**
 * Devices as a setup declares them: trackers with their sources, and clones.
 */
import { type DeviceModel, deviceIdRule, modelByCode } from '../../domain/models.js';
import { addTracker, defaultTariffId, isAtDeviceLimit } from '../accounts.js';
import { legalTypeOf } from '../registration.js';
import type { Registry } from '../registry.js';
import type { AccountRow, SourceRow, TrackerRow } from '../rows.js';
import { conflict, fault, type SetupPath } from './problem.js';
import type { SetupClone, SetupTracker } from './schema.js';
import { groupByTitle, tagByName } from './users.js';
import { given, requireReadable, type SetupWork } from './work.js';

/** A tracker of an account, found by the identity of its device, or a new one. */
export function applyTracker(work: SetupWork, account: AccountRow, wanted: SetupTracker, path: SetupPath): TrackerRow {
  const { registry } = work.tx;
  work.once('device', wanted.device_id, [...path, 'device_id']);
  requireReadable(wanted.label, [...path, 'label']);
  const model = requireModel(wanted, path);
  const old = registry.sourceByDeviceId(wanted.device_id);
  if (old !== undefined && old.accountId !== account.id)
    conflict([...path, 'device_id'], 'is a device of another account');
  const tariffId = wanted.tariff_id ?? old?.tariffId ?? defaultTariffId;
  requireTariff(registry, account, tariffId, [...path, 'tariff_id']);
  const holder = wanted.phone === undefined ? undefined : registry.sourceByPhone(wanted.phone);
  if (holder !== undefined && holder.id !== old?.id) conflict([...path, 'phone'], 'is the number of another device');
  const { source, tracker } =
    old === undefined ? newDevice(work, account, wanted, path) : knownDevice(registry, old, path);
  const kept = work.save('source', {
    ...source,
    ...{ model: model.code, protocol: model.protocol ?? '', tariffId },
    ...given<Pick<SourceRow, 'phone' | 'blocked' | 'apn'>>({
      phone: wanted.phone,
      blocked: wanted.blocked,
      apn: apnOf(wanted),
    }),
  });
  if (kept.blocked && !source.blocked) work.sessionsToEnd.push({ sourceId: kept.id, code: 'blocked_unit' });
  else if (kept.model !== source.model) work.sessionsToEnd.push({ sourceId: kept.id, code: 'replaced' });
  return work.save('tracker', { ...tracker, label: wanted.label, ...placeOf(registry, account, wanted, path) });
}

function newDevice(work: SetupWork, account: AccountRow, wanted: SetupTracker, path: SetupPath) {
  if (isAtDeviceLimit(work.tx, account)) conflict(path, 'the account has as many devices as it may');
  work.noteMade();
  const { label, model, device_id: deviceId } = wanted;
  return addTracker(work.tx, { accountId: account.id, label, model, deviceId });
}

function knownDevice(registry: Registry, source: SourceRow, path: SetupPath) {
  const tracker = registry.trackersOfSource(source.id).find((each) => !each.clone);
  if (tracker === undefined) fault([...path, 'device_id'], 'is a device without a tracker');
  return { source, tracker };
}

/** Throws `SetupError` where the model cannot be registered or its units are named otherwise. */
function requireModel(wanted: SetupTracker, path: SetupPath): DeviceModel {
  const model = modelByCode(wanted.model);
  if (model === undefined) fault([...path, 'model'], 'is no code of the model catalogue');
  if (!model.register || model.protocol === null) fault([...path, 'model'], 'cannot be registered');
  const rule = deviceIdRule(model);
  const pattern =
    rule?.kind === 'generated' ? new RegExp(`^${rule.prefix}\\d{${rule.digits - rule.prefix.length}}$`) : rule?.pattern;
  if (pattern === undefined || pattern.test(wanted.device_id)) return model;
  return fault([...path, 'device_id'], rule?.kind === 'given' ? rule.text : `must match ${pattern.source}`);
}

/** Throws `SetupError` where there is no such tariff, or not for this account. The default tariff needs no declaration. */
function requireTariff(registry: Registry, account: AccountRow, tariffId: number, path: SetupPath): void {
  const tariff = registry.get('tariff', tariffId);
  if (tariff === undefined && tariffId !== defaultTariffId) fault(path, `there is no tariff ${tariffId}`);
  if (tariff?.legalType !== undefined && tariff.legalType !== legalTypeOf(account)) {
    fault(path, `tariff ${tariffId} is for another legal type`);
  }
}

function apnOf({ apn }: SetupTracker): SourceRow['apn'] {
  return apn === undefined ? undefined : { name: apn.name, user: apn.user ?? '', password: apn.password ?? '' };
}

/** Group and tags, where the setup says something of them. */
function placeOf(
  registry: Registry,
  account: AccountRow,
  wanted: SetupTracker,
  path: SetupPath,
): Partial<Pick<TrackerRow, 'groupId' | 'tagBindings'>> {
  const tagBindings = wanted.tags?.map((name, i) => {
    const tag = tagByName(registry, account.id, name);
    if (tag === undefined) fault([...path, 'tags', i], 'the account has no such tag');
    return { tagId: tag.id, ordinal: i + 1 };
  });
  const groupId = wanted.group === undefined ? undefined : groupIdOf(registry, account, wanted.group, path);
  return given<Pick<TrackerRow, 'groupId' | 'tagBindings'>>({ groupId, tagBindings });
}

function groupIdOf(registry: Registry, account: AccountRow, title: string, path: SetupPath): number {
  const group = groupByTitle(registry, account.id, title);
  return group === undefined ? fault([...path, 'group'], 'the account has no such group') : group.id;
}

/** A clone, found by device, account and label, or a new one. */
export function applyClone(work: SetupWork, wanted: SetupClone, path: SetupPath): TrackerRow {
  const { tx } = work;
  const account = requireAccount(tx.registry, wanted.account, [...path, 'account']);
  work.once('clone', `${wanted.of}/${account.id}/${wanted.label}`, path);
  requireReadable(wanted.label, [...path, 'label']);
  const source = tx.registry.sourceByDeviceId(wanted.of);
  if (source === undefined) fault([...path, 'of'], 'there is no such device');
  const old = tx.registry
    .trackersOfSource(source.id)
    .find(({ clone, accountId, label }) => clone && accountId === account.id && label === wanted.label);
  const made = {
    accountId: account.id,
    sourceId: source.id,
    clone: true,
    groupId: 0,
    tagBindings: [],
    createdAt: tx.at,
  };
  const groupId = wanted.group === undefined ? undefined : groupIdOf(tx.registry, account, wanted.group, path);
  return work.save('tracker', {
    ...(old ?? { id: tx.nextId('tracker'), ...made }),
    label: wanted.label,
    ...given<Pick<TrackerRow, 'groupId'>>({ groupId }),
  });
}

/** The account of a login of its master user. Throws `SetupError`. */
export function requireAccount(registry: Registry, login: string, path: SetupPath): AccountRow {
  const user = registry.userByLogin(login);
  const account = user?.master === true ? registry.get('account', user.accountId) : undefined;
  return account ?? fault(path, 'there is no account of this login');
}
