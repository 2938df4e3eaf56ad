import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { decodeCommand } from '../../src/cli/decode.js';
import { encodeCommand } from '../../src/cli/encode.js';
import { type CliIo, UsageError } from '../../src/cli/io.js';

/** Vendor samples of the Teltonika documents. */
const login = '000f333536333037303432343431303133';
const avl =
  '000000000000003608010000016B40D8EA30010000000000000000000000000000000105021503010101425E0F01F10000601A014E0000000000000000010000C7CF';
const datagram =
  '003DCAFE0105000F33353230393330383634303336353508010000016B4F815B30010000000000000000000000000000000103021503010101425DBC000001';
const gt06Login = '787811010861234567890123360412C0000108CC0D0A';
const gt06Local = '78781F12180511081E0FC70396B3820794FD4E00185A02DA010BB800A1B2001103810D0A';
const gt06Utc = '78782622180511081E0FCB05FB47CC040924683F151300FA021A2B0304D501000000BC614E001019450D0A';
const wialon = '#SD#141125;101530;5130.4440;N;00007.6680;W;54;271;35;9';

interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

async function run(
  make: typeof decodeCommand,
  args: readonly string[],
  input: string | Readable = '',
  stopped: Promise<void> = new Promise(() => {}),
): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const stdin = typeof input === 'string' ? Readable.from([input]) : input;
  const io: CliIo = { env: {}, stdin, stdout, stderr, stopped };
  let code = 0;
  const command = make(io, (given) => {
    code = given;
  });
  await command.exitOverride().parseAsync([...args], { from: 'user' });
  return { out: textOf(stdout), err: textOf(stderr), code };
}

function textOf(stream: PassThrough): string {
  return (stream.read() as Buffer | null)?.toString() ?? '';
}

const decode = (args: readonly string[], input?: string | Readable, stopped?: Promise<void>) =>
  run(decodeCommand, args, input, stopped);
const encode = (args: readonly string[], input: string) => run(encodeCommand, args, input);
const json = async (lines: readonly object[], args: readonly string[] = []) => {
  const { out } = await decode(['--json', ...args], lines.map((line) => JSON.stringify(line)).join('\n'));
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
};

describe('decode for people', () => {
  it('gives an account: type, checksum, elements with names, fields with units, reply', async () => {
    const { out, code } = await decode([avl]);
    expect(code).toBe(0);
    for (const line of [
      'Teltonika, 66 bytes',
      '  codec 8, 1 record',
      '  checksum good (CRC-16/ARC)',
      '    element 66 (board_voltage), 2 bytes: 24079',
      '  record 1: 2019-06-10T10:04:46.000Z',
      '    position: no coordinates, no fix, 0 km/h, heading 0°, 0 m, 0 satellites',
      '    board_voltage: 24.079 V  (external supply)',
      '  reply 00000001',
    ]) {
      expect(out.split('\n')).toContain(line);
    }
  });

  it('tells datagrams, lines of text and logins by themselves', async () => {
    const { out, code } = await decode([datagram, wialon, login]);
    expect(code).toBe(0);
    expect(out).toContain('datagram of IMEI 352093086403655, packet CAFE / 05, no checksum');
    expect(out).toContain('Wialon IPS, 54 bytes\n  short data (SD)\n    no checksum\n');
    expect(out).toContain('login of IMEI 356307042441013\n  reply 01\n');
    expect(out).not.toContain('checksum and length are good');
  });

  it('frames come on one connection: the login has the zone of those after it', async () => {
    const { out } = await decode(['-p', 'gt06', gt06Local, gt06Login, gt06Local]);
    expect(out.match(/record 1: .*/g)?.filter((line) => line.includes('2024'))).toEqual([
      'record 1: 2024-05-17T08:30:15.000Z',
      'record 1: 2024-05-17T05:30:15.000Z',
    ]);
  });

  it('what cannot be read costs none of the others', async () => {
    const { out, code } = await decode([], `zz\n${avl.slice(0, -1)}0\n000f3\n${login}\n`);
    expect(code).toBe(1);
    expect(out).toContain('error unknown_protocol: the protocol was not recognised; name it with --protocol\n');
    expect(out).toContain('  error checksum:');
    expect(out).toContain('error not_a_frame: 5 hex digits are no whole bytes\n');
    expect(out).toContain('login of IMEI 356307042441013');
  });

  it.each([[['-p', 'nope', '00']], [['-t', 'sctp', '00']], [['--received-at', 'yesterday', '00']]])(
    '%j is wrong usage',
    async (args) => {
      await expect(decode(args)).rejects.toBeInstanceOf(UsageError);
    },
  );

  it('an interrupt ends the wait for more input', async () => {
    const input = new PassThrough();
    const stopping = new AbortController();
    const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
    input.write(`${login}\n`);
    const done = decode([], input, stopped);
    await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    expect((await done).out).toContain('login of IMEI 356307042441013');
  });
});

