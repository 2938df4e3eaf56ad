/** Virtual units that speak Wialon IPS. */
import type { BehaviorFactory } from '../behavior.js';

export const wialonIpsBehavior: BehaviorFactory = {
  protocol: 'wialon-ips',
  port: 20332,
  transports: ['tcp', 'udp'],
  deviceId: (n) => String(860_000_000_000_000 + n),
  create() {
    throw new Error('not available');
  },
};
