import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { createAccount } from '../../src/store/accounts.js';
import { digestOf } from '../../src/store/credentials.js';
import type { Engine } from '../../src/store/engine.js';
import { LmdbEngine } from '../../src/store/lmdb-engine.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { ReopeningApi } from '../support/reopening.js';

/** The registry as it should be, in the simplest form: boxes, and trackers that show them. */
interface Box {
  readonly account: number;
  readonly deviceId: string;
  readonly phone: string;
  readonly model: string;
  isBlocked: boolean;
  isHeard: boolean;
  isConnected: boolean;
}

interface Shown {
  readonly id: number;
  readonly account: number;
  readonly label: string;
  readonly isClone: boolean;
  box: Box;
  isGone: boolean;
  isReplaced: boolean;
}

interface Model {
  readonly trackers: Shown[];
}

const accounts = [0, 1] as const;
const deviceLimit = 3;
const hashOf = (account: number) => String(account).repeat(32);
const deviceIds = Array.from({ length: 9 }, (_, i) => `35630704244${i}991`);
const phones = Array.from({ length: 9 }, (_, i) => `4917000000${i}`);

/** The same walk each time, since it has to come by every outcome. */
const seed = 11;

/** How often each call had which outcome: a run that never replaces anything proves nothing. */
const tally = new Map<string, number>();

class Real {
  readonly api: ReopeningApi;
  constructor(api: ReopeningApi) {
    this.api = api;
  }

  async code(account: number, path: string, params: Record<string, unknown>): Promise<number> {
    const body = await this.api.call(path, { hash: hashOf(account), ...params });
    const code = body.success === true ? 0 : (body.status as { code: number }).code;
    const key = `${path} ${code}`;
    tally.set(key, (tally.get(key) ?? 0) + 1);
    return code;
  }

  sourceId(trackerId: number): number {
    return this.api.store.registry.get('tracker', trackerId)!.sourceId;
  }
}

const present = (model: Model) => model.trackers.filter((each) => !each.isGone);
const boxes = (model: Model) => [...new Set(present(model).map(({ box }) => box))];
const pick = (model: Model, index: number) => model.trackers[index % Math.max(1, model.trackers.length)];
/** The code for a tracker that an account asks for in vain; 0 when it is there. */
const missing = (tracker: Shown, account: number) => (tracker.isGone || tracker.account !== account ? 201 : 0);

/** Code of a box that is to be added, or to take the place of another. */
function boxCode(model: Model, wanted: { account: number; deviceId: string; phone: string }, old?: Box): number {
  const theirs = boxes(model).filter(({ account, ...box }) => account === wanted.account && box !== old);
  if (old === undefined && theirs.length >= deviceLimit) return 221;
  if (boxes(model).some(({ deviceId }) => deviceId === wanted.deviceId)) return 224;
  return boxes(model).some((box) => box !== old && box.phone === wanted.phone) ? 223 : 0;
}

type Step = fc.AsyncCommand<Model, Real>;

/** A step that runs the API and the model and compares what is listed afterwards. */
abstract class Compared implements Step {
  check(_model: Readonly<Model>): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.step(model, real);
    await compare(model, real);
  }

  abstract step(model: Model, real: Real): Promise<void>;
}

/** A step on one of the trackers there ever were. */
abstract class OnTracker extends Compared {
  constructor(
    readonly index: number,
    readonly account: number,
  ) {
    super();
  }

  override check(model: Readonly<Model>): boolean {
    return model.trackers.length > 0;
  }

  step(model: Model, real: Real): Promise<void> {
    return this.on(pick(model, this.index)!, model, real);
  }

  abstract on(tracker: Shown, model: Model, real: Real): Promise<void>;
  override toString = () => `${this.constructor.name}(${this.index}, ${this.account})`;
}

class Register extends Compared {
  constructor(
    readonly account: number,
    readonly deviceId: string,
    readonly phone: string,
  ) {
    super();
  }

  async step(model: Model, real: Real): Promise<void> {
    const { account, deviceId, phone } = this;
    const label = `T${model.trackers.length}`;
    const params = { label, group_id: 0, plugin_id: 44, model: 'telfmb920', device_id: deviceId, phone, apn_name: 'a' };
    const code = boxCode(model, this);
    expect(await real.code(account, '/tracker/register', params)).toBe(code);
    if (code !== 0) return;
    const box = { account, deviceId, phone, model: 'telfmb920', isBlocked: false, isHeard: false, isConnected: false };
    const id = model.trackers.length + 1;
    model.trackers.push({ id, account, label, isClone: false, box, isGone: false, isReplaced: false });
  }

