/**
 * The gateway put together: everything is created and wired here, by constructor arguments, and started and stopped in order.
 */
import { join } from 'node:path';
import { type Clock, systemClock } from './clock.js';
import type { Config } from './config.js';
import type { TimeRules } from './domain/time-rules.js';
import { Dispatcher } from './downlink/dispatcher.js';
import type { ReportAddress } from './downlink/set-up.js';
import { FileSmsGateway } from './downlink/sms.js';
import type { UnitLinks } from './downlink/unit-link.js';
import { ConfigError, SessionError, StoreError } from './errors.js';
import { addGauges, addLiveGauges, addStateTopicGauges } from './gauges.js';
import { type AdminOptions, adminDialect } from './http/admin/dialect.js';
import { hereDialect } from './http/here/dialect.js';
import { licenseSpringDialect } from './http/licensespring/dialect.js';
import { ResponseKey } from './http/licensespring/response-key.js';
import { Logins } from './http/navixy/logins.js';
import { createHttpServer, type HttpServer } from './http/server.js';
import { Gatekeeper, type RegisterOnSight } from './ingest/admission.js';
import { checkCommand } from './ingest/command-check.js';
import { decodeKept, decoderVersions } from './ingest/decoder.js';
import { type Listening, Ports, portPlan, servicePort } from './ingest/ports.js';
import { Refusals } from './ingest/refusals.js';
import { Sessions } from './ingest/sessions.js';
import type { TcpServices } from './ingest/tcp-session.js';
import type { Logger } from './log.js';
import { Metrics } from './metrics.js';
import { StateTopic } from './mqtt/state-topic.js';
import { protocolByName, protocols } from './protocols/registry.js';
import { createAdministrator, registerTracker } from './store/accounts.js';
import { backUp } from './store/backup.js';
import { httpProtocol } from './store/claims/claims.js';
import { Eraser } from './store/claims/erasure.js';
import { LicenceWatch } from './store/claims/licence-watch.js';
import type { Health } from './store/contract.js';
import { hashPassword, newPassword } from './store/credentials.js';
import { DataDirLock } from './store/data-dir-lock.js';
import { makeDirectory } from './store/directories.js';
import type { Engine } from './store/engine.js';
import { JournalHistory } from './store/history-records.js';
import { type KeyFiles, keyDirectory, keysInMemory, keysPath } from './store/key-files.js';
import { isAnywhereBlacklisted } from './store/licensing/find.js';
import { watchLicensing } from './store/licensing/watch.js';
import { LmdbEngine } from './store/lmdb-engine.js';
import { MemoryEngine } from './store/memory-engine.js';
import { type RecoveryReport, recover } from './store/recovery.js';
import { SecretBox } from './store/secret-box.js';
import { applySetup } from './store/setup/apply.js';
import { type Environment, readSetupFile } from './store/setup/read.js';
import { Snapshots } from './store/snapshots.js';
import { Store } from './store/store.js';

export interface AppDeps {
  readonly log: Logger;
  readonly clock?: Clock;
  /** Stands in for the engine in tests of a failing disk. */
  readonly engine?: Engine;
  /** Shown in the OpenAPI document. */
  readonly version?: string;
  /** Secrets that a setup file may name. */
  readonly env?: Environment;
}

export interface App {
  readonly store: Store;
  readonly links: UnitLinks;
  readonly metrics: Metrics;
  readonly listening: readonly Listening[];
  /** Password made for the first administrator, when this start made one. */
  readonly generatedPassword: string | undefined;
  readonly health: () => Health;
  /** Writes a snapshot now. */
  snapshot(): Promise<void>;
  /** Stops taking in, finishes commits, answers what is owed, closes everything. */
  stop(): Promise<void>;
}

/** Opens the data directory alone, without any port. For commands that change it while no gateway runs. */
export interface OpenStore {
  readonly store: Store;
  readonly snapshots: Snapshots;
  close(): Promise<void>;
}

