/**
 * The registry in memory: rows by id with the few look-ups the product needs. It is a fold over the journal: `apply` is the only way
 * in, and returns what undoes it. It does no I/O and checks no rules; those are of whoever makes the change.
 */
import { ClaimLookUps } from './claims/look-ups.js';
import { LicenseLookUps } from './licensing/look-ups.js';
import { Index, type IndexesByTable } from './row-index.js';
import type {
  ApiKeyRow,
  CommandRow,
  PoisonRow,
  RowChange,
  RowId,
  SensorRow,
  SessionRow,
  SourceRow,
  SpecialSettingsRow,
  TableName,
  Tables,
  TrackerRow,
  UserRow,
} from './rows.js';
import { tableNames } from './rows.js';

export class Registry {
  readonly #tables = new Map<TableName, Map<RowId, Tables[TableName]>>(tableNames.map((name) => [name, new Map()]));
  readonly #sourcesByDeviceId = new Index<SourceRow>((row) => (row.corrupted === true ? undefined : row.deviceId));
  readonly #endedSourcesByDeviceId = new Index<SourceRow>((row) => (row.corrupted === true ? row.deviceId : undefined));
  readonly #sourcesByPhone = new Index<SourceRow>((row) =>
    row.corrupted === true || row.phone === null ? undefined : row.phone,
  );
  readonly #trackersBySource = new Index<TrackerRow>((row) => row.sourceId);
  readonly #trackersByAccount = new Index<TrackerRow>((row) => row.accountId);
  readonly #trackersWithTrips = new Index<TrackerRow>((row) =>
    row.clone || row.settings?.trips === undefined ? undefined : row.sourceId,
  );
  readonly #usersByLogin = new Index<UserRow>((row) => row.login.toLowerCase());
  readonly #sessionsByDigest = new Index<SessionRow>((row) => row.digest);
  readonly #sessionsByUser = new Index<SessionRow>((row) => row.userId);
  readonly #keysByDigest = new Index<ApiKeyRow>((row) => row.digest);
  readonly #keysByAccount = new Index<ApiKeyRow>((row) => row.accountId);
  readonly #poisonBySource = new Index<PoisonRow>((row) => row.sourceId);
  readonly #commandsBySource = new Index<CommandRow>((row) => row.sourceId);
  readonly #openCommandsBySource = new Index<CommandRow>((row) =>
    row.state === 'queued' || row.state === 'sent' ? row.sourceId : undefined,
  );
  readonly #sensorsByTracker = new Index<SensorRow>((row) => row.trackerId);
  readonly #statusSettingsBySource = new Index<SpecialSettingsRow>((row) =>
    row.type === 'device_status_settings' ? row.sourceId : undefined,
  );
  /** What the claim API looks up. */
  readonly claims = new ClaimLookUps();
  /** What the licence API looks up. */
  readonly licensing = new LicenseLookUps();
  readonly #indexes: IndexesByTable = {
    ...this.claims.indexes,
    ...this.licensing.indexes,
    source: [this.#sourcesByDeviceId, this.#endedSourcesByDeviceId, this.#sourcesByPhone],
    tracker: [this.#trackersBySource, this.#trackersByAccount, this.#trackersWithTrips],
    user: [this.#usersByLogin],
    session: [this.#sessionsByDigest, this.#sessionsByUser],
    apiKey: [this.#keysByDigest, this.#keysByAccount],
    poison: [this.#poisonBySource],
    sensor: [this.#sensorsByTracker],
    specialSettings: [this.#statusSettingsBySource],
    command: [this.#commandsBySource, this.#openCommandsBySource],
  };

  get<N extends TableName>(table: N, id: RowId): Tables[N] | undefined {
    return this.#table(table).get(id);
  }

  all<N extends TableName>(table: N): IterableIterator<Tables[N]> {
    return this.#table(table).values();
  }

  size(table: TableName): number {
    return this.#table(table).size;
  }

  /** The source that has this wire identity now. */
  sourceByDeviceId(deviceId: string): SourceRow | undefined {
    return this.#sourcesByDeviceId.get(deviceId)[0];
  }

  /** When the last box of this wire identity was deleted or replaced, ms since 1970 UTC; 0 for never. */
  lastEndOf(deviceId: string): number {
    return Math.max(0, ...this.endedSourcesOf(deviceId).map(({ corruptedAt }) => corruptedAt ?? 0));
  }

  /** Boxes of this wire identity that were deleted or replaced, in no order. */
  endedSourcesOf(deviceId: string): readonly SourceRow[] {
    return this.#endedSourcesByDeviceId.get(deviceId);
  }

  /** The source whose SIM card has this number now (digits, no `+`). */
  sourceByPhone(phone: string): SourceRow | undefined {
    return this.#sourcesByPhone.get(phone)[0];
  }

  /** Trackers that show this source: one, and its clones. */
  trackersOfSource(sourceId: number): readonly TrackerRow[] {
    return this.#trackersBySource.get(sourceId);
  }

  /** Trackers of an account in order of registration, those of corrupted sources included. */
  trackersOfAccount(accountId: number): readonly TrackerRow[] {
    return this.#trackersByAccount.get(accountId);
  }

  /** How trips of a source are told, where its tracker has settings of its own. */
  tripsOfSource(sourceId: number): NonNullable<TrackerRow['settings']>['trips'] {
    return this.#trackersWithTrips.get(sourceId)[0]?.settings?.trips;
  }

  /** A source is offline after this long without data, ms, where that was set for it. */
  offlineTimeoutOf(sourceId: number): number | undefined {
    const seconds = this.#statusSettingsBySource.get(sourceId)[0]?.value.offline_timeout_seconds;
    return typeof seconds === 'number' ? seconds * 1000 : undefined;
  }

  userByLogin(login: string): UserRow | undefined {
    return this.#usersByLogin.get(login.toLowerCase())[0];
  }

  sessionByDigest(digest: string): SessionRow | undefined {
    return this.#sessionsByDigest.get(digest)[0];
  }

  sessionsOfUser(userId: number): readonly SessionRow[] {
    return this.#sessionsByUser.get(userId);
  }

  apiKeysOfAccount(accountId: number): readonly ApiKeyRow[] {
    return this.#keysByAccount.get(accountId);
  }

  apiKeyByDigest(digest: string): ApiKeyRow | undefined {
    return this.#keysByDigest.get(digest)[0];
  }

  /** Unreadable frames remembered for a source. */
  poisonOfSource(sourceId: number): readonly PoisonRow[] {
    return this.#poisonBySource.get(sourceId);
  }

  /** Commands of a source that are remembered, in no order. */
  commandsOfSource(sourceId: number): readonly CommandRow[] {
    return this.#commandsBySource.get(sourceId);
  }

  /** Those that have not ended. */
  openCommandsOfSource(sourceId: number): readonly CommandRow[] {
    return this.#openCommandsBySource.get(sourceId);
  }

  /** Every command that has not ended. */
  openCommands(): IterableIterator<CommandRow> {
    return this.#openCommandsBySource.rows();
  }

  /** Sensors that were set up for a tracker, in no order. */
  sensorsOfTracker(trackerId: number): readonly SensorRow[] {
    return this.#sensorsByTracker.get(trackerId);
  }

  /** Applies a change and returns the change that undoes it. */
  apply(change: RowChange): RowChange {
    const table = this.#table(change.table);
    const old = table.get(change.id);
    const indexes = this.#indexes[change.table] ?? [];
    if (old !== undefined) for (const index of indexes) index.remove(old);
    if (change.row === null) table.delete(change.id);
    else table.set(change.id, change.row as never);
    if (change.row !== null) for (const index of indexes) index.add(change.row);
    return { table: change.table, id: change.id, row: old ?? null };
  }

  #table<N extends TableName>(name: N): Map<RowId, Tables[N]> {
    return this.#tables.get(name) as unknown as Map<RowId, Tables[N]>;
  }
}
