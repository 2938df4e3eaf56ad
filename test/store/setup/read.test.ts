/** Reading setups: whatever a text holds, the answer is a setup or problems with places, never another error. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pathFrom, pathText, SetupError, type SetupPath } from '../../../src/store/setup/problem.js';
import { checkSetup, readSetup } from '../../../src/store/setup/read.js';

const sample = `accounts:
  - &a { login: acme, password: x, groups: [{ title: "V\\u0041ns", color: FF6DDC }] }
clones: [{ label: copy, of: "1", account: acme }]
rules: [{ id: 10, trackers: ["1"] }]
`;

function outcomeOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    for (const { line } of error.faults) if (line !== undefined) expect(line).toBeGreaterThan(0);
    expect(error.faults.length).toBeGreaterThan(0);
    return error;
  }
}

test('any text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      (text) => void outcomeOf(() => readSetup(text, { name: 'x', env: {} })),
    ),
  );
});

test('a good text with something wrong in it', () => {
  const change = fc.record({
    at: fc.nat({ max: sample.length }),
    drop: fc.nat({ max: 8 }),
    insert: fc.constantFrom(
      '',
      '*a',
      '&b',
      '[',
      '}',
      ': ',
      '\n',
      '\n  ',
      '"',
      '!!binary x',
      '---\n',
      '%YAML 9\n',
      '<<: *a',
      '\t',
      '?',
      '~',
      '0x1',
      '1e400',
    ),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let text = sample;
      for (const { at, drop, insert } of changes) text = text.slice(0, at) + insert + text.slice(at + drop);
      outcomeOf(() => readSetup(text, { name: 'x', env: {} }));
    }),
    { numRuns: 500 },
  );
});

test('any value', () => {
  const key = fc.constantFrom('accounts', 'rules', 'login', 'trackers', 'id', '__proto__', 'constructor', 'here', 'x');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(null, 0, -1, 1e300, '', '${X}', true),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(value, (given) => void outcomeOf(() => checkSetup(given))),
    { numRuns: 500 },
  );
});

test('a deep nest', () => {
  for (const text of ['['.repeat(50_000), '{"a":'.repeat(50_000), `${'['.repeat(50_000)}${']'.repeat(50_000)}`]) {
    expect(outcomeOf(() => readSetup(text, { name: 'x', env: {} }))).toBeInstanceOf(SetupError);
  }
  expect(outcomeOf(() => checkSetup(JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)))).toBeInstanceOf(
    SetupError,
  );
});

test('a path and its text are the same', () => {
  const part = fc.oneof(fc.constantFrom('accounts', 'sub_users', 'time_zone'), fc.nat({ max: 1000 }));
  fc.assert(
    fc.property(fc.array(part), (rest) => {
      const path: SetupPath = ['accounts', ...rest];
      expect(pathFrom(pathText(path))).toEqual(path);
    }),
  );
});
