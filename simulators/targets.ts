/**
 * Which protocols a fleet speaks and where its units report to, from what was typed: `--protocol` names one, several or `all`;
 * a `--target` is a host, `host:port`, or `protocol=host:port` for one protocol of several.
 */
import { isIPv6 } from 'node:net';
import { ConfigError } from '../src/errors.js';
import type { BehaviorFactory } from './behavior.js';
import type { FleetGroup } from './fleet.js';
import type { Endpoint } from './wire.js';

export interface TargetOptions {
  /** Protocol name, several separated by commas, or `all`. */
  readonly protocol: string;
  readonly targets: readonly string[];
  readonly transport: 'tcp' | 'udp';
}

interface Address {
  readonly host: string;
  readonly port: number | undefined;
}

const defaultHost = '127.0.0.1';

/** One group a protocol. Throws `ConfigError` that lists every problem. */
export function groupsOf(options: TargetOptions, factories: readonly BehaviorFactory[]): FleetGroup[] {
  const problems: string[] = [];
  const chosen = chooseProtocols(options, factories, problems);
  const targets = readTargets(options.targets, chosen, problems);
  const general = targets.get('');
  if (general?.port !== undefined && chosen.length > 1) {
    problems.push('a port can be given for one protocol only: use --target PROTOCOL=HOST:PORT');
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return chosen.map((factory) => ({ factory, endpoint: endpointOf(factory, targets, options.transport) }));
}

function endpointOf(
  factory: BehaviorFactory,
  targets: ReadonlyMap<string, Address>,
  transport: 'tcp' | 'udp',
): Endpoint {
  const own = targets.get(factory.protocol) ?? targets.get('');
  return { host: own?.host ?? defaultHost, port: own?.port ?? factory.port, transport };
}

function chooseProtocols(
  options: TargetOptions,
  factories: readonly BehaviorFactory[],
  problems: string[],
): BehaviorFactory[] {
  if (options.protocol === 'all') return factories.filter((each) => each.transports.includes(options.transport));
  const chosen: BehaviorFactory[] = [];
  for (const name of new Set(options.protocol.split(',').map((each) => each.trim()))) {
    const factory = factories.find((each) => each.protocol === name);
    if (factory === undefined)
      problems.push(`unknown protocol '${name}': known are ${factories.map((each) => each.protocol).join(', ')}, all`);
    else if (!factory.transports.includes(options.transport))
      problems.push(`${name} does not run on ${options.transport}`);
    else chosen.push(factory);
  }
  return chosen;
}

function readTargets(
  texts: readonly string[],
  chosen: readonly BehaviorFactory[],
  problems: string[],
): Map<string, Address> {
  const found = new Map<string, Address>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const protocol = equals < 0 ? '' : text.slice(0, equals);
    const address = readAddress(text.slice(equals + 1));
    if (address === undefined) problems.push(`'${text}' is not a target: HOST, HOST:PORT or PROTOCOL=HOST:PORT`);
    else if (protocol !== '' && !chosen.some((each) => each.protocol === protocol))
      problems.push(`target '${text}' is for a protocol that was not chosen`);
    else if (found.has(protocol))
      problems.push(`more than one target for ${protocol === '' ? 'all protocols' : protocol}`);
    else found.set(protocol, address);
  }
  return found;
}

function readAddress(text: string): Address | undefined {
  if (isIPv6(text)) return { host: text, port: undefined };
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (match === null || host === undefined) return undefined;
  const port = match[3] === undefined ? undefined : Number(match[3]);
  return port !== undefined && (port < 1 || port > 65_535) ? undefined : { host, port };
}
