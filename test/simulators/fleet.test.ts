import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFleet, type Fleet, type FleetOptions } from '../../simulators/fleet.js';
import { VirtualClock } from '../../src/clock.js';
import type { StateUpdate } from '../../src/domain/update.js';
import { type LineOptions, lineFactory } from '../support/line-behavior.js';
import { LineServer } from '../support/line-server.js';

const startAt = Date.UTC(2026, 4, 1, 8);
let server: LineServer;
let clock: VirtualClock;
let fleet: Fleet | undefined;

beforeEach(async () => {
  server = await LineServer.start();
  clock = new VirtualClock(startAt);
});

afterEach(async () => {
  await fleet?.stop(0);
  fleet = undefined;
  await server.stop();
});

interface Setup extends Partial<FleetOptions>, LineOptions {
  readonly transport?: 'tcp' | 'udp';
  readonly port?: number;
}

function start(setup: Setup = {}): Fleet {
  const endpoint = { host: '127.0.0.1', port: setup.port ?? server.port, transport: setup.transport ?? 'tcp' };
  fleet = createFleet({ groups: [{ factory: lineFactory(setup), endpoint }], devices: 1, startAt, clock, ...setup });
  fleet.start();
  return fleet;
}

/** Lets sockets have their turn and time pass until `condition` holds. */
async function pass(condition: () => boolean, stepMs = 50): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 20_000) throw new Error('it never happens');
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(stepMs);
  }
}

