import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { RateLimiter } from '../../src/http/rate-limit.js';

function taken(limiter: RateLimiter, key: string, times: number): number {
  let count = 0;
  for (let i = 0; i < times; i++) if (limiter.take(key)) count++;
  return count;
}

describe('RateLimiter', () => {
  test('lets a second’s worth through at once, and refills evenly', () => {
    const clock = new VirtualClock();
    const limiter = new RateLimiter({ clock, perSecond: 50 });
    expect(taken(limiter, 'a', 60)).toBe(50);
    clock.advance(100);
    expect(taken(limiter, 'a', 60)).toBe(5);
    clock.advance(60_000);
    expect(taken(limiter, 'a', 60)).toBe(50);
  });

  test('counts keys apart', () => {
    const limiter = new RateLimiter({ clock: new VirtualClock(), perSecond: 3 });
    expect(taken(limiter, 'a', 5)).toBe(3);
    expect(taken(limiter, 'b', 5)).toBe(3);
  });

  test('0 is no limit', () => {
    const limiter = new RateLimiter({ clock: new VirtualClock(), perSecond: 0 });
    expect(taken(limiter, 'a', 1000)).toBe(1000);
    expect(limiter.size).toBe(0);
  });

  test('remembers a bounded number of keys, the latest ones', () => {
    const limiter = new RateLimiter({ clock: new VirtualClock(), perSecond: 1, maxKeys: 10 });
    limiter.take('busy');
    for (let i = 0; i < 100; i++) {
      limiter.take(`address ${i}`);
      expect(limiter.take('busy')).toBe(false);
    }
    expect(limiter.size).toBe(10);
  });
});
