/** The only list of behaviors: one a protocol that virtual units can speak. */
import type { BehaviorFactory } from '../behavior.js';
import { gt06Behavior } from './gt06.js';
import { teltonikaBehavior } from './teltonika.js';
import { wialonIpsBehavior } from './wialon-ips.js';

export const behaviors: readonly BehaviorFactory[] = [teltonikaBehavior, gt06Behavior, wialonIpsBehavior];

export function behaviorOf(protocol: string): BehaviorFactory | undefined {
  return behaviors.find((each) => each.protocol === protocol);
}
