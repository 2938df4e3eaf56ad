/**
 * How a box becomes a tracker of an account, or takes the place of another one: what a bundle, a SIM card list, an activation code and a
 * tariff have to say about it. Each operation is a function over an open transaction; a refusal leaves the transaction untouched.
 */
import { randomInt } from 'node:crypto';
import { type DeviceModel, deviceIdRule, modelByCode } from '../domain/models.js';
import { addTracker, defaultTariffId, isAtDeviceLimit, type NewTracker, type Outcome } from './accounts.js';
import { ownershipOf } from './claims/ending.js';
import type { Transaction } from './contract.js';
import type { Registry } from './registry.js';
import { corruptSource } from './removal.js';
import type { AccountRow, ActivationCodeRow, BundleRow, SourceRow, TrackerRow } from './rows.js';

/** The box that is wanted. */
export interface WantedUnit {
  /** Code of the model catalogue. */
  readonly model: string;
  /** Identity on the wire; absent where the server makes it. Its form is the caller's affair. */
  readonly deviceId?: string;
  /** Digits, no `+`. A bundled one has that of its SIM card. */
  readonly phone: string | null;
  readonly apn?: NonNullable<SourceRow['apn']>;
  /** The box came with its SIM card: the account's bundles know it. */
  readonly isBundled?: boolean;
  /** An app on a phone, which speaks no protocol of ours. */
  readonly isMobileApp?: boolean;
  /** Used up by the registration. */
  readonly activationCode?: string;
}

export interface WantedTracker {
  readonly accountId: number;
  readonly label: string;
  /** 0 for none. */
  readonly groupId: number;
  readonly unit: WantedUnit;
}

export type UnitRefusal =
  | 'unknown_account'
  | 'unknown_model'
  /** The model speaks no protocol of ours. */
  | 'unregistrable_model'
  | 'unknown_group'
  | 'unknown_bundle'
  | 'unknown_sim'
  | 'wrong_code'
  | 'device_limit'
  | 'legal_type'
  | 'device_id_in_use'
  | 'phone_in_use';

type Placed = { readonly tracker: TrackerRow; readonly source: SourceRow };
export type RegistrationOutcome = Outcome<Placed, UnitRefusal>;

const refused = <R extends UnitRefusal>(reason: R): { readonly ok: false; readonly reason: R } => ({
  ok: false,
  reason,
});

/** Registers a box and the tracker that shows it. Refusals are checked in the order in which they are listed. */
export function registerUnit(tx: Transaction, wanted: WantedTracker): RegistrationOutcome {
  const found = findUnit(tx, wanted.accountId, wanted.unit, wanted.groupId);
  if (!found.ok) return found;
  const { plan } = found;
  if (isAtDeviceLimit(tx, plan.account)) return refused('device_limit');
  const tariffId = plan.code?.tariffId ?? defaultTariffId;
  const reason = unitRefusal(tx.registry, plan, tariffId);
  if (reason !== undefined) return refused(reason);
  const { accountId, label, groupId } = wanted;
  const made = addTracker(tx, { accountId, label, groupId, tariffId, ...boxOf(tx.registry, wanted.unit, plan) });
  if (plan.code !== undefined) useUp(tx, plan.code, made.tracker.id);
  return { ok: true, ...made };
}

/**
 * Puts another box in the place of a tracker's. The tracker keeps its id and everything that hangs on it, its clones come along, and the
 * identity and number of the old box are free again. The SIM card may move to the new box.
 */
export function replaceUnit(tx: Transaction, tracker: TrackerRow, unit: WantedUnit): RegistrationOutcome {
  const old = tx.registry.get('source', tracker.sourceId);
  const found = findUnit(tx, tracker.accountId, unit, 0);
  if (!found.ok) return found;
  if (old === undefined) return refused('unknown_account');
  const { plan } = found;
  if (isOverDeviceLimit(tx, plan.account)) return refused('device_limit');
  const reason = unitRefusal(tx.registry, plan, old.tariffId, old);
  if (reason !== undefined) return refused(reason);
  const source: SourceRow = {
    ...{
      id: tx.nextId('source'),
      accountId: tracker.accountId,
      tariffId: old.tariffId,
      blocked: false,
      createdAt: tx.at,
    },
    ...boxOf(tx.registry, unit, plan),
    protocol: plan.model.protocol ?? '',
    ...ownershipOf(tx.registry, { deviceId: plan.deviceId ?? '', accountId: tracker.accountId }),
  };
  corruptSource(tx, old);
  tx.put('source', source);
  keepStatusSettings(tx, old.id, source.id);
  for (const each of [...tx.registry.trackersOfSource(old.id)]) tx.put('tracker', movedTo(each, source, tx.at));
  if (plan.code !== undefined) useUp(tx, plan.code, tracker.id);
  return { ok: true, tracker: tx.registry.get('tracker', tracker.id) ?? tracker, source };
}

