/**
 * The reference of the HTTP API: a bare fastify with one route for everything, which answers a constant text. A process of its own, which
 * ends with its standard input. The argument is the size of the text in bytes.
 */
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';

const frameBytes = Buffer.byteLength('{"text":""}');
const text = JSON.stringify({ text: 'x'.repeat(Math.max(0, Number(process.argv[2] ?? 0) - frameBytes)) });

const app = fastify({ logger: false });
app.route({
  method: ['GET', 'POST'],
  url: '/*',
  handler: (_request, reply) => reply.type('application/json; charset=utf-8').send(text),
});
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
const listening = [{ protocol: 'http', transport: 'tcp', host: '127.0.0.1', port }];
process.stdout.write(`${JSON.stringify({ msg: 'ready', pid: process.pid, listening })}\n`);
process.stdin.on('end', () => process.exit()).resume();
