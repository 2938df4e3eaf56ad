/**
 * What a device switches: its outputs and the engine block. A command moves something, so it is carried out now or refused; only models
 * that promise to wait (`async_offline`) may be told while they are offline. What `get_state` shows changes when the device confirms.
 */
import { Type } from '@sinclair/typebox';
import type { Command } from '../../../domain/command.js';
import type { DeviceModel } from '../../../domain/models.js';
import { type CallContext, defineCall } from '../call.js';
import { requireLink, requireSpoken, submit } from '../command-wish.js';
import { NavixyError } from '../errors.js';
import { trackerId } from '../param-types.js';
import { requireOpenTracker, type TrackerView } from '../visibility.js';

/** Kinds of `output_control`. Source: Navixy backend API, `tracker/output`. */
const singleControls: readonly string[] = ['default', 'stateless', 'async', 'async_offline'];
const batchControls: readonly string[] = ['batch', 'batch_async'];
const offlineControl = 'async_offline';
/** The output that an engine block hangs on where a device has no word of its own for it. */
const engineOutput = 1;

const set = defineCall({
  name: 'tracker/output/set',
  summary: 'Switches one output',
  params: Type.Object({
    tracker_id: trackerId,
    output: Type.Integer({ minimum: 1, description: 'Number of the output, from 1' }),
    enable: Type.Boolean(),
  }),
  response: {},
  rights: ['tracker_set_output'],
  errors: [8, 13, 204, 208, 213, 214, 219],
  handler: async (context, { tracker_id, output, enable }) => {
    const view = requireOriginal(context, tracker_id);
    const { model } = view;
    if (!isControlledBy(model, singleControls) || output > (model?.digital_outputs ?? 0)) throw new NavixyError(214);
    await switchOutputs(context, view, [{ kind: 'output', output, enable }]);
    return {};
  },
});

const setAll = defineCall({
  name: 'tracker/output/set_all',
  summary: 'Switches all outputs',
  params: Type.Object({
    tracker_id: trackerId,
    outputs: Type.Array(Type.Boolean(), {
      minItems: 1,
      maxItems: 64,
      description: 'One for each output of the device',
    }),
  }),
  response: {},
  rights: ['tracker_set_output'],
  errors: [8, 13, 204, 208, 213, 214, 219],
  handler: async (context, { tracker_id, outputs }) => {
    const view = requireOriginal(context, tracker_id);
    const { model } = view;
    if (!isControlledBy(model, batchControls) || outputs.length !== model?.digital_outputs) throw new NavixyError(214);
    const commands = outputs.map((enable, i): Command => ({ kind: 'output', output: i + 1, enable }));
    await switchOutputs(context, view, commands);
    return {};
  },
});

const readImmobilizer = defineCall({
  name: 'tracker/engine_immobilizer/read',
  summary: 'Whether the engine is blocked, as the device last said',
  params: Type.Object({ tracker_id: trackerId }),
  response: { enabled: Type.Boolean() },
  errors: [204, 208, 214, 219],
  handler: (context, { tracker_id }) => {
    const view = requireOriginal(context, tracker_id);
    requireSpoken(context, view, engineCommand(true));
    requireEngineOutput(view);
    const { fields } = view.state ?? {};
    const said = fields?.get('engine_blocked') ?? fields?.get(`output_${engineOutput}`);
    return { enabled: said?.value === true };
  },
});

const setImmobilizer = defineCall({
  name: 'tracker/engine_immobilizer/set',
  summary: 'Blocks the engine, or lets it go',
  params: Type.Object({ tracker_id: trackerId, enabled: Type.Boolean() }),
  response: {},
  rights: ['tracker_set_output'],
  errors: [8, 13, 204, 208, 213, 214, 219],
  handler: async (context, { tracker_id, enabled }) => {
    const view = requireOriginal(context, tracker_id);
    requireEngineOutput(view);
    await switchOutputs(context, view, [engineCommand(enabled)]);
    return {};
  },
});

const engineCommand = (enable: boolean): Command => ({ kind: 'output', output: engineOutput, enable });

/** The tracker itself, no clone of it. Throws codes 204, 208 and 219. */
function requireOriginal(context: CallContext, id: number): TrackerView {
  const view = requireOpenTracker(context, id, 204);
  if (view.tracker.clone) throw new NavixyError(219);
  return view;
}

function isControlledBy(model: DeviceModel | undefined, controls: readonly string[]): boolean {
  return controls.includes(model?.output_control ?? '');
}

/** Throws code 214 where neither the catalogue nor the device's own words know of something to block the engine with. */
function requireEngineOutput({ model, state }: TrackerView): void {
  const hasOutput = isControlledBy(model, singleControls) && (model?.digital_outputs ?? 0) >= engineOutput;
  if (!hasOutput && state?.fields.get('engine_blocked') === undefined) throw new NavixyError(214);
}

/** Throws codes 214 and 213. */
async function switchOutputs(context: CallContext, view: TrackerView, commands: readonly Command[]): Promise<void> {
  for (const command of commands) requireSpoken(context, view, command);
  const mayWait = view.model?.output_control === offlineControl;
  if (!mayWait) requireLink(context, view);
  await submit(context, view, commands, { reliable: mayWait });
}

export const trackerOutputCalls = [set, setAll, readImmobilizer, setImmobilizer] as const;