/** Waits for `condition` without letting the clock move. */
async function settle(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const acknowledgedBy = (current: Fleet, count: number) => () => current.stats.recordsAcknowledged >= count;

describe('a virtual unit over TCP', () => {
  it('logs in, reports one record an interval and ends with everything acknowledged', async () => {
    const run = start({ intervalMs: 1000, durationMs: 5000 });
    await pass(() => run.stats.recordsAcknowledged === 5);
    await pass(() => false || clock.monotonicMs() > 6000);
    const report = await run.finished;
    expect(report).toMatchObject({
      devices: 1,
      connected: 1,
      recordsMade: 5,
      recordsSent: 5,
      recordsAcknowledged: 5,
      recordsLost: 0,
    });
    expect(report).toMatchObject({
      recordsPending: 0,
      framesSent: 5,
      resent: 0,
      reconnects: 0,
      loginsRefused: 0,
      errors: {},
    });
    expect(report.ackLatencyMs).not.toBeNull();
    expect(server.logins).toEqual(['unit-0']);
    expect(server.recordsOf('unit-0').map((each) => each.at - startAt)).toEqual([0, 1000, 2000, 3000, 4000]);
    expect(report.bytesSent).toBe(Buffer.concat(server.received.get('unit-0')!).length);
  });

  it('collects a batch for one frame and sends the rest at the end', async () => {
    const run = start({ batch: 3, durationMs: 8000 });
    await pass(() => run.report().recordsAcknowledged === 8);
    expect(server.frames).toBe(3);
    expect((await run.stop()).framesSent).toBe(3);
  });

  it('does not report before it is let in', async () => {
    server.rules = { login: () => undefined };
    const run = start();
    await server.until(() => server.logins.length === 1);
    clock.advance(5000);
    server.say('unit-0', 'OK\n');
    await pass(acknowledgedBy(run, 6));
    const lines = Buffer.concat(server.received.get('unit-0')!).toString().split('\n');
    expect(lines[0]).toBe('L unit-0');
    expect(lines[1]).toMatch(/^R 1 /);
  });

  it('counts a refused login and tries again later, then delivers what it kept', async () => {
    server.rules = { login: (_, attempt) => (attempt < 3 ? 'NO' : 'OK') };
    const refused: boolean[] = [];
    const run = start({ hooks: { onLogin: (_, accepted) => void refused.push(accepted) } });
    await pass(() => run.stats.recordsMade >= 10 && run.stats.recordsPending === 0);
    expect(refused).toEqual([false, false, true]);
    expect(run.report()).toMatchObject({ loginsRefused: 2, reconnects: 0, connected: 1 });
    const kept = server.recordsOf('unit-0');
    expect(kept.some((each) => each.backlog)).toBe(true);
    expect(kept.map((each) => each.at)).toEqual([...kept.map((each) => each.at)].sort((a, b) => a - b));
  });

  it('keeps the records of a lost connection and sends them again', async () => {
    server.rules = { acknowledge: (records, nth) => (nth === 2 ? undefined : records.length) };
    const run = start();
    await pass(() => server.frames === 2);
    server.cut();
    await pass(() => run.stats.recordsMade > 4 && run.stats.recordsPending === 0);
    expect(run.report()).toMatchObject({ reconnects: 1, resent: 1, errors: { closed_by_server: 1 } });
    expect(new Set(server.recordsOf('unit-0').map((each) => each.at)).size).toBe(run.stats.recordsMade);
  });

  it('gives up waiting for an acknowledgement after the timeout and dials again', async () => {
    server.rules = { acknowledge: (records, nth) => (nth === 1 ? undefined : records.length) };
    const run = start({ timeoutMs: 7000 });
    await pass(acknowledgedBy(run, 1));
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(7000);
    expect(run.report()).toMatchObject({ errors: { ack_timeout: 1 }, reconnects: 1 });
  });

  it('sends a frame again of which the server took less', async () => {
    server.rules = { acknowledge: (records, nth) => (nth === 1 ? 0 : records.length) };
    const run = start({ batch: 2 });
    await pass(acknowledgedBy(run, 2));
    expect(run.report()).toMatchObject({ errors: { short_ack: 1 }, resent: 2, reconnects: 0 });
  });

  it('comes back later and later, with chance in it', async () => {
    const dials: number[] = [];
    server.rules = { login: () => (dials.push(clock.monotonicMs()) > 0 ? 'NO' : undefined) };
    start({ backoffMs: { min: 1000, max: 8000 } });
    await pass(() => dials.length === 7);
    const pauses = dials.slice(1).map((at, i) => at - dials[i]!);
    [1000, 2000, 4000, 8000, 8000, 8000].forEach((most, i) => {
      expect(pauses[i]).toBeGreaterThanOrEqual(most / 2);
      expect(pauses[i]).toBeLessThanOrEqual(most + 200);
    });
  });

  it('keeps no more than its memory holds and counts what it loses', async () => {
    server.rules = { login: () => undefined };
    const run = start({ backlogRecords: 5, timeoutMs: 3_600_000 });
    await server.until(() => server.logins.length === 1);
    await pass(() => run.stats.recordsMade === 20, 500);
    server.say('unit-0', 'OK\n');
    await pass(() => run.stats.recordsPending === 0);
    const report = await run.stop();
    expect(report.recordsLost).toBeGreaterThanOrEqual(15);
    expect(report.recordsAcknowledged + report.recordsLost).toBe(report.recordsMade);
    expect(report.errors.backlog_full).toBe(report.recordsLost);
  });

  it('reports missing acknowledgements when the end has waited long enough', async () => {
    server.rules = { acknowledge: () => undefined };
    const run = start({ durationMs: 2000, drainMs: 4000 });
    await pass(() => clock.monotonicMs() >= 6100);
    const report = await run.finished;
    expect(report).toMatchObject({
      recordsMade: 2,
      recordsAcknowledged: 0,
      recordsPending: 2,
      recordsLost: 0,
      ackLatencyMs: null,
    });
    expect(report.elapsedS).toBeGreaterThanOrEqual(6);
    expect(report.elapsedS).toBeLessThan(6.2);
  });

  it('has several frames under way where the protocol allows, acknowledged in any order', async () => {
    const tags: string[] = [];
    server.rules = { acknowledge: () => undefined };
    const kept: number[] = [];
    const run = start({
      window: 3,
      tagged: true,
      hooks: { onAcknowledged: (_, updates) => void kept.push(...updates.map((each) => each.at)) },
    });
    await pass(() => server.frames === 3);
    clock.advance(3000);
    expect(run.stats.framesSent).toBe(3);
    for (const tag of [3, 1, 2]) tags.push(`A ${tag} 1\n`);
    server.rules = {};
    server.say('unit-0', tags.join(''));
    await pass(acknowledgedBy(run, 4));
    expect(kept.slice(0, 3).map((at) => at - startAt)).toEqual([2000, 0, 1000]);
    expect(run.report().errors).toEqual({});
  });

  it('counts acknowledgements that nothing waits for and bytes it cannot read', async () => {
    const run = start({ tagged: true });
    await pass(acknowledgedBy(run, 1));
    server.say('unit-0', 'A 99 1\n');
    await settle(() => run.report().errors.unexpected_ack === 1);
  });

  it('sends heartbeats into a silence', async () => {
    const run = start({ intervalMs: 60_000, heartbeatSeconds: 20 });
    await pass(() => run.stats.recordsAcknowledged === 3, 1000);
    await settle(() => server.heartbeats >= 4);
    expect(server.heartbeats).toBeLessThanOrEqual(6);
  });

  it('answers commands, switches the output and shows it in the next record', async () => {
    const texts: string[] = [];
    const run = start({ hooks: { onCommand: (_, text) => void texts.push(text) } });
    await pass(acknowledgedBy(run, 2));
    server.command('unit-0', 17, 'setdigout 1');
    server.command('unit-0', 18, 'silent');
    await settle(() => texts.length === 2);
    expect(run.stats.commandsAnswered).toBe(1);
    expect(server.recordsOf('unit-0').some((each) => each.output1)).toBe(false);
    await pass(acknowledgedBy(run, 4));
    expect(server.answers).toEqual(['Q 17 did setdigout 1']);
    expect(server.recordsOf('unit-0').at(-1)?.output1).toBe(true);
  });

  it('does nothing about a command that it refuses', async () => {
    const run = start();
    await pass(acknowledgedBy(run, 1));
    server.command('unit-0', -1, 'setdigout 1');
    await server.until(() => server.answers.length === 1);
    expect(run.devices[0]?.options.vehicle.outputs).toEqual([false, false]);
  });

  it('makes a record at once when asked for one', async () => {
    const run = start({ intervalMs: 3_600_000, batch: 10 });
    await settle(() => run.devices[0]?.state === 'online');
    clock.advance(120_000);
    server.command('unit-0', 1, 'getrecord');
    await settle(() => run.stats.recordsAcknowledged === 2);
    expect(server.recordsOf('unit-0').map((each) => each.at - startAt)).toEqual([0, 120_000]);
  });

  it('loses its network, keeps its records and delivers them as coming from memory', async () => {
    const run = start({ offlineRate: 0.1, offlineMs: 10_000, seed: 5 });
    await pass(() => run.stats.recordsMade >= 120 && run.stats.recordsPending === 0);
    const kept = server.recordsOf('unit-0');
    expect(kept.map((each) => each.at)).toEqual(kept.map((_, i) => startAt + i * 1000));
    const stored = kept.filter((each) => each.backlog).length;
    expect(stored).toBeGreaterThan(10);
    expect(stored).toBeLessThan(110);
    expect(run.stats.reconnects).toBeGreaterThan(1);
    expect(run.stats.framesSent).toBeLessThan(run.stats.recordsMade);
  });

  it('cannot be stopped by a server that is not there', async () => {
    const { port } = server;
    await server.stop();
    const run = start({ durationMs: 3000, drainMs: 1000, port });
    await pass(() => clock.monotonicMs() > 5000);
    const report = await run.finished;
    expect(report).toMatchObject({ connected: 0, recordsMade: 3, recordsPending: 3 });
    expect(report.errors.ECONNREFUSED).toBeGreaterThan(0);
    server = await LineServer.start();
  });
});

describe('a virtual unit over UDP', () => {
  it('waits for the answer to each datagram and sends it again', async () => {
    server.rules = { acknowledge: (records, nth) => (nth <= 2 ? undefined : records.length) };
    const run = start({ transport: 'udp', tagged: true, timeoutMs: 2000 });
    await pass(() => run.stats.recordsMade >= 8 && run.stats.recordsPending === 0);
    const first = server.recordsOf('unit-0').slice(0, 3);
    expect(first.map((each) => each.at)).toEqual([startAt, startAt, startAt]);
    expect(run.report()).toMatchObject({ connected: 1, resent: 2, reconnects: 0, errors: { ack_timeout: 2 } });
  });

  it('never takes the answer to a repeated datagram for that to the next one', async () => {
    // Both answers to the first datagram come after it was repeated; the second datagram is never answered.
    const held: number[] = [];
    server.rules = { acknowledge: (records, nth) => (nth > 2 ? undefined : void held.push(records.length)) };
    const run = start({ transport: 'udp', timeoutMs: 2000 });
    await pass(() => server.frames === 2);
    const answer = 'A 1 1\n';
    server.say('unit-0', answer);
    server.say('unit-0', answer);
    await pass(() => server.frames >= 4);
    expect(run.stats.recordsAcknowledged).toBe(1);
  });
});

describe('a fleet', () => {
  it('sends the same bytes for the same seed', async () => {
    const bytesOf = async (setup: Setup): Promise<Record<string, string>> => {
      const sent: Record<string, string> = {};
      const run = start({
        devices: 5,
        durationMs: 60_000,
        batch: 2,
        intervalMs: 1500,
        offlineRate: 0.03,
        offlineMs: 8000,
        hooks: {
          onUplink(id, bytes) {
            sent[id] = (sent[id] ?? '') + bytes.toString('latin1');
          },
        },
        ...setup,
      });
      await pass(() => clock.monotonicMs() > 60_000 && run.stats.recordsPending === 0);
      await run.stop();
      for (const [id, text] of Object.entries(sent)) {
        await server.until(() => Buffer.concat(server.received.get(id) ?? []).length >= text.length);
        expect(Buffer.concat(server.received.get(id)!).toString()).toBe(text);
      }
      await server.stop();
      server = await LineServer.start();
      clock = new VirtualClock(startAt + 86_400_000);
      return sent;
    };
    const first = await bytesOf({ seed: 9 });
    expect(Object.keys(first)).toHaveLength(5);
    expect(await bytesOf({ seed: 9 })).toEqual(first);
    expect(await bytesOf({ seed: 10 })).not.toEqual(first);
  });

  it('tells exactly what was acknowledged, under every fault at once', async () => {
    const acknowledged = new Map<string, Set<number>>();
    const note = (id: string, updates: readonly StateUpdate[]) => {
      const known = acknowledged.get(id) ?? new Set();
      acknowledged.set(id, known);
      for (const each of updates) {
        expect(known.has(each.at)).toBe(false);
        known.add(each.at);
        expect(server.recordsOf(id).some((kept) => kept.at === each.at)).toBe(true);
      }
    };
    for (const setup of [{ window: 1 }, { window: 4, tagged: true }, { window: 3 }, { transport: 'udp' as const }]) {
      acknowledged.clear();
      server.records.clear();
      const run = start({
        ...setup,
        devices: 4,
        durationMs: 60_000,
        timeoutMs: 4000,
        drainMs: 600_000,
        batch: 2,
        faults: { splitBytes: 40, merge: true, delayMs: 300, dropRate: 0.05, duplicateRate: 0.1 },
        offlineRate: 0.01,
        hooks: { onAcknowledged: note },
      });
      await pass(() => run.stats.recordsMade === 240 && run.stats.recordsPending === 0, 25);
      const report = await run.stop();
      expect(report).toMatchObject({ recordsAcknowledged: 240, recordsLost: 0, recordsPending: 0 });
      expect([...acknowledged.values()].map((each) => each.size)).toEqual(new Array(4).fill(60));
      expect(report.resent).toBeGreaterThan(0);
      expect(Object.keys(report.errors).sort()).toEqual(
        setup.transport === 'udp' ? ['ack_timeout'] : ['connection_cut'],
      );
    }
  });

  it('starts units at the ramp and numbers them from the first', async () => {
    const run = start({ devices: 10, rampPerSecond: 2, first: 40 });
    clock.advance(2000);
    await settle(() => run.stats.online === 5);
    await pass(() => run.stats.online === 10);
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(4500);
    expect(run.devices.map((each) => each.deviceId)).toEqual(Array.from({ length: 10 }, (_, i) => `unit-${40 + i}`));
  });

  it('ends early when told to, without losing what is under way', async () => {
    const run = start({ devices: 3, durationMs: 3_600_000 });
    await pass(acknowledgedBy(run, 9));
    const stopped = run.stop();
    await pass(() => run.stats.recordsPending === 0);
    clock.advance(100);
    const report = await stopped;
    expect(report.recordsAcknowledged).toBe(report.recordsMade);
    expect(await run.finished).toBe(report);
    const made = report.recordsMade;
    clock.advance(60_000);
    expect(run.stats.recordsMade).toBe(made);
  });

  it('can be stopped before it was started', async () => {
    const run = createFleet({ groups: [], devices: 0, clock });
    expect((await run.stop()).recordsMade).toBe(0);
  });

  it('compresses time', async () => {
    const run = start({ speedUp: 60, durationMs: 5000, intervalMs: 1000 });
    await pass(() => run.stats.recordsAcknowledged === 5);
    expect(server.recordsOf('unit-0').map((each) => (each.at - startAt) / 60_000)).toEqual([0, 1, 2, 3, 4]);
  });
});
