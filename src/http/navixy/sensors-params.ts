/**
 * Sensors as the API takes and gives them: three kinds in one object, told apart by `type`. What a kind does not have is ignored; what it
 * needs beyond the schema is checked here.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { SensorRow } from '../../store/rows.js';
import type { NewSensor } from '../../store/sensors.js';
import { oneOf, printable } from './param-types.js';
import { meteringTypes } from './sensors.js';
import { discreteTypes } from './sensors-states.js';

const optionalNumber = (description: string) => Type.Optional(Type.Number({ description }));
const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const shortText = Type.String({ maxLength: 64 });

const sensorParameters = Type.Object({
  parent_ids: Type.Optional(
    Type.Array(Type.Integer(), { maxItems: 64, uniqueItems: true, description: 'Parts of a composite sensor' }),
  ),
  volume: optionalNumber('Volume of the tank'),
  min: optionalNumber('Lower readings of the input are no readings'),
  max: optionalNumber('Higher readings of the input are no readings'),
  max_lowering_by_time: optionalNumber('An hour'),
  max_lowering_by_mileage: optionalNumber('In 100 km'),
  ignore_drains_in_move: flag('Drains only while parked'),
  ignore_refuels_in_move: flag('Refuels only while parked'),
  refuel_gap_minutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 1440 })),
  custom_field_name: flag('The name of the input is one of the device’s own'),
  calc_method: Type.Optional(oneOf(['in_range', 'identity', 'bit_index'], { description: 'Virtual sensors' })),
  range_from: optionalNumber('Least value in range'),
  range_to: optionalNumber('Greatest value in range'),
  bit_index: Type.Optional(Type.Integer({ minimum: 1, maximum: 53, description: '1 for the lowest bit' })),
  value_titles: Type.Optional(
    Type.Array(Type.Object({ value: shortText, title: shortText }), {
      maxItems: 100,
      description: 'What virtual sensors show instead of values',
    }),
  ),
});

const accuracyStep = 0.25;

export const sensorParam = Type.Object(
  {
    id: Type.Optional(Type.Integer()),
    type: oneOf(['metering', 'discrete', 'virtual']),
    sensor_type: Type.String({ maxLength: 64, description: 'Depends on `type`' }),
    name: printable(1, 100, 'Printable'),
    input_name: Type.Optional(printable(1, 64, 'Raw input of metering and virtual sensors')),
    input_number: Type.Optional(Type.Integer({ minimum: 1, maximum: 8, description: 'Of discrete sensors' })),
    divider: optionalNumber('Not 0; 1 when left out'),
    accuracy: Type.Optional(Type.Number({ minimum: 0, maximum: 100, multipleOf: accuracyStep })),
    units: Type.Optional(Type.String({ maxLength: 64 })),
    units_type: Type.Optional(
      Type.String({
        maxLength: 64,
        description: '`custom`, `celsius`, `fahrenheit`, `litre`, `gallon_us`, `gallon_uk`',
      }),
    ),
    group_type: Type.Optional(oneOf(['sum', 'avg'])),
    custom_field_name: flag('Of virtual sensors: the name of the input is one of the device’s own'),
    parameters: Type.Optional(sensorParameters),
  },
  { description: 'A sensor: `metering`, `discrete` or `virtual`' },
);
export type SensorParam = Static<typeof sensorParam>;
type SensorParameters = NonNullable<SensorParam['parameters']>;

const virtualTypes = ['virtual_ignition', 'state'] as const;
const typesOf = { metering: meteringTypes, discrete: discreteTypes, virtual: virtualTypes } as const;

/** Kinds of sensors that have readings. */
export const readingTypes = [...meteringTypes, ...virtualTypes] as const;

/** What the schema cannot tell, in words. */
export function sensorFaults(sensor: SensorParam): string[] {
  const faults: string[] = [];
  const types: readonly string[] = typesOf[sensor.type];
  if (!types.includes(sensor.sensor_type)) faults.push(`sensor_type Should be one of [${types.join(', ')}]`);
  if (sensor.type === 'discrete')
    return sensor.input_number === undefined ? [...faults, missing('input_number')] : faults;
  if (sensor.input_name === undefined) faults.push(missing('input_name'));
  const own = sensor.type === 'metering' ? meteringFaults(sensor) : virtualFaults(sensor.parameters ?? {});
  return [...faults, ...own];
}

const missing = (name: string) => `${name} must not be null`;

function meteringFaults({ divider, accuracy = 0, input_name, parameters = {} }: SensorParam): string[] {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE, parent_ids = [] } = parameters;
  const faults: string[] = [];
  if (divider === 0) faults.push('divider must not be 0');
  if (!Number.isInteger(accuracy / accuracyStep)) faults.push(`accuracy must be a multiple of ${accuracyStep}`);
  if (min > max) faults.push('parameters max must be greater than or equal to min');
  if (input_name === compositeInput && parent_ids.length === 0) faults.push('parameters parent_ids must not be empty');
  return faults;
}

