/**
 * What an operator does with a running gateway: setup files, refused units, blocking, copies of the journal; over real sockets and with
 * the commands of the command line.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { Command } from 'commander';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type App, journalPath, openStore, startApp } from '../../src/app.js';
import { applyCommand } from '../../src/cli/apply.js';
import { backupCommand, restoreCommand } from '../../src/cli/backup.js';
import type { CliIo } from '../../src/cli/io.js';
import { refusedCommand } from '../../src/cli/refused.js';
import { readConfig } from '../../src/config.js';
import { ConfigError, StoreError } from '../../src/errors.js';
import { LmdbEngine } from '../../src/store/lmdb-engine.js';
import { type TableName, tableNames } from '../../src/store/rows.js';
import type { Store } from '../../src/store/store.js';
import { readMark } from '../../src/store/tables.js';

const silent = pino({ level: 'silent' });
const device = '356307042441013';
const setup = `accounts:
  - login: acme@example.com
    password: "\${ACME_PASSWORD}"
    trackers: [{ label: Van 7, model: wialon_ips, device_id: "${device}" }]
`;
const env = { MILEPOST_ADMIN_PASSWORD: 'secret', ACME_PASSWORD: 'correct-horse' };

let dir: string;
let app: App | undefined;
let sockets: Socket[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'milepost-'));
  await writeFile(join(dir, 'setup.yaml'), setup);
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await app?.stop();
  app = undefined;
  await rm(dir, { recursive: true, force: true });
});

const configOf = (dataDir: string, options: Record<string, unknown> = {}) =>
  readConfig(env, { dataDir, httpPort: 0, listen: ['wialon-ips=0'], logLevel: 'silent', ...options });

async function start(options: Record<string, unknown> = {}): Promise<App> {
  app = await startApp(configOf(join(dir, 'data'), { setup: join(dir, 'setup.yaml'), ...options }), {
    log: silent,
    env,
  });
  return app;
}

const portOf = (protocol: string) => app!.listening.find((each) => each.protocol === protocol)!.port;

/** Runs a command and returns what it printed and its exit code. */
async function run(make: (io: CliIo, exit: (code: number) => void) => Command, ...args: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io: CliIo = { env, stdin: Readable.from([]), stdout, stderr, stopped: new Promise(() => {}) };
  let code = 0;
  const command = make(io, (given) => {
    code = given;
  }).exitOverride();
  await command.parseAsync(args, { from: 'user' });
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

const remote = () => ['--url', `http://127.0.0.1:${portOf('http')}`, '--password', 'secret'];

async function connectUnit(): Promise<Socket> {
  const socket = connect(portOf('wialon-ips'), '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function ask(socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString().trim();
}

async function admin(method: string, path: string): Promise<Record<string, unknown>> {
  const base = `http://127.0.0.1:${portOf('http')}`;
  const { hash } = (await (await fetch(`${base}/user/auth?login=admin&password=secret`)).json()) as { hash: string };
  const response = await fetch(`${base}/admin/${path}`, { method, headers: { authorization: `NVX ${hash}` } });
  return (await response.json()) as Record<string, unknown>;
}

function fixOf(store: Store, sourceId: number) {
  const { lat, lng, fixAt, heardAt } = store.stateOf(sourceId)!;
  return { lat, lng, fixAt, heardAt };
}

/** Rows that say what the gateway knows; sessions come and go. */
function contentsOf(store: Store): Record<string, unknown[]> {
  const names = tableNames.filter((name): name is TableName => name !== 'session' && name !== 'counter');
  const entries = names.map((name) => [name, [...store.registry.all(name)].sort((a, b) => (a.id < b.id ? -1 : 1))]);
  return Object.fromEntries(entries);
}

test('a setup file is applied at each start, and its second time changes nothing', async () => {
  const first = await start();
  const before = contentsOf(first.store);
  expect(first.store.registry.userByLogin('acme@example.com')).toBeDefined();
  expect(
    (await fetch(`http://127.0.0.1:${portOf('http')}/user/auth?login=acme@example.com&password=correct-horse`)).status,
  ).toBe(200);
  await first.stop();
  const second = await start();
  expect(contentsOf(second.store)).toEqual(before);
  expect((await run(applyCommand, join(dir, 'setup.yaml'), ...remote())).out).toContain('nothing changed');
});

test('what was known before a stop is known after it, from the snapshot alone', async () => {
  const first = await start();
  const { id } = first.store.registry.sourceByDeviceId(device)!;
  const unit = await connectUnit();
  await ask(unit, `#L#${device};NA`);
  await ask(unit, '#SD#150626;120000;5230.000;N;01324.000;E;50;90;34;9');
  const fix = fixOf(first.store, id);
  await first.stop();
  app = undefined;
  const engine = new LmdbEngine({ path: journalPath(join(dir, 'data')) });
  const { cursor } = readMark(engine)!;
  expect(cursor).toBe(engine.bounds()!.last);
  for (let seq = 1; seq <= cursor; seq++) await engine.drop(seq);
  await engine.close();
  const second = await start();
  expect(fixOf(second.store, id)).toEqual(fix);
  expect(second.store.units.get(Number.NaN)).toBeUndefined();
});

test('a bad setup file ends the start and names the line', async () => {
  await writeFile(join(dir, 'setup.yaml'), 'accounts:\n  - login: a\n    colour: red\n');
  const error = await start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).problems[0]).toBe(`${join(dir, 'setup.yaml')}:3: accounts[0].colour: no such key`);
});

