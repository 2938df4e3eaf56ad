/** The table of telemetry names. */
import { describe, expect, test } from 'vitest';
import { families, fieldOf, fields, memberNumber } from '../../src/domain/fields.js';

const rows = [...Object.entries(fields), ...Object.entries(families)];

describe('fields', () => {
  test.each(rows)('%s is lower case, documented and of one kind', (name, row) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*(_[0-9A-F]{2})?$/);
    expect(row.doc.length).toBeGreaterThan(3);
    expect(['number', 'flag', 'text', 'list']).toContain(row.kind);
    if (row.min !== undefined && row.max !== undefined) expect(row.min).toBeLessThan(row.max);
    if (row.kind !== 'number') expect([row.unit, row.min, row.max]).toEqual([undefined, undefined, undefined]);
  });

  test('families are numbered, single fields are not', () => {
    for (const row of Object.values(families)) expect(row.members).toBeGreaterThan(0);
    for (const row of Object.values(fields)) expect(row.members).toBeUndefined();
  });

  test('a member of a family has its row, a number beyond it has none', () => {
    expect(fieldOf('analog_1')).toBe(families.analog);
    expect(fieldOf('analog_32')).toBe(families.analog);
    expect(fieldOf('analog_33')).toBeUndefined();
    expect(fieldOf('analog')).toBeUndefined();
    expect(fieldOf('analog_x')).toBeUndefined();
    expect(fieldOf('avl_io_65535')).toBe(families.avl_io);
  });

  test('names inherited from objects are no fields', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'constructor_1', '__proto___1', 'hasOwnProperty_2']) {
      expect(fieldOf(name)).toBeUndefined();
    }
  });

  test('member numbers', () => {
    expect(memberNumber('input_3', 'input')).toBe(3);
    for (const other of [
      'input',
      'input_',
      'input_0',
      'input_03',
      'input_x',
      'input_3_4',
      'inputs_3',
      'output_3',
      'input_123456',
    ]) {
      expect(memberNumber(other, 'input')).toBe(0);
    }
  });
});
