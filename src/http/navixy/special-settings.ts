/**
 * Special settings: those that only some models have, each with a form of its own, told apart by `type`. The table says what a form may
 * hold; which of them a model has stands in the catalogue.
 * Source: Navixy backend API, `tracker/settings/special`.
 */
import { type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { DeviceModel } from '../../domain/models.js';
import type { Violation } from './errors.js';
import { oneOf } from './param-types.js';
import { readParams } from './params.js';

const form = (fields: TProperties): TObject => Type.Object(fields);
const int = (minimum: number, maximum: number, step?: number) =>
  Type.Integer({ minimum, maximum, ...(step === undefined ? {} : { multipleOf: step }) });
const num = (minimum: number, maximum: number) => Type.Number({ minimum, maximum });
const flag = Type.Boolean();
const mode = oneOf(['enable', 'disable']);
const matching = (pattern: string) => Type.String({ pattern });
const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);

const lockPassword = (pattern?: string) =>
  form({
    password: optional(pattern === undefined ? Type.String({ maxLength: 64 }) : matching(pattern)),
    remember_password: optional(flag),
  });
const phones = (capacity: number) =>
  form({
    capacity: int(capacity, capacity),
    items: Type.Array(form({ phone: matching('^\\d{10,15}$') }), { maxItems: capacity }),
  });
const phonebook = (capacity: number) =>
  form({
    capacity: int(capacity, capacity),
    items: Type.Array(form({ name: Type.String({ maxLength: 64 }), phone: matching('^\\d{1,15}$') }), {
      maxItems: capacity,
    }),
  });
const alarm = (minimum: number, maximum: number) =>
  form({ report: flag, beep: flag, threshold: num(minimum, maximum) });
const forces = (minimum: number, maximum: number) => ({
  max_acceleration_force: num(minimum, maximum),
  max_braking_force: num(minimum, maximum),
});
const cornering = (minimum: number, maximum: number) => ({ max_cornering_force: num(minimum, maximum) });
const speedDeltas = {
  high_speed: int(100, 400),
  medium_speed: int(60, 100),
  high_speed_braking_delta: int(0, 100),
  high_speed_acceleration_delta: int(0, 100),
  medium_speed_braking_delta: int(0, 100),
  medium_speed_acceleration_delta: int(0, 100),
  low_speed_braking_delta: int(0, 100),
  low_speed_acceleration_delta: int(0, 100),
};
const ignitionSource = form({
  mode: oneOf(['power_voltage', 'din1', 'movement']),
  power_voltage_low_level: int(0, 30_000),
  power_voltage_high_level: int(0, 30_000),
});
const towing = {
  mode,
  engine_off_to_tow: int(0, 900),
  fake_tow_delay: int(0, 600),
  tow_interval: int(0, 86_400),
  rest_duration: int(0, 3825, 15),
  motion_threshold: int(2, 9),
};
const cardNumber = matching('^[0-9A-F]{16}$');
const day = matching('^\\d{4}-\\d{2}-\\d{2}$');
const largest = 2_147_483_647;