test('a setup that the gateway refuses is told with the lines of the file', async () => {
  await start();
  await writeFile(join(dir, 'more.yaml'), `clones:\n  - label: copy\n    of: "1"\n    account: acme@example.com\n`);
  const { code, err } = await run(applyCommand, join(dir, 'more.yaml'), ...remote());
  expect(code).toBe(1);
  expect(err).toContain('more.yaml:3: clones[0].of: there is no such device');
});

test('units that were turned away are listed with the reason', async () => {
  await start();
  const unknown = await connectUnit();
  expect(await ask(unknown, '#L#356307042441099;NA')).toBe('#AL#0');
  const { out } = await run(refusedCommand, ...remote());
  expect(out).toMatch(/356307042441099 +wialon-ips +127\.0\.0\.1 +1 +unknown_unit: the identity is not registered/);
  const { out: json } = await run(refusedCommand, '--unit', '356307042441099', '--json', ...remote());
  expect(JSON.parse(json)).toMatchObject({ identity: '356307042441099', reason: 'unknown_unit', count: 1 });
});

test('blocking a source ends its live session, and unblocking lets it in again', async () => {
  const { store } = await start();
  const { id } = store.registry.sourceByDeviceId(device)!;
  const unit = await connectUnit();
  expect(await ask(unit, `#L#${device};NA`)).toBe('#AL#1');
  const closed = once(unit, 'close');
  expect(await admin('POST', `sources/${id}/block`)).toMatchObject({ blocked: true, device_id: device });
  await closed;
  expect(await ask(await connectUnit(), `#L#${device};NA`)).toBe('#AL#0');
  expect(await admin('GET', `refused?identity=${device}`)).toMatchObject({
    list: [{ reason: 'blocked_unit', count: 1 }],
  });
  expect(await admin('POST', `sources/${id}/unblock`)).toMatchObject({ blocked: false });
  expect(await ask(await connectUnit(), `#L#${device};NA`)).toBe('#AL#1');
});

test('a blocked source is refused by datagram too, from its next one on', async () => {
  const { store } = await start();
  const { id } = store.registry.sourceByDeviceId(device)!;
  const socket = createSocket('udp4');
  const { port } = app!.listening.find(({ transport }) => transport === 'udp')!;
  const send = (second: string) =>
    socket.send(`${device}#SD#150626;1200${second};5230.000;N;01324.000;E;50;90;34;9\r\n`, port, '127.0.0.1');
  try {
    send('01');
    await once(socket, 'message');
    const { recordAt } = store.stateOf(id)!;
    expect(recordAt).toBe(Date.UTC(2026, 5, 15, 12, 0, 1));
    await admin('POST', `sources/${id}/block`);
    send('02');
    await vi.waitFor(async () => {
      expect(await admin('GET', `refused?identity=${device}`)).toMatchObject({ list: [{ reason: 'blocked_unit' }] });
    });
    expect(store.stateOf(id)!.recordAt).toBe(recordAt);
    await admin('POST', `sources/${id}/unblock`);
    send('03');
    await vi.waitFor(() => expect(store.stateOf(id)!.recordAt).toBe(recordAt + 2000));
  } finally {
    socket.close();
  }
});

