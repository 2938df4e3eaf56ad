/**
 * The tracker ports of one gateway: which to open, opening them, and closing them in order.
 */
import type { Config } from '../config.js';
import { ConfigError } from '../errors.js';
import type { Protocol } from '../protocols/protocol.js';
import { protocolByName, protocols } from '../protocols/registry.js';
import { TcpPort } from './tcp.js';
import type { TcpServices } from './tcp-session.js';
import { UdpPort } from './udp.js';

/** One bound port. */
export interface Listening {
  readonly protocol: string;
  readonly transport: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
}

export interface PlannedPort {
  /** Undefined: the port recognises the protocol. */
  readonly protocol: Protocol | undefined;
  readonly port: number;
}

/** Ports that are not for units, by the name that `--listen` knows them by, with the number each has where nothing is said. */
export const servicePorts = { mqtt: 1883 } as const;
export type ServiceName = keyof typeof servicePorts;

/** What `--listen` knows: the protocols, `auto`, and ports that are not for units. */
export const portNames: readonly string[] = [
  ...protocols.map(({ name }) => name),
  'auto',
  ...Object.keys(servicePorts),
];

/** Where a service is to listen; undefined for nowhere. The last word counts. */
export function servicePort(config: Config, name: ServiceName): number | undefined {
  if (config.listen.length === 0) return servicePorts[name];
  const port = config.listen.findLast((item) => item.startsWith(`${name}=`))?.slice(name.length + 1);
  return port === undefined || port === 'off' ? undefined : Number(port);
}

/** Which tracker ports to open. Throws `ConfigError` for names that are no protocol. */
export function portPlan(config: Config): PlannedPort[] {
  if (config.listen.length === 0) {
    return [
      ...protocols.map((protocol) => ({ protocol, port: protocol.port })),
      { protocol: undefined, port: config.autoPort },
    ];
  }
  const problems: string[] = [];
  const plan: PlannedPort[] = [];
  for (const item of config.listen) {
    const [name = '', port = ''] = item.split('=');
    if (Object.hasOwn(servicePorts, name)) continue;
    const protocol = protocolByName(name);
    if (protocol === undefined && name !== 'auto') problems.push(`listen: no such protocol: ${name}`);
    else if (port !== 'off') plan.push({ protocol, port: Number(port) });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return plan;
}

/** How often another free port is tried, where any will do. */
const anyPortAttempts = 10;

/** Ports of one gateway. */
export class Ports {
  readonly listening: Listening[] = [];
  readonly #tcp: TcpPort[] = [];
  readonly #udp: UdpPort[] = [];
  isDraining = false;

  async open(plan: readonly PlannedPort[], config: Config, services: TcpServices): Promise<void> {
    for (const { protocol, port } of plan) await this.#openOne(protocol, port, config, services);
  }

  drain(): void {
    this.isDraining = true;
    for (const port of this.#tcp) port.stop();
    for (const port of this.#udp) port.stop();
  }

  close(): void {
    for (const port of this.#udp) port.close();
  }

  async #openOne(protocol: Protocol | undefined, port: number, config: Config, services: TcpServices): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#bind(protocol, port, config, services);
      } catch (error) {
        // A free TCP port may be taken as a UDP port. An address that is not ours is not ours the next time either.
        if (port !== 0 || attempt === anyPortAttempts || !isTaken(error)) throw error;
      }
    }
  }

  async #bind(protocol: Protocol | undefined, port: number, config: Config, services: TcpServices): Promise<void> {
    const { host } = config;
    const name = protocol?.name ?? 'auto';
    const tcp = new TcpPort(protocol, services);
    const bound = await tcp.listen(host, port);
    const udp =
      protocol?.transports.includes('udp') === true ? new UdpPort(protocol, services, config, host) : undefined;
    try {
      await udp?.listen(host, bound);
    } catch (error) {
      tcp.stop();
      throw error;
    }
    this.#tcp.push(tcp);
    this.listening.push({ protocol: name, transport: 'tcp', host, port: bound });
    if (udp === undefined) return;
    this.#udp.push(udp);
    this.listening.push({ protocol: name, transport: 'udp', host, port: bound });
  }
}

function isTaken(error: unknown): boolean {
  return (
    error instanceof ConfigError && (error.facts.cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
  );
}
