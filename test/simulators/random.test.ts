import { describe, expect, it } from 'vitest';
import { Random } from '../../simulators/random.js';

const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.uint32());

describe('Random', () => {
  it('gives the same numbers for the same seed and stream', () => {
    expect(draw(new Random(7, 1, 2), 50)).toEqual(draw(new Random(7, 1, 2), 50));
  });

  it('gives other numbers for another seed, stream or order of streams', () => {
    const first = draw(new Random(7, 1, 2), 4);
    for (const other of [new Random(8, 1, 2), new Random(7, 2, 1), new Random(7, 1), new Random(7 + 2 ** 32, 1, 2)]) {
      expect(draw(other, 4)).not.toEqual(first);
    }
  });

  it('spreads evenly', () => {
    const random = new Random(1);
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) buckets[random.integer(0, 9)]!++;
    for (const each of buckets) expect(Math.abs(each - 10_000)).toBeLessThan(500);
  });

  it('keeps its ranges', () => {
    const random = new Random(3);
    for (let i = 0; i < 10_000; i++) {
      const whole = random.integer(-2, 5);
      expect(Number.isInteger(whole) && whole >= -2 && whole <= 5).toBe(true);
      expect(random.between(1, 2)).toBeGreaterThanOrEqual(1);
      expect(Math.abs(random.noise())).toBeLessThan(3.5);
    }
    expect(random.chance(0)).toBe(false);
    expect(random.chance(1)).toBe(true);
  });

  it('makes noise of mean 0 and deviation 1', () => {
    const random = new Random(5);
    const values = Array.from({ length: 50_000 }, () => random.noise());
    const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
    const variance = values.reduce((sum, each) => sum + each * each, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
  });
});