/** Throws `StoreError` `data_dir_locked`, `store_version` or `store_corrupt`. */
export async function openStore(config: Config, deps: AppDeps, metrics = new Metrics()): Promise<OpenStore> {
  const clock = deps.clock ?? systemClock;
  const { engine, lock } = await openEngine(config, deps);
  const store = new Store({
    engine,
    clock,
    metrics,
    timeRules: timeRulesOf(config),
    trips: { idleSpeedKmh: config.idleSpeedKmh, minIdleMs: config.tripIdleMs },
    secrets: new SecretBox(keyFilesOf(config)),
    onHealth: (failure) => logHealth(deps.log, failure),
  });
  const report = await replay(store, deps.log).catch(async (error: unknown) => {
    await engine.close();
    lock?.release();
    throw error;
  });
  const snapshots = new Snapshots(
    {
      store,
      clock,
      decoderVersions,
      retention: { maxAgeMs: config.retentionMaxAgeMs, maxBytes: config.retentionMaxBytes },
      eraser: new Eraser({ store, clock, claimRetentionMs: config.claimRetentionMs }),
      onError: (error) => deps.log.error({ err: error }, 'snapshot failed'),
    },
    report.mark,
  );
  return {
    store,
    snapshots,
    async close() {
      await store.drained();
      await snapshots.stop();
      if (store.health.ready) await snapshots.run();
      await store.close();
      lock?.release();
    },
  };
}

function logHealth(log: Logger, failure: StoreError | undefined): void {
  if (failure === undefined) log.info('the journal works again');
  else log.error({ code: failure.code, detail: failure.message }, 'nothing can be kept: no unit is acknowledged');
}

async function replay(store: Store, log: Logger): Promise<RecoveryReport> {
  const report = await recover({
    store,
    decode: decodeKept,
    decoderVersions,
    onUnreadable: (entry) =>
      log.warn({ unit: entry.context.deviceId, protocol: entry.context.protocol }, 'kept frame unreadable'),
  });
  const { replayedValues: values, replayedFrames: frames, decodedAgain } = report;
  log.debug({ values, frames, decodedAgain }, 'replayed');
  return report;
}

/** Keys of the gateway's own: what is kept in memory only takes them with it. */
function keyFilesOf(config: Config): KeyFiles {
  return config.ephemeral ? keysInMemory() : keyDirectory(keysPath(config.dataDir));
}

