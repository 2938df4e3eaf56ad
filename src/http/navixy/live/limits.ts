/**
 * What live events may cost the gateway, and the one choice of shape that clients disagree on.
 */

/**
 * How a state stands in a `state_batch`: as documented (bare), wrapped in an object with a type as some servers send it, or both at once,
 * so that clients of either kind can read it.
 */
export const stateShapes = ['merged', 'documented', 'wrapped'] as const;
export type StateShape = (typeof stateShapes)[number];

export interface LiveLimits {
  readonly liveStateShape: StateShape;
  /** Most open connections. */
  readonly liveMaxSockets: number;
  /** Most subscriptions over all connections: one is a kind of event for one credential on one connection. */
  readonly liveMaxSubscriptions: number;
  /** With so many bytes unread by a subscriber nothing more is made for it. */
  readonly liveSendBufferMaxBytes: number;
  /** A subscriber that takes nothing of what waits for it for this long is cut off, ms. */
  readonly liveStallTimeoutMs: number;
  /** A connection without a subscription is closed after this long, ms. */
  readonly liveIdleTimeoutMs: number;
}

export const defaultLiveLimits: LiveLimits = {
  liveStateShape: 'merged',
  liveMaxSockets: 1000,
  liveMaxSubscriptions: 5000,
  liveSendBufferMaxBytes: 256 * 1024,
  liveStallTimeoutMs: 10_000,
  liveIdleTimeoutMs: 60_000,
};