/** What a setting of each type holds besides its type. */
export const specialSettings: Readonly<Record<string, TObject>> = {
  electronic_lock_password: lockPassword(),
  hhd_lock_password: lockPassword('^\\d{8}$'),
  jointech_lock_password: lockPassword('^[^ ,]{6}$'),
  vg_lock_password: lockPassword('^\\d{6}$'),
  autofon_sms_alerts: form({ low_battery_mode: mode, ext_input_mode: mode, sos_button_mode: mode }),
  auto_geofence_telfm: form({ mode, activation_timeout: int(0, 65_535), radius: int(50, 10_000) }),
  bce_tacho_control: form({ function: oneOf(['slot1', 'slot2', 'vu_activities', 'vu_no_activities']) }),
  call_button: phones(1),
  call_buttons_v40: phones(4),
  careu_psm: form({
    sleep_when_ignition_off: flag,
    sleep_when_no_motion: flag,
    sleep_when_no_communication: flag,
    sleep_conditions_duration: int(1, 255),
    deep_sleep_conditions_duration: int(0, 65_535),
    wake_up_interval: int(0, 65_535),
    wake_up_from_dsm_interval: int(0, 255),
  }),
  castel_alarms: form({
    acceleration: alarm(0.2, 0.8),
    deceleration: alarm(0.3, 1),
    crash: alarm(1, 2),
    sharp_turn: alarm(0.3, 0.9),
  }),
  castel_obd: form({
    enable_pid_reports: flag,
    pid_data_records_per_message: int(1, 20),
    pid_data_collect_interval: int(30, 600),
  }),
  charging_gmt100: form({ mode: oneOf(['on_need', 'ign_on_only', 'ign_on', 'low_charge']) }),
  ddd_emails: form({ emails: Type.Array(Type.String({ maxLength: 254 }), { maxItems: 5 }) }),
  digital_password: form({ password: matching('^\\d{6}$') }),
  temporary_digital_password: form({ password: matching('^\\d{6}$'), duration_in_min: int(10, 255) }),
  fcc_telfm: form({
    fuel_type: oneOf(['gasoline', 'diesel', 'lpg']),
    engine_volume: num(0, 10),
    multiplier: num(0, 10),
  }),
  galileo_tacho_control: form({ function: oneOf(['download']) }),
  galileo_hds: form({ mode, ...forces(0, 2.55), ...cornering(0, 2.55) }),
  harsh_behavior_hua_sheng: form({ mode, ...forces(0.1, 1), ...cornering(0.1, 1) }),
  hbm_telfm: form({ mode, ...forces(0.25, 0.85), max_angular_velocity: num(0.1, 1) }),
  hbm_telfm5x: form({ mode, ...forces(0.5, 10), max_angular_velocity: num(0.5, 10) }),
  hbm_ql: form({ mode, ...speedDeltas }),
  hbm_ms_ql: form({
    mode: oneOf(['disable', 'gps_only', 'motion_sensor_only', 'gps_and_motion_sensor']),
    ...speedDeltas,
    turn_brake_threshold: int(30, 70),
    turn_brake_duration: int(320, 800),
    acceleration_threshold: int(15, 50),
    acceleration_duration: int(400, 2000),
  }),
  harsh_behavior_bce: form({
    is_switched_off: flag,
    acceleration_limit: num(0.04, 3),
    braking_limit: num(0.04, 3),
    cornering_limit: num(0.04, 3),
  }),
  harsh_behavior_concox_x1: form({
    acc_speed: int(0, 100),
    acc_detection_time: int(0, 10),
    braking_speed: int(0, 100),
    braking_detection_time: int(0, 10),
  }),
  harsh_behavior_tramigo: form({ mode, ...forces(0.1, 8) }),
  harsh_behavior_ruptela: form({ braking_limit: num(0, 100), acceleration_limit: num(0, 100) }),
  nimbelink_accel: form({ mode, x: num(0, 2.55), y: num(0, 2.55), z: num(0, 2.55) }),
  hua_sheng_vibration_sensitivity: form({ sensitivity: oneOf(['easy', 'normal', 'hard', 'hardest']) }),
  ign_ruptela: form({
    mode: oneOf(['always_on', 'din', 'movement_sensor', 'custom']),
    use_voltage: optional(flag),
    voltage: optional(Type.Number()),
  }),
  ign_src_suntech: ignitionSource,
  ign_src_telfm: ignitionSource,
  locus_sec: form({
    signature: Type.String({ minLength: 1, maxLength: 32 }),
    sms_password: Type.String({ minLength: 1, maxLength: 32 }),
    reset: flag,
  }),
  phonebook_gt300: phonebook(20),
  phonebook_pt100: phonebook(3),
  pwr_off_key: form({ mode }),
  scat_mayak_bt_control: form({
    function: oneOf(['bt_disable', 'bt_enable', 'bt_clear', 'bt_write']),
    bt_state: optional(flag),
  }),
  sos_key: form({ mode: oneOf(['report', 'call_report']), phone: optional(matching('^\\d{1,15}$')) }),
  starcom_impact: form({
    strong_duration: int(0, 14),
    weak_duration: int(0, 14),
    strong_force: int(1, 7),
    weak_force: int(1, 7),
    strong_impact_enabled: flag,
    weak_impact_enabled: flag,
  }),
  tacho_company_card: form({ company_card_number: cardNumber }),
  tacho_remote_download: form({
    company_card_number: cardNumber,
    vu_download_interval: int(0, largest),
    card_download_interval: int(0, largest),
  }),
  teltonika_tacho_request: form({
    data_type: oneOf([
      'overview',
      'activities',
      'eventsAndFaults',
      'detailedSpeed',
      'technicalData',
      'card1Download',
      'card2Download',
    ]),
    activities_start_time: optional(day),
    activities_end_time: optional(day),
  }),
  time_shift: form({ offset: num(-24, 24) }),
  tow_detection_ql: form({ ...towing, motion_duration: int(0, 9900, 100) }),
  tow_detection_ql2: form({ ...towing, motion_duration: int(100, 1000, 100) }),
  tow_detection_telfm: form({ mode, activation_timeout: int(0, 65_535), threshold: num(0.1, 5) }),
  video_stream_howen: form({}),
  virtual_ign_ql: form({
    mode: oneOf(['disabled', 'power_voltage', 'motion_sensor']),
    ign_on_voltage: int(250, 28_000),
    rest_duration_to_off: int(1, 255),
    motion_duration_to_on: int(1, 255),
  }),
  no_movement_alarm: form({ enabled: flag, timeout: int(30, 65_500), pre_alarm_duration: int(0, 65_500) }),
  engine_control_atrack: form({
    power_voltage_high_level: Type.Integer({ minimum: 0, maximum: 30_000, default: 13_800 }),
    on_duration_seconds: Type.Integer({ minimum: 0, maximum: 600, default: 1 }),
    power_voltage_low_level: Type.Integer({ minimum: 0, maximum: 30_000, default: 12_800 }),
    off_duration_seconds: Type.Integer({ minimum: 0, maximum: 600, default: 5 }),
  }),
  guard_mode_yatut: form({ motion_sensor_mode: oneOf(['off', 'permanent', 'single_period', 'double_period']) }),
  device_status_settings: form({ offline_timeout_seconds: int(60, 259_200_000) }),
};

