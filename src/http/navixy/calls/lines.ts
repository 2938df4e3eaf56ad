/**
 * Inputs and outputs of several trackers, and the names of outputs: `tracker/batch_get_inputs`, `get_outputs`, `batch_get_outputs`,
 * `output/update`. Outputs are switched elsewhere.
 */
import { Type } from '@sinclair/typebox';
import { dateTime } from '../bodies.js';
import { type CallContext, defineCall, PreparedAnswer } from '../call.js';
import { invalidParameters, NavixyError } from '../errors.js';
import { inputsBody, inputsObject } from '../inputs-body.js';
import { pacedJson } from '../paced-json.js';
import { dictionary, printable, trackerId } from '../param-types.js';
import { linesOf } from '../state-body.js';
import { planOf } from '../state-fields.js';
import { requireOpenTracker, requireTrackers, type TrackerView, visibleTrackers } from '../visibility.js';

/** Trackers that one batch call may name. */
const maxTrackers = 500;
const batchParams = Type.Object({
  trackers: Type.Optional(
    Type.Array(Type.Integer(), {
      description: `Tracker ids, ${maxTrackers} at most; all that the user sees when left out`,
    }),
  ),
});

/** Throws codes 221 and 217. */
function batchOf(context: CallContext, trackers: readonly number[] | undefined): TrackerView[] {
  if (trackers === undefined) return visibleTrackers(context);
  if (trackers.length > maxTrackers) throw new NavixyError(221);
  return requireTrackers(context, trackers);
}

const batchGetInputs = defineCall({
  name: 'tracker/batch_get_inputs',
  summary: 'Digital inputs of several trackers, and what they mean; blocked trackers are left out',
  params: batchParams,
  response: { user_time: dateTime, data: dictionary(inputsObject, { description: 'By tracker id' }) },
  errors: [217, 221],
  handler: async (context, { trackers }) => {
    const open = batchOf(context, trackers).filter(({ source }) => !source.blocked);
    const json = await pacedJson(open, (view) => `"${view.tracker.id}":${JSON.stringify(inputsBody(context, view))}`);
    const userTime = JSON.stringify(context.dates.format(context.now));
    return new PreparedAnswer(`{"success":true,"user_time":${userTime},"data":{${json}}}`);
  },
});

const outputSchema = Type.Object({ number: Type.Integer(), title: Type.String() });

const getOutputs = defineCall({
  name: 'tracker/get_outputs',
  summary: 'Outputs of a tracker by their names',
  params: Type.Object({ tracker_id: trackerId }),
  response: { result: Type.Array(outputSchema) },
  errors: [201, 208],
  handler: (context, { tracker_id }) => ({ result: outputsOf(requireOpenTracker(context, tracker_id)) }),
});

const batchGetOutputs = defineCall({
  name: 'tracker/batch_get_outputs',
  summary: 'Outputs of several trackers by their names',
  params: batchParams,
  response: { result: dictionary(Type.Array(outputSchema), { description: 'By tracker id' }) },
  errors: [217, 221],
  handler: async (context, { trackers }) => {
    const json = await pacedJson(
      batchOf(context, trackers),
      (view) => `"${view.tracker.id}":${JSON.stringify(outputsOf(view))}`,
    );
    return new PreparedAnswer(`{"success":true,"result":{${json}}}`);
  },
});

const updateOutput = defineCall({
  name: 'tracker/output/update',
  summary: 'Gives an output another name',
  params: Type.Object({
    tracker_id: trackerId,
    tracker_output: Type.Object({
      number: Type.Integer({ minimum: 1, description: 'Number of the output, from 1' }),
      title: printable(1, 60, 'Printable'),
    }),
  }),
  response: {},
  rights: ['tracker_update'],
  errors: [13, 201, 208],
  handler: async (context, { tracker_id, tracker_output: { number, title } }) => {
    const view = requireOpenTracker(context, tracker_id);
    const count = outputsOf(view).length;
    if (number > count) {
      throw invalidParameters([
        { parameter: 'tracker_output', error: `number must be less than or equal to ${count}` },
      ]);
    }
    const { tracker } = view;
    const outputTitles = { ...tracker.settings?.outputTitles, [number]: title };
    await context.services.store.change((tx) =>
      tx.put('tracker', { ...tracker, settings: { ...tracker.settings, outputTitles } }),
    );
    return {};
  },
});

/** As many as `tracker/get_state` shows. */
function outputsOf({ tracker, model, state }: TrackerView): { number: number; title: string }[] {
  const known = model?.digital_outputs ?? null;
  const count = state === undefined ? (known ?? 0) : linesOf(state, planOf(state.fields).outputs, known).length;
  return Array.from({ length: count }, (_, i) => {
    const number = i + 1;
    return { number, title: tracker.settings?.outputTitles?.[number] ?? `OUT${number}` };
  });
}

export const lineCalls = [batchGetInputs, getOutputs, batchGetOutputs, updateOutput] as const;
