/**
 * A licence as the API shows it. Clients read many members that mean nothing here: those have neutral values, and one list of them makes
 * both the answers and their schema.
 * Source: LicenseSpring License API v4, "Activate license", "License check" and "Product details".
 */
import { type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { FoundDevice } from '../../store/licensing/find.js';
import { type LicenseProductRow, type LicenseUserRow, licenseTypes } from '../../store/licensing/rows.js';

/** The one company there is: the operator. */
const company = { id: 1 };

const neutralBeforeUse = {
  ...{ maintenance_period: null, start_date: null, enable_maintenance_period: false },
} as const;
const neutralAfterUse = {
  ...{ max_transfers: 0, allow_grace_period: false, grace_period: 0, allow_overages: false, max_overages: 0 },
  ...{ allow_offline_activation: false, is_air_gapped: false, is_hardware_key_auth: false, is_floating: false },
  ...{ is_floating_cloud: false, floating_timeout: 120, can_borrow: false, max_borrow_time: 0, prevent_vm: false },
  ...{ license_template_id: null, metadata: {}, custom_fields: [], product_features: [], company },
  customer: {
    ...{ email: '', company_name: '', reference: '', phone: '', first_name: '', last_name: '', city: '', postcode: '' },
    ...{ state: '', country: '', address: '', customer_account: null, metadata: {} },
  },
} as const;

/** The part of a body that tells of the licence's state, which is not the same in all calls. */
export type StateMembers = Readonly<Record<string, string | boolean | null>>;

/** The body without its signature, in the vendor's order. */
export function licenseBody({ license, product, device, user }: FoundDevice, state: StateMembers, now: number) {
  const { validUntil } = license;
  return {
    id: license.id,
    ...(license.key === undefined ? {} : { license_key: license.key }),
    license_type: license.type,
    ...state,
    ...{ device_id: device.id, hardware_id: device.hardwareId },
    ...{ is_expired: validUntil !== undefined && validUntil <= now, is_trial: false },
    validity_period: validUntil === undefined ? null : new Date(validUntil).toISOString(),
    ...neutralBeforeUse,
    ...{ max_activations: license.maxActivations, times_activated: license.timesActivated },
    ...{ allow_unlimited_activations: license.unlimited, transfer_count: license.transferCount },
    ...neutralAfterUse,
    ...(user === undefined ? {} : { user: userBody(user) }),
    product_details: { ...naming(product), ...{ allow_trial: false, trial_days: 0, metadata: {} } },
    installation_file: null,
  };
}

function userBody({ id, email, firstName, lastName, phone }: LicenseUserRow) {
  return {
    ...{ id, email, first_name: firstName, last_name: lastName, phone_number: phone },
    is_initial_password: false,
  };
}

function naming({ id, name, code, method }: LicenseProductRow) {
  return { product_id: id, product_name: name, short_code: code, authorization_method: method };
}

/** The answer about a product alone. */
export function productBody(product: LicenseProductRow) {
  return {
    ...naming(product),
    ...{ allow_trial: false, trial_days: 0, floating_timeout: 120, allow_overages: false, max_overages: 0 },
    ...{ prevent_vm: false, metadata: {}, company },
  };
}

/** A schema that fits a value and others of its kind; of null nothing is known. */
function schemaOf(value: unknown): TSchema {
  if (value === null) return Type.Null();
  if (Array.isArray(value)) return Type.Array(Type.Unknown());
  if (typeof value === 'string') return Type.String();
  if (typeof value === 'boolean') return Type.Boolean();
  return typeof value === 'number' ? Type.Number() : Type.Object(schemasOf(value as object));
}

function schemasOf(members: object): TProperties {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, schemaOf(value)]));
}

const method = Type.Union([Type.Literal('license-key'), Type.Literal('user')]);
const productNaming = {
  product_id: Type.Integer(),
  product_name: Type.String(),
  short_code: Type.String(),
  authorization_method: method,
};

export const productSchema = Type.Object({
  ...productNaming,
  ...schemasOf({ allow_trial: false, trial_days: 0, floating_timeout: 120, allow_overages: false, max_overages: 0 }),
  ...schemasOf({ prevent_vm: false, metadata: {}, company }),
});

const userSchema = Type.Object({
  ...{ id: Type.Integer(), email: Type.String(), first_name: Type.String(), last_name: Type.String() },
  ...{ phone_number: Type.String(), is_initial_password: Type.Boolean() },
});

/** The whole body of an answer, with these members about its state. */
export function licenseSchema(state: TProperties) {
  return Type.Object({
    id: Type.Integer(),
    license_key: Type.Optional(Type.String({ description: 'Of key-based licences' })),
    license_type: Type.Union(licenseTypes.map((type) => Type.Literal(type))),
    ...state,
    ...{ device_id: Type.Integer(), hardware_id: Type.String() },
    ...{ is_expired: Type.Boolean(), is_trial: Type.Boolean() },
    validity_period: Type.Union([Type.String(), Type.Null()], { description: 'ISO 8601, UTC' }),
    ...schemasOf(neutralBeforeUse),
    ...{ max_activations: Type.Integer(), times_activated: Type.Integer() },
    ...{ allow_unlimited_activations: Type.Boolean(), transfer_count: Type.Integer() },
    ...schemasOf(neutralAfterUse),
    user: Type.Optional(userSchema),
    product_details: Type.Object({
      ...productNaming,
      ...schemasOf({ allow_trial: false, trial_days: 0, metadata: {} }),
    }),
    installation_file: Type.Null(),
    license_signature: Type.String({ description: 'RSA with SHA-256 over hardware id, holder and validity, base64' }),
  });
}
