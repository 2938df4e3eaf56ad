/**
 * Commands to devices: a command in the device's own language, what electronic locks are told, a request for the position, and how many
 * commands were not confirmed yet. `success` says that a command was accepted; the operator's API tells what became of it.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { Command } from '../../../domain/command.js';
import type { DeviceModel } from '../../../domain/models.js';
import { positionSmsOf } from '../../../downlink/sms.js';
import type { Registry } from '../../../store/registry.js';
import { trackerSchema } from '../bodies.js';
import { type CallContext, defineCall } from '../call.js';
import { requireLink, requireSpoken, submit } from '../command-wish.js';
import { invalidParameters, NavixyError, type Violation } from '../errors.js';
import { oneOf, trackerId, withDefault } from '../param-types.js';
import { isLock, lockControls, readSetting, takesSetting } from '../special-settings.js';
import { connectionStatusOf } from '../state-body.js';
import { trackerBody } from '../tracker-body.js';
import { requireOpenTracker, type TrackerView } from '../visibility.js';
import { keepSetting, settingSchema, storedSetting } from './special-settings.js';

const rawParams = Type.Object({
  tracker_id: trackerId,
  command: Type.String({ minLength: 1, maxLength: 512, description: 'In the language of the device, or hex' }),
  type: withDefault(oneOf(['text', 'hex'], { description: '`hex`: the text stands for bytes' }), 'text'),
  reliable: withDefault(
    Type.Boolean({ description: 'Send again until the device answers, after it was offline too' }),
    true,
  ),
});

const rawSend = defineCall({
  name: 'tracker/raw_command/send',
  summary: 'Sends a command in the language of the device',
  params: rawParams,
  response: {},
  rights: ['tracker_configure', 'tracker_set_output'],
  errors: [7, 8, 13, 201, 208],
  examine: rawFaults,
  handler: async (context, params) => {
    const view = requireOpenTracker(context, params.tracker_id);
    const command = rawCommand(params);
    if (context.services.commands.problemOf(view.source, command) !== undefined) {
      throw invalidParameters([{ parameter: 'command', error: 'cannot be written in the protocol of the device' }]);
    }
    await submit(context, view, [command], { reliable: params.reliable });
    return {};
  },
});

function rawFaults({ command, type }: Partial<Static<typeof rawParams>>): Violation[] {
  if (type !== 'hex' || command === undefined) return [];
  const isHex = /^(?:[0-9A-Fa-f]{2})+$/.test(command.replaceAll(' ', ''));
  return isHex ? [] : [{ parameter: 'command', error: 'Non-hex string' }];
}

function rawCommand({ command, type }: Static<typeof rawParams>): Command {
  if (type !== 'hex') return { kind: 'text', text: command };
  return { kind: 'raw', bytes: Buffer.from(command.replaceAll(' ', ''), 'hex') };
}

const commandSchema = Type.Object(
  {
    name: oneOf(['electronic_lock_command', 'set_special_settings_command']),
    command_code: Type.Optional(oneOf(['seal', 'unseal'], { description: 'For electronic locks' })),
    special_settings: Type.Optional(settingSchema),
  },
  { description: 'What the device is told' },
);
type SpecialCommand = Static<typeof commandSchema>;

const sendCommand = defineCall({
  name: 'tracker/send_command',
  summary: 'Seals or unseals an electronic lock, or changes special settings',
  params: Type.Object({ tracker_id: trackerId, command: commandSchema }),
  response: { list: Type.Array(trackerSchema) },
  rights: ['tracker_configure', 'tracker_set_output'],
  errors: [7, 8, 13, 201, 208, 213, 214],
  examine: ({ command }) => specialFaults(command),
  handler: async (context, { tracker_id, command }) => {
    const view = requireOpenTracker(context, tracker_id);
    if (command.name === 'electronic_lock_command') await commandLock(context, view, command);
    else await changeSetting(context, view, command);
    return { list: [trackerBody(view.tracker, view.source, context.dates)] };
  },
});

function specialFaults(command: SpecialCommand | undefined): Violation[] {
  if (command === undefined) return [];
  const faults: string[] = [];
  const { name, command_code, special_settings } = command;
  if (name === 'electronic_lock_command' && command_code === undefined) faults.push('command_code must not be null');
  if (special_settings !== undefined) faults.push(...readSetting(special_settings).faults);
  else if (name === 'set_special_settings_command') faults.push('special_settings must not be null');
  return faults.map((error) => ({ parameter: 'command', error }));
}

async function changeSetting(
  context: CallContext,
  { source, model }: TrackerView,
  command: SpecialCommand,
): Promise<void> {
  const setting = readSetting(command.special_settings ?? {});
  if (!takesSetting(model, setting.type)) throw new NavixyError(214);
  await context.services.store.change((tx) => keepSetting(tx, source.id, setting));
}

/** A lock is moved now or not at all. */
async function commandLock(context: CallContext, view: TrackerView, command: SpecialCommand): Promise<void> {
  const { source, model } = view;
  if (!isLock(model)) throw new NavixyError(214);
  const setting = command.special_settings === undefined ? undefined : readSetting(command.special_settings);
  if (setting !== undefined && !takesSetting(model, setting.type)) throw new NavixyError(214);
  const given = setting?.value.password ?? storedPassword(context.services.store.registry, source.id);
  const lock: Command = {
    kind: 'lock',
    seal: command.command_code === 'seal',
    password: typeof given === 'string' ? given : null,
  };
  requireSpoken(context, view, lock);
  requireLink(context, view);
  await submit(context, view, [lock], {
    reliable: false,
    make: (tx) => {
      if (setting !== undefined) keepSetting(tx, source.id, setting);
    },
  });
}

