/**
 * A server for the made-up protocol of `line-behavior.ts`, TCP and UDP on real sockets, that keeps every line it gets and misbehaves
 * as told. `until` waits for a condition to become true with one of its events.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { LineRecord } from './line-behavior.js';

export interface LineServerRules {
  /** Answer to a login: `OK`, `NO`, or nothing. */
  login?: (deviceId: string, attempt: number) => 'OK' | 'NO' | undefined;
  /** How many of `records` are acknowledged; undefined for silence. `nth` counts frames over all units, from 1. */
  acknowledge?: (records: readonly LineRecord[], nth: number) => number | undefined;
}

export class LineServer {
  readonly logins: string[] = [];
  /** Bytes of every connection in the order of their arrival; over UDP of every sender. */
  readonly received = new Map<string, Buffer[]>();
  readonly records = new Map<string, LineRecord[]>();
  readonly answers: string[] = [];
  heartbeats = 0;
  frames = 0;
  connections = 0;
  rules: LineServerRules;
  readonly #tcp: Server;
  readonly #udp: UdpSocket;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Map<string, (text: string) => void>();
  readonly #waiting = new Set<() => void>();

  private constructor(rules: LineServerRules) {
    this.rules = rules;
    this.#tcp = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#udp = createSocket('udp4');
    this.#udp.on('message', (datagram, from) => this.#datagram(datagram, from));
  }

  static async start(rules: LineServerRules = {}, port = 0): Promise<LineServer> {
    const server = new LineServer(rules);
    await new Promise<void>((resolve) => server.#tcp.listen(port, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => server.#udp.bind(server.port, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#tcp.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#udp.close();
    await new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  command(deviceId: string, reference: number, text: string): void {
    this.#sessions.get(deviceId)?.(`C ${reference} ${text}\n`);
  }

  /** Sends text as it is. */
  say(deviceId: string, text: string): void {
    this.#sessions.get(deviceId)?.(text);
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }

  recordsOf(deviceId: string): readonly LineRecord[] {
    return this.records.get(deviceId) ?? [];
  }

  #accept(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#changed();
    });
    socket.on('error', () => {});
    const session = { deviceId: '', rest: '' };
    socket.on('data', (chunk) => {
      const lines = (session.rest + chunk.toString()).split('\n');
      session.rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('L ')) {
          session.deviceId = line.slice(2);
          this.#sessions.set(session.deviceId, (text) => void socket.write(text));
        }
        const answer = this.#line(session.deviceId, line);
        if (answer !== undefined) socket.write(answer);
      }
      this.#keep(session.deviceId, chunk);
    });
  }

  #datagram(datagram: Buffer, from: RemoteInfo): void {
    const [deviceId = '', line = ''] = datagram.toString().trim().split('>');
    this.#sessions.set(deviceId, (text) => this.#udp.send(text, from.port, from.address));
    const answer = this.#line(deviceId, line);
    if (answer !== undefined) this.#udp.send(answer, from.port, from.address);
    this.#keep(deviceId, datagram);
  }

  #keep(deviceId: string, bytes: Buffer): void {
    const all = this.received.get(deviceId) ?? [];
    this.received.set(deviceId, all);
    all.push(bytes);
    this.#changed();
  }

  #line(deviceId: string, line: string): string | undefined {
    const [word, tag = '', ...rest] = line.split(' ');
    if (word === 'L') {
      this.logins.push(tag);
      const answer = this.rules.login === undefined ? 'OK' : this.rules.login(tag, this.logins.length);
      return answer === undefined ? undefined : `${answer}\n`;
    }
    if (word === 'P') this.heartbeats++;
    if (word === 'Q') this.answers.push(line);
    if (word !== 'R') return word === 'P' ? 'H\n' : undefined;
    this.frames++;
    const records = JSON.parse(rest.join(' ')) as LineRecord[];
    const taken = this.rules.acknowledge === undefined ? records.length : this.rules.acknowledge(records, this.frames);
    this.records.set(deviceId, [...this.recordsOf(deviceId), ...records]);
    return taken === undefined ? undefined : `A ${tag} ${taken}\n`;
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }
}
