import { expect, test } from 'vitest';
import { parseDate } from '../../../src/http/navixy/date-params.js';

test.each([
  ['2026-06-15 12:00:00', 'UTC', '2026-06-15T12:00:00.000Z'],
  ['2026-06-15T12:00:00', 'UTC', '2026-06-15T12:00:00.000Z'],
  ['2026-06-15 12:00:00', 'America/New_York', '2026-06-15T16:00:00.000Z'],
  ['2026-06-15T12:00:00+05:30', 'America/New_York', '2026-06-15T06:30:00.000Z'],
  ['2026-06-15T12:00:00+0530', 'UTC', '2026-06-15T06:30:00.000Z'],
  ['2026-06-15T12:00Z', 'UTC', '2026-06-15T12:00:00.000Z'],
  ['2026-06-15T12:00:00.250Z', 'UTC', '2026-06-15T12:00:00.250Z'],
  ['2024-02-29 00:00:00', 'UTC', '2024-02-29T00:00:00.000Z'],
])('%s in %s is %s', (text, zone, expected) => {
  expect(new Date(parseDate(text, zone) ?? Number.NaN).toISOString()).toBe(expected);
});

test('a time that the clocks skip is moved forward, of one that they repeat the first is taken', () => {
  const at = (text: string) => new Date(parseDate(text, 'Europe/Berlin') ?? Number.NaN).toISOString();
  expect(at('2026-03-29 02:30:00')).toBe('2026-03-29T01:30:00.000Z');
  expect(at('2026-10-25 02:30:00')).toBe('2026-10-25T00:30:00.000Z');
  expect(at('2026-10-25 03:00:00')).toBe('2026-10-25T02:00:00.000Z');
});

test.each([
  '',
  'x',
  '2026-06-15',
  '2026-02-29 00:00:00',
  '2026-13-01 00:00:00',
  '2026-06-15 24:00:01',
  '2026-06-15 12:60:00',
  '1781524800',
  '2026-06-15T25:00:00Z',
])('%j is no date', (text) => {
  expect(parseDate(text, 'UTC')).toBeUndefined();
});
