/**
 * The smallest server that speaks a real protocol through its module: it lets every unit in, acknowledges what it decodes, and keeps
 * the records and the raw bytes of every unit. It can send commands and tells how they were answered.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { Command, CommandReply } from '../../src/domain/command.js';
import type { StateUpdate } from '../../src/domain/update.js';
import type { DecodeContext, Message, Protocol, Transport } from '../../src/protocols/protocol.js';
import { ReceiveBuffer } from '../../src/wire/receive-buffer.js';

interface Session {
  context: DecodeContext;
  readonly write: (bytes: Buffer) => void;
  tag: number;
  readonly replies: Map<number, (reply: CommandReply) => void>;
  unbound: Buffer[];
}

const limits = { maxFrameBytes: 65_536 };

export class ProtocolServer {
  readonly updates = new Map<string, StateUpdate[]>();
  /** Bytes a unit sent, over all its connections. */
  readonly bytes = new Map<string, Buffer[]>();
  readonly problems: string[] = [];
  readonly #protocol: Protocol;
  readonly #tcp: Server;
  readonly #udp: UdpSocket;
  readonly #sockets = new Set<Socket>();
  readonly #peers = new Map<string, Session>();
  readonly #sessions = new Map<string, Session>();

  private constructor(protocol: Protocol) {
    this.#protocol = protocol;
    this.#tcp = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#udp = createSocket('udp4').on('message', (datagram, from) => this.#datagram(datagram, from));
  }

  static async start(protocol: Protocol): Promise<ProtocolServer> {
    const server = new ProtocolServer(protocol);
    await new Promise<void>((resolve) => server.#tcp.listen(0, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => server.#udp.bind(server.port, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#tcp.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#udp.close();
    await new Promise<void>((resolve) => this.#tcp.close(() => resolve()));
  }

  /** Sends a command to a unit and resolves with its answer. */
  command(deviceId: string, command: Command): Promise<CommandReply> {
    const session = this.#sessions.get(deviceId)!;
    const tag = ++session.tag;
    session.write(this.#protocol.encodeCommand(command, tag, session.context));
    return new Promise((resolve) => void session.replies.set(tag, resolve));
  }

  #accept(socket: Socket): void {
    const session = this.#session('tcp', (bytes) => void socket.write(bytes));
    const framer = this.#protocol.createFramer(limits);
    const buffer = new ReceiveBuffer(1_000_000);
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      this.#keepBytes(session, chunk);
      buffer.push(chunk);
      while (buffer.length > 0) {
        const outcome = framer.next(buffer.bytes, buffer.start, buffer.end);
        if (outcome.kind === 'more') break;
        const { kind, start, end, code } = outcome;
        if (kind === 'frame') this.#take(session, buffer.bytes.subarray(start, end));
        else if (code !== undefined) this.problems.push(code);
        buffer.consumeTo(end);
      }
      buffer.settle();
    });
  }

  #datagram(datagram: Buffer, from: RemoteInfo): void {
    const key = `${from.address}:${from.port}`;
    const session =
      this.#peers.get(key) ?? this.#session('udp', (bytes) => this.#udp.send(bytes, from.port, from.address));
    this.#peers.set(key, session);
    this.#keepBytes(session, datagram);
    for (const frame of this.#protocol.splitDatagram?.(datagram, limits) ?? []) this.#take(session, frame);
  }

  #session(transport: Transport, write: (bytes: Buffer) => void): Session {
    const context = { transport, receivedAt: 0, deviceId: undefined, model: undefined, session: '' };
    return { context, write, tag: 0, replies: new Map(), unbound: [] };
  }

  #keepBytes(session: Session, bytes: Buffer): void {
    const { deviceId } = session.context;
    const kept = deviceId === undefined ? session.unbound : (this.bytes.get(deviceId) ?? []);
    kept.push(Buffer.from(bytes));
    if (deviceId !== undefined) this.bytes.set(deviceId, kept);
  }

  #take(session: Session, frame: Buffer): void {
    const protocol = this.#protocol;
    session.context = { ...session.context, receivedAt: Date.now() };
    try {
      const message = protocol.decode(frame, session.context);
      this.#bind(session, message);
      session.context = {
        ...session.context,
        session: protocol.nextSession?.(message, session.context) ?? session.context.session,
      };
      this.#answer(session, message);
    } catch (error) {
      this.problems.push(error instanceof Error ? error.message : String(error));
    }
  }

  #bind(session: Session, message: Message): void {
    const identity = this.#protocol.identify(message, session.context);
    if (identity === undefined || identity.deviceId === session.context.deviceId) return;
    session.context = { ...session.context, deviceId: identity.deviceId, model: this.#protocol.defaultModel };
    this.#sessions.set(identity.deviceId, session);
    this.bytes.set(identity.deviceId, [...(this.bytes.get(identity.deviceId) ?? []), ...session.unbound]);
    session.unbound = [];
  }

  #answer(session: Session, message: Message): void {
    const { context } = session;
    const { deviceId } = context;
    if (deviceId === undefined) {
      this.problems.push('a frame before the login');
      return;
    }
    this.updates.set(deviceId, [...(this.updates.get(deviceId) ?? []), ...this.#protocol.toUpdates(message, context)]);
    for (const [tag, resolve] of session.replies) {
      const reply = this.#protocol.matchReply(message, tag, context);
      if (reply !== undefined && session.replies.delete(tag)) resolve(reply);
    }
    const isLogin = this.#protocol.isLogin(message);
    const reply = isLogin
      ? this.#protocol.replyLogin(message, 'accepted', context)
      : this.#protocol.reply(message, context);
    if (reply !== null) session.write(reply);
  }
}
