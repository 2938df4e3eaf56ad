/**
 * One schema for everything that can be set: each property is an environment variable (`dataDir` is `MILEPOST_DATA_DIR`) and a command
 * line option (`--data-dir`), with its default, range and documentation. A bad configuration reports every problem at once.
 */
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { ConfigError } from './errors.js';

const port = (description: string, value: number) =>
  Type.Integer({ minimum: 0, maximum: 65_535, default: value, description });
const count = (description: string, value: number, minimum = 1, maximum = 10_000_000) =>
  Type.Integer({ minimum, maximum, default: value, description });
const durationMs = (description: string, value: number, minimum = 1) =>
  Type.Integer({ minimum, maximum: 10 * 365 * 86_400_000, default: value, description });
const sizeBytes = (description: string, value: number, minimum = 0) =>
  Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, default: value, description });
const flag = (description: string) => Type.Boolean({ default: false, description });
const text = (description: string, value: string) => Type.String({ minLength: 1, default: value, description });
const portPattern = '(\\d{1,4}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])';

export const configSchema = Type.Object({
  dataDir: text('directory of the journal', './data'),
  ephemeral: flag('keep everything in memory only'),
  host: text('address of the tracker ports', '127.0.0.1'),
  httpHost: text('address of the HTTP port and of the state topic', '127.0.0.1'),
  httpPort: port('HTTP port; 0 takes any free one', 8080),
  listen: Type.Array(
    Type.String({ pattern: `^[a-z0-9-]+=(${portPattern}|off)$`, expected: 'PROTOCOL=PORT or PROTOCOL=off' }),
    {
      default: [],
      description:
        'PROTOCOL=PORT, repeats; when given only these ports open. `auto` recognises the protocol, `mqtt` is the state topic',
    },
  ),
  autoPort: port('port that recognises the protocol, when no --listen is given', 5000),
  open: flag('register unknown units on sight, under the first account'),
  claims: Type.Union([Type.Literal('off'), Type.Literal('required')], {
    default: 'off',
    description: 'off, or required: a unit has to be claimed before it may send anything',
  }),
  logLevel: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'fatal, error, warn, info, debug, trace or silent' },
  ),
  adminLogin: text('login of the first administrator', 'admin'),
  adminPassword: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 40,
      secret: true,
      description: 'password of the first administrator; generated when absent',
    }),
  ),
  setup: Type.Optional(Type.String({ minLength: 1, description: 'setup file applied at each start, YAML or JSON' })),

  httpRateLimit: count('requests a second per user and per address; 0 for no limit', 50, 0),
  httpBodyMaxBytes: sizeBytes('largest request body, bytes', 1024 * 1024, 1024),
  liveStateShape: Type.Union([Type.Literal('merged'), Type.Literal('documented'), Type.Literal('wrapped')], {
    default: 'merged',
    description: 'items of a `state_batch` event: merged, documented or wrapped',
  }),
  liveMaxSockets: count('most connections for live events, and as many to the state topic', 1000),
  liveMaxSubscriptions: count('most subscriptions to live events over all connections', 5000),
  liveSendBufferMaxBytes: sizeBytes('bytes a subscriber may leave unread before it gets no more', 262_144, 1024),
  liveStallTimeoutMs: durationMs('a subscriber that reads nothing for this long is cut off, ms', 10_000),
  liveIdleTimeoutMs: durationMs('a connection for live events without a subscription is closed after this, ms', 60_000),
  mqttMaxSubscriptions: count('most topic filters of one connection to the state topic', 100),
  mqttConnectTimeoutMs: durationMs('a connection to the state topic must send CONNECT within this time, ms', 10_000),
  mqttPacketMaxBytes: sizeBytes('largest packet of a client of the state topic, bytes', 16_384, 128),
  maxConnections: count('most tracker connections in all', 15_000),
  maxConnectionsPerAddress: count('most tracker connections from one address', 15_000),
  loginTimeoutMs: durationMs('a connection must log in within this time, ms', 30_000),
  loginMaxBytes: sizeBytes('a connection must log in within this many bytes', 16_384, 64),
  tcpIdleTimeoutMs: durationMs('a silent connection is closed after this time, ms', 15 * 60_000),
  frameMaxBytes: sizeBytes('largest frame, bytes; a protocol may have a smaller limit of its own', 131_072, 256),
  refusalsPerMinute: count('refused logins of one unit a minute that are answered at once, 0 for all', 10, 0),
  maxStrikes: count('bad frames in a row that close a connection', 3),
  sendBufferMaxBytes: sizeBytes('bytes a unit may leave unread before it is cut off', 65_536, 1024),
  udpMaxPeers: count('most UDP senders remembered', 20_000),
  commandTimeoutMs: durationMs('a command must be answered within this time, ms', 60_000),
  commandTtlMs: durationMs('a command that cannot be carried out is given up after this time, ms', 86_400_000),
  smsGatewayFile: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'file that short messages to units are written to; without it none are sent',
    }),
  ),
  drainTimeoutMs: durationMs('a stop may take this long, ms', 10_000),

  clockToleranceMs: durationMs('a record may be this far ahead of its receipt and still become state, ms', 600_000, 0),
  recordMaxAgeMs: durationMs('a record older than this at its receipt is history only, ms', 365 * 86_400_000),
  offlineTimeoutMs: durationMs('a unit is offline when not heard from for this time, ms', 600_000),
  gpsStaleMs: durationMs('a unit is idle when its last fix is older than this, ms', 300_000),
  idleSpeedKmh: Type.Number({
    minimum: 0,
    maximum: 200,
    default: 3,
    description: 'below this speed a unit stands, km/h; 0 for never',
  }),
  tripIdleMs: durationMs('a unit that stands this long is parked, ms', 300_000),
  publicHost: Type.Optional(
    Type.String({
      pattern: '^[0-9A-Za-z.-]{1,253}$',
      description: 'name or address under which units reach the gateway; set-up commands by SMS need it',
    }),
  ),
  publicBaseUrl: Type.Optional(
    Type.String({
      pattern: '^https?://[^/?#]+(/[^?#]*[^/?#])?$',
      description:
        'where devices reach the HTTP port from outside, without a slash at the end; signatures of logins are checked against it',
    }),
  ),
  telemetryToleranceMs: durationMs('telemetry over HTTP may be this far ahead of its receipt, ms', 86_400_000, 0),
  licensespringKeyFile: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'RSA private key in PEM that answers of the licence API are signed with; made when absent',
    }),
  ),
  blacklistBlocksIngest: flag('refuse data of units that are on the blacklist of the licence API'),
  setUpPauseMs: durationMs(
    'set-up commands of a unit may be asked for again after this time, ms; 0 for at any time',
    0,
    0,
  ),

  retentionMaxAgeMs: durationMs('the journal keeps frames this long, ms; 0 for ever', 365 * 86_400_000, 0),
  retentionMaxBytes: sizeBytes('the journal keeps this many bytes; 0 for no limit', 50 * 1024 ** 3),
  claimRetentionMs: durationMs('what was kept under a claim is erased this long after its end, ms', 30 * 86_400_000, 0),
});

