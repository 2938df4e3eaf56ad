/**
 * Acknowledged means kept: the real process is killed with SIGKILL under load again and again while virtual units of every protocol
 * report to it. What the units were acknowledged for must be in the journal at the end, and the state must be that of the journal.
 */
import { expect, test } from 'vitest';
import { behaviors } from '../../simulators/behaviors/registry.js';
import { createFleet } from '../../simulators/fleet.js';
import type { StateUpdate } from '../../src/domain/update.js';
import { GatewayProcess, run } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const rounds = 6;
const password = 'correct-horse';

test('kill -9 under load loses no acknowledged record', { timeout: 120_000 }, async () => {
  const dataDir = tempDir();
  const env = { MILEPOST_ADMIN_PASSWORD: password };
  const common = ['--data-dir', dataDir, '--open', '--log-level', 'error', '--http-rate-limit', '0'];
  let gateway = await GatewayProcess.serve(
    [...common, '--http-port', '0', ...behaviors.flatMap(({ protocol }) => ['--listen', `${protocol}=0`])],
    env,
  );
  const ports = gateway.listening.filter((each) => each.transport === 'tcp' && each.protocol !== 'http');
  const args = [
    ...common,
    '--http-port',
    '0',
    ...ports.flatMap(({ protocol, port }) => ['--listen', `${protocol}=${port}`]),
  ];

  const acknowledged = new Set<string>();
  const fleet = createFleet({
    groups: behaviors.map((factory) => ({
      factory,
      endpoint: { host: '127.0.0.1', port: gateway.port(factory.protocol), transport: 'tcp' as const },
    })),
    devices: 30,
    intervalMs: 1000,
    speedUp: 40,
    startAt: Date.now() - 3 * 3_600_000,
    seed: Math.floor(Math.random() * 1e6),
    backoffMs: { min: 20, max: 100 },
    hooks: { onAcknowledged: (deviceId, updates) => note(acknowledged, deviceId, updates) },
  });
  fleet.start();
  try {
    for (let round = 0; round < rounds; round++) {
      const before = acknowledged.size;
      const target = before + 60 + Math.floor(Math.random() * 300);
      await until(() => acknowledged.size >= target, 'acknowledgements', 30_000);
      await gateway.end('SIGKILL');
      gateway = await GatewayProcess.serve(args, env);
    }
    await fleet.stop(5000);
    const states = await statesOf(gateway, password);
    await gateway.end('SIGKILL');

    const kept = await run(['export', '--data-dir', dataDir]);
    const records = kept.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { unit: string; time: string });
    const keptKeys = new Set(records.map(({ unit, time }) => keyOf(unit, Date.parse(time))));
    const lost = [...acknowledged].filter((key) => !keptKeys.has(key));
    expect(lost).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(rounds * 10);

    gateway = await GatewayProcess.serve(args, env);
    expect(await statesOf(gateway, password)).toEqual(states);
  } finally {
    await fleet.stop(0);
    await gateway.end('SIGKILL');
  }
});

function note(acknowledged: Set<string>, deviceId: string, updates: readonly StateUpdate[]): void {
  for (const update of updates) acknowledged.add(keyOf(deviceId, update.at));
}

/** Units of some protocols tell the time to the second. */
function keyOf(deviceId: string, at: number): string {
  return `${deviceId}@${Math.floor(at / 1000)}`;
}

/** What the API says of every unit, without what depends on the time of asking. */
async function statesOf(gateway: GatewayProcess, secret: string): Promise<Record<string, unknown>> {
  const auth = await post(gateway, 'user/auth', { login: 'admin', password: secret });
  const answer = await post(gateway, 'tracker/get_states', { hash: auth.hash });
  const states = answer.states as Record<string, Record<string, unknown>>;
  for (const state of Object.values(states)) delete state.connection_status;
  for (const state of Object.values(states)) delete state.last_update;
  return states;
}

async function post(
  gateway: GatewayProcess,
  path: string,
  body: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${gateway.url}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Record<string, unknown>;
}
