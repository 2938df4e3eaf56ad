/** Values of command line options: texts to numbers with their limits, and options from the environment. */
import { type Command, InvalidArgumentError, type Option } from 'commander';

export interface Limits {
  readonly min: number;
  readonly max: number;
}

/** A whole number within `limits`. */
export function whole(limits: Limits): (text: string) => number {
  return (text) => within(/^\d+$/.test(text) ? Number(text) : Number.NaN, limits, 'a whole number');
}

/** A number within `limits`. */
export function number(limits: Limits): (text: string) => number {
  return (text) => within(text.trim() === '' ? Number.NaN : Number(text), limits, 'a number');
}

/** Seconds within `limits`; `500ms`, `10m` and `2h` are understood. */
export function seconds(limits: Limits): (text: string) => number {
  return (text) => {
    const match = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d)?$/.exec(text);
    const factor = secondsOf[match?.[2] ?? 's'] as number;
    return within(match === null ? Number.NaN : Number(match[1]) * factor, limits, 'seconds (or 500ms, 10m, 2h)');
  };
}

const secondsOf: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** An ISO 8601 time as ms since 1970 UTC; without a zone it is UTC. */
export function isoTime(text: string): number {
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes('T') ? text : `${text}Z`;
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(at) || at < 0) throw new InvalidArgumentError('expected a time such as 2026-05-01T08:00:00Z.');
  return at;
}

/** Adds `text`, which may hold several values separated by commas, to those given before. */
export function collect(text: string, previous: readonly string[]): string[] {
  return [...previous, ...text.split(',').filter((each) => each !== '')];
}

function within(value: number, { min, max }: Limits, what: string): number {
  if (!(value >= min && value <= max)) throw new InvalidArgumentError(`expected ${what} from ${min} to ${max}.`);
  return value;
}

/** The environment variable of an option: `--drop-rate` is `MILEPOST_DROP_RATE`. */
export function variableOf(option: Option): string {
  return `MILEPOST_${option.name().toUpperCase().replaceAll('-', '_')}`;
}

/** Gives options that were not typed the value of their environment variable. Ends with wrong usage when one is not valid. */
export function applyEnvironment(command: Command, env: Readonly<Record<string, string | undefined>>): void {
  for (const option of command.options) {
    const text = env[variableOf(option)];
    const source = command.getOptionValueSource(option.attributeName());
    if (text === undefined || (source !== undefined && source !== 'default')) continue;
    command.setOptionValueWithSource(option.attributeName(), fromEnvironment(command, option, text), 'env');
  }
}

function fromEnvironment(command: Command, option: Option, text: string): unknown {
  if (option.isBoolean()) return /^(1|true|yes|on)$/i.test(text);
  try {
    return option.parseArg === undefined ? text : option.parseArg(text, option.defaultValue);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return command.error(`error: ${variableOf(option)} value '${text}' is invalid. ${error.message}`, { exitCode: 2 });
  }
}
