/**
 * What the claim API needs to know: projects with their members and licence, provisioned devices, claims of them, tokens, and what owners
 * want of their devices. Plain values that survive JSON; times are ms since 1970 UTC.
 * Source: HERE Tracking, Registry API 2.6.
 */

export const licenceTypes = ['evaluation', 'commercial', 'platformApp', 'platform'] as const;

/** Vendor and owner of devices. The id is the operator's. */
export interface ProjectRow {
  readonly id: string;
  /** Unique over all projects. */
  readonly appId: string;
  readonly name: string;
  readonly description: string;
  /** What it owns belongs to this account: that of its first member. */
  readonly accountId: number;
  /** Users, in the order in which they joined. */
  readonly memberIds: readonly number[];
  readonly licence: {
    readonly type: (typeof licenceTypes)[number];
    /** Undefined for never. */
    readonly expiresAt?: number;
    /** Most devices it may provision, and most it may claim; undefined for no limit. */
    readonly quota?: number;
  };
  /** The licence has run out, and its devices are blocked for that. */
  readonly lapsed?: boolean;
  readonly createdAt: number;
}

/** A provisioned device. The id is its identity on the wire, for good. */
export interface DeviceLicenceRow {
  readonly id: string;
  /** The vendor. */
  readonly projectId: string;
  /** Virtual devices only: the vendor's own name for it, unique within the app. */
  readonly externalId?: string;
  readonly appId?: string;
  /** As `Secrets.seal` makes it; absent for a device that never logs in over HTTP. */
  readonly secret?: string;
  /** Code of the model catalogue, if it is known. */
  readonly model?: string;
  readonly provisionedAt: number;
  /** When the licence ended for good. */
  readonly deactivatedAt?: number;
}

/** That a project owned a device for a time. The id is the tracking id; rows are never removed, so that none is used twice. */
export interface ClaimRow {
  readonly id: string;
  readonly deviceId: string;
  readonly projectId: string;
  /** Application that the owner named. */
  readonly ownerAppId?: string;
  /** User who claimed it; absent where an application did. */
  readonly claimedBy?: number;
  readonly claimedAt: number;
  readonly unclaimedAt?: number;
  /** Where its data is. */
  readonly sourceId: number;
  readonly trackerId: number;
  /** Records received up to this time are no longer shown as traces, and are to be erased. */
  readonly tracesAfter?: number;
  /** The `tracesAfter` up to which that was done. */
  readonly tracesErasedTo?: number;
  /** When what was kept under it was erased, some time after its end. */
  readonly erasedAt?: number;
  /** Its source was blocked because the licence ran out, not by the operator. */
  readonly blockedByLicence?: boolean;
}

/** A bearer token. The id is its SHA-256: the token itself is not kept. */
export interface TokenRow {
  readonly id: string;
  readonly kind: 'user' | 'client' | 'device';
  readonly userId?: number;
  /** Project that it is good for; a user's without one is good for all of the user's. */
  readonly projectId?: string;
  /** Claim that a device logged in under. */
  readonly claimId?: string;
  /** SHA-256 of the refresh token that belongs to it. */
  readonly refreshDigest?: string;
  /** Recognises the password that it was given for: with another one it is void. */
  readonly passwordMark?: string;
  readonly realm?: string;
  readonly expiresAt: number;
  /** Until when it may be refreshed. */
  readonly refreshUntil?: number;
}

/** A signed login of a device that was good. The id is a digest of what tells it from others. */
export interface UsedLoginRow {
  readonly id: string;
  readonly usedAt: number;
}

/** What the owner wants of a device, and how much of what it reported is to be shown. The id is the tracking id. */
export interface ShadowRow {
  readonly id: string;
  readonly stateVersion: number;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Settings under the names of the API, without `stateVersion`. */
  readonly system: Readonly<Record<string, unknown>>;
  /** Nothing reported up to this time is shown. */
  readonly reportedAfter?: number;
}

/** Devices that were asked for in one go. */
export interface ProvisionJobRow {
  readonly id: string;
  readonly projectId: string;
  readonly results: readonly { readonly deviceId: string; readonly trackingId?: string }[];
  readonly errors: readonly { readonly id: string; readonly status: number; readonly message: string }[];
  readonly createdAt: number;
}
