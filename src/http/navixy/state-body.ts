/**
 * A unit's state as the Navixy dialect shows it. Two thousand of these make one answer, so each is one literal built without look-ups
 * by name (`state-fields.ts`) and without a zone database call per date (`dates.ts`).
 */
import type { DeviceModel } from '../../domain/models.js';
import { UnitState } from '../../domain/state.js';
import type { DeviceVariableRow } from '../../store/licensing/rows.js';
import { variablesOfUnit } from '../../store/licensing/variables.js';
import type { SensorRow, SourceRow } from '../../store/rows.js';
import type { AnswerBytes } from './answer-bytes.js';
import { percentFromVolts, percentOf } from './battery.js';
import type { StateBody } from './bodies.js';
import type { CallContext } from './call.js';
import type { DateFormat } from './dates.js';
import { ignitionOf, ignitionSensorOf } from './sensors-states.js';
import { type FieldPlan, maxLines, type NumberedSlot, planOf, stateText } from './state-fields.js';
import { connectionStatus } from './status.js';
import type { TrackerView } from './visibility.js';

/** What is shown of a unit that never reported. */
const silent = new UnitState();

/**
 * The text of a state with everything it was made of. It is written anew in its place: thousands of texts that are a moment old would
 * otherwise be moved about by the garbage collector.
 */
interface KeptText {
  version: number;
  heardAt: number;
  variables: readonly DeviceVariableRow[];
  ignitionSensor: SensorRow | undefined;
  status: string;
  model: DeviceModel | undefined;
  /** UTF-8; what lies behind `size` is of no account. */
  bytes: Buffer;
  size: number;
}

/** By the state; by the source where there is no state yet. */
type TextsOfUnits = WeakMap<UnitState | SourceRow, KeptText>;

/** Room beyond what a text takes now, for the next. */
const spareBytes = 128;

/**
 * States in one shape as JSON. The last text of each unit is kept for each form of dates: who watches a fleet asks far more often than a
 * unit reports, and making two thousand texts anew takes ten times as long as putting them together.
 */
class StateTexts {
  readonly #bodyOf: (view: TrackerView, context: CallContext) => object;
  readonly #byDates = new WeakMap<DateFormat, TextsOfUnits>();

  constructor(bodyOf: (view: TrackerView, context: CallContext) => object) {
    this.#bodyOf = bodyOf;
  }

  /** The text of now. It is good until the next is asked for. */
  of(view: TrackerView, context: CallContext): KeptText {
    const { source, model } = view;
    const texts = this.#textsIn(context.dates);
    const key = view.state ?? source;
    const { version, heardAt } = view.state ?? silent;
    const status = connectionStatusOf(view, context);
    const variables = variablesOf(view, context);
    const ignitionSensor = ignitionSensorOf(context.services.store.registry, view.tracker);
    const kept = texts.get(key);
    const isFresh = kept?.version === version && kept.heardAt === heardAt && kept.variables === variables;
    const isSame = isFresh && kept.ignitionSensor === ignitionSensor;
    if (isSame && kept.status === status && kept.model === model) return kept;
    const json = JSON.stringify(this.#bodyOf(view, context));
    const size = Buffer.byteLength(json);
    const bytes =
      kept !== undefined && kept.bytes.length >= size ? kept.bytes : Buffer.allocUnsafeSlow(size + spareBytes);
    bytes.write(json);
    const made = { version, heardAt, variables, ignitionSensor, status, model, bytes, size };
    if (kept === undefined) texts.set(key, made);
    else Object.assign(kept, made);
    return kept ?? made;
  }

  #textsIn(dates: DateFormat): TextsOfUnits {
    let texts = this.#byDates.get(dates);
    if (texts === undefined) {
      texts = new WeakMap();
      this.#byDates.set(dates, texts);
    }
    return texts;
  }
}

const fullTexts = new StateTexts(stateBody);
const compactTexts = new StateTexts(compactStateBody);

/** The state of a tracker now, as JSON. */
export function stateJson(view: TrackerView, context: CallContext): string {
  return textOf(fullTexts.of(view, context));
}

/** The same as bytes, appended to an answer: that takes a fraction of the time that text takes to be joined and written. */
export function appendState(answer: AnswerBytes, view: TrackerView, context: CallContext): void {
  const { bytes, size } = fullTexts.of(view, context);
  answer.append(bytes, size);
}

/** The same as bytes to be kept. */
export function stateBytes(view: TrackerView, context: CallContext): Buffer {
  const { bytes, size } = fullTexts.of(view, context);
  return Buffer.from(bytes.subarray(0, size));
}

