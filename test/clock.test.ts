/** The virtual clock, and that the real one runs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '../src/clock.js';

describe('virtual clock', () => {
  test('stands still until told', () => {
    const clock = new VirtualClock(1000);
    expect([clock.now(), clock.monotonicMs()]).toEqual([1000, 0]);
    clock.advance(250);
    expect([clock.now(), clock.monotonicMs()]).toEqual([1250, 250]);
  });

  test('timers fire in order of their time, and see it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(500), { maxLength: 20 }),
        fc.array(fc.nat(100), { maxLength: 20 }),
        (delays, steps) => {
          const clock = new VirtualClock(0);
          const fired: number[] = [];
          for (const delay of delays) {
            clock.after(delay, () => {
              expect(clock.now()).toBe(delay);
              fired.push(delay);
            });
          }
          for (const step of steps) clock.advance(step);
          const end = steps.reduce((sum, step) => sum + step, 0);
          const due = delays.filter((delay) => (steps.length > 0 ? delay <= end : false)).sort((a, b) => a - b);
          expect(fired).toEqual(due);
          expect(clock.now()).toBe(end);
        },
      ),
    );
  });

  test('timers of the same time fire in the order they were set', () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    for (const i of [1, 2, 3]) clock.after(10, () => fired.push(i));
    clock.advance(10);
    expect(fired).toEqual([1, 2, 3]);
  });

  test('a period repeats until it is cancelled', () => {
    const clock = new VirtualClock(0);
    const seen: number[] = [];
    const timer = clock.every(100, () => {
      seen.push(clock.now());
      if (seen.length === 3) timer.cancel();
    });
    clock.advance(1000);
    expect(seen).toEqual([100, 200, 300]);
  });

  test('a cancelled timer does not fire, also when cancelled by another at the same time', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    const doomed = clock.after(10, () => fired.push('doomed'));
    clock.after(5, () => doomed.cancel());
    clock.after(20, () => fired.push('kept'));
    clock.advance(100);
    expect(fired).toEqual(['kept']);
  });

  test('a timer set by a timer falls due in the same step', () => {
    const clock = new VirtualClock(0);
    const fired: number[] = [];
    clock.after(10, () => clock.after(10, () => fired.push(clock.now())));
    clock.advance(20);
    expect(fired).toEqual([20]);
  });
});

describe('system clock', () => {
  test('gives the time of day and durations that never step back', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
    const first = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first);
  });

  test('fires once, or until cancelled', async () => {
    await new Promise<void>((resolve) => systemClock.after(1, resolve));
    let count = 0;
    await new Promise<void>((resolve) => {
      const timer = systemClock.every(1, () => {
        if (++count < 3) return;
        timer.cancel();
        resolve();
      });
    });
    let isFired = false;
    systemClock.after(1, () => (isFired = true)).cancel();
    await new Promise<void>((resolve) => systemClock.after(10, resolve));
    expect({ count, isFired }).toEqual({ count: 3, isFired: false });
  });
});
