/**
 * What the events of each kind are made of: one piece of JSON text for each tracker. Texts of states are those that `tracker/get_states`
 * keeps, so a state is serialised once however many ask for it.
 */
import type { CallContext } from '../call.js';
import { compactStateJson, stateJson } from '../state-body.js';
import type { TrackerView } from '../visibility.js';
import { IotItems } from './iot-items.js';
import type { StateShape } from './limits.js';
import { ReadingsItems } from './readings-items.js';
import type { Wish } from './wishes.js';

/** Makes the pieces of one subscription. */
export interface Items {
  /** Takes note of a report: events may be made later, and of several at once. */
  observe?(view: TrackerView): void;
  /** What is to be said of a tracker; undefined for nothing. */
  itemOf(view: TrackerView, context: CallContext): string | undefined;
}

/** How pieces become the data of an event. */
export interface Content {
  readonly head: string;
  readonly tail: string;
  readonly isOneByOne: boolean;
  readonly items: Items;
}

const list = { head: '[', tail: ']', isOneByOne: false } as const;

export function contentOf(wish: Wish, shape: StateShape): Content {
  const json = wish.isCompact ? compactStateJson : stateJson;
  switch (wish.type) {
    case 'state':
      return { head: '', tail: '', isOneByOne: true, items: { itemOf: json } };
    case 'state_batch':
      return { ...list, items: { itemOf: (view, context) => shaped(json(view, context), shape) } };
    case 'readings_batch':
      return { head: '[{', tail: '}]', isOneByOne: false, items: new ReadingsItems(wish) };
    case 'iot_monitor':
      return { head: '{"iot_last_values":[', tail: ']}', isOneByOne: false, items: new IotItems() };
  }
}

const itemType = '"type":"source_state_event"';

function shaped(json: string, shape: StateShape): string {
  if (shape === 'documented') return json;
  const wrapped = `{${itemType},"state":${json}`;
  return shape === 'wrapped' ? `${wrapped}}` : `${wrapped},${json.slice(1)}`;
}
