/**
 * The main job on the real process: a tracker is registered over HTTP, connects, is acknowledged after the commit, and its state is served;
 * what it sent survives a stop and can be exported.
 */
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { checkedClient } from '../support/checked-client.js';
import { GatewayProcess, run } from '../support/gateway-process.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const password = 'battery-staple';
const imei = '356307042441013';
const login = Buffer.from(`000f${Buffer.from(imei).toString('hex')}`, 'hex');
/** Codec 8, one record in motion: 2026-01-01T12:00:00Z, 52.370216, 4.895168, 63 km/h. CRC computed independently of our encoder. */
const frame = Buffer.from(
  '000000000000005508010000019B796DD6000002EAF1801F370F90000C01130E003F001006EF01F001150445010101500107B5000DB60008423612430FF518003FCD1267CE04B302F100004FB41000173EC8014E0000000000000000010000ECAE',
  'hex',
);

async function serve(dataDir: string, args: readonly string[] = []): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.serve(
    ['--data-dir', dataDir, '--http-port', '0', '--listen', 'teltonika=0', '--listen', 'auto=0', ...args],
    { MILEPOST_ADMIN_PASSWORD: password },
  );
  onTestFinished(async () => void (await gateway.end('SIGKILL')));
  return gateway;
}

class RawTracker {
  readonly #socket: Socket;
  received = Buffer.alloc(0);
  isClosed = false;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isClosed = true;
    });
    onTestFinished(() => void this.#socket.destroy());
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Waits until this many bytes have come, and returns them all as hex. */
  async take(count: number): Promise<string> {
    await until(() => this.received.length >= count, `${count} bytes from the gateway`);
    return this.received.toString('hex');
  }
}

test('a tracker is registered, acknowledged, served, stopped and exported', { timeout: 60_000 }, async () => {
  const dataDir = tempDir();
  let gateway = await serve(dataDir);
  const client = checkedClient({ url: `${gateway.url}/v2` });
  const hash = await client.logIn('admin', password);
  const stranger = new RawTracker(gateway.port('teltonika'));
  stranger.send(login);
  expect(await stranger.take(1)).toBe('00');
  await until(() => stranger.isClosed, 'the stranger to be cut off');

  const { value: registered } = await client.call('tracker/register', {
    label: 'Van 7',
    group_id: 0,
    model: 'telfmb920',
    plugin_id: 44,
    device_id: imei,
    phone: '491701234567',
    apn_name: 'internet',
  });
  const tracker = new RawTracker(gateway.port('auto'));
  tracker.send(login);
  expect(await tracker.take(1)).toBe('01');
  for (const piece of [frame.subarray(0, 9), frame.subarray(9, 60), frame.subarray(60)]) tracker.send(piece);
  expect(await tracker.take(5)).toBe('0100000001');
  tracker.send(Buffer.concat([frame, frame]));
  expect(await tracker.take(13)).toBe('01000000010000000100000001');

  const { state } = await client.call('tracker/get_state', { tracker_id: registered.id });
  const { gps, ignition, movement_status, inputs } = state;
  expect(gps).toMatchObject({
    location: { lat: 52.370216, lng: 4.895168 },
    speed: 63,
    heading: 275,
    alt: 12,
    signal_level: 100,
  });
  expect({ ignition, movement_status, inputs }).toEqual({ ignition: true, movement_status: 'moving', inputs: [true] });
  expect(await gateway.end('SIGTERM')).toBe(0);

  gateway = await serve(dataDir);
  const again = checkedClient({ url: gateway.url, hash });
  expect((await again.call('tracker/get_state', { tracker_id: registered.id })).state.gps).toEqual(gps);
  const beside = await run(['export', '--data-dir', dataDir, '--unit', imei]);
  const records = beside.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({
    unit: imei,
    time: '2026-01-01T12:00:00.000Z',
    readings: { board_voltage: 13.842 },
  });
  expect(await gateway.end('SIGINT')).toBe(0);
});

test('a second gateway on the same data directory is refused', { timeout: 60_000 }, async () => {
  const dataDir = tempDir();
  const gateway = await serve(dataDir);
  const second = await run(['serve', '--data-dir', dataDir, '--http-port', '0', '--listen', 'auto=0']);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain('data_dir_locked');
  expect(await gateway.end('SIGKILL')).toBeNull();
  const next = await serve(dataDir);
  expect(await next.end('SIGTERM')).toBe(0);
});

