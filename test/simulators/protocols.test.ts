import { afterEach, describe, expect, it } from 'vitest';
import { behaviors } from '../../simulators/behaviors/registry.js';
import { createFleet, type Fleet, type FleetOptions } from '../../simulators/fleet.js';
import { systemClock } from '../../src/clock.js';
import { isUnitId } from '../../src/domain/unit-id.js';
import { type StateUpdate, fieldValue as valueIn } from '../../src/domain/update.js';
import { protocolByName } from '../../src/protocols/registry.js';
import { ProtocolServer } from '../support/protocol-server.js';

const startAt = Date.UTC(2026, 4, 1, 8);
let server: ProtocolServer | undefined;
let fleet: Fleet | undefined;

afterEach(async () => {
  await fleet?.stop(0);
  await server?.stop();
  fleet = undefined;
  server = undefined;
});

interface Run {
  readonly acknowledged: Map<string, StateUpdate[]>;
  readonly server: ProtocolServer;
  readonly fleet: Fleet;
}

async function startFleet(name: string, transport: 'tcp' | 'udp', options: Partial<FleetOptions>): Promise<Run> {
  const factory = behaviors.find((each) => each.protocol === name)!;
  const acknowledged = new Map<string, StateUpdate[]>();
  const running = await ProtocolServer.start(protocolByName(name)!);
  server = running;
  const started = createFleet({
    groups: [{ factory, endpoint: { host: '127.0.0.1', port: running.port, transport } }],
    devices: 4,
    startAt,
    intervalMs: 20,
    // Whole seconds between records, since some protocols know no less.
    speedUp: 250,
    durationMs: 600,
    timeoutMs: 2000,
    hooks: {
      onAcknowledged: (id, updates) => void acknowledged.set(id, [...(acknowledged.get(id) ?? []), ...updates]),
    },
    ...options,
  });
  fleet = started;
  started.start();
  return { acknowledged, server: running, fleet: started };
}

function expectSame(kept: StateUpdate, sent: StateUpdate): void {
  expect(kept.at).toBe(sent.at);
  const [got, made] = [kept.position!, sent.position!];
  expect(got.valid).toBe(true);
  expect(Math.abs(got.lat! - made.lat!)).toBeLessThan(2e-6);
  expect(Math.abs(got.lng! - made.lng!)).toBeLessThan(2e-6);
  expect(got.speedKmh).toBe(made.speedKmh);
  expect(got.headingDeg).toBe(made.headingDeg);
  expect(valueIn(kept, 'ignition')).toBe(valueIn(sent, 'ignition'));
  kept.names.forEach((name, i) => {
    const value = valueIn(sent, name);
    if (typeof value !== 'number' || typeof kept.values[i] !== 'number') return;
    const tolerance = Math.max(1, Math.abs(value) * 0.01);
    // Signal and battery levels are sent as bars by some protocols.
    expect(Math.abs((kept.values[i] as number) - value), name).toBeLessThanOrEqual(
      /level$/.test(name) ? 20 : tolerance,
    );
  });
}

const cases = behaviors.flatMap((each) => each.transports.map((transport) => [each.protocol, transport] as const));

