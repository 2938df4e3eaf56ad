/**
 * Times commands: units log in and stay connected, and the HTTP API is asked to send one after the other a command. Each time is from the
 * call until the unit has the whole frame; the unit answers, so that its queue is free for the next.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { NavixyClient } from '../../client/index.js';
import { ackBytes, codec12, encodeFrame, encodeReply, imeiOf, loginOf, loginReplyBytes } from './frames.js';
import { type CommandJob, type CommandResult, quantile } from './http-job.js';

/** Apart from the numbers that the load uses. */
const firstUnit = 900_000;
const timeoutMs = 30_000;
const headerBytes = 8;
const crcBytes = 4;
const codecAt = 8;

export async function timeCommands(job: CommandJob): Promise<CommandResult> {
  const client = new NavixyClient({ url: job.httpUrl });
  await client.logIn('admin', job.password);
  const units = await Promise.all(Array.from({ length: job.units }, (_, i) => CommandedUnit.logIn(job.port, i)));
  const { list } = await client.call('tracker/list');
  const trackers = new Map(list.map(({ id, source }) => [source.device_id, id]));
  const times: number[] = [];
  const endMs = performance.now() + job.measureMs;
  for (let i = 0; performance.now() < endMs; i++) {
    const unit = units[i % units.length] as CommandedUnit;
    const tracker_id = trackers.get(unit.imei);
    if (tracker_id === undefined) throw new Error(`${unit.imei} is no tracker`);
    const askedMs = performance.now();
    const [gotMs] = await Promise.all([
      unit.nextCommand(),
      client.call('tracker/raw_command/send', { tracker_id, command: 'getver' }),
    ]);
    times.push(gotMs - askedMs);
  }
  times.sort((left, right) => left - right);
  const [p50Ms, p99Ms, maxMs] = [quantile(times, 0.5), quantile(times, 0.99), quantile(times, 1)];
  return { msg: 'done', commands: times.length, p50Ms, p99Ms, maxMs };
}

class CommandedUnit {
  readonly imei: string;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);

  private constructor(number: number, socket: Socket) {
    this.imei = imeiOf(number);
    this.#socket = socket;
  }

  /** Logs in and reports once, so that the gateway takes the unit to be at work. */
  static async logIn(port: number, index: number): Promise<CommandedUnit> {
    const number = firstUnit + index;
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const unit = new CommandedUnit(number, socket);
    socket.on('data', (chunk) => {
      unit.#received = Buffer.concat([unit.#received, chunk]);
    });
    await once(socket, 'connect');
    socket.write(loginOf(number));
    await unit.#take(loginReplyBytes);
    socket.write(encodeFrame(1, Date.now()));
    await unit.#take(ackBytes);
    return unit;
  }

  /** Resolves with the time at which the next command had arrived, ms, once it is answered. */
  async nextCommand(): Promise<number> {
    const header = await this.#take(headerBytes);
    const rest = await this.#take(header.readUInt32BE(headerBytes / 2) + crcBytes);
    const gotMs = performance.now();
    if (rest[codecAt - headerBytes] !== codec12) throw new Error('something else than a command arrived');
    this.#socket.write(encodeReply('Ver:1'));
    return gotMs;
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#received.length < length) await once(this.#socket, 'data', { signal: AbortSignal.timeout(timeoutMs) });
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }
}
