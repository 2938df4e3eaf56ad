/** GT06 virtual units. */
import { Outcome } from '../../src/wire/framers.js';
import { imeiFrom } from '../../src/domain/unit-id.js';
import type { BehaviorFactory } from '../behavior.js';

const outcome = new Outcome();

export const gt06Behavior: BehaviorFactory = {
  protocol: 'gt06',
  port: 5023,
  transports: ['tcp'],
  deviceId: (n) => imeiFrom(String(86_123_450_000_000 + n)),
  create: () => ({
    maxRecords: 1,
    window: 1,
    heartbeatSeconds: 180,
    login: () => undefined,
    pack: () => ({ bytes: Buffer.alloc(0), records: 1, tag: undefined }),
    heartbeat: () => undefined,
    downlinkFramer: () => ({ next: () => outcome.more() }),
    readDownlink: () => ({ kind: 'other' }),
    answer: () => undefined,
  }),
};