/** Position, movement, connection and ignition of a tracker now, as JSON. */
export function compactStateJson(view: TrackerView, context: CallContext): string {
  return textOf(compactTexts.of(view, context));
}

function textOf({ bytes, size }: KeptText): string {
  return bytes.toString('utf8', 0, size);
}

function compactStateBody(view: TrackerView, context: CallContext): object {
  const body = stateBody(view, context);
  const { source_id, gps, connection_status, movement_status, movement_status_update } = body;
  const { ignition, ignition_update, last_update } = body;
  const position = { source_id, gps, connection_status, movement_status, movement_status_update };
  return { ...position, ignition, ignition_update, last_update };
}

/** The state of a tracker now. */
export function stateBody(view: TrackerView, context: CallContext): StateBody {
  const state = view.state ?? silent;
  const { model, source } = view;
  const { dates } = context;
  const plan = planOf(state.fields);
  const battery = batteryOf(state, plan, model);
  const body: StateBody = {
    source_id: source.id,
    gps: gpsOf(state, plan, dates),
    connection_status: connectionStatusOf(view, context),
    movement_status: state.movement,
    movement_status_update: dates.orNull(state.movementAt),
    gsm: gsmOf(state, plan, dates, model),
    last_update: dates.orNull(state.heardAt),
    battery_level: battery === null ? null : battery.percent,
    battery_update: battery === null ? null : dates.format(battery.at),
    inputs: linesOf(state, plan.inputs, model?.digital_inputs ?? null),
    inputs_update: dates.orNull(newestOf(state, plan.inputs)),
    outputs: linesOf(state, plan.outputs, model?.digital_outputs ?? null),
    outputs_update: dates.orNull(newestOf(state, plan.outputs)),
    additional: { ...additionalOf(state, plan, dates), ...shownVariables(variablesOf(view, context), dates) },
    actual_track_update: dates.orNull(state.trackAt),
  };
  const ignition = shownIgnition(view, plan, ignitionSensorOf(context.services.store.registry, view.tracker));
  if (ignition !== undefined) {
    body.ignition = ignition.isOn;
    body.ignition_update = dates.format(ignition.at);
  }
  return body;
}

/** By the sensor that was set up for it; where there is none, or it says nothing, by the unit's own word. */
function shownIgnition(view: TrackerView, plan: FieldPlan, sensor: SensorRow | undefined) {
  const told = sensor === undefined ? undefined : ignitionOf(view, sensor);
  const { state } = view;
  if (told !== undefined || state === undefined || plan.ignition < 0) return told;
  return { isOn: state.fields.valueAt(plan.ignition) === true, at: state.fields.timeAt(plan.ignition) };
}

export function connectionStatusOf(
  view: Omit<TrackerView, 'model'>,
  context: Pick<CallContext, 'services' | 'now'>,
): StateBody['connection_status'] {
  const { services } = context;
  const { source, tracker, state } = view;
  const isReachable = services.live.isConnected(source.id) || !services.isConnectionOriented(source.protocol);
  const facts = { state, isReplacement: tracker.replacedAt !== undefined, isReachable, now: context.now };
  const offlineTimeoutMs = services.store.registry.offlineTimeoutOf(source.id);
  const rules = services.statusRules;
  return connectionStatus(facts, offlineTimeoutMs === undefined ? rules : { ...rules, offlineTimeoutMs });
}

function gpsOf(state: UnitState, plan: FieldPlan, dates: DateFormat): StateBody['gps'] {
  const gps: StateBody['gps'] = {
    updated: dates.orNull(state.fixAt),
    signal_level: state.satellites < 0 ? null : Math.min(100, state.satellites * 10),
    location: { lat: state.lat ?? 0, lng: state.lng ?? 0 },
    heading: Math.round(state.headingDeg),
    speed: Math.round(state.speedKmh),
    alt: Math.round(state.altitudeM),
  };
  const precision = precisionOf(state, plan);
  if (precision !== 0) gps.precision = precision;
  if (state.positionFromCells) gps.gsm_lbs = true;
  return gps;
}

/** Metres per unit of HDOP: user range error of a cheap receiver. */
const metresPerHdop = 5;
const worstHdop = 99;

/** Horizontal error in metres, as the unit tells it or from HDOP; 0 when unknown. */
export function precisionOf(state: UnitState, plan: FieldPlan): number {
  const told = numberAt(state, plan.precision);
  if (told !== undefined) return Math.max(0, Math.round(told));
  const hdop = numberAt(state, plan.hdop) ?? 0;
  return hdop > 0 && hdop < worstHdop ? Math.round(hdop * metresPerHdop) : 0;
}

