import { PassThrough } from 'node:stream';
import type { CommanderError } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runSimulation, simulateCommand } from '../../simulators/cli.js';
import type { SimulationReport } from '../../simulators/stats.js';
import { wialonIps } from '../../src/protocols/wialon-ips/index.js';
import { lineFactory } from '../support/line-behavior.js';
import { LineServer } from '../support/line-server.js';
import { ProtocolServer } from '../support/protocol-server.js';

interface Outcome {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `milepost simulate` with `args`. */
async function simulate(
  args: string[],
  io: { env?: Record<string, string>; signal?: AbortSignal; tty?: boolean } = {},
): Promise<Outcome> {
  const [stdout, stderr] = [
    new PassThrough(),
    Object.assign(new PassThrough(), { isTTY: io.tty ?? false, columns: 120 }),
  ];
  const outcome: { code: number | undefined } = { code: undefined };
  const command = simulateCommand(
    { stdout, stderr, env: io.env ?? {}, ...(io.signal === undefined ? {} : { signal: io.signal }) },
    (code) => {
      outcome.code = code;
    },
  );
  try {
    await command.parseAsync(args, { from: 'user' });
  } catch (error) {
    outcome.code = (error as CommanderError).exitCode;
  }
  return { ...outcome, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('milepost simulate', () => {
  let server: ProtocolServer;
  let short: string[];

  beforeEach(async () => {
    server = await ProtocolServer.start(wialonIps);
    short = [
      '--protocol',
      'wialon-ips',
      '--target',
      `127.0.0.1:${server.port}`,
      '--duration',
      '300ms',
      '--interval',
      '50ms',
    ];
  });

  afterEach(() => server.stop());

  it('reports to the target and prints a summary', async () => {
    const { code, stdout } = await simulate([...short, '--devices', '3']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^protocols {4}wialon-ips\/tcp$/m);
    expect(stdout).toMatch(/^devices {6}3, 3 connected$/m);
    expect(stdout).toMatch(/^records {6}18 made, 18 acknowledged$/m);
    expect(stdout).toMatch(/^errors {7}none$/m);
    expect(server.updates.size).toBe(3);
  });

  it('prints the report as one line of JSON', async () => {
    const { code, stdout } = await simulate([...short, '--json', '--batch', '4', '--udp', '--devices', '3']);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const report = JSON.parse(stdout) as SimulationReport;
    expect(report).toMatchObject({
      protocols: ['wialon-ips/udp'],
      devices: 3,
      connected: 3,
      recordsMade: 18,
      recordsAcknowledged: 18,
    });
    expect(report.framesSent).toBe(6);
  });

  it('ends with 1 when a record was not acknowledged', async () => {
    const { port } = server;
    await server.stop();
    const { code, stdout } = await simulate([
      ...short.slice(0, 3),
      `127.0.0.1:${port}`,
      '-d',
      '0.1',
      '-i',
      '0.05',
      '--drain',
      '1',
    ]);
    server = await ProtocolServer.start(wialonIps);
    expect(code).toBe(1);
    expect(stdout).toMatch(/NOT ACKNOWLEDGED/);
    expect(stdout).toMatch(/ECONNREFUSED/);
  });

  it('takes options from the environment, but rather those that were typed', async () => {
    const env = {
      MILEPOST_DEVICES: '2',
      MILEPOST_SPEED_UP: '60',
      MILEPOST_DURATION: '1h',
      MILEPOST_JSON: 'true',
      MILEPOST_START_TIME: '2026-05-01T08:00',
    };
    const { stdout } = await simulate(short, { env });
    expect(JSON.parse(stdout)).toMatchObject({ devices: 2, recordsMade: 12 });
    const [updates] = [...server.updates.values()];
    expect(updates![0]!.at).toBe(Date.UTC(2026, 4, 1, 8));
    expect(updates![1]!.at - updates![0]!.at).toBe(3000);
  });

  it('ends early at the abort signal, with its summary', async () => {
    const stop = new AbortController();
    const running = simulate([...short, '--duration', '1h', '--json'], { signal: stop.signal });
    while (server.updates.size < 10) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    const { code, stdout } = await running;
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as SimulationReport).elapsedS).toBeLessThan(30);
  });

  it('shows a bar where a person looks', async () => {
    const { stderr, code } = await simulate([...short, '--duration', '1.2'], { tty: true });
    expect(code).toBe(0);
    expect(stderr).toMatch(/1\/2 s/);
    expect(stderr).toMatch(/records acknowledged/);
  });

  it('shows nothing on standard error for a short run without a terminal', async () => {
    expect((await simulate(short)).stderr).toBe('');
  });

  it.each([
    ['--devices', '0'],
    ['--devices', '1e3'],
    ['--interval', '0'],
    ['--interval', 'soon'],
    ['--duration', '31d'],
    ['--drop-rate', '1.5'],
    ['--start-time', 'yesterday'],
    ['--transport', 'sctp'],
    ['--protocol', 'morse'],
    ['--target', 'two words'],
    ['--ramp', '0.1'],
    ['--nonsense'],
    ['surplus'],
  ])('refuses %s %s as wrong usage', async (...args) => {
    const { code, stderr, stdout } = await simulate([...short, ...args.filter((each) => each !== undefined)]);
    // The program turns every error of commander's own into 2.
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(/^error: /);
    expect(stdout).toBe('');
  });

  it('refuses a bad environment variable, naming it', async () => {
    const { code, stderr } = await simulate(short, { env: { MILEPOST_BATCH: 'many' } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/MILEPOST_BATCH/);
  });

  it('explains itself', async () => {
    const { code, stdout } = await simulate(['--help']);
    expect(code).toBe(0);
    for (const text of [
      '--devices <count>',
      '--drop-rate <rate>',
      'Examples:',
      'Exit codes:',
      'wialon-ips',
      '(default: 60)',
    ])
      expect(stdout).toContain(text);
  });
});

describe('runSimulation', () => {
  it('shares the units out between several protocols', async () => {
    const servers = [await LineServer.start(), await LineServer.start()];
    const factories = ['alpha', 'beta'].map((protocol) => ({ ...lineFactory(), protocol }));
    const report = await runSimulation(
      {
        protocol: 'all',
        targets: factories.map((each, i) => `${each.protocol}=127.0.0.1:${servers[i]!.port}`),
        devices: 5,
        durationS: 0.1,
        intervalS: 0.05,
      },
      { behaviors: factories },
    );
    expect(report).toMatchObject({ protocols: ['alpha/tcp', 'beta/tcp'], recordsMade: 10, recordsAcknowledged: 10 });
    expect(servers.map((each) => each.logins.sort())).toEqual([
      ['unit-0', 'unit-2', 'unit-4'],
      ['unit-1', 'unit-3'],
    ]);
    for (const each of servers) await each.stop();
  });
});
