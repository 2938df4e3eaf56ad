import { Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NavixyError } from '../../../src/http/navixy/errors.js';
import { label, oneOf, printable } from '../../../src/http/navixy/param-types.js';
import { readParams, unpackParams } from '../../../src/http/navixy/params.js';
import {
  parseForm,
  parseFormBody,
  parseJsonBody,
  parseUntypedBody,
  RequestData,
} from '../../../src/http/navixy/request-data.js';

const schema = Type.Object({
  int: Type.Optional(Type.Integer()),
  small: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
  float: Type.Optional(Type.Number()),
  flag: Type.Optional(Type.Boolean()),
  text: Type.Optional(Type.String()),
  choice: Type.Optional(oneOf(['sms', 'gsm'])),
  ids: Type.Optional(Type.Array(Type.Integer(), { maxItems: 3 })),
  words: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { uniqueItems: true })),
  tag: Type.Optional(Type.Object({ name: Type.String(), color: Type.Optional(Type.String()) })),
});

/** Reads parameters given as JSON. */
function read(params: Record<string, unknown>) {
  return readParams(schema, unpackParams(schema, new RequestData({}, params)));
}

/** The value that a parameter is read as; a list of what is wrong with it otherwise. */
function readAs(name: string, value: unknown): unknown {
  const { params, violations } = read({ [name]: value });
  if (violations.length === 0) return (params as Record<string, unknown>)[name];
  return violations.map(({ parameter, error }) => `${parameter} ${error}`);
}

describe('scalars', () => {
  test.each([
    ['int', 5, 5],
    ['int', '5', 5],
    ['int', '-12', -12],
    ['int', '007', 7],
    ['int', '-0', 0],
    ['int', 5.0, 5],
    ['int', 2147483647, 2147483647],
    ['int', '-2147483648', -2147483648],
    ['float', '1.5', 1.5],
    ['float', '.5', 0.5],
    ['float', '-1e3', -1000],
    ['float', 7, 7],
    ['flag', 'TRUE', true],
    ['flag', 'False', false],
    ['flag', '1', true],
    ['flag', 0, false],
    ['flag', true, true],
    ['text', 356307042441013, '356307042441013'],
    ['text', '', ''],
    ['choice', 'gsm', 'gsm'],
    ['int', 'null', undefined],
    ['float', 'null', undefined],
    ['flag', 'null', undefined],
    ['choice', 'null', undefined],
    ['text', 'null', 'null'],
    ['int', null, undefined],
    ['text', null, undefined],
  ])('%s %j is %j', (name, given, expected) => {
    expect(readAs(name, given)).toEqual(expected);
  });

  test.each([
    ['int', '5.5', 'must be an integer'],
    ['int', 5.5, 'must be an integer'],
    ['int', '+5', 'must be an integer'],
    ['int', ' 5', 'must be an integer'],
    ['int', '1e3', 'must be an integer'],
    ['int', '0x10', 'must be an integer'],
    ['int', '', 'must be an integer'],
    ['int', true, 'must be an integer'],
    ['int', [5], 'must be an integer'],
    ['int', 2147483648, 'must be less than or equal to 2147483647'],
    ['int', '99999999999999999999', 'must be less than or equal to 2147483647'],
    ['int', -2147483649, 'must be greater than or equal to -2147483648'],
    ['small', 0, 'must be greater than or equal to 1'],
    ['small', 6, 'must be less than or equal to 5'],
    ['float', 'NaN', 'must be a number'],
    ['float', 'Infinity', 'must be a number'],
    ['float', '1e999', 'must be a number'],
    ['float', '', 'must be a number'],
    ['flag', 'yes', 'must be true or false'],
    ['flag', 2, 'must be true or false'],
    ['text', true, 'must be a string'],
    ['text', {}, 'must be a string'],
    ['text', 1e17, 'must be a string'],
    ['choice', 'lte', 'Should be one of [sms, gsm]'],
    ['choice', 'SMS', 'Should be one of [sms, gsm]'],
  ])('%s %j: %s', (name, given, error) => {
    expect(readAs(name, given)).toEqual([`${name} ${error}`]);
  });
});

describe('arrays and objects', () => {
  test.each([
    ['ids', [1, 2], [1, 2]],
    ['ids', ['1', '2'], [1, 2]],
    ['ids', '[1, 2]', [1, 2]],
    ['ids', '["1"]', [1]],
    ['ids', '1, 2,3', [1, 2, 3]],
    ['ids', '7', [7]],
    ['ids', [], []],
    ['ids', 'null', undefined],
    ['words', '["aa","b"]', ['aa', 'b']],
    ['words', ['a,b'], ['a,b']],
    ['tag', { name: 'hop', more: 1 }, { name: 'hop' }],
    ['tag', '{"name": "hop", "color": "FF0000"}', { name: 'hop', color: 'FF0000' }],
  ])('%s %j is %j', (name, given, expected) => {
    expect(readAs(name, given)).toEqual(expected);
  });

  test.each([
    ['ids', [1, 2, 3, 4], 'size must be between 0 and 3'],
    ['ids', [1, null], 'must not be null'],
    ['ids', ['x', 'y'], 'must be an integer'],
    ['ids', 5, 'must be an array'],
    ['ids', '{}', 'must be an array'],
    ['words', ['a', 'a'], 'must only contain unique elements'],
    ['words', '5', 'must be an array'],
    ['words', [''], 'size must be between 1 and 2147483647'],
    ['tag', [], 'must be an object'],
    ['tag', {}, 'name must not be null'],
  ])('%s %j: %s', (name, given, error) => {
    expect(readAs(name, given)).toEqual([`${name} ${error}`]);
  });

  test.each([
    ['ids', 'a,b'],
    ['ids', '[1,'],
    ['ids', ''],
    ['words', 'a'],
    ['tag', '{"name": hop}'],
  ])('%s %j has the wrong format', (name, given) => {
    expect(() => read({ [name]: given })).toThrow(new NavixyError(5));
  });
});

