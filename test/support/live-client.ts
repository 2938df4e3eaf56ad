/**
 * A client of live events over a real socket. Frames are kept until a test asks for them, in the order in which they came.
 */
import { WebSocket } from 'ws';
import { settle, until, within } from './until.js';

/** Enough of any frame to look into it. */
export type Frame = Readonly<Record<string, unknown>> & {
  readonly type?: string;
  readonly action?: string;
  readonly event?: string;
  readonly user_time?: string;
  readonly data?: never;
};

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

export class LiveClient {
  readonly socket: WebSocket;
  readonly texts: string[] = [];
  readonly closed: Promise<Closing>;
  #isClosed = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (bytes) => void this.texts.push(String(bytes)));
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.#isClosed = true;
        resolve({ code, reason: String(reason) });
      });
    });
    socket.on('error', () => {});
  }

  /** Connects; rejects with the HTTP status where the server refuses. */
  static async connect(port: number, path = '/event/subscription'): Promise<LiveClient> {
    const client = new LiveClient(new WebSocket(`ws://127.0.0.1:${port}${path}`));
    await new Promise<void>((resolve, reject) => {
      client.socket.once('open', resolve);
      client.socket.once('unexpected-response', (request, response) => {
        request.destroy();
        reject(new Error(`HTTP ${response.statusCode}`));
      });
    });
    return client;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next frame as it came. */
  async text(): Promise<string> {
    await until(() => this.texts.length > 0, 'a frame');
    return this.texts.shift() as string;
  }

  async next(): Promise<Frame> {
    return JSON.parse(await this.text()) as Frame;
  }

  async take(count: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    while (frames.length < count) frames.push(await this.next());
    return frames;
  }

  /** Sends a message and gives the next frame. */
  ask(message: unknown): Promise<Frame> {
    this.send(message);
    return this.next();
  }

  /** Everything that the server has to tell by now: a last message is answered after all of it. */
  async rest(): Promise<Frame[]> {
    await settle();
    this.send({ action: 'fence' });
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame.action === 'null') return frames;
      frames.push(frame);
    }
  }

  close(): Promise<Closing> {
    this.socket.close();
    return within(this.closed, 'the end of the connection');
  }
}
