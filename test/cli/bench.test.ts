import { readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { CommanderError } from 'commander';
import { afterEach, describe, expect, it } from 'vitest';
import { type ApiRow, apiTable, commandTable, compareApi } from '../../src/cli/bench/api-report.js';
import { encodeFrame, encodeReply, frameRing, loginOf } from '../../src/cli/bench/frames.js';
import { type HttpResult, quantile, together } from '../../src/cli/bench/http-job.js';
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

  it('measures the API beside a bare server, states while records come in, and commands', {
    timeout: 120_000,
  }, async () => {
    const run = makeRun();
    await run.start('--quick', '--seconds', '0.5', '--only', 'get-state', 'get-states', 'raw-command', '--json');
    const report = JSON.parse(String(run.stdout.read()));
    expect(report.remarks.filter((remark: string) => !remark.includes('pinned'))).toEqual([]);
    expect(run.codes).toEqual([0]);
    const [reference, state, states] = report.api;
    expect(reference).toMatchObject({ scenario: 'get-state', server: 'reference', answersRatio: null });
    expect(state).toMatchObject({ scenario: 'get-state', server: 'gateway', bodyBytes: reference.bodyBytes });
    expect(states).toMatchObject({ scenario: 'get-states', server: 'gateway', trackers: 200 });
    for (const row of report.api) expect(row.answersPerSecond).toBeGreaterThan(0);
    expect(states.recordsPerSecond).toBeGreaterThan(0);
    expect(states.stallMs).toBeGreaterThan(0);
    expect(states.ownStallMs).toBeLessThanOrEqual(states.stallMs);
    expect(report.commands.map((row: { recordsPerSecond: number }) => row.recordsPerSecond > 0)).toEqual([false, true]);
    for (const row of report.commands) {
      expect(row.commands).toBeGreaterThan(0);
      expect(row.maxMs).toBeGreaterThanOrEqual(row.p50Ms);
    }
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

describe('figures of the API', () => {
  const row = (server: ApiRow['server'], change: Partial<ApiRow> = {}): ApiRow => ({
    ...{ scenario: 'get-state', server, connections: 64, trackers: 1, bodyBytes: 900, p50Ms: 1, p99Ms: 2 },
    ...{ answersPerSecond: 10_000, cpuMicrosecondsPerAnswer: 100, serverBusyPercent: 99, coreBusyPercent: 99 },
    ...{ clientBusyPercent: 50, recordsPerSecond: null, stallMs: null, ownStallMs: null },
    ...change,
  });
  const reference = row('reference', { answersPerSecond: 20_000, cpuMicrosecondsPerAnswer: 40 });

  it('is a share of the speed of the bare server', () => {
    const own = row('gateway', { answersPerSecond: 12_000, cpuMicrosecondsPerAnswer: 80 });
    expect(compareApi(own, [reference, own])).toEqual({ answersRatio: 0.6, cpuRatio: 0.5, meetsTarget: true });
    expect(compareApi(reference, [reference, own]).answersRatio).toBeNull();
  });

  it('goes by the CPU where the bare server waited or was disturbed', () => {
    const own = row('gateway', { answersPerSecond: 18_000, cpuMicrosecondsPerAnswer: 100 });
    for (const change of [{ coreBusyPercent: 80, serverBusyPercent: 79 }, { serverBusyPercent: 60 }]) {
      const held = { ...reference, ...change };
      expect(compareApi(own, [held, own])).toMatchObject({ cpuRatio: 0.4, meetsTarget: false });
    }
  });

  it('asks of many states for their number and for a smooth run', () => {
    const states = (answersPerSecond: number, stallMs: number | null) =>
      compareApi(row('gateway', { scenario: 'get-states', answersPerSecond, stallMs }), []).meetsTarget;
    expect([states(60, 25), states(59, 10), states(100, 26), states(100, null)]).toEqual([true, false, false, false]);
  });

  it('stands in the table', () => {
    const own = row('gateway', { answersPerSecond: 12_000, cpuMicrosecondsPerAnswer: 80 });
    const states = row('gateway', {
      ...{ scenario: 'get-states', trackers: 2000 },
      ...{ stallMs: 31, ownStallMs: 30 },
      recordsPerSecond: 9990,
    });
    const text = apiTable([reference, own, states]);
    expect(text).toMatch(/get-state .*gateway +12,000 .*0\.60 +0\.50 +0\.6 met$/m);
    expect(text).toMatch(/get-states +2,000 .*9,990 +31\.0 +30\.0 .*60\/s, 25 ms missed$/m);
    const stolen = row('gateway', { scenario: 'get-states', stallMs: 31, ownStallMs: 24 });
    expect(apiTable([stolen])).toMatch(/ 31\.0 +24\.0 .*missed +disturbed$/m);
    const commands = [{ recordsPerSecond: 0, commands: 50, p50Ms: 3, p99Ms: 9, maxMs: 101 }];
    expect(commandTable(commands)).toMatch(/idle +50 +0 +3\.0 +9\.0 +101\.0 +100 met$/m);
  });

  it('adds up turns of one job', () => {
    const turn = (change: Partial<HttpResult>): HttpResult => ({
      ...{ msg: 'done', answers: 100, bodyBytes: 9, p50Ms: 1, p99Ms: 5 },
      ...{ seconds: 1, serverCpuSeconds: 0.5, clientCpuSeconds: 0.25, coreBusySeconds: 1 },
      ...change,
    });
    const turns = [turn({}), turn({ answers: 50, p50Ms: 9, seconds: 2 }), turn({ p50Ms: 2, p99Ms: 7 })];
    expect(together(turns)).toEqual({
      ...{ msg: 'done', answers: 250, bodyBytes: 9, p50Ms: 2, p99Ms: 5 },
      ...{ seconds: 4, serverCpuSeconds: 1.5, clientCpuSeconds: 0.75, coreBusySeconds: 3 },
    });
    expect(together([...turns, turn({ serverCpuSeconds: undefined })]).serverCpuSeconds).toBeUndefined();
  });

  it('takes quantiles from what was seen', () => {
    expect([quantile([1, 2, 3, 4], 0.5), quantile([1, 2, 3, 4], 0.99), quantile([7], 0)]).toEqual([2, 4, 7]);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('answers commands as the gateway reads it', () => {
    const teltonika = protocolByName('teltonika')!;
    const context = {
      transport: 'tcp',
      receivedAt: 0,
      deviceId: '350000001000001',
      model: undefined,
      session: '',
    } as const;
    const message = teltonika.decode(encodeReply('Ver:1'), context);
    expect(message).toMatchObject({ type: 'response', codec: 12, payload: Buffer.from('Ver:1') });
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
      api: [],
      commands: [],
      remarks: ['something'],
    });
    expect(text).toMatch(/reference +100,000 .*client-bound/);
    expect(text).toMatch(/journal +50,000 .*0\.50 +0\.67 +0\.5 met$/m);
    expect(text).toMatch(/ephemeral +- .*failed$/m);
    expect(text).toMatch(/journal +10,000 +76\.3 +171\.7 +9\.8 +10 met$/m);
    expect(text).toContain('Note: something');
  });
});