/** The input of sensors that are made of others. */
const compositeInput = 'composite';

function virtualFaults(parameters: SensorParameters): string[] {
  const { calc_method, range_from, range_to, bit_index, value_titles = [] } = parameters;
  const faults: string[] = [];
  if (calc_method === undefined) faults.push('parameters calc_method must not be null');
  if (calc_method === 'in_range' && range_from === undefined && range_to === undefined) {
    faults.push('parameters range_from or range_to must not be null');
  }
  if (range_from !== undefined && range_to !== undefined && range_from > range_to) {
    faults.push('parameters range_to must be greater than or equal to range_from');
  }
  if (calc_method === 'bit_index' && bit_index === undefined) faults.push('parameters bit_index must not be null');
  const isUnique = new Set(value_titles.map(({ value }) => value)).size === value_titles.length;
  return isUnique ? faults : [...faults, 'parameters value_titles must only contain unique elements'];
}

/** Whether the input is one of the device's own, which not every model has. */
export function namesCustomField({ type, custom_field_name, parameters }: SensorParam): boolean {
  return (type === 'virtual' ? custom_field_name : parameters?.custom_field_name) === true;
}

const parametersOfKind = {
  metering: [
    ...(['parent_ids', 'volume', 'min', 'max', 'max_lowering_by_time', 'max_lowering_by_mileage'] as const),
    ...(['ignore_drains_in_move', 'ignore_refuels_in_move', 'refuel_gap_minutes', 'custom_field_name'] as const),
  ],
  virtual: ['calc_method', 'range_from', 'range_to', 'bit_index', 'value_titles'],
} as const;

/** The row that a good parameter makes. */
export function wantedSensor(sensor: SensorParam): NewSensor {
  const { type, sensor_type: sensorType, name, input_name, input_number } = sensor;
  if (type === 'discrete') return { type, sensorType, name, inputNumber: input_number ?? 1 };
  const common = {
    type,
    sensorType,
    name,
    inputName: input_name ?? '',
    parameters: kept(sensor, parametersOfKind[type]),
  };
  if (type === 'virtual') {
    const parameters = { ...common.parameters, custom_field_name: sensor.custom_field_name ?? false };
    return { ...common, parameters };
  }
  return {
    ...common,
    divider: sensor.divider ?? 1,
    accuracy: sensor.accuracy ?? 0,
    units: sensor.units ?? '',
    unitsType: sensor.units_type ?? 'custom',
    groupType: sensor.group_type ?? null,
  };
}

function kept({ parameters = {} }: SensorParam, names: readonly (keyof SensorParameters)[]): Record<string, unknown> {
  return Object.fromEntries(
    names.filter((name) => parameters[name] !== undefined).map((name) => [name, parameters[name]]),
  );
}

/** A sensor as it is listed. Which keys it has depends on `type`. */
export const sensorSchema = Type.Object({
  id: Type.Integer(),
  type: oneOf(['metering', 'discrete', 'virtual']),
  sensor_type: Type.String(),
  name: Type.String(),
  input_name: Type.Optional(Type.String()),
  input_number: Type.Optional(Type.Integer()),
  divider: Type.Optional(Type.Number()),
  accuracy: Type.Optional(Type.Number()),
  units: Type.Optional(Type.String()),
  units_type: Type.Optional(Type.String()),
  group_type: Type.Optional(Type.Unsafe<'sum' | 'avg' | null>({ type: ['string', 'null'] })),
  custom_field_name: Type.Optional(Type.Boolean()),
  parameters: Type.Optional(sensorParameters),
});
export type SensorBody = Static<typeof sensorSchema>;

export function sensorBody(row: SensorRow): SensorBody {
  const { id, type, sensorType: sensor_type, name } = row;
  if (type === 'discrete') return { id, type, sensor_type, name, input_number: row.inputNumber ?? 1 };
  const common = { id, type, sensor_type, name, input_name: row.inputName ?? '' };
  if (type === 'virtual') {
    const { custom_field_name = false, ...parameters } = row.parameters as SensorParameters;
    return { ...common, custom_field_name, parameters };
  }
  return {
    ...common,
    divider: row.divider ?? 1,
    accuracy: row.accuracy ?? 0,
    units: row.units ?? '',
    units_type: row.unitsType ?? 'custom',
    group_type: row.groupType ?? null,
    parameters: { ...meteringDefaults, ...row.parameters },
  };
}

const meteringDefaults = {
  ignore_drains_in_move: false,
  ignore_refuels_in_move: false,
  refuel_gap_minutes: 5,
  custom_field_name: false,
} as const;