async function openEngine(config: Config, deps: AppDeps): Promise<{ engine: Engine; lock: DataDirLock | undefined }> {
  if (deps.engine !== undefined) return { engine: deps.engine, lock: undefined };
  if (config.ephemeral) return { engine: new MemoryEngine(), lock: undefined };
  const lock = await lockDir(config.dataDir);
  try {
    return { engine: new LmdbEngine({ path: journalPath(config.dataDir) }), lock };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function lockDir(dataDir: string): Promise<DataDirLock> {
  try {
    makeDirectory(dataDir);
    return await DataDirLock.acquire(dataDir);
  } catch (cause) {
    throw cause instanceof StoreError ? cause : new ConfigError([`data-dir: ${(cause as Error).message}`]);
  }
}

export function journalPath(dataDir: string): string {
  return join(dataDir, 'journal');
}

/** Starts the gateway. Throws `ConfigError` or `StoreError`; nothing stays open then. */
export async function startApp(config: Config, deps: AppDeps): Promise<App> {
  const plan = portPlan(config);
  const clock = deps.clock ?? systemClock;
  const metrics = new Metrics();
  const opened = await openStore(config, deps, metrics);
  const { store, snapshots } = opened;
  const sessions = new Sessions(config, clock);
  const commands = dispatcherOf(config, { store, sessions, clock, log: deps.log });
  const ports = new Ports();
  const health = (): Health => (ports.isDraining ? { ready: false, problems: ['stopping'] } : store.health);
  const onError = (error: unknown) => deps.log.error({ err: error }, 'licences not judged');
  const licences = new LicenceWatch({ store, live: sessions, clock, onError });
  let http: HttpServer | undefined;
  let topic: StateTopic | undefined;
  const stop = async () => {
    ports.drain();
    topic?.stop();
    licences.stop();
    commands.stop();
    sessions.drainAll();
    await store.drained();
    sessions.closeAll('shutdown');
    sessions.stop();
    await Promise.all([http?.close(), topic?.close()]);
    ports.close();
    await opened.close();
  };
  try {
    const generatedPassword = await prepareRegistry(config, deps, store);
    const services = tcpServices(config, { store, sessions, clock, metrics, log: deps.log });
    http = await openHttp(config, deps, { services, commands, ports, health });
    await commands.start();
    licences.start();
    await ports.open(plan, config, services);
    topic = stateTopicOf(config, http, deps.log);
    await listenMqtt(topic, config, ports);
    await listenHttp(http, config, ports);
    watchLicensing({ ...config, store, live: sessions, log: deps.log });
    addGauges(metrics, store, sessions);
    addLiveGauges(metrics, http);
    addStateTopicGauges(metrics, topic);
    snapshots.start();
    const { listening } = ports;
    const snapshot = () => snapshots.run();
    return { store, links: sessions, metrics, listening, generatedPassword, health, snapshot, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the gateway is wired with. */
interface Parts {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

function tcpServices(config: Config, parts: Parts): TcpServices {
  const { store, clock } = parts;
  const register = config.open ? onSight(store) : undefined;
  const gatekeeper = new Gatekeeper({ ...config, store, clock, register, ...blacklistOf(config, store) });
  return { ...parts, refusals: new Refusals(clock), limits: config, candidates: protocols, gatekeeper };
}

/** Hardware that may send nothing, where the blacklist of the licence API is meant to reach so far. */
function blacklistOf(config: Config, store: Store): { readonly isBarred?: (deviceId: string) => boolean } {
  const isBarred = (deviceId: string) => isAnywhereBlacklisted(store.registry, deviceId);
  return config.blacklistBlocksIngest ? { isBarred } : {};
}

interface HttpParts {
  readonly services: TcpServices;
  readonly commands: Dispatcher;
  readonly ports: Ports;
  readonly health: () => Health;
}

function openHttp(
  config: Config,
  deps: AppDeps,
  { services, commands, ports, health }: HttpParts,
): Promise<HttpServer> {
  const { store, sessions, clock, metrics, refusals } = services;
  const logins = new Logins(clock);
  const common = { store, clock, log: deps.log, rateLimit: config.httpRateLimit };
  const responseKey = new ResponseKey(keyFilesOf(config), config.licensespringKeyFile);
  return createHttpServer({
    logins,
    store,
    live: sessions,
    history: historyOf(config, store),
    commands,
    health,
    metricsText: () => metrics.text(),
    clock,
    log: deps.log,
    statusRules: config,
    trips: { idleSpeedKmh: config.idleSpeedKmh, minIdleMs: config.tripIdleMs },
    setUpPauseMs: config.setUpPauseMs,
    reportTo: reportAddress(config, ports),
    isConnectionOriented: (name) => protocolByName(name)?.connectionOriented ?? name !== httpProtocol,
    ...(deps.version === undefined ? {} : { version: deps.version }),
    rateLimit: config.httpRateLimit,
    bodyLimitBytes: config.httpBodyMaxBytes,
    liveLimits: config,
    dialects: [
      adminDialect({
        ...common,
        live: sessions,
        refused: refusals,
        backUp: backUpWith(config, store, clock),
      }),
      licenseSpringDialect({ ...common, logins, key: responseKey }),
      hereDialect({
        ...{ store, live: sessions, history: historyOf(config, store), metrics, clock, health },
        ...{ log: deps.log, logins, rateLimit: config.httpRateLimit, version: deps.version ?? '0' },
        publicBaseUrl: config.publicBaseUrl,
        telemetryToleranceMs: config.telemetryToleranceMs,
        ...blacklistOf(config, store),
      }),
    ],
  });
}

function historyOf(config: Config, { engine, units }: Store): JournalHistory {
  return new JournalHistory({ engine, units, decode: decodeKept, timeRules: timeRulesOf(config) });
}

function timeRulesOf(config: Config): TimeRules {
  return { futureToleranceMs: config.clockToleranceMs, pastLimitMs: config.recordMaxAgeMs };
}

async function listenHttp(http: HttpServer, config: Config, ports: Ports): Promise<void> {
  const { port } = await http.listen({ host: config.httpHost, port: config.httpPort });
  ports.listening.push({ protocol: 'http', transport: 'tcp', host: config.httpHost, port });
}

/** Live events by another way, with the same followers; its requests are connections. */
function stateTopicOf(config: Config, { services, hub }: HttpServer, log: Logger): StateTopic {
  return new StateTopic({ services, audience: hub.audience, limits: config, rateLimit: config.httpRateLimit, log });
}

/** Whoever may reach the API may reach the state topic: letting trackers in opens neither. */
async function listenMqtt(topic: StateTopic, config: Config, ports: Ports): Promise<void> {
  const wanted = servicePort(config, 'mqtt');
  if (wanted === undefined) return;
  const port = await topic.listen(config.httpHost, wanted);
  ports.listening.push({ protocol: 'mqtt', transport: 'tcp', host: config.httpHost, port });
}

/** Copies go beside the journal, since a request must not choose where the gateway writes. */
function backUpWith(config: Config, { engine }: Store, clock: Clock): AdminOptions['backUp'] {
  if (!(engine instanceof LmdbEngine)) return undefined;
  return (name) => backUp(engine, config.dataDir, join(config.dataDir, 'backups', name), clock.now());
}

function dispatcherOf(config: Config, { store, sessions, clock, log }: Omit<Parts, 'metrics'>): Dispatcher {
  const sms = config.smsGatewayFile === undefined ? undefined : new FileSmsGateway(config.smsGatewayFile, clock);
  const dispatcher = new Dispatcher({
    store,
    links: sessions,
    clock,
    log,
    check: checkCommand,
    sms,
    ttlMs: config.commandTtlMs,
  });
  sessions.listen(dispatcher);
  return dispatcher;
}

/** Where units reach the gateway from outside, if that is known. */
function reportAddress(config: Config, ports: Ports): ReportAddress | undefined {
  const host = config.publicHost;
  if (host === undefined) return undefined;
  return { host, portOf: (name) => ports.listening.find(({ protocol }) => protocol === name)?.port };
}

/** The account that units registered on sight belong to: the first one. */
const firstAccountId = 1;

function onSight(store: Store): RegisterOnSight {
  return (deviceId, protocol) =>
    store.change((tx) => {
      const outcome = registerTracker(tx, {
        accountId: firstAccountId,
        label: deviceId.slice(0, 60),
        model: protocol.defaultModel,
        deviceId,
      });
      if (!outcome.ok) throw new SessionError('unknown_unit', { got: `${deviceId}: ${outcome.reason}` });
      return outcome.source;
    });
}

/** The first administrator and the setup file; returns the password that was made up, if it still holds. */
async function prepareRegistry(config: Config, deps: AppDeps, store: Store): Promise<string | undefined> {
  const generated = await firstAdministrator(config, store);
  if (config.setup === undefined) return generated;
  const login = config.adminLogin.toLowerCase();
  const file = readSetupFile(config.setup, deps.env);
  const report = await applySetup(store, file);
  deps.log.info({ file: config.setup, changed: report.isChanged, sections: report.sections }, 'setup applied');
  const isOverruled = file.setup.accounts?.some(
    (each) => each.login.toLowerCase() === login && each.password !== undefined,
  );
  return isOverruled === true ? undefined : generated;
}

/** Creates the first administrator where there is none; returns the password that was made up for it. */
async function firstAdministrator(config: Config, store: Store): Promise<string | undefined> {
  if (store.registry.size('user') > 0) return undefined;
  const password = config.adminPassword ?? newPassword();
  const passwordHash = await hashPassword(password);
  await store.change((tx) => createAdministrator(tx, { login: config.adminLogin, passwordHash }));
  return config.adminPassword === undefined ? password : undefined;
}
