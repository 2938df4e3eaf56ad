import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { Pacer } from '../../src/store/pacer.js';

test('work is due for a rest after two milliseconds, and anew after each rest', async () => {
  const clock = new VirtualClock();
  const pacer = new Pacer(clock);
  for (let round = 0; round < 2; round++) {
    clock.advance(1.9);
    expect(pacer.isDue).toBe(false);
    clock.advance(0.1);
    expect(pacer.isDue).toBe(true);
    await pacer.rest();
  }
  expect(pacer.isDue).toBe(false);
});

test('of all long work one step is taken in a turn of the event loop, in the order of who rested first', async () => {
  const steps: string[] = [];
  const work = async (name: string) => {
    const pacer = new Pacer();
    for (let step = 1; step <= 3; step++) {
      await pacer.rest();
      steps.push(`${name}${step}`);
    }
  };
  const all = Promise.all([work('a'), work('b'), work('c')]);
  const seen: number[] = [];
  while (steps.length < 9) {
    await setImmediate();
    seen.push(steps.length);
  }
  await all;
  expect(steps).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3']);
  const grown = seen.map((count, i) => count - (seen[i - 1] ?? 0));
  expect(Math.max(...grown)).toBe(1);
});
