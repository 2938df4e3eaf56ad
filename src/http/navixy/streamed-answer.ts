/**
 * Answers that are no JSON and may be long: they are made while they are sent, no faster than the client takes them.
 */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

export class StreamedAnswer {
  /** `text/csv` */
  readonly mediaType: string;
  readonly chunks: AsyncIterable<string>;
  /** Called once when nothing more is taken, whatever the reason. */
  readonly close: () => void;

  constructor(parts: Pick<StreamedAnswer, 'mediaType' | 'chunks' | 'close'>) {
    this.mediaType = parts.mediaType;
    this.chunks = parts.chunks;
    this.close = parts.close;
  }
}

/** Made ahead of what the client has taken, bytes. */
const aheadBytes = 64 * 1024;
/** A client that takes nothing for this long is cut off, ms. */
const stallMs = 60_000;

export function sendStream(reply: FastifyReply, { mediaType, chunks, close }: StreamedAnswer): FastifyReply {
  const body = Readable.from(chunks, { objectMode: false, highWaterMark: aheadBytes });
  body.once('close', close);
  reply.raw.setTimeout(stallMs, () => reply.raw.destroy());
  return reply.type(`${mediaType}; charset=utf-8`).send(body);
}
