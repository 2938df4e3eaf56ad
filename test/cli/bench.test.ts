import { readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { CommanderError } from 'commander';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeFrame, frameRing, loginOf } from '../../src/cli/bench/frames.js';
import { compare, formatTable } from '../../src/cli/bench/report.js';
import { type LoadFigures, type LoadRow, loadScenarios, type ServerKind } from '../../src/cli/bench/scenarios.js';
import { benchCommand } from '../../src/cli/bench.js';
import { type CliIo, UsageError } from '../../src/cli/io.js';
import { isImei } from '../../src/domain/unit-id.js';
import { protocolByName } from '../../src/protocols/registry.js';

interface Run {
  readonly io: CliIo;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly stop: () => void;
  readonly codes: number[];
  start(...args: string[]): Promise<unknown>;
}

const stops: (() => void)[] = [];
/** A test that runs out of time leaves no process behind. */
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function makeRun(): Run {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const codes: number[] = [];
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
    stops.push(resolve);
  });
  const io: CliIo = { env: process.env, stdin: new PassThrough(), stdout, stderr, stopped };
  const start = (...args: string[]) =>
    benchCommand(io, (code) => codes.push(code))
      .exitOverride()
      .configureOutput({ writeErr: () => {}, writeOut: () => {} })
      .parseAsync(args, { from: 'user' });
  return { io, stdout, stderr, stop, codes, start };
}

function leftDirs(): string[] {
  return readdirSync('.').filter((name) => name.startsWith('.milepost-bench-'));
}

describe('milepost bench', () => {
  it('measures reference and gateway, and reports figures, ratios, starts and memory', {
    timeout: 120_000,
  }, async () => {
    const run = makeRun();
    await run.start('--quick', '--seconds', '0.5', '--only', 'records-25', 'start', 'memory', '--json');
    const report = JSON.parse(String(run.stdout.read()));
    expect(report.remarks.filter((remark: string) => !remark.includes('pinned'))).toEqual([]);
    expect(run.codes).toEqual([0]);
    expect(report.load.map((row: { server: string }) => row.server)).toEqual(['reference', 'journal', 'ephemeral']);
    for (const row of report.load) {
      expect(row).toMatchObject({
        scenario: 'records-25',
        connections: 1000,
        framesInFlight: 1,
        recordsPerFrame: 25,
        error: null,
      });
      expect(row.figures.acksPerSecond).toBeGreaterThan(0);
      expect(row.figures.recordsPerSecond).toBeCloseTo(row.figures.acksPerSecond * 25, 3);
      expect(row.figures.cpuSecondsPerMillionFrames).toBeGreaterThan(0);
      if (row.server === 'reference') expect(row).toMatchObject({ acksRatio: null, cpuRatio: null, meetsTarget: null });
      else expect(row).toMatchObject({ acksRatio: expect.any(Number), cpuRatio: expect.any(Number), target: 0.25 });
    }
    expect(report.start.records).toBe(50_000);
    for (const key of ['diskBytes', 'fillSeconds', 'emptyMs', 'afterKillMs', 'stopMs', 'afterStopMs']) {
      expect(report.start[key], key).toBeGreaterThan(0);
    }
    expect(report.memory.map((row: { server: string }) => row.server)).toEqual(['reference', 'journal']);
    for (const row of report.memory)
      expect(row).toMatchObject({ connections: 1000, bytesPerConnection: expect.any(Number) });
    expect(leftDirs()).toEqual([]);
  });

  it('ends everything it started when it is stopped', { timeout: 60_000 }, async () => {
    const run = makeRun();
    const running = run.start('--seconds', '300', '--only', 'connections-100');
    await new Promise((resolve) => run.stderr.once('data', resolve));
    run.stop();
    await running;
    expect(run.codes).toEqual([1]);
    expect(run.stdout.read()).toBeNull();
    expect(leftDirs()).toEqual([]);
  });

  it('refuses wrong usage', async () => {
    await expect(makeRun().start('--seconds', '0')).rejects.toThrow(UsageError);
    await expect(makeRun().start('--seconds', 'long')).rejects.toThrow(UsageError);
    await expect(makeRun().start('--only', 'nonsense')).rejects.toThrow(CommanderError);
  });
});

