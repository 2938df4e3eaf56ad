import { expect, test } from 'vitest';
import { pacedJson } from '../../../src/http/navixy/paced-json.js';

test('texts are joined, and items without one left out', async () => {
  expect(await pacedJson([], String)).toBe('');
  expect(await pacedJson([1, 2, 3], (item) => (item === 2 ? undefined : `{"n":${item}}`))).toBe('{"n":1},{"n":3}');
});

test('others have their turn while a long list is written', async () => {
  let turns = 0;
  const count = (): void => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const seen: number[] = [];
  const slowly = (item: number): string => {
    seen.push(turns);
    const endMs = performance.now() + 3;
    while (performance.now() < endMs);
    return String(item);
  };
  expect(await pacedJson([1, 2, 3, 4], slowly)).toBe('1,2,3,4');
  clearImmediate(timer);
  expect(new Set(seen).size).toBe(4);
});
