import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError } from '../../src/errors.js';
import {
  decimal,
  decimalList,
  degreesMinutes,
  formatDecimal,
  parseDecimal,
  type RecordOf,
  text,
  textRecord,
} from '../../src/wire/text-record.js';

const point = textRecord('point', ';', {
  latDeg: degreesMinutes(2, 'N', 'S'),
  lngDeg: degreesMinutes(3, 'E', 'W', { minDigits: 4 }),
  speedKmh: decimal(),
  analog: decimalList(','),
  key: text(),
});
type Point = RecordOf<typeof point>;

const sample: Point = {
  latDeg: 51.5074,
  lngDeg: -0.1278,
  speedKmh: 54.5,
  analog: [13.82, Number.NaN, 0.41],
  key: 'A1',
};
const line = '5130.444000;N;00007.6680;W;54.5;13.82,NA,0.41;A1';

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return error instanceof CodecError ? error.code : String(error);
  }
  return undefined;
}

describe('textRecord', () => {
  it('parses and formats the same line', () => {
    expect(point.parse(line)).toEqual(sample);
    expect(point.format(sample)).toBe(line);
  });

  it('counts the fields of wide columns', () => {
    expect(point.width).toBe(7);
    expect(point.fields).toEqual(['latDeg', 'lngDeg', 'speedKmh', 'analog', 'key']);
  });

  it('joins the fields of a wide column with its own separator', () => {
    const record = textRecord('other', '|', { latDeg: degreesMinutes(2, 'N', 'S', { none: '-', maxDigits: 1 }) });
    expect(record.format({ latDeg: -1.5 })).toBe('0130.0|S');
    expect(record.format({ latDeg: undefined })).toBe('-|-');
  });

  it('reads empty fields and the word for no value as undefined, never as 0', () => {
    const nothing = { latDeg: undefined, lngDeg: undefined, speedKmh: undefined, analog: [], key: undefined };
    expect(point.parse('NA;NA;NA;NA;NA;NA;NA')).toEqual(nothing);
    expect(point.parse(';;;;;;')).toEqual(nothing);
    expect(point.format(nothing)).toBe('NA;NA;NA;NA;NA;;NA');
  });

  it('refuses another number of fields', () => {
    expect(codeOf(() => point.parse('1;2'))).toBe('count_mismatch');
  });

  it('names the column that cannot be read', () => {
    const fields = line.replace('54.5', 'fast').split(';');
    try {
      point.parseFields(fields);
      expect.unreachable();
    } catch (error) {
      expect((error as CodecError).code).toBe('field_format');
      expect((error as CodecError).facts).toMatchObject({ at: 'point.speedKmh', offset: 4, got: 'fast' });
    }
  });

  it('keeps the other columns where faults are collected', () => {
    const faults: CodecError[] = [];
    expect(point.parseFields(line.replace('54.5', 'fast').split(';'), 0, faults)).toEqual({
      ...sample,
      speedKmh: undefined,
    });
    expect(faults.map((fault) => fault.facts.at)).toEqual(['point.speedKmh']);
  });

  it('parses from a later field and takes missing fields at the end as empty', () => {
    expect(point.parseFields(['x', '5130.444', 'N'], 1)).toEqual({
      latDeg: 51.5074,
      lngDeg: undefined,
      speedKmh: undefined,
      analog: [],
      key: undefined,
    });
  });

  it('lets errors of other kinds through', () => {
    const broken = textRecord('broken', ';', {
      bug: {
        width: 1,
        parse: () => {
          throw new TypeError('bug');
        },
        format: () => '',
      },
    });
    expect(() => broken.parseFields(['x'], 0, [])).toThrow(TypeError);
  });
});

describe('decimal', () => {
  it.each(['0', '-12.5', '+7', '.5', '5.', '1e3'])('reads %s', (word) => {
    expect(parseDecimal(word)).toBe(Number(word));
  });

  it.each(['', 'abc', '1,5', '0x10', 'NaN', 'Infinity', '1e999', '--1', '1 2'])('does not read "%s"', (word) => {
    expect(parseDecimal(word)).toBeUndefined();
  });

  it.each([
    [1e-7, '0.0000001'],
    [-2.5e-7, '-0.00000025'],
    [1e21, '1000000000000000000000'],
    [-0, '0'],
    [1e-30, '0'],
    [0.1, '0.1'],
  ])('writes %d without an exponent', (value, word) => {
    expect(formatDecimal(value)).toBe(word);
  });

  it('writes no number that is not finite', () => {
    expect(codeOf(() => formatDecimal(Number.NaN))).toBe('encode_range');
    expect(codeOf(() => formatDecimal(Number.POSITIVE_INFINITY))).toBe('encode_range');
  });

  it('rounds to the digits asked for', () => {
    const column = decimal({ digits: 2 });
    expect(column.format(1.005001)).toBe('1.01');
    expect(column.format(3)).toBe('3');
  });

  it('gives every number of a field back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }), (value) => {
        const back = Number(formatDecimal(value));
        expect(Math.abs(back - value)).toBeLessThanOrEqual(1e-20);
      }),
    );
  });
});

describe('decimalList', () => {
  const column = decimalList(',');
  it('keeps the places of items that are no numbers', () => {
    expect(column.parse(['1,NA,,x, 2 '], 0)).toEqual([1, Number.NaN, Number.NaN, Number.NaN, 2]);
  });
});

describe('degreesMinutes', () => {
  const column = degreesMinutes(2, 'N', 'S', { minDigits: 4 });

  it.each([
    ['5130.4440', 'N', 51.5074],
    ['3351.0840', 'S', -33.8514],
    ['05130.4440', 'N', 51.5074],
    ['30.5', 'N', 30.5 / 60],
    ['5', 'S', -5 / 60],
    ['-3351.0840', 'N', -33.8514],
    ['-3351.0840', 'S', 33.8514],
    ['0000.0000', 'S', 0],
    ['5130.', 'n', 51.5],
    ['5130.4440', 'NA', 51.5074],
    ['5364.0167', 'N', 54.066945],
    ['5130.444000000000001', 'N', 51.5074],
  ])('reads %s %s', (value, hemisphere, degrees) => {
    expect(column.parse([value, hemisphere], 0)).toBe(degrees);
  });

  it.each([
    ['abc', 'N'],
    ['51°30', 'N'],
    ['5130.4440', 'E'],
    ['51.30.44', 'N'],
  ])('does not read %s %s', (value, hemisphere) => {
    expect(codeOf(() => column.parse([value, hemisphere], 0))).toBe('field_format');
  });

  it('never writes 60 minutes', () => {
    expect(column.format(51.999999999)).toEqual(['5200.0000', 'N']);
    expect(column.format(-9.99999999999)).toEqual(['1000.0000', 'S']);
  });

  it('writes as many digits as a value needs, within its limits', () => {
    expect(column.format(51.5)).toEqual(['5130.0000', 'N']);
    expect(column.format(51.50740001)).toEqual(['5130.444001', 'N']);
    expect(degreesMinutes(2, 'N', 'S', { minDigits: 0, maxDigits: 0 }).format(51.5)).toEqual(['5130', 'N']);
  });

  it('gives coordinates of seven digits back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -900_000_000, max: 900_000_000 }), (raw) => {
        const fields = column.format(raw / 1e7) as string[];
        expect(Math.round((column.parse(fields, 0) as number) * 1e7)).toBe(raw === 0 ? 0 : raw);
      }),
    );
  });
});
