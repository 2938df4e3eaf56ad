/**
 * `tracker/list_models`: the catalogue of device models.
 */
import { type Static, Type } from '@sinclair/typebox';
import { expandedInputs, models, publishedModel } from '../../../domain/models.js';
import { defineCall } from '../call.js';
import { nullable, withDefault } from '../param-types.js';

/** Keys that both views have; the full one has many more. */
const modelSchema = Type.Object(
  {
    id: Type.Integer(),
    code: Type.String(),
    name: nullable(Type.String()),
    vendor: nullable(Type.String()),
    type: nullable(Type.String({ description: '`logger`, `portable`, `vehicle` or `personal`' })),
    id_type: nullable(Type.String({ description: '`imei`, `meid`, `id,n`, `n,m` or `ascii,min,max`' })),
    has_phone: Type.Boolean(),
    has_apn_settings: Type.Boolean(),
    register: Type.Boolean(),
  },
  { additionalProperties: true },
);
type ModelBody = Static<typeof modelSchema>;
const compactKeys = Object.keys(modelSchema.properties);

const listModels = defineCall({
  name: 'tracker/list_models',
  summary: 'Device models that can be registered, and what they can do',
  params: Type.Object({
    compact_view: withDefault(Type.Boolean({ description: 'Only what registration needs' }), false),
    compact_index: withDefault(Type.Boolean({ description: '`analog_2` instead of `analog_1`, `analog_2`' }), false),
    codes: Type.Optional(Type.Array(Type.String(), { description: 'Only these models; unknown codes are skipped' })),
  }),
  response: { list: Type.Array(modelSchema) },
  handler: (_context, params) => {
    const codes = params.codes === undefined ? undefined : new Set(params.codes);
    return {
      list: models
        .filter((model) => codes?.has(model.code) ?? true)
        .map((model) => {
          const body = publishedModel(model);
          if (!params.compact_index) body.inputs = expandedInputs(model.inputs);
          return (params.compact_view ? only(body, compactKeys) : body) as ModelBody;
        }),
    };
  },
});

function only(body: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, body[key]]));
}

export const modelCalls = [listModels] as const;
