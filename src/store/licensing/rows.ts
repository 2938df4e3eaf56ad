/**
 * What the licence API needs to know: who may ask, products, licences, their users, the devices that were activated, and the variables
 * that hang on them. Ids are of 16 digits like those of the vendor; times are ms since 1970 UTC.
 * Source: LicenseSpring License API v4.
 */

/** Whoever may ask: a public key and a shared one. */
export interface LicenseApiKeyRow {
  /** The API key itself: it is sent in the open. */
  readonly id: string;
  /** As `Secrets.seal` makes it: signatures are checked with it. */
  readonly sharedKey: string;
  readonly readOnly: boolean;
  readonly revoked: boolean;
  /** Products whose licences may be activated with it; absent for all. */
  readonly productIds?: readonly number[];
}

/** How a licence is addressed: by its key, or by the e-mail address of its user. */
export type AuthorizationMethod = 'license-key' | 'user';

export interface LicenseProductRow {
  readonly id: number;
  /** Unique; requests name it. */
  readonly code: string;
  readonly name: string;
  readonly method: AuthorizationMethod;
  readonly enabled: boolean;
  readonly archived: boolean;
}

export const licenseTypes = ['perpetual', 'time-limited', 'consumption', 'subscription'] as const;

export interface LicenseRow {
  readonly id: number;
  readonly productId: number;
  /** Unique over all products; of key-based licences only. */
  readonly key?: string;
  /** Of user-based licences only. */
  readonly userIds?: readonly number[];
  readonly type: (typeof licenseTypes)[number];
  /** The operator's switch. */
  readonly enabled: boolean;
  /** Activation makes it active, and it stays so. */
  readonly active: boolean;
  readonly validUntil?: number;
  readonly maxActivations: number;
  readonly unlimited: boolean;
  /** Devices that were ever activated. */
  readonly timesActivated: number;
  /** How often a device was deactivated. */
  readonly transferCount: number;
  /** When a device was last activated. */
  readonly activatedAt?: number;
  readonly createdAt: number;
}

/** A user of licences, known by the same e-mail address and password in all of them. */
export interface LicenseUserRow {
  readonly id: number;
  /** Unique, whatever the case of its letters. */
  readonly email: string;
  /** As `hashPassword` makes it. */
  readonly password: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly phone: string;
}

/** What a client told of itself when it was activated, under the names of that call. */
export type DeviceFacts = Readonly<Record<string, string | boolean>>;

/** A licence on a piece of hardware. */
export interface LicenseDeviceRow {
  readonly id: number;
  readonly licenseId: number;
  readonly hardwareId: string;
  readonly active: boolean;
  readonly blacklisted: boolean;
  readonly activatedAt: number;
  readonly facts?: DeviceFacts;
}

/** Hardware that the licence API serves no more. The id is `productId:hardwareId`, with 0 for all products. */
export interface LicenseBlacklistRow {
  readonly id: string;
  readonly hardwareId: string;
  /** Absent for all products. */
  readonly productId?: number;
}

export type VariableValue = string | number | boolean;

export interface DeviceVariableRow {
  readonly id: number;
  /** Of the licence device. */
  readonly deviceId: number;
  /** That of the licence device: a unit shows the variables of its hardware. */
  readonly hardwareId: string;
  readonly name: string;
  readonly value: VariableValue;
  /** When this value was set. */
  readonly createdAt: number;
}
