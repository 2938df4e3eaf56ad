/**
 * TCP ports: accepts connections within the limits and gives each its session.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { ConfigError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Protocol } from '../protocols/protocol.js';
import type { Gatekeeper } from './admission.js';
import { type TcpServices, TcpSession } from './tcp-session.js';

/** A socket knows its session, so that all sockets share these listeners. */
type SessionSocket = Socket & { session?: TcpSession };

function onData(this: SessionSocket, chunk: Buffer): void {
  this.session?.receive(chunk);
}
function onHalfClose(this: SessionSocket): void {
  this.session?.halfClosed();
}
function onClose(this: SessionSocket): void {
  this.session?.ended();
}
function onDrain(this: SessionSocket): void {
  this.session?.drained();
}
/** A failed connection is a closed one; `close` follows. */
function onError(this: SessionSocket): void {}

const backlog = 4096;

export class TcpPort {
  readonly #server: Server;
  readonly #log: Logger;
  readonly #gatekeeper: Gatekeeper;

  /** `protocol` undefined: the port recognises it. */
  constructor(protocol: Protocol | undefined, services: TcpServices) {
    this.#log = services.log;
    this.#gatekeeper = services.gatekeeper;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket: SessionSocket) => {
      const refusal = services.sessions.admits(socket.remoteAddress ?? '');
      if (refusal !== undefined) {
        services.metrics.error(refusal, protocol?.name);
        const address = socket.remoteAddress ?? '';
        services.refusals.note({ identity: undefined, address, protocol: protocol?.name, reason: refusal });
        socket.on('error', onError);
        socket.destroy();
        return;
      }
      const session = new TcpSession(socket, protocol, services);
      socket.session = session;
      services.sessions.add(session);
      socket.on('data', onData);
      socket.on('end', onHalfClose);
      socket.on('close', onClose);
      socket.on('drain', onDrain);
      socket.on('error', onError);
    });
  }

  /** Binds the port and returns its number. Throws `ConfigError` `port_in_use`. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(new ConfigError([`cannot listen on tcp ${host}:${port}: ${error.message}`], 'port_in_use', error));
      });
      this.#server.listen({ host, port, backlog }, () => {
        const address = this.#server.address();
        this.#server.removeAllListeners('error');
        // Too many open files, say: the connection is lost, the port stays open.
        this.#server.on('error', (error) => this.#log.error({ err: error }, 'tcp'));
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** Accepts no more, and keeps nobody waiting; open connections stay. */
  stop(): void {
    this.#server.close();
    this.#gatekeeper.wakeAll();
  }
}
