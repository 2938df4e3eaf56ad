/** Reading the configuration: every setting by both of its names, and every problem at once. */
import { describe, expect, test } from 'vitest';
import { type ConfigKey, readConfig, type Setting, settings } from '../src/config.js';
import { ConfigError } from '../src/errors.js';
import { codeOf } from './support/codes.js';

/** Settings that take certain texts only. */
const texts: Partial<Record<ConfigKey, string>> = {
  logLevel: 'debug',
  claims: 'required',
  publicBaseUrl: 'https://fleet.example.com',
  liveStateShape: 'wrapped',
};

/** For each type a text that is right for every setting of it, and the value it stands for. */
function sampleOf(setting: Setting): { text: string; value: unknown } {
  const text = texts[setting.key];
  if (text !== undefined) return { text, value: text };
  if (setting.type === 'flag') return { text: 'true', value: true };
  if (setting.type === 'list') return { text: 'teltonika=5027', value: ['teltonika=5027'] };
  if (setting.type === 'text') return { text: 'some', value: 'some' };
  const value = setting.key === 'idleSpeedKmh' ? 7 : (setting.default as number) + 1;
  return { text: String(value), value };
}

function problemsOf(
  env: Record<string, string>,
  options: Record<string, unknown> = {},
  portNames?: readonly string[],
): readonly string[] {
  try {
    readConfig(env, options, portNames);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe.each(settings.map((setting) => [setting.option, setting] as const))('%s', (option, setting) => {
  const { text, value } = sampleOf(setting);

  test('names follow from the key', () => {
    expect(option).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(setting.variable).toBe(`MILEPOST_${option.replaceAll('-', '_').toUpperCase()}`);
    expect(setting.description.length).toBeGreaterThan(5);
  });

  test('its default is valid', () => {
    expect(readConfig({})[setting.key]).toEqual(setting.default);
  });

  test('is set from the environment', () => {
    expect(readConfig({ [setting.variable]: text })[setting.key]).toEqual(value);
  });

  test('is set from the command line, which wins', () => {
    const given = setting.type === 'list' ? [text] : text;
    expect(readConfig({}, { [setting.key]: given })[setting.key]).toEqual(value);
    expect(readConfig({ [setting.variable]: '' }, { [setting.key]: given })[setting.key]).toEqual(value);
    const other = setting.type === 'number' ? String(setting.default) : text;
    expect(readConfig({ [setting.variable]: other }, { [setting.key]: given })[setting.key]).toEqual(value);
  });

  test('an empty variable is no value', () => {
    expect(readConfig({ [setting.variable]: '' })[setting.key]).toEqual(setting.default);
  });
});

const typed = (type: Setting['type']) => settings.filter((setting) => setting.type === type);

describe('values', () => {
  test.each(typed('number').map((setting) => [setting.variable]))('%s takes numbers only', (variable) => {
    for (const text of ['x', '1e3', '0x10', '--1', '1 2', 'NaN', 'Infinity', '-5']) {
      expect(problemsOf({ [variable]: text })).toHaveLength(1);
    }
  });

  test.each(typed('flag').map((setting) => [setting.variable, setting.key]))(
    '%s takes words for yes and no',
    (variable, key) => {
      for (const text of ['true', '1', 'yes', 'on', 'TRUE', ' true '])
        expect(readConfig({ [variable]: text })[key as ConfigKey]).toBe(true);
      for (const text of ['false', '0', 'no', 'off'])
        expect(readConfig({ [variable]: text })[key as ConfigKey]).toBe(false);
      expect(problemsOf({ [variable]: 'maybe' })).toHaveLength(1);
    },
  );

  test('listening ports', () => {
    expect(readConfig({ MILEPOST_LISTEN: 'teltonika=5027, auto=0,gt06=off' }).listen).toEqual([
      'teltonika=5027',
      'auto=0',
      'gt06=off',
    ]);
    for (const text of [
      'teltonika',
      'teltonika=',
      '=5027',
      'teltonika=x',
      'teltonika=123456',
      'Teltonika=1',
      'a=1,,b=2',
    ]) {
      expect(problemsOf({ MILEPOST_LISTEN: text })).toHaveLength(1);
    }
  });

  test('every port that cannot be listened on is a problem of its own', () => {
    expect(problemsOf({ MILEPOST_LISTEN: 'gt06=65535' }, {}, ['gt06', 'auto'])).toEqual([]);
    expect(problemsOf({ MILEPOST_LISTEN: 'gt06=65536,auto,auto=1' })).toHaveLength(2);
    const problems = problemsOf({ MILEPOST_HTTP_PORT: 'x' }, { listen: ['foo=1', 'auto=0', 'bar=off'] }, [
      'gt06',
      'auto',
    ]);
    expect(problems).toHaveLength(3);
    expect(problems.filter((each) => /^--listen: .*(foo|bar)/.test(each))).toHaveLength(2);
  });

  test('what may be chosen is told', () => {
    expect(problemsOf({ MILEPOST_CLAIMS: 'maybe' })[0]).toMatch(/off, required, got "maybe"/);
    expect(problemsOf({ MILEPOST_LISTEN: '5027' })[0]).toContain('PROTOCOL=PORT');
  });

  test('ports are ports', () => {
    expect(readConfig({ MILEPOST_HTTP_PORT: '0' }).httpPort).toBe(0);
    for (const text of ['65536', '-1', '80.5']) expect(problemsOf({ MILEPOST_HTTP_PORT: text })).toHaveLength(1);
  });

  test('a password is never a default', () => {
    expect(readConfig({}).adminPassword).toBeUndefined();
    const problems = problemsOf({ MILEPOST_ADMIN_PASSWORD: 'x'.repeat(41) });
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain('xxx');
  });
});

describe('problems', () => {
  test('all are told at once, each with its own name', () => {
    const problems = problemsOf(
      { MILEPOST_HTTP_PORT: 'x', MILEPOST_LOG_LEVEL: 'loud', MILEPOST_OPEN: 'perhaps' },
      { maxStrikes: '0' },
    );
    expect(problems).toHaveLength(4);
    const text = problems.join('\n');
    for (const name of ['MILEPOST_HTTP_PORT', 'MILEPOST_LOG_LEVEL', 'MILEPOST_OPEN', '--max-strikes'])
      expect(text).toContain(name);
    expect(codeOf(() => readConfig({ MILEPOST_OPEN: 'perhaps' }))).toBe('config_invalid');
  });

  test('a good command line does not hide behind a bad variable', () => {
    expect(problemsOf({ MILEPOST_HTTP_PORT: 'x' }, { httpPort: '81' })).toEqual([]);
  });
});

test('a configuration cannot be changed', () => {
  const config = readConfig({});
  expect(Object.isFrozen(config)).toBe(true);
  expect(readConfig({}).listen).not.toBe(config.listen);
});
