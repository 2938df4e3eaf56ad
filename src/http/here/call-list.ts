/**
 * Every call of the claim API. Adding one is a line here.
 */
import type { HereCall } from './call.js';
import { claimCalls } from './calls/claims.js';
import { deviceLoginCalls } from './calls/device-login.js';
import { healthCalls } from './calls/health.js';
import { ingestionCalls } from './calls/ingestion.js';
import { provisioningCalls } from './calls/provisioning.js';
import { shadowCalls } from './calls/shadows.js';
import { traceCalls } from './calls/traces.js';
import { userCalls } from './calls/users.js';

const declared = [
  ...claimCalls,
  ...provisioningCalls,
  ...userCalls,
  ...deviceLoginCalls,
  ...ingestionCalls,
  ...shadowCalls,
  ...traceCalls,
  ...healthCalls,
];

/** One of the calls, as it was declared. */
export type DeclaredHereCall = (typeof declared)[number];

export const hereCalls = declared as unknown as readonly HereCall[];
