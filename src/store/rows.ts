/**
 * The rows of the registry: what the product knows besides what units report. Plain values that survive JSON. Ids are integers and
 * never used twice; times are ms since 1970 UTC.
 */

import type {
  ClaimRow,
  DeviceLicenceRow,
  ProjectRow,
  ProvisionJobRow,
  ShadowRow,
  TokenRow,
  UsedLoginRow,
} from './claims/rows.js';
import type {
  DeviceVariableRow,
  LicenseApiKeyRow,
  LicenseBlacklistRow,
  LicenseDeviceRow,
  LicenseProductRow,
  LicenseRow,
  LicenseUserRow,
} from './licensing/rows.js';

/** A Navixy master user with what is theirs; also the owner of projects of other APIs. */
export interface AccountRow {
  readonly id: number;
  /** Most trackers the account may register; undefined for no limit. */
  readonly deviceLimit?: number;
  /** Decides which tariffs its trackers may have; a legal entity where it says nothing. */
  readonly legalType?: 'legal_entity' | 'individual' | 'sole_trader';
  readonly blocked: boolean;
  readonly createdAt: number;
}

export interface UserRow {
  readonly id: number;
  readonly accountId: number;
  /** Unique over all users. */
  readonly login: string;
  /** `scrypt$N$r$p$salt$hash`, see `credentials.ts`. */
  readonly password: string;
  /** The master user of the account; others are sub-users with `rights`. */
  readonly master: boolean;
  /** May call the operator's API. */
  readonly operator: boolean;
  readonly rights: readonly string[];
  /** Trackers a sub-user sees; absent for all of the account. */
  readonly trackerIds?: readonly number[];
  readonly blocked: boolean;
  /** IANA zone: the API's dates are in it. */
  readonly timeZone: string;
  readonly measurementSystem: 'metric' | 'imperial' | 'us' | 'metric_gal_us' | 'nautical';
  readonly locale: string;
  /** What else was set with `user/settings/update`, under the names of that call. */
  readonly preferences?: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
}

/** A session of `user/auth`. Only the SHA-256 of the credential is kept. */
export interface SessionRow {
  readonly id: number;
  readonly userId: number;
  readonly digest: string;
  readonly createdAt: number;
  readonly usedAt: number;
}

/** An API key of an account. Only its SHA-256 and its first characters, for recognition, are kept. */
export interface ApiKeyRow {
  readonly id: number;
  readonly accountId: number;
  readonly userId: number;
  readonly title: string;
  readonly digest: string;
  readonly prefix: string;
  readonly createdAt: number;
}

/** The physical box as a data source. Its `deviceId` is the identity on the wire. */
export interface SourceRow {
  readonly id: number;
  readonly accountId: number;
  readonly deviceId: string;
  /** Code of the model catalogue; empty where it is not known yet: the first login decides then. */
  readonly model: string;
  /** Name of the protocol the model speaks. */
  readonly protocol: string;
  readonly phone: string | null;
  /** Access point of the SIM card, as given at registration. */
  readonly apn?: { readonly name: string; readonly user: string; readonly password: string };
  readonly blocked: boolean;
  readonly tariffId: number;
  readonly createdAt: number;
  /** Deleted for good, or replaced by another box: its identity is free again. */
  readonly corrupted?: boolean;
  /** When that was; not before what was last set for the hardware. */
  readonly corruptedAt?: number;
  /** When set-up commands were last asked for. */
  readonly setUpAt?: number;
  /** Records made before this time were an earlier owner's: they are acknowledged and dropped. */
  readonly notBefore?: number;
}

/** Settings of a tracker; what is absent was never set. */
export interface TrackerSettings {
  readonly trips?: {
    /** km/h; 0 for never idle. */
    readonly idleSpeedKmh: number;
    readonly minIdleMs: number;
    readonly ignitionAware: boolean;
    readonly motionAware: boolean;
  };
  /** Positions from cells that are less precise are not wanted, m. */
  readonly lbsMaxRadiusM?: number;
  /** As the API was given them. */
  readonly tracking?: Readonly<Record<string, unknown>>;
  /** Names of outputs by their numbers, from 1. */
  readonly outputTitles?: Readonly<Record<number, string>>;
}

/** What an account sees of a source. */
export interface TrackerRow {
  readonly id: number;
  readonly accountId: number;
  readonly sourceId: number;
  readonly label: string;
  readonly clone: boolean;
  readonly groupId: number;
  readonly tagBindings: readonly { readonly tagId: number; readonly ordinal: number }[];
  readonly createdAt: number;
  /** When the box was last replaced by another. */
  readonly replacedAt?: number;
  /** Sources of the boxes it had before, oldest first: their history is the tracker's too. */
  readonly formerSourceIds?: readonly number[];
  readonly settings?: TrackerSettings;
}

export interface GroupRow {
  readonly id: number;
  readonly accountId: number;
  readonly title: string;
  readonly color: string;
}

