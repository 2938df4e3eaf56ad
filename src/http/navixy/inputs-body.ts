/**
 * Digital inputs of a tracker, and what they mean, as `tracker/get_inputs` and its batch call show them.
 */
import { type Static, Type } from '@sinclair/typebox';
import { dateTimeOrNull } from './bodies.js';
import type { CallContext } from './call.js';
import { nullable, oneOf } from './param-types.js';
import { discreteSensorsOf, shownDiscreteTypes } from './sensors-states.js';
import { linesOf, newestOf } from './state-body.js';
import { planOf } from './state-fields.js';
import type { TrackerView } from './visibility.js';

const discreteSensorSchema = Type.Object({
  type: oneOf(shownDiscreteTypes),
  name: nullable(Type.String()),
  status: Type.Boolean(),
  input_number: Type.Integer(),
});

export const inputsSchema = {
  inputs: Type.Array(Type.Boolean()),
  states: Type.Array(discreteSensorSchema),
  update_time: dateTimeOrNull,
};
export const inputsObject = Type.Object(inputsSchema);
export type InputsBody = Static<typeof inputsObject>;

export function inputsBody(context: CallContext, view: TrackerView): InputsBody {
  const lines = inputLines(view);
  const sensors = discreteSensorsOf(context.services.store.registry, view);
  const newestAt = sensors.reduce((newest, { at }) => Math.max(newest, at), lines.newestAt);
  return {
    inputs: lines.inputs,
    states: sensors.map(({ type, name, status, inputNumber }) => ({ type, name, status, input_number: inputNumber })),
    update_time: context.dates.orNull(newestAt),
  };
}

function inputLines({ state, model }: TrackerView): { inputs: boolean[]; newestAt: number } {
  const count = model?.digital_inputs ?? null;
  if (state === undefined) return { inputs: new Array<boolean>(count ?? 0).fill(false), newestAt: 0 };
  const slots = planOf(state.fields).inputs;
  return { inputs: linesOf(state, slots, count), newestAt: newestOf(state, slots) };
}