describe('several faults', () => {
  test('are all told, each with its parameter', () => {
    expect(read({ int: 'x', small: 9, words: ['a', 'a', ''] }).violations).toEqual([
      { parameter: 'int', error: 'must be an integer' },
      { parameter: 'small', error: 'must be less than or equal to 5' },
      { parameter: 'words', error: 'size must be between 1 and 2147483647' },
      { parameter: 'words', error: 'must only contain unique elements' },
    ]);
  });
});

describe('texts that people read', () => {
  const labelled = Type.Object({ label, title: Type.Optional(printable(1, 255, 'title')) });
  const faults = (text: unknown) =>
    readParams(labelled, new Map(Object.entries({ label: text as unknown }))).violations.map(({ error }) => error);

  test.each(['V', 'a'.repeat(60), 'Käfer 12 – été', 'грузовик', '货车', 'a\u00a0b', ' x '])(
    'a label may be %j',
    (text) => {
      expect(faults(text)).toEqual([]);
    },
  );

  test.each([
    ['', ['size must be between 1 and 60']],
    ['a'.repeat(61), ['size must be between 1 and 60']],
    ['   ', ['must not be blank']],
    ['a\u0000b', ['must consist of printable characters']],
    ['a\nb', ['must consist of printable characters']],
    ['a\u2028b', ['must consist of printable characters']],
    ['\ue000', ['must consist of printable characters']],
    ['\ud800', ['must consist of printable characters']],
    ['truck 🚚', ['must consist of printable characters']],
    ['<b>', ['must not contain < or >']],
    [`<${'a'.repeat(60)}`, ['size must be between 1 and 60', 'must not contain < or >']],
  ])('a label may not be %j', (text, expected) => {
    expect(faults(text)).toEqual(expected);
  });
});

describe('properties', () => {
  const params = fc.record(
    {
      int: fc.integer(),
      small: fc.integer({ min: 1, max: 5 }),
      float: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
      flag: fc.boolean(),
      text: fc.string({ unit: 'grapheme' }),
      choice: fc.constantFrom('sms', 'gsm'),
      ids: fc.array(fc.integer(), { maxLength: 3 }),
      words: fc.uniqueArray(fc.string({ minLength: 1 })),
      tag: fc.record({ name: fc.string(), color: fc.string() }, { requiredKeys: ['name'] }),
    },
    { requiredKeys: [] },
  );

  test('parameters mean the same as JSON, as text in JSON, and as a form', () => {
    fc.assert(
      fc.property(params, (given) => {
        const asText = Object.fromEntries(
          Object.entries(given).map(([name, value]) => [
            name,
            typeof value === 'string' ? value : JSON.stringify(value),
          ]),
        );
        const form = new URLSearchParams(asText).toString();
        for (const data of [
          new RequestData({}, parseJsonBody(JSON.stringify(given))),
          new RequestData({}, parseJsonBody(JSON.stringify(asText))),
          new RequestData({}, parseFormBody(form)),
          new RequestData(parseForm(form), {}),
        ]) {
          expect(readParams(schema, unpackParams(schema, data))).toEqual({ params: given, violations: [] });
        }
      }),
    );
  });

  test('nothing that JSON can say breaks the reading', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(schema.properties), '__proto__', 'constructor'), fc.jsonValue()),
        (given) => {
          try {
            const { params: found, violations } = read(given);
            expect(
              violations.length > 0 || Object.keys(found).every((name) => Object.hasOwn(schema.properties, name)),
            ).toBe(true);
          } catch (error) {
            expect((error as NavixyError).code).toBe(5);
          }
        },
      ),
    );
  });

  test('no body breaks the parsing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (body) => {
        for (const parse of [parseJsonBody, parseFormBody, parseUntypedBody, parseForm]) {
          try {
            expect(typeof parse(body)).toBe('object');
          } catch (error) {
            expect((error as NavixyError).code).toBe(5);
          }
        }
      }),
    );
  });

  test('the body wins over the query, and null is absent', () => {
    const data = new RequestData(parseForm('a=1&b=2&c=3&d=4'), parseJsonBody('{"a":5,"b":null,"e":6}'));
    expect(['a', 'b', 'c', 'd', 'e', 'f', '__proto__'].map((name) => data.get(name))).toEqual([
      5,
      '2',
      '3',
      '4',
      6,
      undefined,
      undefined,
    ]);
  });
});
