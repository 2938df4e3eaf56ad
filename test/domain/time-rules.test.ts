/** What a record's own time is worth, at the edges of every rule. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultTimeRules, judgeTime } from '../../src/domain/time-rules.js';

const receivedAt = Date.UTC(2026, 6, 15, 12);
const day = 86_400_000;
const rollover = 1024 * 7 * day;

describe('judgeTime', () => {
  test('a usual time is kept as it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: -365 * day, max: 600_000 }), (offset) => {
        expect(judgeTime(receivedAt + offset, receivedAt)).toBe(receivedAt + offset);
      }),
    );
  });

  test('ahead of its receipt by the tolerance, and by one ms more', () => {
    expect(judgeTime(receivedAt + 600_000, receivedAt)).toBe(receivedAt + 600_000);
    expect(judgeTime(receivedAt + 600_001, receivedAt)).toBe('future');
  });

  test('the tolerance is a setting', () => {
    expect(judgeTime(receivedAt + 1, receivedAt, { ...defaultTimeRules, futureToleranceMs: 0 })).toBe('future');
  });

  test('as old as the limit, and older', () => {
    expect(judgeTime(receivedAt - 365 * day, receivedAt)).toBe(receivedAt - 365 * day);
    expect(judgeTime(receivedAt - 365 * day - 1, receivedAt)).toBe('ancient');
  });

  test.each([
    ['the start of GPS time', Date.UTC(1980, 0, 6)],
    ['the year 2000', Date.UTC(2000, 0, 1)],
    ['the year 2004', Date.UTC(2004, 0, 1)],
  ])('a clock that was never set: %s', (_, start) => {
    const rules = { ...defaultTimeRules, pastLimitMs: 100 * 365 * day };
    const heard = Date.UTC(2005, 0, 1);
    expect(judgeTime(start, heard, rules)).toBe('ancient');
    expect(judgeTime(start + day - 1, heard, rules)).toBe('ancient');
  });

  test('a day after it started, a clock counts as set', () => {
    const rules = { ...defaultTimeRules, pastLimitMs: 100 * 365 * day };
    const at = Date.UTC(2004, 0, 2);
    expect(judgeTime(at, Date.UTC(2005, 0, 1), rules)).toBe(at);
  });

  test('1024 weeks behind are put right', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80 * day }), (age) => {
        expect(judgeTime(receivedAt - age - rollover, receivedAt)).toBe(receivedAt - age);
      }),
    );
  });

  test('2048 weeks behind are put right as well', () => {
    const at = receivedAt - 2 * rollover;
    expect(at).toBeGreaterThan(Date.UTC(1980, 0, 6));
    expect(judgeTime(at, receivedAt)).toBe(receivedAt);
  });

  test('a time that the correction puts ahead of its receipt is no state', () => {
    expect(judgeTime(receivedAt - rollover + 600_000, receivedAt)).toBe(receivedAt + 600_000);
    expect(judgeTime(receivedAt - rollover + 600_001, receivedAt)).toBe('future');
    expect(judgeTime(receivedAt - rollover + 90 * day - 1, receivedAt)).toBe('future');
    expect(judgeTime(receivedAt - rollover + 90 * day, receivedAt)).toBe('ancient');
  });

  test.each([0, -1, Date.UTC(1970, 0, 1, 1)])('1970 is ancient (%d)', (at) => {
    expect(judgeTime(at, receivedAt)).toBe('ancient');
  });

  test('a corrected time is never ahead of the tolerance', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: receivedAt + day }), (at) => {
        const verdict = judgeTime(at, receivedAt);
        if (typeof verdict === 'number')
          expect(verdict).toBeLessThanOrEqual(receivedAt + defaultTimeRules.futureToleranceMs);
      }),
      { numRuns: 1000 },
    );
  });

  test('judges alike each time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: receivedAt + day }), (at) => {
        const verdict = judgeTime(at, receivedAt);
        expect(judgeTime(at, receivedAt)).toBe(verdict);
        if (typeof verdict === 'number') expect(judgeTime(verdict, receivedAt)).toBe(verdict);
      }),
    );
  });
});
