/**
 * The only list of protocols. Adding one is a line here and a folder beside the others.
 */
import { gt06 } from './gt06/index.js';
import type { Protocol } from './protocol.js';
import { teltonika } from './teltonika/index.js';
import { wialonIps } from './wialon-ips/index.js';

export const protocols: readonly Protocol[] = [teltonika, gt06, wialonIps];

const byName = new Map(protocols.map((protocol) => [protocol.name, protocol]));

export function protocolByName(name: string): Protocol | undefined {
  return byName.get(name);
}
