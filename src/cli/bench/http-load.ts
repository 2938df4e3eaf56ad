/**
 * A closed loop of one HTTP request over kept-alive connections. The request is built beforehand, and of the answers only the status
 * and the length are read, so that the client costs less than the server it drives.
 */
import { connect, type Socket } from 'node:net';
import { type HttpJob, type HttpResult, quantile } from './http-job.js';
import { markUsage, usageBetween } from './usage.js';

/** All connections read into this one: what is read is looked at before anything else is read. */
const readBuffer = Buffer.alloc(512 * 1024);
const endOfHead = Buffer.from('\r\n\r\n');
const goodStatus = Buffer.from('HTTP/1.1 200');

interface Connection {
  readonly socket: Socket;
  /** Bytes of the answer that are still to come; 0 between answers. */
  missing: number;
  askedAtMs: number;
}

export class HttpLoad {
  readonly #job: HttpJob;
  readonly #request: Buffer;
  #answers = 0;
  #bodyBytes = 0;
  #times: number[] = [];
  #isAsking = true;
  #fail: (error: Error) => void = () => {};

  constructor(job: HttpJob) {
    this.#job = job;
    const entity =
      job.body === '' ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(job.body)}\r\n`;
    const head = `${job.method} ${job.url} HTTP/1.1\r\nhost: 127.0.0.1:${job.port}\r\naccept: application/json\r\n${entity}`;
    this.#request = Buffer.from(`${head}\r\n${job.body}`);
  }

  /** Rejects when a connection is refused or closed, or an answer is not 200. */
  run(): Promise<HttpResult> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#measure().then(resolve, reject);
    });
  }

  async #measure(): Promise<HttpResult> {
    const job = this.#job;
    const connections = await Promise.all(Array.from({ length: job.connections }, () => this.#connect()));
    for (const connection of connections) this.#ask(connection);
    await sleep(job.warmUpMs);
    this.#times = [];
    const [before, answersBefore] = [markUsage(job), this.#answers];
    await sleep(job.measureMs);
    const usage = usageBetween(before, markUsage(job));
    const answers = this.#answers - answersBefore;
    this.#isAsking = false;
    const times = this.#times.sort((left, right) => left - right);
    const latency = { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
    return { msg: 'done', answers, bodyBytes: this.#bodyBytes, ...latency, ...usage };
  }

  #connect(): Promise<Connection> {
    return new Promise((resolve) => {
      const callback = (length: number): boolean => {
        this.#received(connection, length);
        return true;
      };
      const { port } = this.#job;
      const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer: readBuffer, callback } });
      const connection: Connection = { socket, missing: 0, askedAtMs: 0 };
      socket.on('error', (error) => this.#fail(error));
      socket.on('close', () => this.#fail(new Error('the server closed a connection')));
      socket.once('connect', () => resolve(connection));
    });
  }

  #ask(connection: Connection): void {
    if (!this.#isAsking) return;
    connection.askedAtMs = performance.now();
    connection.socket.write(this.#request);
  }

  #received(connection: Connection, length: number): void {
    if (connection.missing === 0) connection.missing = this.#lengthOf(readBuffer.subarray(0, length));
    connection.missing -= length;
    if (connection.missing > 0) return;
    if (connection.missing < 0) this.#fail(new Error('an answer is longer than it says'));
    this.#answers++;
    this.#times.push(performance.now() - connection.askedAtMs);
    this.#ask(connection);
  }

  /** Bytes of the answer that begins here, its head included. */
  #lengthOf(start: Buffer): number {
    const headEnd = start.indexOf(endOfHead);
    const head = start.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (start.compare(goodStatus, 0, goodStatus.length, 0, goodStatus.length) !== 0 || length === undefined) {
      this.#fail(new Error(`an answer is not 200 with a length: ${head.split('\r\n', 1)[0]}`));
    }
    this.#bodyBytes = Number(length);
    return headEnd + endOfHead.length + this.#bodyBytes;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