export type Config = Readonly<Static<typeof configSchema>>;
export type ConfigKey = keyof Config;

/** What one setting is called and how it is documented. */
export interface Setting {
  readonly key: ConfigKey;
  /** `data-dir`, without the dashes. */
  readonly option: string;
  /** `MILEPOST_DATA_DIR`. */
  readonly variable: string;
  readonly type: 'text' | 'number' | 'flag' | 'list';
  readonly description: string;
  readonly default: unknown;
}

export const settings: readonly Setting[] = Object.entries(configSchema.properties as Record<string, TSchema>).map(
  ([key, schema]) => {
    const option = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return {
      key: key as ConfigKey,
      option,
      variable: `MILEPOST_${option.toUpperCase().replaceAll('-', '_')}`,
      type: typeOf(schema),
      description: String(schema.description),
      default: schema.default,
    };
  },
);

function typeOf(schema: TSchema): Setting['type'] {
  if (schema.type === 'boolean') return 'flag';
  if (schema.type === 'array') return 'list';
  return schema.type === 'integer' || schema.type === 'number' ? 'number' : 'text';
}

/** Given values by key: texts from the command line win over the environment, which wins over the defaults. */
export type ConfigSource = Readonly<Record<string, unknown>>;

/**
 * Reads the configuration. `env` holds `MILEPOST_...` variables, `options` what the command line gave, by key; with `portNames` only these
 * can be listened for. Throws `ConfigError` with every problem.
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  options: ConfigSource = {},
  portNames?: readonly string[],
): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const setting of settings) {
    const fromEnv = env[setting.variable];
    const given = options[setting.key] ?? (fromEnv === '' ? undefined : fromEnv);
    const name = options[setting.key] === undefined ? setting.variable : `--${setting.option}`;
    if (given === undefined) {
      if (setting.default !== undefined) values[setting.key] = structuredClone(setting.default);
      continue;
    }
    values[setting.key] = parseValue(setting, given);
    const found = problemsOf(setting.key, values[setting.key]);
    if (setting.key === 'listen' && found.length === 0) found.push(...strangers(values.listen, portNames));
    problems.push(...found.map((problem) => `${name}: ${problem}`));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(values) as Config;
}

function problemsOf(key: ConfigKey, value: unknown): string[] {
  const schema = (configSchema.properties as Record<string, TSchema>)[key] as TSchema;
  return [...Value.Errors(schema, value)].map((error) => {
    const problem = expectedBy(error.schema) ?? error.message;
    // Lines about a bad start end up in logs.
    return schema.secret === true ? problem : `${problem}, got ${JSON.stringify(error.value)}`;
  });
}

/** What a schema asks for, where that is more telling than the message of its checker. */
function expectedBy(schema: TSchema): string | undefined {
  if (typeof schema.expected === 'string') return `expected ${schema.expected}`;
  const choices = schema.anyOf as readonly TSchema[] | undefined;
  return choices === undefined ? undefined : `expected one of ${choices.map((each) => each.const).join(', ')}`;
}

/** Ports for protocols that do not exist. */
function strangers(listen: unknown, portNames: readonly string[] | undefined): string[] {
  if (portNames === undefined) return [];
  const names = (listen as readonly string[]).map((item) => item.slice(0, item.indexOf('=')));
  return names
    .filter((name) => !portNames.includes(name))
    .map((name) => `no such protocol: ${name} (there are ${portNames.join(', ')})`);
}

function parseValue(setting: Setting, given: unknown): unknown {
  if (typeof given !== 'string') return given;
  const trimmed = given.trim();
  if (setting.type === 'number') return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : given;
  if (setting.type === 'list') return trimmed.split(',').map((part) => part.trim());
  if (setting.type !== 'flag') return given;
  if (/^(true|1|yes|on)$/i.test(trimmed)) return true;
  return /^(false|0|no|off)$/i.test(trimmed) ? false : given;
}
