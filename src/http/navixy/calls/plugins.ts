/**
 * `plugin/list`: the ways in which a device may be registered.
 */
import { Type } from '@sinclair/typebox';
import { defineCall, noParams } from '../call.js';
import { oneOf } from '../param-types.js';
import { pluginBody, registrationPlugins } from '../plugins.js';

const pluginSchema = Type.Object({
  id: Type.Integer(),
  type: oneOf(['tracker_register']),
  ui_module: Type.String(),
  module: Type.String(),
  filter: Type.Object({
    exclusion: Type.Boolean({ description: 'True: models that fit are not served; false: only they are' }),
    values: Type.Array(Type.String({ description: 'Regular expression over a whole model code' })),
  }),
});

const list = defineCall({
  name: 'plugin/list',
  summary: 'Registration plugins',
  params: noParams,
  response: { list: Type.Array(pluginSchema) },
  handler: () => ({ list: registrationPlugins.map(pluginBody) }),
});

export const pluginCalls = [list] as const;