describe('frames of the bench', () => {
  const teltonika = protocolByName('teltonika')!;
  const receivedAt = Date.UTC(2026, 4, 1);
  const context = { transport: 'tcp', receivedAt, deviceId: '350000001000001', model: undefined, session: '' } as const;

  it('logs in with a valid IMEI', () => {
    const login = loginOf(100_000);
    expect(login.readUInt16BE(0)).toBe(15);
    expect(isImei(login.toString('latin1', 2))).toBe(true);
    expect(teltonika.identify(teltonika.decode(login, { ...context, deviceId: undefined }), context)?.deviceId).toBe(
      login.toString('latin1', 2),
    );
  });

  it('is what the gateway reads, with rising times and none in the future', () => {
    const ring = frameRing(25, receivedAt);
    const times: number[] = [];
    for (const at of [0, 1, ring.count - 1]) {
      const frame = ring.bytes.subarray(at * ring.frameBytes, (at + 1) * ring.frameBytes);
      times.push(...teltonika.toUpdates(teltonika.decode(frame, context), context).map((update) => update.at));
    }
    expect(times).toHaveLength(75);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(receivedAt);
  });

  it('carries the values a tracker would send', () => {
    const message = teltonika.decode(encodeFrame(1, receivedAt), context);
    const [update] = teltonika.toUpdates(message, context);
    expect(update?.names).toEqual(
      expect.arrayContaining(['ignition', 'moving', 'board_voltage', 'hdop', 'hw_mileage']),
    );
    expect(teltonika.reply(message, context)?.toString('hex')).toBe('00000001');
  });
});

describe('the report of the bench', () => {
  const scenario = loadScenarios.find((each) => each.name === 'connections-1000')!;
  const figures = (acksPerSecond: number, cpuSecondsPerMillionFrames: number, coreBusyPercent = 99): LoadFigures => ({
    acksPerSecond,
    recordsPerSecond: acksPerSecond,
    cpuSecondsPerMillionFrames,
    coreBusyPercent,
    serverBusyPercent: coreBusyPercent,
    clientBusyPercent: 80,
    isClientBound: coreBusyPercent < 90,
    isDisturbed: false,
  });
  const row = (server: ServerKind, of: LoadFigures): LoadRow => ({
    scenario,
    server,
    connections: 1000,
    figures: of,
    error: null,
  });

  it('gives both ratios as shares of the speed of the reference', () => {
    const rows = [row('reference', figures(100_000, 6)), row('journal', figures(60_000, 10))];
    expect(compare(rows[1]!, rows)).toEqual({ acksRatio: 0.6, cpuRatio: 0.6, meetsTarget: true });
    expect(compare(rows[0]!, rows)).toEqual({ acksRatio: null, cpuRatio: null, meetsTarget: null });
  });

  it('does not count acks against a reference that waited for its client', () => {
    const rows = [row('reference', figures(100_000, 4, 70)), row('journal', figures(90_000, 10))];
    expect(compare(rows[1]!, rows)).toMatchObject({ acksRatio: 0.9, cpuRatio: 0.4, meetsTarget: false });
  });

  it('says in the table what was client-bound, what failed and what was aimed at', () => {
    const failed: LoadRow = {
      scenario,
      server: 'ephemeral',
      connections: 1000,
      figures: null,
      error: 'no login within 60 s',
    };
    const text = formatTable({
      at: '2026-05-01T00:00:00.000Z',
      node: '20.20.2',
      cpu: 'a CPU',
      serverCore: 0,
      clientCore: 1,
      measureSeconds: 5,
      load: [row('reference', figures(100_000, 4, 70)), row('journal', figures(50_000, 6)), failed],
      start: undefined,
      memory: [
        { server: 'journal', connections: 10_000, beforeBytes: 80e6, afterBytes: 180e6, bytesPerConnection: 10_000 },
      ],
      remarks: ['something'],
    });
    expect(text).toMatch(/reference +100,000 .*client-bound/);
    expect(text).toMatch(/journal +50,000 .*0\.50 +0\.67 +0\.5 met$/m);
    expect(text).toMatch(/ephemeral +- .*failed$/m);
    expect(text).toMatch(/journal +10,000 +76\.3 +171\.7 +9\.8 +10 met$/m);
    expect(text).toContain('Note: something');
  });
});