function storedPassword(registry: Registry, sourceId: number): unknown {
  for (const type of [...lockControls, 'electronic_lock_password']) {
    const password = storedSetting(registry, sourceId, type)?.password;
    if (password !== undefined) return password;
  }
  return undefined;
}

/** Which flag of a model allows a way of asking for the position. */
const requestFlags = {
  sms: 'has_location_request',
  gsm: 'has_gsm_lbs_location_request',
  gprs: 'has_gprs_location_request',
} as const satisfies Record<string, keyof DeviceModel>;
/** A fix younger than this needs no request, ms. */
const freshFixMs = 10_000;

const locationRequest = defineCall({
  name: 'tracker/location_request',
  summary: 'Asks the device for its position; the answer arrives as any position does',
  params: Type.Object({
    tracker_id: trackerId,
    type: withDefault(
      oneOf(['sms', 'gsm', 'gprs'], { description: '`gsm`: from cells, `gprs`: from satellites' }),
      'sms',
    ),
  }),
  response: {},
  errors: [8, 201, 208, 213, 214, 256],
  handler: async (context, { tracker_id, type }) => {
    const view = requireOpenTracker(context, tracker_id);
    const position: Command = { kind: 'position' };
    if (view.model?.[requestFlags[type]] !== true) throw new NavixyError(214);
    if (type === 'sms') requireSms(context, view);
    else requireOnline(context, view, position);
    if (context.now - lastFixAt(view) < freshFixMs) throw new NavixyError(256);
    await submit(context, view, [position], type === 'sms' ? { reliable: true, via: 'sms' } : { reliable: false });
    return {};
  },
});

/** When satellites last told the position; cells do not count. 0 for never. */
function lastFixAt({ state }: TrackerView): number {
  if (state === undefined) return 0;
  return state.positionFromCells ? (state.lastGpsPoint?.at ?? 0) : state.fixAt;
}

/** Throws code 214 when no SMS can be sent, or nothing is known that one should say. */
function requireSms({ services }: CallContext, { source }: TrackerView): void {
  const canText = services.commands.hasSms && source.phone !== null && positionSmsOf(source.protocol) !== undefined;
  if (!canText) throw new NavixyError(214);
}

/** Throws code 214 when the protocol has no such request, and 213 when the device is not online. */
function requireOnline(context: CallContext, view: TrackerView, position: Command): void {
  requireSpoken(context, view, position);
  const status = connectionStatusOf(view, context);
  if (status !== 'active' && status !== 'idle') throw new NavixyError(213);
  requireLink(context, view);
}

const count = defineCall({
  name: 'tracker/command/unconfirmed/count',
  summary: 'How many commands to the device were not confirmed yet',
  params: Type.Object({ tracker_id: trackerId }),
  response: { count: Type.Integer() },
  errors: [204, 208],
  handler: (context, { tracker_id }) => {
    const { source } = requireOpenTracker(context, tracker_id, 204);
    return { count: context.services.store.registry.openCommandsOfSource(source.id).length };
  },
});

const reset = defineCall({
  name: 'tracker/command/unconfirmed/reset',
  summary: 'Takes back the commands to the device that were not confirmed yet',
  params: Type.Object({ tracker_id: trackerId }),
  response: {},
  rights: ['tracker_update'],
  errors: [13, 204, 208],
  handler: async (context, { tracker_id }) => {
    const { source } = requireOpenTracker(context, tracker_id, 204);
    await context.services.commands.cancelAll(source.id);
    return {};
  },
});

export const trackerCommandCalls = [rawSend, sendCommand, locationRequest, count, reset] as const;