/** A frame with a good checksum that could not be read: how often the same bytes came from the same source. */
export interface PoisonRow {
  /** `sourceId:sha256` */
  readonly id: string;
  readonly sourceId: number;
  readonly count: number;
  readonly code: string;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What a tracker costs and who may have it. */
export interface TariffRow {
  readonly id: number;
  readonly name: string;
  /** Only accounts of this legal type may use it. */
  readonly legalType?: string;
}

export interface TagRow {
  readonly id: number;
  readonly accountId: number;
  readonly name: string;
  /** Six hex digits. */
  readonly color: string;
}

/** A device sold together with its SIM card. The id is its IMEI. */
export interface BundleRow {
  readonly id: string;
  readonly model: string;
  readonly iccid: string;
  readonly phone: string;
  readonly accountId: number;
  /** A code that registering it uses up. */
  readonly activationCode?: string;
}

/** A SIM card known to the operator. The id is its ICCID. */
export interface SimRow {
  readonly id: string;
  readonly phone: string;
}

export interface ActivationCodeRow {
  readonly id: string;
  /** Tariff of the tracker registered with it. */
  readonly tariffId?: number;
  readonly usedAt?: number;
  readonly trackerId?: number;
}

/** Rules and vehicles exist only so far as they tie a tracker down. */
export interface RuleRow {
  readonly id: number;
  readonly accountId: number;
  readonly trackerIds: readonly number[];
}

export interface VehicleRow {
  readonly id: number;
  readonly accountId: number;
  readonly trackerId: number;
  /** Other trackers that show the same device. */
  readonly otherTrackerIds?: readonly number[];
}

/** A sensor of a tracker as the API has it; what depends on its kind is optional. */
export interface SensorRow {
  readonly id: number;
  readonly trackerId: number;
  readonly type: 'metering' | 'discrete' | 'virtual';
  readonly sensorType: string;
  readonly name: string;
  readonly inputName?: string;
  readonly inputNumber?: number;
  readonly divider?: number;
  readonly accuracy?: number;
  readonly units?: string;
  readonly unitsType?: string;
  readonly groupType?: 'sum' | 'avg' | null;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly calibration?: readonly { readonly in: number; readonly out: number }[];
}

/** A counter of a tracker (odometer, engine hours). The id is `trackerId:type`. */
export interface MeterRow {
  readonly id: string;
  readonly trackerId: number;
  readonly type: 'odometer' | 'engine_hours';
  readonly multiplier: number;
  /** Metering sensor that the odometer follows. */
  readonly sensorId?: number;
  /** Where it was last set to: it has gone on from there. */
  readonly start?: MeterStart;
}

/** What a counter was set to, and where the total that it follows stood then. */
export interface MeterStart {
  readonly value: number;
  readonly at: number;
  readonly sourceId: number;
  /** Kind of the total (`domain/counters.ts`), and its value. */
  readonly by: string;
  readonly total: number;
}

/** Special settings of a source. The id is `sourceId:type`. */
export interface SpecialSettingsRow {
  readonly id: string;
  readonly sourceId: number;
  readonly type: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export type CommandState = 'queued' | 'sent' | 'acknowledged' | 'answered' | 'failed' | 'expired' | 'cancelled';

/** A command to a unit. */
export interface CommandRow {
  readonly id: number;
  readonly sourceId: number;
  readonly accountId: number;
  /** The command as JSON (`domain/command.ts`); raw bytes as hex. */
  readonly command: Readonly<Record<string, unknown>>;
  readonly via: 'link' | 'sms';
  readonly reliable: boolean;
  readonly state: CommandState;
  readonly attempts: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly sentAt?: number;
  readonly endedAt?: number;
  /** What the unit answered, or why it failed. */
  readonly result?: string;
}

/** The next free id of a table. */
export interface CounterRow {
  readonly id: string;
  readonly next: number;
}

/** Every table by name. Adding one is a line here; the journal and the snapshots carry any row. */
export interface Tables {
  readonly account: AccountRow;
  readonly user: UserRow;
  readonly session: SessionRow;
  readonly apiKey: ApiKeyRow;
  readonly source: SourceRow;
  readonly tracker: TrackerRow;
  readonly group: GroupRow;
  readonly poison: PoisonRow;
  readonly tariff: TariffRow;
  readonly tag: TagRow;
  readonly bundle: BundleRow;
  readonly sim: SimRow;
  readonly activationCode: ActivationCodeRow;
  readonly rule: RuleRow;
  readonly vehicle: VehicleRow;
  readonly sensor: SensorRow;
  readonly meter: MeterRow;
  readonly specialSettings: SpecialSettingsRow;
  readonly command: CommandRow;
  readonly licenseApiKey: LicenseApiKeyRow;
  readonly licenseProduct: LicenseProductRow;
  readonly license: LicenseRow;
  readonly licenseUser: LicenseUserRow;
  readonly licenseDevice: LicenseDeviceRow;
  readonly licenseBlacklist: LicenseBlacklistRow;
  readonly deviceVariable: DeviceVariableRow;
  readonly project: ProjectRow;
  readonly deviceLicence: DeviceLicenceRow;
  readonly claim: ClaimRow;
  readonly token: TokenRow;
  readonly usedLogin: UsedLoginRow;
  readonly shadow: ShadowRow;
  readonly provisionJob: ProvisionJobRow;
  readonly counter: CounterRow;
}

export type TableName = keyof Tables;
export const tableNames: readonly TableName[] = [
  'account',
  'user',
  'session',
  'apiKey',
  'source',
  'tracker',
  'group',
  'poison',
  'tariff',
  'tag',
  'bundle',
  'sim',
  'activationCode',
  'rule',
  'vehicle',
  'sensor',
  'meter',
  'specialSettings',
  'command',
  'licenseApiKey',
  'licenseProduct',
  'license',
  'licenseUser',
  'licenseDevice',
  'licenseBlacklist',
  'deviceVariable',
  'project',
  'deviceLicence',
  'claim',
  'token',
  'usedLogin',
  'shadow',
  'provisionJob',
  'counter',
];
export type RowId = number | string;

/** One change of one row: its new content, or null when it is gone. */
export interface RowChange {
  readonly table: TableName;
  readonly id: RowId;
  readonly row: Tables[TableName] | null;
}
