/**
 * The `here` section of a setup file: projects of the claim API with their members, licence and devices.
 */
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { licenceTypes } from '../claims/rows.js';

const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);
const text = (minLength: number, maxLength: number, description: string) =>
  Type.String({ minLength, maxLength, description });

const licenceSchema = Type.Object(
  {
    type: optional(
      Type.Union(
        licenceTypes.map((type) => Type.Literal(type)),
        { description: 'commercial where it was never set' },
      ),
    ),
    expires_at: optional(
      Type.String({
        pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2})?Z)?$',
        description: 'UTC: `2030-01-01` or `2030-01-01T12:00:00Z`; never where it is left out',
      }),
    ),
    quota: optional(
      Type.Integer({ minimum: 0, maximum: 10_000_000, description: 'Most devices provisioned, and most claimed' }),
    ),
  },
  { additionalProperties: false, description: 'Without one a project may do anything' },
);

export const hereDeviceSchema = Type.Object(
  {
    id: optional(text(1, 50, 'Identity on the wire, usually an IMEI; of a physical device')),
    external_id: optional(text(1, 50, 'Name of a virtual device, unique within the app; instead of `id`')),
    secret: optional(
      text(1, 128, 'For logins over HTTP: a text, or a dollar sign and the name of an environment variable in braces'),
    ),
    model: optional(text(1, 64, 'Code of the model catalogue; where it is left out the first login decides')),
  },
  { additionalProperties: false, description: 'A provisioned device' },
);

export const projectSchema = Type.Object(
  {
    id: text(1, 50, 'Project id'),
    app_id: optional(text(8, 255, 'Application id, unique over all projects; needed for a new project')),
    name: optional(text(1, 50, 'Name; the id where it was never set')),
    description: optional(text(1, 250, 'Description; the name where it was never set')),
    members: optional(
      Type.Array(text(1, 255, 'Login of an account or of a sub-user'), {
        minItems: 1,
        maxItems: 1000,
        description: 'Who may act for the project. What it owns belongs to the account of the first one',
      }),
    ),
    licence: optional(licenceSchema),
    devices: optional(Type.Array(hereDeviceSchema, { maxItems: 100_000 })),
  },
  { additionalProperties: false, description: 'A vendor and owner of devices' },
);

export const hereSchema = Type.Object(
  { projects: optional(Type.Array(projectSchema, { maxItems: 10_000 })) },
  { additionalProperties: false, description: 'The claim API' },
);

export type SetupHere = Static<typeof hereSchema>;
export type SetupProject = Static<typeof projectSchema>;
export type SetupHereDevice = Static<typeof hereDeviceSchema>;
