/**
 * The `licensespring` section of a setup file: who may ask the licence API, products with their licences, and the blacklist.
 */
import { type Static, type TProperties, type TSchema, Type } from '@sinclair/typebox';
import { licenseTypes } from '../licensing/rows.js';

const closed = <P extends TProperties>(properties: P, description: string) =>
  Type.Object(properties, { additionalProperties: false, description });
const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);
const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description });
const code = text(64, 'Short code of the product');
const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Made up where it is left out' });
const hardwareId = text(128, 'Hardware id: that of the unit where the hardware is one');

export const licenseApiKeySchema = closed(
  {
    key: Type.String({ pattern: '^[!#-~]{1,128}$', description: 'The API key: printable ASCII without quotes' }),
    shared_key: optional(
      text(
        255,
        'What requests are signed with: a text, or a dollar sign and the name of an environment variable in braces',
      ),
    ),
    read_only: flag('May not change anything'),
    revoked: flag('Good for nothing any more'),
    products: optional(
      Type.Array(code, { maxItems: 1000, description: 'Products it may activate; all where never set' }),
    ),
  },
  'Whoever may ask the licence API',
);

export const licenseUserSchema = closed(
  {
    email: Type.String({
      pattern: '^[^|]{1,255}$',
      description: 'Unique over all licence users, whatever the case of its letters',
    }),
    password: optional(
      text(255, 'A text, or a dollar sign and the name of an environment variable in braces; needed for a new user'),
    ),
    first_name: optional(text(60, 'First name')),
    last_name: optional(text(60, 'Last name')),
    phone: optional(text(30, 'Telephone number')),
  },
  'A user of licences',
);

export const licenseSchema = closed(
  {
    key: optional(text(128, 'License key, unique over all products; of key-based products')),
    users: optional(
      Type.Array(licenseUserSchema, {
        minItems: 1,
        maxItems: 1000,
        description: 'Of user-based products. The first one tells which licence is meant where no id does',
      }),
    ),
    id: optional(id),
    type: optional(
      Type.Union(
        licenseTypes.map((type) => Type.Literal(type)),
        { description: 'perpetual where it was never set' },
      ),
    ),
    enabled: flag('Default true'),
    active: flag('Activation makes it so'),
    validity_period: optional(
      Type.String({
        pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,3})?)?Z)?$',
        description: 'Until when, UTC: `2030-01-01` or `2030-01-01T12:00:00Z`',
      }),
    ),
    max_activations: optional(
      Type.Integer({ minimum: 0, maximum: 10_000_000, description: 'Most devices; 1 where it was never set' }),
    ),
    allow_unlimited_activations: flag('Any number of devices'),
  },
  'A licence',
);

const productProperties = {
  code,
  name: optional(text(255, 'Name; the code where it was never set')),
  authorization_method: optional(
    Type.Union([Type.Literal('license-key'), Type.Literal('user')], { description: 'Needed for a new product' }),
  ),
  id: optional(id),
  enabled: flag('Default true'),
  archived: flag('No more activations'),
};
/** A product without its licences. */
export const licenseProductSchema = closed(productProperties, 'A product');

export const blacklistEntrySchema = closed(
  { hardware_id: hardwareId, product: optional(text(64, 'For this product only')) },
  'Hardware that the licence API serves no more',
);

export const licenseSpringSchema = closed(
  {
    api_keys: optional(Type.Array(licenseApiKeySchema, { maxItems: 10_000 })),
    products: optional(
      Type.Array(
        closed(
          { ...productProperties, licenses: optional(Type.Array(licenseSchema, { maxItems: 100_000 })) },
          'A product',
        ),
        { maxItems: 10_000 },
      ),
    ),
    blacklist: optional(
      Type.Array(
        Type.Union([hardwareId, blacklistEntrySchema], { description: 'a hardware id, or one with a product' }),
        {
          maxItems: 100_000,
        },
      ),
    ),
  },
  'The licence API',
);

export type SetupLicenseSpring = Static<typeof licenseSpringSchema>;
export type SetupLicenseApiKey = Static<typeof licenseApiKeySchema>;
export type SetupLicenseProduct = Static<typeof licenseProductSchema>;
export type SetupLicense = Static<typeof licenseSchema>;
export type SetupLicenseUser = Static<typeof licenseUserSchema>;
export type SetupBlacklistEntry = NonNullable<SetupLicenseSpring['blacklist']>[number];
