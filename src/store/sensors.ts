/**
 * Sensors of trackers: making, changing, deleting and copying them, with what may not be there twice. They belong to the device, so its
 * clones show those of the tracker they were made of. Each change is a function over an open transaction; a refusal leaves it untouched.
 */
import type { CalibrationPoint } from '../domain/sensor-value.js';
import type { Outcome } from './accounts.js';
import type { Transaction } from './contract.js';
import type { Registry } from './registry.js';
import type { SensorRow, TrackerRow } from './rows.js';

/** A sensor as it is wanted: its id and its tracker are told apart. */
export type NewSensor = Omit<SensorRow, 'id' | 'trackerId' | 'calibration'>;

export type SensorRefusal =
  /** A tracker has one ignition at most, and one virtual ignition. */
  | 'ignition_exists'
  /** Another sensor of its kind reads this input. */
  | 'input_in_use'
  /** Parents have to be metering sensors of the tracker that have no parents themselves. */
  | 'wrong_parents'
  /** The kind of a sensor stays what it is. */
  | 'other_kind';

export type SensorOutcome = Outcome<{ readonly sensor: SensorRow }, SensorRefusal>;

/** The tracker whose sensors a tracker shows: itself, or for a clone the one that was registered. */
export function sensorOwnerId(registry: Registry, tracker: TrackerRow): number {
  if (!tracker.clone) return tracker.id;
  const original = registry.trackersOfSource(tracker.sourceId).find(({ clone }) => !clone);
  return original?.id ?? tracker.id;
}

/** Sensors that a tracker shows, by their ids. */
export function sensorsOf(registry: Registry, tracker: TrackerRow): readonly SensorRow[] {
  const sensors = registry.sensorsOfTracker(sensorOwnerId(registry, tracker));
  return sensors.length < 2 ? sensors : [...sensors].sort((left, right) => left.id - right.id);
}

/** Ids of the sensors that a composite sensor is made of; none for all others. */
export function parentIdsOf(sensor: Pick<SensorRow, 'type' | 'parameters'>): readonly number[] {
  const ids = sensor.type === 'metering' ? sensor.parameters?.parent_ids : undefined;
  return Array.isArray(ids) ? (ids as number[]) : [];
}

/** Whether a sensor is the ignition, wired or virtual. */
export function isIgnition({ type, sensorType }: Pick<SensorRow, 'type' | 'sensorType'>): boolean {
  return sensorType === (type === 'virtual' ? 'virtual_ignition' : 'ignition') && type !== 'metering';
}

/** Refusals are checked in the order: parents, ignition, input. */
export function createSensor(tx: Transaction, tracker: TrackerRow, wanted: NewSensor): SensorOutcome {
  const refusal = refusalOf(tx.registry, tracker.id, wanted);
  if (refusal !== undefined) return { ok: false, reason: refusal };
  const sensor: SensorRow = { ...wanted, id: tx.nextId('sensor'), trackerId: tracker.id };
  tx.put('sensor', sensor);
  return { ok: true, sensor };
}

/** Everything but the calibration is replaced. */
export function updateSensor(tx: Transaction, old: SensorRow, wanted: NewSensor): SensorOutcome {
  if (old.type !== wanted.type) return { ok: false, reason: 'other_kind' };
  const refusal = refusalOf(tx.registry, old.trackerId, wanted, old.id);
  if (refusal !== undefined) return { ok: false, reason: refusal };
  const sensor = { ...wanted, id: old.id, trackerId: old.trackerId, ...calibrationOf(old) };
  tx.put('sensor', sensor);
  return { ok: true, sensor };
}

/** Deletes a sensor; composite sensors that it was a part of go on without it. */
export function deleteSensor(tx: Transaction, sensor: SensorRow): void {
  tx.remove('sensor', sensor.id);
  for (const each of [...tx.registry.sensorsOfTracker(sensor.trackerId)]) {
    const parents = parentIdsOf(each);
    if (!parents.includes(sensor.id)) continue;
    tx.put(
      'sensor',
      withParents(
        each,
        parents.filter((id) => id !== sensor.id),
      ),
    );
  }
}

/** Sets the calibration table; an empty one takes it away. */
export function calibrateSensor(tx: Transaction, sensor: SensorRow, points: readonly CalibrationPoint[]): void {
  const { calibration: _old, ...rest } = sensor;
  const calibration = [...points].sort((left, right) => left.in - right.in);
  tx.put('sensor', calibration.length === 0 ? rest : { ...rest, calibration });
}

/** Gives `target` the sensors of `base`, with their calibration, in place of its own. */
export function copySensors(tx: Transaction, base: TrackerRow, target: TrackerRow): void {
  const originals = [...sensorsOf(tx.registry, base)];
  for (const old of [...tx.registry.sensorsOfTracker(target.id)]) tx.remove('sensor', old.id);
  const copyIds = new Map(originals.map(({ id }) => [id, tx.nextId('sensor')]));
  for (const original of originals) {
    const copy = { ...original, id: copyIds.get(original.id) ?? original.id, trackerId: target.id };
    const parents = parentIdsOf(original);
    const copiedParents = parents.flatMap((id) => copyIds.get(id) ?? []);
    tx.put('sensor', parents.length === 0 ? copy : withParents(copy, copiedParents));
  }
}

function withParents(sensor: SensorRow, parentIds: readonly number[]): SensorRow {
  return { ...sensor, parameters: { ...sensor.parameters, parent_ids: parentIds } };
}

function calibrationOf({ calibration }: SensorRow): Pick<SensorRow, 'calibration'> {
  return calibration === undefined ? {} : { calibration };
}

/** `selfId` is the sensor that the wanted one takes the place of. */
function refusalOf(
  registry: Registry,
  trackerId: number,
  wanted: NewSensor,
  selfId?: number,
): SensorRefusal | undefined {
  const all = registry.sensorsOfTracker(trackerId);
  if (!areParentsGood(all, wanted, selfId)) return 'wrong_parents';
  const others = all.filter(({ id, type }) => id !== selfId && type === wanted.type);
  if (isIgnition(wanted) && others.some(isIgnition)) return 'ignition_exists';
  return others.some((each) => readSame(each, wanted)) ? 'input_in_use' : undefined;
}

function areParentsGood(all: readonly SensorRow[], wanted: NewSensor, selfId: number | undefined): boolean {
  const parents = parentIdsOf(wanted);
  if (parents.length === 0) return true;
  const isPart = all.some((each) => selfId !== undefined && parentIdsOf(each).includes(selfId));
  const areSimple = parents.every((id) => {
    const parent = all.find((each) => each.id === id);
    return parent !== undefined && id !== selfId && parent.type === 'metering' && parentIdsOf(parent).length === 0;
  });
  return areSimple && !isPart;
}

/** Virtual sensors may share an input, with each other too: each looks at it in its own way. Composite sensors have none. */
function readSame(left: NewSensor, right: NewSensor): boolean {
  if (left.type === 'discrete') return left.inputNumber === right.inputNumber;
  const isMetering = left.type === 'metering' && parentIdsOf(left).length === 0 && parentIdsOf(right).length === 0;
  return isMetering && left.inputName === right.inputName;
}
