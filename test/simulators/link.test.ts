import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Link, type LinkFaults, noFaults } from '../../simulators/link.js';
import { Random } from '../../simulators/random.js';
import { systemClock } from '../../src/clock.js';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const each of cleanups.splice(0)) each();
});

interface Peer {
  readonly port: number;
  readonly chunks: Buffer[];
  /** Resolves when `bytes` bytes have come, or the stream has ended. */
  received(bytes: number): Promise<Buffer>;
  answer(text: string): void;
}

async function tcpPeer(): Promise<Peer> {
  const chunks: Buffer[] = [];
  let socket: Socket | undefined;
  let check = () => {};
  let ended = false;
  const server = createServer({ noDelay: true }, (accepted) => {
    socket = accepted;
    accepted.on('data', (chunk) => void [chunks.push(chunk), check()]);
    accepted.on('close', () => {
      ended = true;
      check();
    });
    accepted.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => void [socket?.destroy(), server.close()]);
  return {
    port: (server.address() as { port: number }).port,
    chunks,
    answer: (text) => void socket?.write(text),
    received: (bytes) =>
      new Promise((resolve) => {
        check = () => {
          const all = Buffer.concat(chunks);
          if (all.length >= bytes || ended) resolve(all);
        };
        check();
      }),
  };
}

interface Opened {
  readonly link: Link;
  readonly closed: Promise<string>;
  readonly answers: Buffer[];
  written(): number;
  answered(): Promise<void>;
}

async function open(port: number, faults: Partial<LinkFaults>, transport: 'tcp' | 'udp' = 'tcp'): Promise<Opened> {
  const answers: Buffer[] = [];
  let written = 0;
  let tellClosed: (reason: string) => void = () => {};
  let tellAnswer = () => {};
  const closed = new Promise<string>((resolve) => {
    tellClosed = resolve;
  });
  const link = await new Promise<Link>((resolve) => {
    const made: Link = new Link(
      {
        endpoint: { host: '127.0.0.1', port, transport },
        faults: { ...noFaults, ...faults },
        random: new Random(4),
        clock: systemClock,
        onWritten(bytes) {
          written += bytes;
        },
      },
      {
        opened: () => resolve(made),
        received: (bytes) => void [answers.push(bytes), tellAnswer()],
        closed: tellClosed,
      },
    );
  });
  cleanups.push(() => link.close());
  const answered = () =>
    new Promise<void>((resolve) => {
      tellAnswer = resolve;
    });
  return { link, closed, answers, written: () => written, answered };
}

const frame = (text: string) => Buffer.from(text);

describe('Link over TCP', () => {
  it('hands frames over as they are', async () => {
    const peer = await tcpPeer();
    const { link, written } = await open(peer.port, {});
    expect(link.send(frame('one'))).toBe(1);
    expect((await peer.received(3)).toString()).toBe('one');
    expect(written()).toBe(3);
  });

  it('splits frames into small pieces that arrive apart', async () => {
    const peer = await tcpPeer();
    const { link } = await open(peer.port, { splitBytes: 3 });
    link.send(frame('abcdefghijklmnopqrstuvwxyz'));
    link.send(frame('0123456789'));
    expect((await peer.received(36)).toString()).toBe('abcdefghijklmnopqrstuvwxyz0123456789');
    expect(peer.chunks.length).toBeGreaterThan(8);
  });

  it('merges frames into one', async () => {
    const peer = await tcpPeer();
    const { link } = await open(peer.port, { merge: true });
    for (const text of ['one', 'two', 'three']) link.send(frame(text));
    expect((await peer.received(11)).toString()).toBe('onetwothree');
    expect(peer.chunks.length).toBe(1);
  });

  it('delays frames but keeps their order', async () => {
    const peer = await tcpPeer();
    const { link } = await open(peer.port, { delayMs: 30 });
    for (let i = 0; i < 10; i++) link.send(frame(String(i)));
    expect((await peer.received(10)).toString()).toBe('0123456789');
  });

  it('sends a frame twice and says so', async () => {
    const peer = await tcpPeer();
    const { link } = await open(peer.port, { duplicateRate: 1 });
    expect(link.send(frame('ab'))).toBe(2);
    expect((await peer.received(4)).toString()).toBe('abab');
  });

  it('loses a frame by losing the connection, and sends nothing after it', async () => {
    const peer = await tcpPeer();
    const { link, closed } = await open(peer.port, { dropRate: 1 });
    expect(link.send(frame('0123456789'))).toBe(0);
    expect(link.send(frame('more'))).toBe(0);
    expect(await closed).toBe('connection_cut');
    expect('0123456789'.startsWith((await peer.received(100)).toString())).toBe(true);
  });

  it('says nothing more once it is closed by its owner', async () => {
    const peer = await tcpPeer();
    const { link, closed } = await open(peer.port, { delayMs: 1000 });
    link.send(frame('held'));
    link.close(true);
    expect(link.send(frame('late'))).toBe(0);
    expect((await peer.received(100)).toString()).toBe('held');
    expect(await Promise.race([closed, Promise.resolve('silent')])).toBe('silent');
  });

  it('tells why a connection does not come about', async () => {
    const gone = await tcpPeer();
    for (const each of cleanups.splice(0)) each();
    const reason = await new Promise((resolve) => {
      const endpoint = { host: '127.0.0.1', port: gone.port, transport: 'tcp' as const };
      new Link(
        { endpoint, faults: noFaults, random: new Random(1), clock: systemClock, onWritten: () => {} },
        { opened: () => resolve('opened'), received: () => {}, closed: resolve },
      );
    });
    expect(reason).toBe('ECONNREFUSED');
  });
});

describe('Link over UDP', () => {
  it('loses either the datagram or the answer to it', async () => {
    const server = createSocket('udp4');
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const { link, answers, answered } = await open(server.address().port, { dropRate: 1 }, 'udp');
    const sent = Array.from({ length: 60 }, (_, i) => link.send(frame(`datagram ${i}`))).reduce(
      (sum, copies) => sum + copies,
      0,
    );
    expect(sent).toBeGreaterThan(15);
    expect(sent).toBeLessThan(45);
    let arrived = 0;
    await new Promise<void>((resolve) => {
      server.on('message', (_, from) => {
        server.send('answer', from.port, from.address);
        if (++arrived < sent) return;
        server.send('unasked', from.port, from.address);
        resolve();
      });
    });
    await answered();
    expect(answers.map(String)).toEqual(['unasked']);
  });
});