describe.each(cases)('virtual units of %s over %s', (name, transport) => {
  it('have every record acknowledged, and it is the record that was made', async () => {
    const run = await startFleet(name, transport, {});
    const report = await run.fleet.finished;
    expect(report).toMatchObject({
      recordsMade: 120,
      recordsAcknowledged: 120,
      connected: 4,
      recordsLost: 0,
      errors: {},
    });
    expect(run.server.problems).toEqual([]);
    expect([...run.server.updates.keys()].sort()).toEqual(run.fleet.devices.map((each) => each.deviceId).sort());
    for (const [id, sent] of run.acknowledged) {
      const kept = recordsOf(run.server.updates.get(id)!);
      expect(kept.length).toBe(sent.length);
      for (const [i, each] of sent.entries()) expectSame(kept[i]!, each);
    }
  });

  it('survive every fault at once without losing a record', async () => {
    const faults = { splitBytes: 200, delayMs: 5, dropRate: 0.05, duplicateRate: 0.1 };
    const run = await startFleet(name, transport, {
      faults,
      timeoutMs: transport === 'udp' ? 250 : 1500,
      offlineRate: 0.02,
      offlineMs: 100,
      backoffMs: { min: 10, max: 100 },
      drainMs: 20_000,
      batch: 3,
    });
    const report = await run.fleet.finished;
    expect(report).toMatchObject({ recordsMade: 120, recordsAcknowledged: 120, recordsLost: 0 });
    for (const [id, sent] of run.acknowledged) {
      const kept = new Set(run.server.updates.get(id)!.map((each) => each.at));
      for (const each of sent) expect(kept.has(each.at)).toBe(true);
    }
  });

  it('switch an output on command and show it in the next record', async () => {
    const run = await startFleet(name, transport, { devices: 1, durationMs: 3_600_000 });
    const [unit] = run.fleet.devices;
    const id = unit!.deviceId;
    await until(() => (run.acknowledged.get(id)?.length ?? 0) > 1);
    const reply = await run.server.command(
      id,
      name === 'wialon-ips' ? { kind: 'text', text: 'L1=1' } : { kind: 'output', output: 1, enable: true },
    );
    expect(reply.ok).toBe(true);
    expect(unit!.options.vehicle.outputs[0]).toBe(true);
    const shown = (update: StateUpdate) =>
      valueIn(update, 'output_1') === true || valueIn(update, 'engine_blocked') === true;
    await until(() => run.server.updates.get(id)!.some(shown));
    expect(run.fleet.stats.commandsAnswered).toBe(1);
  });
});

describe.each(behaviors.map((each) => each.protocol))('units of %s', (name) => {
  it('send the same bytes for the same seed', async () => {
    const bytesOf = async (seed: number): Promise<Record<string, string>> => {
      const run = await startFleet(name, 'tcp', { seed, batch: 2 });
      await run.fleet.finished;
      const bytes = [...run.server.bytes].map(([id, chunks]) => [id, Buffer.concat(chunks).toString('hex')] as const);
      await run.server.stop();
      server = undefined;
      return Object.fromEntries(bytes);
    };
    const first = await bytesOf(7);
    expect(Object.keys(first)).toHaveLength(4);
    expect(await bytesOf(7)).toEqual(first);
    expect(await bytesOf(8)).not.toEqual(first);
  });

  it('have identities of their own', () => {
    const factory = behaviors.find((each) => each.protocol === name)!;
    const ids = Array.from({ length: 2000 }, (_, n) => factory.deviceId(n));
    expect(new Set(ids).size).toBe(2000);
    expect(ids.every(isUnitId)).toBe(true);
  });
});

describe('units whose heartbeat tells their status', () => {
  it('send it behind the login, and then every three minutes of record time whatever else they send', async () => {
    const run = await startFleet('gt06', 'tcp', { devices: 2, speedUp: 2500 });
    await run.fleet.finished;
    for (const updates of run.server.updates.values()) {
      expect(updates[0]!.timed).toBe(false);
      expect(valueIn(updates[0]!, 'battery_level')).toBeGreaterThan(0);
      expect(valueIn(updates[0]!, 'gsm_signal_level')).toBeGreaterThan(0);
      // A record every 50 s from 0 to 1450 s.
      expect(updates.filter((each) => !each.timed)).toHaveLength(1 + Math.floor(1450 / 200));
      expect(recordsOf(updates)).toHaveLength(30);
    }
  });
});

/** What is no heartbeat. */
function recordsOf(updates: readonly StateUpdate[]): StateUpdate[] {
  return updates.filter((each) => each.timed);
}

/** Waits for `condition`, looking after every turn of the sockets. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => void systemClock.after(1, resolve));
}