  override toString = () => `Register(${this.account}, ${this.deviceId}, ${this.phone})`;
}

class Replace extends OnTracker {
  constructor(
    index: number,
    account: number,
    readonly deviceId: string,
    readonly phone: string,
  ) {
    super(index, account);
  }

  async on(tracker: Shown, model: Model, real: Real): Promise<void> {
    const { account, deviceId, phone } = this;
    const old = tracker.box;
    const code = missing(tracker, account) || this.stateCode(tracker) || boxCode(model, this, old);
    const params = {
      tracker_id: tracker.id,
      plugin_id: 37,
      model: 'qlgv55lite',
      device_id: deviceId,
      phone,
      apn_name: 'a',
    };
    expect(await real.code(account, '/tracker/replace', params)).toBe(code);
    if (code !== 0) return;
    const box = { account, deviceId, phone, model: 'qlgv55lite', isBlocked: false, isHeard: false, isConnected: false };
    for (const each of present(model)) {
      if (each.box === old) Object.assign(each, { box, isReplaced: true });
    }
  }

  stateCode({ box, isClone }: Shown): number {
    if (box.isBlocked) return 208;
    if (isClone) return 219;
    return box.isHeard ? 0 : 266;
  }
}

class Clone extends OnTracker {
  async on(tracker: Shown, model: Model, real: Real): Promise<void> {
    if (tracker.isGone) return;
    const label = `T${model.trackers.length}`;
    const id = await real.api.store.change((tx) => {
      const row = tx.registry.get('tracker', tracker.id)!;
      const made = tx.nextId('tracker');
      tx.put('tracker', { ...row, id: made, accountId: this.account + 1, label, clone: true, settings: {} });
      return made;
    });
    expect(id).toBe(model.trackers.length + 1);
    const { box, isReplaced } = tracker;
    model.trackers.push({ id, account: this.account, label, isClone: true, box, isGone: false, isReplaced });
  }
}

class Corrupt extends OnTracker {
  async on(tracker: Shown, model: Model, real: Real): Promise<void> {
    const code = this.codeFor(tracker);
    expect(await real.code(this.account, '/tracker/corrupt', { tracker_id: tracker.id })).toBe(code);
    if (code !== 0) return;
    for (const each of present(model)) each.isGone ||= each.box === tracker.box;
  }

  codeFor({ account, box, isClone, isGone, ...rest }: Shown): number {
    // A clone that was deleted is gone without a trace; a corrupted device is remembered.
    if (account !== this.account || (rest as { isDeleted?: boolean }).isDeleted === true) return 201;
    if (box.isBlocked) return 208;
    if (isClone) return 219;
    if (isGone) return 252;
    return box.isConnected ? 243 : 0;
  }
}

class Delete extends OnTracker {
  async on(tracker: Shown, _model: Model, real: Real): Promise<void> {
    const code = missing(tracker, this.account) || (tracker.isClone ? 0 : 249);
    expect(await real.code(this.account, '/tracker/delete', { tracker_id: tracker.id })).toBe(code);
    if (code === 0) Object.assign(tracker, { isGone: true, isDeleted: true });
  }
}

class Block extends OnTracker {
  async on(tracker: Shown, _model: Model, real: Real): Promise<void> {
    if (tracker.isGone) return;
    const blocked = !tracker.box.isBlocked;
    await real.api.store.change((tx) => {
      const source = tx.registry.get('source', real.sourceId(tracker.id))!;
      tx.put('source', { ...source, blocked });
    });
    tracker.box.isBlocked = blocked;
  }
}

class Report extends OnTracker {
  async on(tracker: Shown, _model: Model, real: Real): Promise<void> {
    if (tracker.isGone || tracker.box.isBlocked) return;
    await real.api.report(real.sourceId(tracker.id));
    tracker.box.isHeard = true;
  }
}

class Connect extends OnTracker {
  async on(tracker: Shown, _model: Model, real: Real): Promise<void> {
    if (tracker.isGone) return;
    const { connected } = real.api;
    const sourceId = real.sourceId(tracker.id);
    if (tracker.box.isConnected) connected.delete(sourceId);
    else connected.add(sourceId);
    tracker.box.isConnected = !tracker.box.isConnected;
  }
}

class Restart extends Compared {
  constructor(readonly isClean: boolean) {
    super();
  }

  async step(model: Model, real: Real): Promise<void> {
    await real.api.close(this.isClean);
    await real.api.open();
    for (const { box } of model.trackers) box.isConnected = false;
  }

  override toString = () => `Restart(${this.isClean})`;
}