function numberAt(state: UnitState, slot: number): number | undefined {
  const value = slot < 0 ? undefined : state.fields.valueAt(slot);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function textAt(state: UnitState, slot: number): string | undefined {
  const value = slot < 0 ? undefined : state.fields.valueAt(slot);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function gsmOf(state: UnitState, plan: FieldPlan, dates: DateFormat, model: DeviceModel | undefined): StateBody['gsm'] {
  const at = gsmTime(state, plan);
  if (at === 0 && model !== undefined && !hasModem(model)) return null;
  const signal = numberAt(state, plan.gsmSignal);
  const roaming = plan.gsmRoaming < 0 ? undefined : state.fields.valueAt(plan.gsmRoaming);
  return {
    updated: dates.orNull(at),
    signal_level: signal === undefined ? null : percentOf(signal),
    network_name: networkName(state, plan),
    roaming: typeof roaming === 'boolean' ? roaming : null,
  };
}

function hasModem(model: DeviceModel): boolean {
  return (
    model.gsm_level === true || model.gsm_network === true || model.gsm_roaming === true || model.has_phone === true
  );
}

function gsmTime(state: UnitState, plan: FieldPlan): number {
  let newest = 0;
  for (const slot of [plan.gsmSignal, plan.gsmName, plan.gsmCode, plan.gsmMcc, plan.gsmRoaming]) {
    if (slot >= 0 && state.fields.timeAt(slot) > newest) newest = state.fields.timeAt(slot);
  }
  return newest;
}

/** The operator's name, or its code as `262-01`. */
function networkName(state: UnitState, plan: FieldPlan): string | null {
  const name = textAt(state, plan.gsmName);
  if (name !== undefined) return name;
  const code = textAt(state, plan.gsmCode);
  if (code !== undefined && /^\d{4,6}$/.test(code)) return `${code.slice(0, 3)}-${code.slice(3).padStart(2, '0')}`;
  if (code !== undefined) return code;
  const country = numberAt(state, plan.gsmMcc);
  const network = numberAt(state, plan.gsmMnc);
  if (country === undefined || network === undefined || country === 0) return null;
  return `${String(country).padStart(3, '0')}-${String(network).padStart(2, '0')}`;
}

function batteryOf(
  state: UnitState,
  plan: FieldPlan,
  model: DeviceModel | undefined,
): { readonly percent: number; readonly at: number } | null {
  const level = numberAt(state, plan.batteryLevel);
  if (level !== undefined) return { percent: percentOf(level), at: state.fields.timeAt(plan.batteryLevel) };
  const volts = numberAt(state, plan.batteryVoltage);
  const percent = volts === undefined ? null : percentFromVolts(volts, model);
  return percent === null ? null : { percent, at: state.fields.timeAt(plan.batteryVoltage) };
}

/** Inputs or outputs, the first at index 0: as many as the model has, or up to the highest reported where that is unknown. */
export function linesOf(state: UnitState, slots: readonly NumberedSlot[], modelCount: number | null): boolean[] {
  let count = modelCount ?? 0;
  if (modelCount === null) for (const { number } of slots) count = Math.max(count, number);
  const lines = new Array<boolean>(Math.min(count, maxLines)).fill(false);
  for (const { slot, number } of slots)
    if (number <= lines.length) lines[number - 1] = state.fields.valueAt(slot) === true;
  return lines;
}

export function newestOf(state: UnitState, slots: readonly NumberedSlot[]): number {
  let newest = 0;
  for (const { slot } of slots) if (state.fields.timeAt(slot) > newest) newest = state.fields.timeAt(slot);
  return newest;
}

function additionalOf(state: UnitState, plan: FieldPlan, dates: DateFormat): StateBody['additional'] {
  const additional: StateBody['additional'] = {};
  for (const { name, slot } of plan.states) {
    const value = stateText(name, state.fields.valueAt(slot));
    if (value !== undefined) additional[name] = { value, updated: dates.format(state.fields.timeAt(slot)) };
  }
  return additional;
}

function variablesOf({ source }: TrackerView, { services }: CallContext): readonly DeviceVariableRow[] {
  return variablesOfUnit(services.store.registry, source);
}

/** Variables that were set for the hardware, each by its name behind `variable.`: texts as they are, others as JSON. */
function shownVariables(rows: readonly DeviceVariableRow[], dates: DateFormat): StateBody['additional'] {
  return Object.fromEntries(
    rows.map(({ name, value, createdAt }) => [
      `variable.${name}`,
      { value: typeof value === 'string' ? value : JSON.stringify(value), updated: dates.format(createdAt) },
    ]),
  );
}
