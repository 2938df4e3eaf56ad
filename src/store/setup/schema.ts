/**
 * What a setup file may say: accounts with what is theirs, and what the operator keeps for all of them. One schema types it, judges it,
 * and is published for editors and in the OpenAPI document. Names that are not in it are refused, so that a slip of the pen is found.
 */
import { type Static, type TProperties, type TSchema, Type } from '@sinclair/typebox';
import { hereSchema } from './here-schema.js';
import { licenseSpringSchema } from './licensespring-schema.js';

const closed = <P extends TProperties>(properties: P, description: string) =>
  Type.Object(properties, { additionalProperties: false, description });
const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);
const oneOf = <const T extends string>(values: readonly T[], description: string) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { description },
  );
const listOf = <S extends TSchema>(items: S, maxItems = 100_000) => Type.Optional(Type.Array(items, { maxItems }));
const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description });

const login = text(255, 'Unique over all users, whatever the case of its letters');
const password = text(40, 'At most 40 characters, or a dollar sign and the name of an environment variable in braces');
const color = Type.String({ pattern: '^[0-9A-Fa-f]{6}$', description: 'Six hexadecimal digits, no `#`' });
const digits = (description: string) => Type.String({ pattern: '^\\d{5,15}$', description });
const iccid = Type.String({ pattern: '^[0-9A-Za-z]{5,30}$', description: 'Number printed on the SIM card' });
const deviceId = Type.String({ pattern: '^[0-9a-zA-Z-]{1,64}$', description: 'Identity on the wire, usually an IMEI' });
const code = Type.String({ pattern: '^[0-9A-Za-z]{1,40}$', description: 'Activation code' });
const id = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 });
const legalType = oneOf(['legal_entity', 'individual', 'sole_trader'], 'Decides which tariffs fit');
const model = text(64, 'Code of the model catalogue, see `tracker/list_models`');

/** Rights that a sub-user may be given. */
export const grantableRights = [
  'tracker_update',
  'tracker_configure',
  'tracker_set_output',
  'tracker_register',
  'tracker_rule_update',
  'tag_update',
  'task_update',
  'form_template_update',
  'zone_update',
  'place_update',
  'places_custom_fields_update',
  'employee_update',
  'vehicle_update',
  'video_monitoring',
  'payment_create',
  'reports',
  'weblocator_session_create',
  'delivery_session_create',
  'checkin_update',
] as const;

const userProfile = {
  time_zone: optional(text(64, 'IANA zone; UTC where it was never set')),
  measurement_system: optional(oneOf(['metric', 'imperial', 'us', 'metric_gal_us', 'nautical'], 'Units of readings')),
  locale: optional(Type.String({ pattern: '^[a-z]{2,3}(_[A-Z]{2})?$', description: '`en`, `de_DE`' })),
};

export const subUserSchema = closed(
  {
    login,
    password: optional(password),
    rights: optional(Type.Array(oneOf(grantableRights, 'Right'), { uniqueItems: true })),
    trackers: optional(
      Type.Union([Type.Literal('all'), Type.Array(deviceId, { maxItems: 100_000 })], {
        description: '`all` (as when it was never said) or a list of device ids; clones of a device are included',
      }),
    ),
    blocked: optional(Type.Boolean()),
    ...userProfile,
  },
  'A further user of the account, with rights',
);

const groupSchema = closed({ title: text(60, 'Title'), color: optional(color) }, 'A group of trackers');
const tagSchema = closed({ name: text(60, 'Name'), color: optional(color) }, 'A tag');
const apiKeySchema = closed(
  {
    title: text(255, 'What the key is for'),
    hash: Type.String({
      pattern: '^[0-9A-Za-z]{32}$',
      description: 'The key: 32 characters, or a dollar sign and the name of an environment variable in braces',
    }),
  },
  'A credential without an end',
);

export const setupTrackerSchema = closed(
  {
    label: text(60, 'Name of the tracker'),
    model,
    device_id: deviceId,
    group: optional(text(60, 'Title of a group of the account')),
    tags: optional(Type.Array(text(60, 'Name of a tag of the account'), { maxItems: 5, uniqueItems: true })),
    phone: optional(digits('Number of the SIM card: international, digits only')),
    apn: optional(
      closed(
        {
          name: text(40, 'Access point'),
          user: optional(Type.String({ maxLength: 40 })),
          password: optional(Type.String({ maxLength: 40 })),
        },
        'Access point of the SIM card',
      ),
    ),
    tariff_id: optional(id),
    blocked: optional(Type.Boolean({ description: 'Data of a blocked device is refused' })),
  },
  'A device and the tracker that shows it',
);

export const accountSchema = closed(
  {
    login,
    password: optional(password),
    ...userProfile,
    device_limit: optional(Type.Integer({ minimum: 0, maximum: 10_000_000, description: 'Most devices' })),
    legal_type: optional(legalType),
    blocked: optional(Type.Boolean()),
    api_keys: listOf(apiKeySchema, 20),
    sub_users: listOf(subUserSchema),
    groups: listOf(groupSchema),
    tags: listOf(tagSchema),
    trackers: listOf(setupTrackerSchema),
  },
  'A master user with everything that is theirs',
);

export const bundleSchema = closed(
  {
    imei: deviceId,
    model,
    iccid,
    phone: digits('Number of the SIM card'),
    account: login,
    activation_code: optional(code),
  },
  'A device sold together with its SIM card',
);
export const activationCodeSchema = closed({ code, tariff_id: optional(id) }, 'Good for one registration');
export const tariffSchema = closed(
  { id, name: text(60, 'Name'), legal_type: optional(legalType) },
  'What a tracker costs',
);
export const simSchema = closed({ iccid, phone: digits('Its number') }, 'A SIM card of the operator');
export const cloneSchema = closed(
  { label: text(60, 'Name of the clone'), of: deviceId, account: login, group: optional(text(60, 'Title of a group')) },
  'Another tracker that shows the same device',
);
export const ruleSchema = closed(
  { id, trackers: Type.Array(text(64, 'Device id, for every tracker that shows it, or label'), { minItems: 1 }) },
  'A rule ties trackers down: they cannot be deleted',
);
export const vehicleSchema = closed(
  { id, tracker: text(64, 'Device id, for every tracker that shows it, or label') },
  'A vehicle ties its tracker down',
);

export const setupSchema = Type.Object(
  {
    accounts: listOf(accountSchema),
    tariffs: listOf(tariffSchema),
    sims: listOf(simSchema),
    activation_codes: listOf(activationCodeSchema),
    bundles: listOf(bundleSchema),
    clones: listOf(cloneSchema),
    rules: listOf(ruleSchema),
    vehicles: listOf(vehicleSchema),
    licensespring: optional(licenseSpringSchema),
    here: optional(hereSchema),
  },
  { title: 'Setup of Milepost', additionalProperties: false },
);

export type Setup = Static<typeof setupSchema>;
export type SetupAccount = Static<typeof accountSchema>;
export type SetupSubUser = Static<typeof subUserSchema>;
export type SetupTracker = Static<typeof setupTrackerSchema>;
export type SetupBundle = Static<typeof bundleSchema>;
export type SetupActivationCode = Static<typeof activationCodeSchema>;
export type SetupTariff = Static<typeof tariffSchema>;
export type SetupSim = Static<typeof simSchema>;
export type SetupClone = Static<typeof cloneSchema>;
export type SetupRule = Static<typeof ruleSchema>;
export type SetupVehicle = Static<typeof vehicleSchema>;