test('a copy of a running gateway holds everything that was acknowledged', async () => {
  const { store } = await start();
  const unit = await connectUnit();
  await ask(unit, `#L#${device};NA`);
  expect(await ask(unit, '#SD#150626;120000;5230.000;N;01324.000;E;50;90;34;9')).toBe('#ASD#1');
  const { id } = store.registry.sourceByDeviceId(device)!;
  const journal = journalPath;
  const copy = join(dir, 'copy');
  await run((io) => backupCommand(io, journal), copy, '--data-dir', join(dir, 'data'));
  const made = (await admin('POST', 'backup')) as { path: string };
  expect(await readdir(join(dir, 'data', 'backups'))).toHaveLength(1);
  const fix = fixOf(store, id);
  expect(fix).toMatchObject({ lat: 52.5, lng: 13.4 });
  for (const [i, from] of [copy, made.path].entries()) {
    const dataDir = join(dir, `restored${i}`);
    await run((io) => restoreCommand(io, journal), from, '--data-dir', dataDir);
    const opened = await openStore(configOf(dataDir), { log: silent });
    expect(contentsOf(opened.store)).toEqual(contentsOf(store));
    expect(fixOf(opened.store, id)).toEqual(fix);
    await opened.close();
  }
});

test('nothing is overwritten, and a journal that has to go is set aside', async () => {
  await start();
  await app!.stop();
  app = undefined;
  const dataDir = join(dir, 'data');
  const copy = join(dir, 'copy');
  const backUp = () => run((io) => backupCommand(io, journalPath), copy, '--data-dir', dataDir);
  const putBack = (from: string, ...options: string[]) =>
    run((io) => restoreCommand(io, journalPath), from, '--data-dir', dataDir, ...options);
  await backUp();
  await expect(backUp()).rejects.toMatchObject({ code: 'backup_exists' });
  await expect(putBack(copy)).rejects.toMatchObject({ code: 'journal_exists' });
  await expect(putBack(dir, '--force')).rejects.toMatchObject({ code: 'backup_invalid' });
  await putBack(copy, '--force');
  expect((await readdir(dataDir)).filter((name) => name.startsWith('journal-before-'))).toHaveLength(1);
  expect(existsSync(journalPath(dataDir))).toBe(true);
});

test('a data directory that cannot be made is a bad configuration', async () => {
  await start();
  const copy = join(dir, 'copy');
  await run((io) => backupCommand(io, journalPath), copy, '--data-dir', join(dir, 'data'));
  const attempt = run((io) => restoreCommand(io, journalPath), copy, '--data-dir', '/proc/milepost/data');
  await expect(attempt).rejects.toThrow(ConfigError);
});

test('a running gateway is not restored over', async () => {
  await start();
  const copy = join(dir, 'copy');
  await run((io) => backupCommand(io, journalPath), copy, '--data-dir', join(dir, 'data'));
  const attempt = run((io) => restoreCommand(io, journalPath), copy, '--data-dir', join(dir, 'data'), '--force');
  await expect(attempt).rejects.toMatchObject({ code: 'data_dir_locked' });
});

test.each([
  [0, 'data of an older Milepost'],
  [99, 'data of a newer Milepost'],
])('a data directory of version %i is refused with a clear word', async (version, word) => {
  await start();
  await app!.stop();
  app = undefined;
  const dataDir = join(dir, 'data');
  await run((io) => backupCommand(io, journalPath), join(dir, 'copy'), '--data-dir', dataDir);
  const engine = new LmdbEngine({ path: journalPath(dataDir) });
  await engine.put('meta', ['version'], Buffer.from(String(version)));
  await engine.close();
  const error = await openStore(configOf(dataDir), { log: silent }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ code: 'store_version' });
  expect((error as StoreError).message).toContain(word);
  await expect(
    run((io) => backupCommand(io, journalPath), join(dir, 'copy2'), '--data-dir', dataDir),
  ).rejects.toMatchObject({
    code: 'store_version',
  });
});