/** After what time it counts as offline is said of the place and not of the box in it. */
function keepStatusSettings(tx: Transaction, oldId: number, newId: number): void {
  const type = 'device_status_settings';
  const kept = tx.registry.get('specialSettings', `${oldId}:${type}`);
  if (kept !== undefined) tx.put('specialSettings', { ...kept, id: `${newId}:${type}`, sourceId: newId });
}

function movedTo(tracker: TrackerRow, source: SourceRow, at: number): TrackerRow {
  const formerSourceIds = [...(tracker.formerSourceIds ?? []), tracker.sourceId];
  return { ...tracker, sourceId: source.id, replacedAt: at, formerSourceIds };
}

/** What is known of a wanted box. */
interface Plan {
  readonly account: AccountRow;
  readonly model: DeviceModel;
  readonly deviceId: string | undefined;
  readonly phone: string | null;
  readonly code: ActivationCodeRow | undefined;
}

type PlanOutcome = Outcome<{ readonly plan: Plan }, UnitRefusal>;

function findUnit(tx: Transaction, accountId: number, unit: WantedUnit, groupId: number): PlanOutcome {
  const { registry } = tx;
  const account = registry.get('account', accountId);
  if (account === undefined) return refused('unknown_account');
  const model = modelByCode(unit.model);
  if (model === undefined) return refused('unknown_model');
  const isRegistrable = model.register && model.protocol !== null;
  if (!isRegistrable && unit.isMobileApp !== true) return refused('unregistrable_model');
  if (groupId !== 0 && registry.get('group', groupId)?.accountId !== accountId) return refused('unknown_group');
  const bundle = unit.isBundled === true ? bundleOf(registry, accountId, unit.deviceId) : undefined;
  if (unit.isBundled === true) {
    if (bundle === undefined || bundle.model !== unit.model) return refused('unknown_bundle');
    if (registry.get('sim', bundle.iccid) === undefined) return refused('unknown_sim');
  }
  const codeId = unit.activationCode ?? bundle?.activationCode;
  const code = codeId === undefined ? undefined : registry.get('activationCode', codeId);
  if (codeId !== undefined && (code === undefined || code.usedAt !== undefined)) return refused('wrong_code');
  const plan = { account, model, deviceId: unit.deviceId, phone: bundle?.phone ?? unit.phone, code };
  return { ok: true, plan };
}

/** The bundle of an identity, if it is the account's. */
export function bundleOf(registry: Registry, accountId: number, deviceId: string | undefined): BundleRow | undefined {
  const bundle = deviceId === undefined ? undefined : registry.get('bundle', deviceId);
  return bundle?.accountId === accountId ? bundle : undefined;
}

/** Tariff, identity and number. `old` is the box that makes room. */
function unitRefusal(registry: Registry, plan: Plan, tariffId: number, old?: SourceRow): UnitRefusal | undefined {
  const legalType = registry.get('tariff', tariffId)?.legalType;
  if (legalType !== undefined && legalType !== legalTypeOf(plan.account)) return 'legal_type';
  if (plan.deviceId !== undefined && registry.sourceByDeviceId(plan.deviceId) !== undefined) return 'device_id_in_use';
  const holder = plan.phone === null ? undefined : registry.sourceByPhone(plan.phone);
  return holder === undefined || holder.id === old?.id ? undefined : 'phone_in_use';
}

/** An account that says nothing of itself is a legal entity. */
export function legalTypeOf(account: AccountRow): NonNullable<AccountRow['legalType']> {
  return account.legalType ?? 'legal_entity';
}

/** A replacement adds nothing, so only an account whose limit was lowered meanwhile has too many. */
function isOverDeviceLimit(tx: Transaction, account: AccountRow): boolean {
  const { deviceLimit } = account;
  return deviceLimit !== undefined && isAtDeviceLimit(tx, { ...account, deviceLimit: deviceLimit + 1 });
}

type Box = Pick<NewTracker, 'model' | 'deviceId' | 'apn'> & { readonly phone: string | null };

function boxOf(registry: Registry, unit: WantedUnit, plan: Plan): Box {
  return {
    model: unit.model,
    deviceId: plan.deviceId ?? freeDeviceId(registry, plan.model),
    phone: plan.phone,
    ...(unit.apn === undefined ? {} : { apn: unit.apn }),
  };
}

/** Identities of apps on phones, which have none of their own. */
const appIdentity = { digits: 10, prefix: '9' } as const;

function freeDeviceId(registry: Registry, model: DeviceModel): string {
  const rule = deviceIdRule(model);
  const { digits, prefix } = rule?.kind === 'generated' ? rule : appIdentity;
  const free = digits - prefix.length;
  for (;;) {
    const id = prefix + String(randomInt(10 ** free)).padStart(free, '0');
    if (registry.sourceByDeviceId(id) === undefined) return id;
  }
}

function useUp(tx: Transaction, code: ActivationCodeRow, trackerId: number): void {
  tx.put('activationCode', { ...code, usedAt: tx.at, trackerId });
}
