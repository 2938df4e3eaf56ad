import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import { DateFormat, dateFormat } from '../../../src/http/navixy/dates.js';

const zones = [
  ...[
    'UTC',
    'Europe/Berlin',
    'Europe/London',
    'America/New_York',
    'America/St_Johns',
    'Asia/Kolkata',
    'Asia/Kathmandu',
  ],
  ...[
    'Australia/Lord_Howe',
    'Pacific/Chatham',
    'Pacific/Kiritimati',
    'Africa/Casablanca',
    'America/Caracas',
    'Asia/Pyongyang',
  ],
];

describe('DateFormat', () => {
  test.each([
    ['Europe/Berlin', '2026-03-29T00:59:59Z', '2026-03-29 01:59:59', '2026-03-29T01:59:59+01:00'],
    ['Europe/Berlin', '2026-03-29T01:00:00Z', '2026-03-29 03:00:00', '2026-03-29T03:00:00+02:00'],
    ['Europe/Berlin', '2026-10-25T00:59:59Z', '2026-10-25 02:59:59', '2026-10-25T02:59:59+02:00'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', '2026-10-25 02:00:00', '2026-10-25T02:00:00+01:00'],
    ['Asia/Kathmandu', '2026-01-01T00:00:00Z', '2026-01-01 05:45:00', '2026-01-01T05:45:00+05:45'],
    ['America/St_Johns', '2026-01-01T00:00:00Z', '2025-12-31 20:30:00', '2025-12-31T20:30:00-03:30'],
    ['UTC', '2014-07-09T02:50:58Z', '2014-07-09 02:50:58', '2014-07-09T02:50:58Z'],
  ])('%s at %s', (zone, instant, plain, iso) => {
    const atMs = Date.parse(instant);
    expect(new DateFormat(zone, false).format(atMs)).toBe(plain);
    expect(new DateFormat(zone, true).format(atMs)).toBe(iso);
  });

  test('says what the zone database says, in any order of questions', () => {
    const instants = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2037, 11, 31) });
    for (const zone of zones) {
      const plain = new DateFormat(zone, false);
      const iso = new DateFormat(zone, true);
      fc.assert(
        fc.property(instants, (atMs) => {
          const expected = DateTime.fromMillis(atMs, { zone });
          expect(plain.format(atMs)).toBe(expected.toFormat('yyyy-MM-dd HH:mm:ss'));
          expect(plain.formatDay(atMs)).toBe(expected.toFormat('yyyy-MM-dd'));
          const whole = expected.startOf('second');
          expect(iso.format(atMs)).toBe(whole.toISO({ suppressMilliseconds: true })?.replace('+00:00', 'Z'));
        }),
        { numRuns: 200 },
      );
    }
  });

  test('says what the zone database says around every change of the clocks', () => {
    for (const zone of zones) {
      const format = new DateFormat(zone, false);
      for (const year of [2007, 2015, 2018, 2026]) {
        for (let atMs = Date.UTC(year, 0, 1); atMs < Date.UTC(year + 1, 0, 1); atMs += 3_600_000 * 6) {
          const before = DateTime.fromMillis(atMs, { zone }).offset;
          const after = DateTime.fromMillis(atMs + 3_600_000 * 6, { zone }).offset;
          for (let step = 0; before !== after && step < 24; step++) {
            const edge = atMs + step * 900_000;
            for (const each of [edge - 1000, edge, edge + 1000]) {
              expect(format.format(each)).toBe(DateTime.fromMillis(each, { zone }).toFormat('yyyy-MM-dd HH:mm:ss'));
            }
          }
        }
      }
    }
  });

  test('cuts fractions of a second off', () => {
    expect(new DateFormat('UTC', false).format(Date.UTC(2026, 0, 1) - 1)).toBe('2025-12-31 23:59:59');
  });

  test('never is null', () => {
    expect(dateFormat('UTC', false).orNull(0)).toBeNull();
    expect(dateFormat('UTC', false).orNull(1000)).toBe('1970-01-01 00:00:01');
  });

  test('an unknown zone is UTC', () => {
    expect(new DateFormat('Mars/Olympus', true).format(0)).toBe('1970-01-01T00:00:00Z');
  });

  test('one formatter serves a zone', () => {
    expect(dateFormat('Europe/Berlin', true)).toBe(dateFormat('Europe/Berlin', true));
    expect(dateFormat('Europe/Berlin', true)).not.toBe(dateFormat('Europe/Berlin', false));
    for (let i = 0; i < 200; i++) dateFormat(`Nowhere/${i}`, false);
    expect(dateFormat('Europe/Berlin', true).format(0)).toBe('1970-01-01T01:00:00+01:00');
  });
});
