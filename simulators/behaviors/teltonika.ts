/** How a virtual Teltonika unit logs in, packs records and answers. */
import { imeiFrom } from '../../src/domain/unit-id.js';
import { Outcome } from '../../src/wire/framers.js';
import type { BehaviorFactory } from '../behavior.js';

const outcome = new Outcome();

export const teltonikaBehavior: BehaviorFactory = {
  protocol: 'teltonika',
  port: 5027,
  transports: ['tcp', 'udp'],
  deviceId: (n) => imeiFrom(String(35_000_000_000_000 + n)),
  create: () => ({
    maxRecords: 25,
    window: 1,
    heartbeatSeconds: 0,
    login: () => undefined,
    pack: () => ({ bytes: Buffer.alloc(0), records: 1, tag: undefined }),
    heartbeat: () => undefined,
    downlinkFramer: () => ({ next: () => outcome.more() }),
    readDownlink: () => ({ kind: 'other' }),
    answer: () => undefined,
  }),
};