/** Types whose remaining fields are not published: they are kept as they come. */
const openForms: ReadonlySet<string> = new Set(['guard_mode_yatut']);

/** Controls of electronic locks; each takes its password under the common name too. */
export const lockControls: readonly string[] = ['jointech_lock_password', 'hhd_lock_password', 'vg_lock_password'];
const commonLockPassword = 'electronic_lock_password';
const statusSettings = 'device_status_settings';

/** Types of settings a model has; none where it has no special control at all. */
export function typesOf(model: DeviceModel | undefined): readonly string[] {
  const named = [...(model?.special_control ?? '').split(','), ...(model?.special_settings ?? [])].map((name) =>
    name.trim(),
  );
  const types = new Set(named.filter((name) => Object.hasOwn(specialSettings, name)));
  if (types.size === 0) return [];
  if (lockControls.some((name) => types.has(name))) types.add(commonLockPassword);
  types.add(statusSettings);
  return [...types];
}

/** Whether a device of a model takes settings of a type: its model's own, and when it counts as offline. */
export function takesSetting(model: DeviceModel | undefined, type: string): boolean {
  return type === statusSettings || typesOf(model).includes(type);
}

/** Whether a model is an electronic lock. */
export function isLock(model: DeviceModel | undefined): boolean {
  const controls = (model?.special_control ?? '').split(',').map((name) => name.trim());
  return lockControls.some((name) => controls.includes(name));
}

export type SettingValue = Readonly<Record<string, unknown>>;

/** A setting as it was given, or what is wrong with it. */
export interface SettingRead {
  readonly type: string;
  readonly value: SettingValue;
  readonly faults: readonly string[];
}

/** Reads a setting by its type. */
export function readSetting(given: SettingValue): SettingRead {
  const type = typeof given.type === 'string' ? given.type : '';
  const schema = Object.hasOwn(specialSettings, type) ? specialSettings[type] : undefined;
  if (schema === undefined) {
    const error =
      given.type === undefined || given.type === null ? 'must not be null' : 'is not a type of special settings';
    return { type, value: {}, faults: [`type ${error}`] };
  }
  const own = new Map(Object.entries(given));
  const { params, violations } = readParams(schema, own);
  const value = openForms.has(type) ? { ...given, ...params } : params;
  const faults = [...violations, ...stepFaults(schema, params)].map(({ parameter, error }) => `${parameter} ${error}`);
  return { type, value: { ...value, type }, faults };
}

function stepFaults(schema: TObject, value: SettingValue): Violation[] {
  return Object.entries(schema.properties).flatMap(([parameter, { multipleOf }]) => {
    const number = value[parameter];
    const isOff = typeof multipleOf === 'number' && typeof number === 'number' && number % multipleOf !== 0;
    return isOff ? [{ parameter, error: `must be a multiple of ${multipleOf}` }] : [];
  });
}

/** A setting as it is shown: every field of its form, null where nothing was ever set. */
export function shownSetting(type: string, stored: SettingValue | undefined): SettingValue {
  const shown: Record<string, unknown> = { type };
  for (const [name, { default: usual }] of Object.entries(specialSettings[type]?.properties ?? {})) {
    shown[name] = stored?.[name] ?? usual ?? (name === 'remember_password' ? false : null);
  }
  return openForms.has(type) ? { ...shown, ...stored } : shown;
}