test('every port is reported at every log level, and a port in use is a clear error', { timeout: 60_000 }, async () => {
  const gateway = await serve(tempDir(), ['--log-level', 'fatal', '--listen', 'gt06=0', '--listen', 'wialon-ips=0']);
  expect(gateway.listening.map(({ protocol, transport }) => `${protocol}/${transport}`).sort()).toEqual([
    'auto/tcp',
    'gt06/tcp',
    'http/tcp',
    'teltonika/tcp',
    'teltonika/udp',
    'wialon-ips/tcp',
    'wialon-ips/udp',
  ]);
  const taken = gateway.port('gt06');
  const second = await run(['serve', '--ephemeral', '--http-port', '0', '--listen', `gt06=${taken}`]);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain('port_in_use');
  expect(second.stderr).toContain(String(taken));
});

test('a bad configuration prints every problem and exits 78', { timeout: 60_000 }, async () => {
  const finished = await run(['serve', '--http-port', 'eighty', '--max-strikes', '0', '--listen', 'nonsense'], {
    env: { MILEPOST_LOG_LEVEL: 'loud' },
  });
  expect(finished.code).toBe(78);
  for (const name of ['--http-port', '--max-strikes', '--listen', 'MILEPOST_LOG_LEVEL'])
    expect(finished.stderr).toContain(name);
  expect((await run(['serve', '--no-such-option'])).code).toBe(2);
});

test('decode and encode answer line by line', { timeout: 60_000 }, async () => {
  const lines = [
    { id: 1, protocol: 'teltonika', session: 'a', encoding: 'hex', frame: login.toString('hex') },
    { id: 2, protocol: 'teltonika', session: 'a', encoding: 'hex', frame: frame.toString('hex') },
    { id: 3, protocol: 'teltonika', session: 'a', encoding: 'hex', frame: `${frame.toString('hex').slice(0, -2)}00` },
    { id: 4, protocol: 'morse', encoding: 'hex', frame: '00' },
    { id: 5, protocol: 'wialon-ips', encoding: 'text', frame: `#L#${imei};NA` },
  ];
  const input = `${lines.map((line) => JSON.stringify(line)).join('\n')}\nnot json\n`;
  const decoded = await run(['decode', '--json'], { input });
  expect(decoded.code).toBe(0);
  const answers = decoded.stdout
    .trim()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as {
          id: unknown;
          reply: unknown;
          error: { code: string } | null;
          messages: Record<string, unknown>[];
        },
    );
  expect(answers.map(({ id, reply, error }) => [id, reply, error?.code ?? null])).toEqual([
    [1, '01', null],
    [2, '00000001', null],
    [3, null, 'checksum'],
    [4, null, 'unknown_protocol'],
    [5, Buffer.from('#AL#1\r\n').toString('hex'), null],
    [null, null, 'not_json'],
  ]);
  const message = answers[1]?.messages[0];
  expect(message).toMatchObject({
    time: '2026-01-01T12:00:00.000Z',
    deviceId: imei,
    position: { lat: 52.370216, lng: 4.895168, valid: true, speed: 63, heading: 275, alt: 12, satellites: 14 },
    inputs: [true],
    states: { ignition: true, moving: true },
    gsm: { signal_level: 80 },
  });
  const encoded = await run(['encode', '--protocol', 'teltonika'], { input: decoded.stdout.split('\n')[1] ?? '' });
  expect(encoded.code).toBe(0);
  const mirrored = await run(['decode', '--json', '--protocol', 'teltonika', encoded.stdout.trim()]);
  const back = JSON.parse(mirrored.stdout) as { messages: { position: unknown; readings: Record<string, number> }[] };
  expect(back.messages[0]?.position).toEqual((message as { position: unknown }).position);
  expect(back.messages[0]?.readings.board_voltage).toBe(13.842);
  expect((await run(['decode', '--protocol', 'morse', '00'])).code).toBe(2);
  expect((await run(['decode', '--protocol', 'teltonika', 'ff00ff'])).code).toBe(1);
});
