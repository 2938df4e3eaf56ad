/**
 * Claims outlive `kill -9`: while two owners take devices from each other over HTTP and send telemetry for them, the real process is
 * killed again and again. Whatever was answered holds afterwards; what was under way has happened or has not.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HereClient } from '../../src/client/here.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const rounds = 4;
const deviceIds = Array.from({ length: 6 }, (_, n) => `device-${n}`);
const owners = [0, 1] as const;
const setup = {
  accounts: owners.map((n) => ({ login: `owner${n}@example.com`, password: 'secret' })),
  here: {
    projects: owners.map((n) => ({
      ...{ id: `p${n}`, app_id: `application-${n}`, members: [`owner${n}@example.com`] },
      devices: n === 0 ? deviceIds.map((id) => ({ id })) : [],
    })),
  },
};

/** What is known of one device: what was answered last, and what is under way. */
interface Known {
  readonly id: string;
  owner: number | undefined;
  trackingId: string | undefined;
  /** Seconds of telemetry that was answered under the claim. */
  taken: Set<number>;
  pending: 'claim' | 'unclaim' | undefined;
  pendingOwner: number;
}

test('kill -9 loses no claim, no end of one, and no telemetry', { timeout: 120_000 }, async () => {
  const dataDir = tempDir();
  const file = join(tempDir(), 'setup.json');
  writeFileSync(file, JSON.stringify(setup));
  const args = ['--data-dir', dataDir, '--setup', file, '--http-port', '0', '--listen', 'teltonika=0'];
  const more = ['--log-level', 'error', '--http-rate-limit', '0'];
  const start = () => GatewayProcess.serve([...args, ...more], { MILEPOST_ADMIN_PASSWORD: 'secret' });
  const devices = deviceIds.map((id): Known => {
    return { id, owner: undefined, trackingId: undefined, taken: new Set(), pending: undefined, pendingOwner: 0 };
  });
  let gateway = await start();
  let clients = await logIn(gateway.url);
  let steps = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      const target = steps + 60 + Math.floor(Math.random() * 100);
      const stopping = new AbortController();
      const work = devices.map(async (device) => {
        while (!stopping.signal.aborted) {
          const isDone = await step(device, clients).catch(() => false);
          if (!isDone) return;
          steps++;
        }
      });
      await until(() => steps >= target, 'changes of hands', 60_000);
      await gateway.end('SIGKILL');
      stopping.abort();
      await Promise.all(work);
      gateway = await start();
      clients = await logIn(gateway.url);
      for (const device of devices) await settle(device, clients);
    }
    expect(steps).toBeGreaterThan(rounds * 10);
  } finally {
    await gateway.end('SIGKILL');
  }
});

async function logIn(url: string): Promise<readonly HereClient[]> {
  return Promise.all(
    owners.map(async (n) => {
      const client = new HereClient({ url });
      await client.logIn(`owner${n}@example.com`, 'secret');
      return client;
    }),
  );
}

/** One change of hands, or telemetry. Throws when the gateway is gone. */
async function step(device: Known, clients: readonly HereClient[]): Promise<boolean> {
  const chance = Math.random();
  if (device.owner === undefined) {
    const owner = chance < 0.5 ? 0 : 1;
    Object.assign(device, { pending: 'claim', pendingOwner: owner });
    const route = 'PUT /registry/v2/devices/:deviceOrExternalId';
    const answer = await clients[owner]!.call(route, { params: { deviceOrExternalId: device.id } });
    expect(answer.status).toBe(201);
    const { trackingId } = answer.body;
    expect(trackingId).not.toBe(device.trackingId);
    Object.assign(device, { owner, trackingId, taken: new Set(), pending: undefined });
  } else if (chance < 0.4) {
    device.pending = 'unclaim';
    await clients[device.owner]!.call('DELETE /registry/v2/:trackingId', {
      params: { trackingId: device.trackingId as string },
    });
    Object.assign(device, { owner: undefined, pending: undefined });
  } else {
    const timestamp = Date.now();
    const body = { id: device.trackingId as string, data: [{ timestamp }] };
    await clients[device.owner]!.call('POST /v3/', { body });
    device.taken.add(timestamp);
  }
  return true;
}

/** Compares what the gateway knows with what was answered, and goes on from there. */
async function settle(device: Known, clients: readonly HereClient[]): Promise<void> {
  const found = await Promise.all(clients.map((client) => claimOf(client, device.id)));
  const owner = found.findIndex((trackingId) => trackingId !== undefined);
  expect(found.filter((trackingId) => trackingId !== undefined).length).toBeLessThan(2);
  const { pending, pendingOwner } = device;
  const may = [device.owner ?? -1];
  if (pending === 'claim') may.push(pendingOwner);
  if (pending === 'unclaim') may.push(-1);
  expect(may).toContain(owner);
  if (owner >= 0 && owner === device.owner) {
    expect(found[owner]).toBe(device.trackingId);
    const params = { trackingId: device.trackingId as string };
    const { body } = await clients[owner]!.call('GET /traces/v2/:trackingId', { params });
    const seen = new Set(body.data.map(({ timestamp }) => timestamp as number));
    expect([...device.taken].filter((at) => !seen.has(at))).toEqual([]);
  }
  const isNew = owner !== device.owner;
  Object.assign(device, { owner: owner < 0 ? undefined : owner, pending: undefined });
  if (isNew && owner >= 0) Object.assign(device, { trackingId: found[owner], taken: new Set() });
}

async function claimOf(client: HereClient, deviceOrExternalId: string): Promise<string | undefined> {
  try {
    const route = 'GET /registry/v2/devices/:deviceOrExternalId';
    return (await client.call(route, { params: { deviceOrExternalId } })).body.trackingId;
  } catch (error) {
    if ((error as { code?: number }).code === 404) return undefined;
    throw error;
  }
}
