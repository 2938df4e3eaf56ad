/**
 * Sockets of virtual units, TCP and UDP behind one face. A wire reports its end once, with a short word for the reason, and never
 * after `destroy`.
 */
import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';

export interface WireEvents {
  opened(): void;
  /** A chunk of the stream, or one datagram. */
  received(bytes: Buffer): void;
  /** The connection is gone or never came: `ECONNREFUSED`, `closed_by_server` ... */
  closed(reason: string): void;
}

export interface Wire {
  write(bytes: Buffer): void;
  /** Ends the connection after what is written has gone out. Nothing is reported any more. */
  end(): void;
  /** Cuts the connection at once. Nothing is reported any more. */
  destroy(): void;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly transport: 'tcp' | 'udp';
}

export function openWire(endpoint: Endpoint, events: WireEvents): Wire {
  return endpoint.transport === 'tcp' ? openTcp(endpoint, events) : openUdp(endpoint, events);
}

/** Lets go of a socket whose peer does not finish the closing handshake, ms. */
const lingerMs = 2000;

function openTcp(endpoint: Endpoint, events: WireEvents): Wire {
  const socket = connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
  let silent = false;
  let reason = 'closed_by_server';
  socket.on('connect', () => silent || events.opened());
  socket.on('data', (chunk: Buffer) => silent || events.received(chunk));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? 'socket_error';
  });
  socket.on('close', () => {
    if (silent) return;
    silent = true;
    events.closed(reason);
  });
  return {
    write: (bytes) => void socket.write(bytes),
    end() {
      silent = true;
      socket.setTimeout(lingerMs, () => socket.destroy());
      socket.end();
    },
    destroy() {
      silent = true;
      socket.destroy();
    },
  };
}

function openUdp(endpoint: Endpoint, events: WireEvents): Wire {
  const socket = createSocket(isIP(endpoint.host) === 6 ? 'udp6' : 'udp4');
  let silent = false;
  const close = () => {
    if (silent) return;
    silent = true;
    socket.close();
  };
  socket.on('message', (datagram) => silent || events.received(datagram));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (silent) return;
    close();
    events.closed(error.code ?? 'socket_error');
  });
  socket.connect(endpoint.port, endpoint.host, () => silent || events.opened());
  return { write: (bytes) => silent || socket.send(bytes, ignoreResult), end: close, destroy: close };
}

/** A datagram that could not be sent is a lost datagram: the missing acknowledgement shows it. */
function ignoreResult(): void {}
