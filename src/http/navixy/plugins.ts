/**
 * Registration plugins: the ways in which a device may be registered, as a table. What each of them asks for beyond the common parameters
 * is in `registration.ts`.
 * Source: Navixy backend API, `plugin`, and the guide "Activate device".
 */
import type { DeviceModel } from '../../domain/models.js';

export interface RegistrationPlugin {
  readonly id: number;
  /** Who it registers: devices that came with a SIM card, any device, or an app on a phone. */
  readonly kind: 'bundled' | 'device' | 'app';
  readonly activationCode: 'none' | 'optional' | 'required';
  readonly name: string;
}

export const registrationPlugins: readonly RegistrationPlugin[] = [
  { id: 1, kind: 'bundled', activationCode: 'none', name: 'bundled_sim' },
  { id: 35, kind: 'app', activationCode: 'optional', name: 'mobile_app' },
  { id: 37, kind: 'device', activationCode: 'required', name: 'device_with_code' },
  { id: 44, kind: 'device', activationCode: 'optional', name: 'device' },
  { id: 68, kind: 'app', activationCode: 'required', name: 'mobile_app_with_code' },
];

/** Codes of models that are apps, as regular expressions over whole codes. */
const appModels = ['navixymobile', 'mobile_unknown.*'];
const appModel = new RegExp(`^(?:${appModels.join('|')})$`);

export function pluginById(id: number): RegistrationPlugin | undefined {
  return registrationPlugins.find((plugin) => plugin.id === id);
}

export function isMobileApp(modelCode: string): boolean {
  return appModel.test(modelCode);
}

/** Whether a plugin registers units of a model. Models without a protocol of ours are registered by none, apps apart. */
export function serves(plugin: RegistrationPlugin, model: DeviceModel): boolean {
  if (plugin.kind === 'app') return isMobileApp(model.code);
  return !isMobileApp(model.code) && model.register && model.protocol !== null;
}

/** The plugin as `plugin/list` shows it. */
export function pluginBody({ id, kind, name }: RegistrationPlugin) {
  const module = name.replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase());
  return {
    id,
    type: 'tracker_register' as const,
    ui_module: `Registration.appPlugins.${module}`,
    module: `com.navixy.plugin.tracker.register.${name}`,
    filter: { exclusion: kind !== 'app', values: appModels },
  };
}
