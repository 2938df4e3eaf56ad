/**
 * The only list of calls. Adding one is a file (or a few lines in one) under `calls/` and a line here.
 */
import type { Call } from './call.js';
import { apiKeyCalls } from './calls/api-key.js';
import { modelCalls } from './calls/models.js';
import { trackerListCalls } from './calls/tracker-list.js';
import { trackerReadingCalls } from './calls/tracker-readings.js';
import { trackerRegisterCalls } from './calls/tracker-register.js';
import { trackerRemoveCalls } from './calls/tracker-remove.js';
import { trackerReplaceCalls } from './calls/tracker-replace.js';
import { trackerStateCalls } from './calls/tracker-state.js';
import { userCalls } from './calls/user.js';

export const calls: readonly Call[] = [
  ...userCalls,
  ...apiKeyCalls,
  ...modelCalls,
  ...trackerListCalls,
  ...trackerRegisterCalls,
  ...trackerReplaceCalls,
  ...trackerRemoveCalls,
  ...trackerStateCalls,
  ...trackerReadingCalls,
];
