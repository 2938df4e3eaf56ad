/**
 * The root logger: JSON lines, or readable text on a terminal. Secrets are redacted by name wherever they stand.
 */
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

const secrets = ['hash', 'password', 'key', 'authorization', 'cookie'];

export interface LogOptions {
  readonly level: string;
  /** Readable text instead of JSON lines. */
  readonly pretty: boolean;
  /** Where lines go. */
  readonly destination: DestinationStream | 1 | 2;
}

export function createLog(options: LogOptions): Logger {
  const base = {
    level: options.level,
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { bindings: ({ pid }: Record<string, unknown>) => ({ pid }) },
  };
  if (typeof options.destination === 'object') return pino(base, options.destination);
  if (!options.pretty) return pino(base, pino.destination({ dest: options.destination, sync: false }));
  return pino({
    ...base,
    transport: {
      target: 'pino-pretty',
      options: { destination: options.destination, ignore: 'pid', translateTime: 'HH:MM:ss' },
    },
  });
}
