/**
 * Tells the protocol of a connection from its first bytes, for the port that all protocols share.
 */
import type { Protocol } from '../protocols/protocol.js';

/** Bytes after which every protocol must have made up its mind. */
export const detectMaxBytes = 64;

/** The protocol, `more` while several are possible and none is sure, or undefined when it is none of them. */
export function detectProtocol(bytes: Buffer, candidates: readonly Protocol[]): Protocol | 'more' | undefined {
  const head = bytes.subarray(0, detectMaxBytes);
  let undecided = false;
  for (const protocol of candidates) {
    const detection = protocol.detect(head);
    if (detection === 'yes') return protocol;
    if (detection === 'more') undecided = true;
  }
  return undecided && bytes.length < detectMaxBytes ? 'more' : undefined;
}
