/**
 * The reference: a bare `node:net` server that finds Teltonika frames and writes a constant acknowledgement. It decodes nothing, checks
 * nothing and keeps nothing, so it shows what receiving and answering alone cost. A process of its own, which ends with its standard
 * input. The argument is the number of records it acknowledges for each frame.
 */
import { createServer, type Socket } from 'node:net';
import { ackBytes } from './frames.js';

const loginBytes = 17;
const headerBytes = 8;
const crcBytes = 4;
const backlog = 4096;
/** Acknowledgements kept ready for chunks of several frames. */
const readyAcks = 64;

const ack = Buffer.alloc(ackBytes);
ack.writeUInt32BE(Number(process.argv[2] ?? 1));
const acks = Buffer.concat(Array.from({ length: readyAcks }, () => ack));

interface Connection extends Socket {
  isLoggedIn?: boolean;
  rest?: Buffer | undefined;
}

function onData(this: Connection, chunk: Buffer): void {
  const bytes = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
  let at = 0;
  if (this.isLoggedIn !== true && bytes.length >= loginBytes) {
    this.isLoggedIn = true;
    at = loginBytes;
    this.write('\u0001', 'latin1');
  }
  let frames = 0;
  while (this.isLoggedIn === true && bytes.length - at >= headerBytes) {
    const end = at + headerBytes + bytes.readUInt32BE(at + 4) + crcBytes;
    if (end > bytes.length) break;
    at = end;
    frames++;
  }
  this.rest = at < bytes.length ? bytes.subarray(at) : undefined;
  for (; frames > 0; frames -= Math.min(frames, readyAcks))
    this.write(acks.subarray(0, Math.min(frames, readyAcks) * ackBytes));
}

/** A client that goes away is no fault; `close` follows. */
function onError(): void {}

const server = createServer({ noDelay: true }, (socket: Connection) => {
  socket.on('data', onData);
  socket.on('error', onError);
});
server.listen({ host: '127.0.0.1', port: 0, backlog }, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const listening = [{ protocol: 'teltonika', transport: 'tcp', host: '127.0.0.1', port }];
  process.stdout.write(`${JSON.stringify({ msg: 'ready', pid: process.pid, listening })}\n`);
});
process.stdin.on('end', () => process.exit()).resume();
