/** Building a record. */
import { describe, expect, test } from 'vitest';
import { UpdateBuilder, fieldValue as valueIn } from '../../src/domain/update.js';

describe('update builder', () => {
  test('a name stands once, with its last value, where it first stood', () => {
    const update = new UpdateBuilder().set('a', 1).set('b', true).set('a', 2).build(5);
    expect(update.names).toEqual(['a', 'b']);
    expect(update.values).toEqual([2, true]);
  });

  test('nothing adds nothing', () => {
    expect(new UpdateBuilder().set('a', undefined).build(5)).toEqual({
      at: 5,
      timed: true,
      backlog: false,
      position: null,
      names: [],
      values: [],
    });
  });

  test('zero, false and the empty text are values', () => {
    expect(new UpdateBuilder().set('a', 0).set('b', false).set('c', '').build(5).values).toEqual([0, false, '']);
  });

  test('values by name', () => {
    const update = new UpdateBuilder().set('a', 0).build(5, { timed: false, backlog: true });
    expect(valueIn(update, 'a')).toBe(0);
    expect(valueIn(update, 'b')).toBeUndefined();
    expect(update).toMatchObject({ timed: false, backlog: true });
  });
});
