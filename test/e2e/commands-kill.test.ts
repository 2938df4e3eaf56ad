/**
 * Commands outlive `kill -9` of the real process: one that waits for its unit goes out when the unit comes, and one that was under way
 * is what `docs/commands.md` says.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { BehaviorFactory } from '../../simulators/behavior.js';
import { teltonikaBehavior } from '../../simulators/behaviors/teltonika.js';
import { createFleet, type Fleet } from '../../simulators/fleet.js';
import type { NavixyClient } from '../../src/client/index.js';
import { checkedClient } from '../support/checked-client.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const deviceIds = [0, 1].map((n) => teltonikaBehavior.deviceId(n));
const setup = {
  accounts: [
    {
      login: 'acme@example.com',
      password: 'correct-horse',
      trackers: deviceIds.map((device_id) => ({ label: 'Van', model: 'telfmb920', device_id })),
    },
  ],
};

/** A unit that hears commands and says nothing. */
const mute: BehaviorFactory = {
  ...teltonikaBehavior,
  create: (options) => Object.assign(teltonikaBehavior.create(options), { answer: () => undefined }),
};

class Rig {
  readonly #args: readonly string[];
  #gateway: GatewayProcess | undefined;
  #owner: NavixyClient | undefined;
  #operator: NavixyClient | undefined;
  /** Words of commands with the units that heard them. */
  readonly heard: [deviceId: string, words: string][] = [];

  constructor() {
    const file = join(tempDir(), 'setup.json');
    writeFileSync(file, JSON.stringify(setup));
    this.#args = ['--data-dir', tempDir(), '--setup', file, '--http-port', '0', '--listen', 'teltonika=0'];
    onTestFinished(async () => void (await this.#gateway?.end('SIGKILL')));
  }

  async start(): Promise<void> {
    const env = { MILEPOST_ADMIN_PASSWORD: 'secret', MILEPOST_LOG_LEVEL: 'error', MILEPOST_HTTP_RATE_LIMIT: '0' };
    this.#gateway = await GatewayProcess.serve(this.#args, env);
    this.#owner = await this.#logIn('acme@example.com', 'correct-horse');
    this.#operator = await this.#logIn('admin', 'secret');
  }

  async #logIn(login: string, password: string): Promise<NavixyClient> {
    const url = this.#gateway!.url;
    const { hash } = await checkedClient({ url }).call('user/auth', { login, password });
    return checkedClient({ url, hash: hash! });
  }

  async kill(): Promise<void> {
    expect(await this.#gateway!.end('SIGKILL')).toBeNull();
  }

  async drive(factory: BehaviorFactory): Promise<Fleet> {
    const fleet = createFleet({
      groups: [
        { factory, endpoint: { host: '127.0.0.1', port: this.#gateway!.port('teltonika'), transport: 'tcp' as const } },
      ],
      devices: deviceIds.length,
      intervalMs: 200,
      backoffMs: { min: 20, max: 100 },
      hooks: { onCommand: (deviceId, words) => void this.heard.push([deviceId, words]) },
    });
    onTestFinished(async () => void (await fleet.stop(0)));
    fleet.start();
    await until(() => fleet.stats.recordsAcknowledged >= 2 * deviceIds.length, 'records');
    return fleet;
  }

  async send(unit: number, command: string, reliable = true): Promise<void> {
    const { list } = await this.#owner!.call('tracker/list');
    const { id: tracker_id } = list.find(({ source }) => source.device_id === deviceIds[unit])!;
    await this.#owner!.call('tracker/raw_command/send', { tracker_id, command, reliable });
  }

  /** What became of the command that was given as number `id`. */
  async command(id: number) {
    const { state, attempts, result } = await this.#operator!.admin('GET /commands/:id', { params: { id } });
    return { state, attempts, result };
  }
}

test('what waits for a unit is delivered when it connects to the next run', { timeout: 90_000 }, async () => {
  const rig = new Rig();
  await rig.start();
  for (const words of ['getver', 'getinfo']) await rig.send(0, words);
  await rig.kill();
  await rig.start();
  for (const id of [1, 2]) expect(await rig.command(id)).toEqual({ state: 'queued', attempts: 0, result: null });
  await rig.drive(teltonikaBehavior);
  await until(async () => (await rig.command(2)).state === 'answered', 'the answers', 20_000);
  for (const id of [1, 2]) expect(await rig.command(id)).toMatchObject({ state: 'answered', attempts: 1 });
  expect(rig.heard).toEqual([
    [deviceIds[0], 'getver'],
    [deviceIds[0], 'getinfo'],
  ]);
});

test('what was under way waits again if it is reliable, and has failed if not', { timeout: 90_000 }, async () => {
  const rig = new Rig();
  await rig.start();
  const silent = await rig.drive(mute);
  await rig.send(0, 'getver');
  await rig.send(1, 'cpureset', false);
  await until(() => rig.heard.length === 2, 'both commands at their units', 20_000);
  for (const id of [1, 2]) expect(await rig.command(id)).toMatchObject({ state: 'sent', attempts: 1 });
  await rig.kill();
  await silent.stop(0);
  await rig.start();
  expect(await rig.command(1)).toMatchObject({ state: 'queued', attempts: 1 });
  expect(await rig.command(2)).toEqual({ state: 'failed', attempts: 1, result: 'unit_offline' });
  await rig.drive(teltonikaBehavior);
  await until(async () => (await rig.command(1)).state === 'answered', 'the answer', 20_000);
  expect(await rig.command(1)).toMatchObject({ attempts: 2 });
  expect(rig.heard.slice(2)).toEqual([[deviceIds[0], 'getver']]);
});
