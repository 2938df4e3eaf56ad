/**
 * The only list of calls. Adding one is a file (or a few lines in one) under `calls/`, a line here, and one for its type below.
 */
import type { Call } from './call.js';
import { apiKeyCalls } from './calls/api-key.js';
import { counterCalls } from './calls/counters.js';
import { groupCalls } from './calls/groups.js';
import { lineCalls } from './calls/lines.js';
import { mileageCalls } from './calls/mileage.js';
import { modelCalls } from './calls/models.js';
import { pluginCalls } from './calls/plugins.js';
import { rawDataCalls, rawDataStreams } from './calls/raw-data.js';
import { readingCalls } from './calls/readings.js';
import { sensorDataCalls } from './calls/sensor-data.js';
import { sensorCalls } from './calls/sensors.js';
import { specialSettingsCalls } from './calls/special-settings.js';
import { tagCalls } from './calls/tags.js';
import { timezoneCalls } from './calls/timezones.js';
import { trackerCommandCalls } from './calls/tracker-commands.js';
import { trackerListCalls } from './calls/tracker-list.js';
import { trackerOutputCalls } from './calls/tracker-outputs.js';
import { trackerPhoneCalls } from './calls/tracker-phone.js';
import { trackerReadingCalls } from './calls/tracker-readings.js';
import { trackerRegisterCalls } from './calls/tracker-register.js';
import { trackerRemoveCalls } from './calls/tracker-remove.js';
import { trackerReplaceCalls } from './calls/tracker-replace.js';
import { trackerSettingsCalls } from './calls/tracker-settings.js';
import { trackerStateCalls } from './calls/tracker-state.js';
import { userCalls } from './calls/user.js';
import { userSettingsCalls } from './calls/user-settings.js';

export const calls: readonly Call[] = [
  ...userCalls,
  ...apiKeyCalls,
  ...modelCalls,
  ...trackerListCalls,
  ...trackerRegisterCalls,
  ...trackerReplaceCalls,
  ...trackerRemoveCalls,
  ...trackerPhoneCalls,
  ...trackerSettingsCalls,
  ...groupCalls,
  ...tagCalls,
  ...pluginCalls,
  ...userSettingsCalls,
  ...timezoneCalls,
  ...trackerStateCalls,
  ...trackerReadingCalls,
  ...readingCalls,
  ...lineCalls,
  ...sensorCalls,
  ...sensorDataCalls,
  ...counterCalls,
  ...mileageCalls,
  ...rawDataCalls,
  ...rawDataStreams,
  ...trackerCommandCalls,
  ...trackerOutputCalls,
  ...specialSettingsCalls,
];

/** Every call with its name, parameters and answer as types. */
export type DeclaredCall = (
  | typeof userCalls
  | typeof apiKeyCalls
  | typeof modelCalls
  | typeof trackerListCalls
  | typeof trackerRegisterCalls
  | typeof trackerReplaceCalls
  | typeof trackerRemoveCalls
  | typeof trackerPhoneCalls
  | typeof trackerSettingsCalls
  | typeof groupCalls
  | typeof tagCalls
  | typeof pluginCalls
  | typeof userSettingsCalls
  | typeof timezoneCalls
  | typeof trackerStateCalls
  | typeof trackerReadingCalls
  | typeof readingCalls
  | typeof lineCalls
  | typeof sensorCalls
  | typeof sensorDataCalls
  | typeof counterCalls
  | typeof mileageCalls
  | typeof rawDataCalls
  | typeof rawDataStreams
  | typeof trackerCommandCalls
  | typeof trackerOutputCalls
  | typeof specialSettingsCalls
)[number];