describe('decode --json', () => {
  it('answers every line in order, with its id', async () => {
    const answers = await json([
      { id: 'a', protocol: 'teltonika', frame: login },
      { id: 2, protocol: 'nope', frame: login },
      { id: null, protocol: 'gt06', frame: 'xyz' },
      { protocol: 'wialon-ips', encoding: 'text', frame: wialon },
      { id: 'u', protocol: 'teltonika', transport: 'sctp', frame: login },
    ]);
    expect(answers.map(({ id, error }) => [id, error?.code ?? null])).toEqual([
      ['a', null],
      [2, 'unknown_protocol'],
      [null, 'not_a_frame'],
      [null, null],
      ['u', 'unknown_transport'],
    ]);
    expect(answers[0]).toMatchObject({ reply: '01', messages: [{ time: null, deviceId: '356307042441013' }] });
    expect(answers[3]).toMatchObject({ reply: '2341534423310d0a', messages: [{ time: '2025-11-14T10:15:30.000Z' }] });
  });

  it('keeps sessions apart, and a frame without one for itself', async () => {
    const frame = (session: string | undefined, hex: string) => ({ protocol: 'gt06', session, frame: hex });
    const answers = await json([
      frame('a', gt06Login),
      frame('b', gt06Local),
      frame('a', gt06Local),
      frame(undefined, gt06Local),
    ]);
    expect(answers.slice(1).map(({ messages }) => [messages[0].time.slice(11, 13), messages[0].deviceId])).toEqual([
      ['08', null],
      ['05', '861234567890123'],
      ['08', null],
    ]);
  });
});

describe('encode', () => {
  it.each([
    ['teltonika', avl],
    ['gt06', gt06Utc],
    ['wialon-ips', wialon],
  ])('%s: what was decoded says the same again', async (protocol, frame) => {
    const { out: lines } = await decode(
      ['--json', '-p', protocol],
      JSON.stringify({ encoding: encodingOf(frame), frame }),
    );
    const { out, code } = await encode(['-p', protocol], lines);
    expect(code).toBe(0);
    const { out: again } = await decode(['--json', '-p', protocol], out);
    expect(JSON.parse(again).messages).toEqual(JSON.parse(lines).messages);
  });

  it.each(['teltonika', 'gt06', 'wialon-ips'])(
    '%s: a fix stays one, told with the least there is',
    async (protocol) => {
      const message = { time: '2026-01-01T00:00:00Z', position: { lat: 52.5, lng: 4.5, valid: true } };
      const { out } = await encode(['-p', protocol, '-d', '356307042441013'], JSON.stringify(message));
      const [again] = JSON.parse((await decode(['--json', '-p', protocol], out)).out).messages;
      expect(again.position).toMatchObject({ lat: 52.5, lng: 4.5, valid: true });
    },
  );

  it.each([
    { lat: 90.1, lng: 4.9 },
    { lat: 52, lng: -180.5 },
  ])('%o is no place on earth', async ({ lat, lng }) => {
    const message = JSON.stringify({ time: '2026-01-01T00:00:00Z', position: { lat, lng, valid: true } });
    for (const protocol of ['teltonika', 'gt06', 'wialon-ips']) {
      const { out, code } = await encode(['-p', protocol], message);
      expect([out, code]).toEqual(['', 1]);
    }
  });

  it('a model chooses its own numbers', async () => {
    const message = JSON.stringify({ time: '2026-01-01T00:00:00Z', readings: { analog_3: 5 } });
    const { out: six } = await encode(['-p', 'teltonika', '-m', 'telfmb640'], message);
    const { out: other } = await encode(['-p', 'teltonika'], message);
    const [first] = JSON.parse((await decode(['--json', '-p', 'teltonika', '-m', 'telfmb640'], six)).out).messages;
    expect(first.readings.analog_3).toBe(5);
    expect(other.length).toBeLessThan(six.length);
  });

  it('refuses what is no message, and goes on', async () => {
    const good = '{"time":"2026-01-01T00:00:00Z","position":{"lat":1,"lng":2,"valid":true}}';
    const { out, err, code } = await encode(['-p', 'teltonika'], `nonsense\n{"readings":{"a":"x"}}\n${good}\n`);
    expect(code).toBe(1);
    expect(err.split('\n').map((line) => line.split(': ')[1])).toEqual(['not_json', 'field_format', undefined]);
    expect(out.trim().split('\n')).toHaveLength(1);
  });

  function encodingOf(frame: string): 'text' | 'hex' {
    return frame.startsWith('#') ? 'text' : 'hex';
  }
});