/** Lists, objects and statuses of both accounts, against the model. */
async function compare(model: Model, real: Real): Promise<void> {
  for (const account of accounts) {
    const hash = hashOf(account);
    const expected = present(model).filter((each) => each.account === account);
    const { list } = (await real.api.call('/tracker/list', { hash })) as { list: ListItem[] };
    expect(list.map(seen)).toEqual(expected.map(wanted));
    const { states } = (await real.api.call('/tracker/get_states', { hash, list_blocked: true })) as {
      states: Record<string, { connection_status: string }>;
    };
    const fresh = Object.entries(states).filter(([, state]) => state.connection_status.startsWith('just_'));
    const silent = expected.filter(({ box }) => !box.isHeard && !box.isBlocked);
    expect(fresh.map(([id, state]) => `${id} ${state.connection_status}`)).toEqual(
      silent.map(({ id, isReplaced }) => `${id} just_${isReplaced ? 'replaced' : 'registered'}`),
    );
  }
}

interface ListItem {
  readonly id: number;
  readonly label: string;
  readonly clone: boolean;
  readonly source: { device_id: string; phone: string; model: string; blocked: boolean };
}

const seen = ({ id, label, clone, source }: ListItem) => {
  const { device_id, phone, model, blocked } = source;
  return [id, label, clone, device_id, phone, model, blocked];
};
const wanted = ({ id, label, isClone, box }: Shown) => {
  return [id, label, isClone, box.deviceId, box.phone, box.model, box.isBlocked];
};

const account = fc.constantFrom(...accounts);
const index = fc.nat(40);
const deviceId = fc.constantFrom(...deviceIds);
const phone = fc.constantFrom(...phones);
const onTracker = (make: new (index: number, account: number) => OnTracker) =>
  fc.tuple(index, account).map(([at, by]) => new make(at, by) as Step);
const register = fc.tuple(account, deviceId, phone).map((args) => new Register(...args) as Step);
const replace = fc.tuple(index, account, deviceId, phone).map((args) => new Replace(...args) as Step);
const restart = fc.boolean().map((isClean) => new Restart(isClean) as Step);
const common = [
  ...[register, register, replace, replace],
  ...[onTracker(Clone), onTracker(Corrupt), onTracker(Delete), onTracker(Block)],
  ...[onTracker(Report), onTracker(Report), onTracker(Connect)],
];
const steps = [...common, ...common, restart];

async function setUp(openEngine: () => Engine): Promise<{ model: Model; real: Real }> {
  const api = new ReopeningApi(openEngine);
  await api.open();
  for (const each of accounts) {
    await api.store.change((tx) => {
      const made = createAccount(tx, { login: `${each}@example.com`, passwordHash: 'none', deviceLimit });
      if (!made.ok) throw new Error(made.reason);
      const id = tx.nextId('session');
      tx.put('session', { id, userId: made.user.id, digest: digestOf(hashOf(each)), createdAt: tx.at, usedAt: tx.at });
    });
  }
  return { model: { trackers: [] }, real: new Real(api) };
}

async function holds(openEngine: () => () => Engine, numRuns: number): Promise<number> {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 120, size: 'max' }), async (commands) => {
      const parts = await setUp(openEngine());
      await fc.asyncModelRun(() => parts, commands);
      count += [...commands].length;
      await parts.real.api.close(false);
    }),
    { numRuns, seed, endOnFailure: false },
  );
  return count;
}

const directories: string[] = [];
afterAll(() => {
  for (const each of directories) rmSync(each, { recursive: true, force: true });
});

test('the registry is what the model says, whatever comes, and after every restart', async () => {
  const inMemory = () => {
    const engine = new MemoryEngine();
    return () => engine;
  };
  tally.clear();
  expect(await holds(inMemory, 60)).toBeGreaterThan(2000);
  const outcomes = {
    register: [0, 221, 223, 224],
    replace: [0, 201, 208, 219, 223, 224, 266],
    corrupt: [0, 201, 208, 219, 243, 252],
    delete: [0, 201, 249],
  };
  for (const [name, codes] of Object.entries(outcomes)) {
    for (const code of codes) expect([name, code, tally.has(`/tracker/${name} ${code}`)]).toEqual([name, code, true]);
  }
}, 300_000);

test('the same on disk', async () => {
  const onDisk = () => {
    const directory = mkdtempSync(join(tmpdir(), 'milepost-model-'));
    directories.push(directory);
    return () => new LmdbEngine({ path: join(directory, 'journal') });
  };
  expect(await holds(onDisk, 8)).toBeGreaterThan(100);
}, 300_000);
