/**
 * Two owners fight over the same devices, step by step against a model that is as simple as can be, with restarts in between: there are
 * never two owners, nobody ever sees what is another's, and the counts of licences are right after every step.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { issueDeviceToken } from '../../../src/store/claims/tokens.js';
import type { Engine } from '../../../src/store/engine.js';
import { LmdbEngine } from '../../../src/store/lmdb-engine.js';
import { MemoryEngine } from '../../../src/store/memory-engine.js';
import { appOf, HereApi, imei } from '../../http/here/kit.js';

type Owner = 0 | 1;

interface Claim {
  readonly trackingId: string;
  readonly device: number;
  readonly owner: Owner;
  readonly sourceId: number;
  isOpen: boolean;
  /** Seconds of the clock at which records were taken. */
  readonly records: Set<number>;
}

interface Model {
  readonly claims: Claim[];
  readonly provisioned: Set<number>;
  readonly deactivated: Set<number>;
  /** When the last claim of a device ended. */
  readonly endedAt: Map<number, number>;
  /** Devices registered by hand, without a claim. */
  readonly registered: Map<number, Owner>;
}

const owners: readonly Owner[] = [0, 1];
const devices = [0, 1, 2, 3, 4] as const;
/** Devices that the first one may provision, and own. */
const quota = 3;
const quotaOf = (owner: Owner) => (owner === 0 ? quota : 1);
const openOf = (model: Model, device: number) => model.claims.find((each) => each.isOpen && each.device === device);
const openOfOwner = (model: Model, owner: Owner) => model.claims.filter((each) => each.isOpen && each.owner === owner);

/** The same walk each time, since it has to come by every outcome. */
const seed = 11;

/** How often each step had which outcome: a run in which nothing ever clashes proves nothing. */
const tally = new Map<string, number>();
function count(step: string, status: number): number {
  const key = `${step} ${status}`;
  tally.set(key, (tally.get(key) ?? 0) + 1);
  return status;
}

type Step = fc.AsyncCommand<Model, HereApi>;

abstract class Compared implements Step {
  check(_model: Readonly<Model>): boolean {
    return true;
  }

  async run(model: Model, api: HereApi): Promise<void> {
    api.clock.advance(1000);
    await this.step(model, api);
    await compare(model, api);
  }

  abstract step(model: Model, api: HereApi): Promise<void>;
}

abstract class OnDevice extends Compared {
  constructor(
    readonly device: number,
    readonly owner: Owner,
  ) {
    super();
  }

  override toString = () => `${this.constructor.name}(${this.device}, ${this.owner})`;
}

class Provision extends OnDevice {
  async step(model: Model, api: HereApi): Promise<void> {
    const device = { id: imei(this.device), model: 'telfmb920' };
    const status = await api.project({ id: 'p0', devices: [device] }).then(
      () => 200,
      () => 409,
    );
    const isKnown = model.provisioned.has(this.device);
    const isRefused = model.deactivated.has(this.device) || (!isKnown && model.provisioned.size >= quota);
    expect(count('provision', status)).toBe(isRefused ? 409 : 200);
    if (!isRefused) model.provisioned.add(this.device);
  }
}

class Claiming extends OnDevice {
  async step(model: Model, api: HereApi): Promise<void> {
    const { device, owner } = this;
    const { status, body } = await api.claim(device, owner);
    expect(count('claim', status)).toBe(this.expected(model));
    const open = openOf(model, device);
    if (status === 200) expect(body.trackingId).toBe(open?.trackingId);
    if (status !== 201) return;
    const trackingId = body.trackingId!;
    expect(model.claims.map((each) => each.trackingId)).not.toContain(trackingId);
    const { sourceId } = api.store.registry.get('claim', trackingId)!;
    model.registered.delete(device);
    model.claims.push({ trackingId, device, owner, sourceId, isOpen: true, records: new Set() });
  }

  expected(model: Model): number {
    const { device, owner } = this;
    if (!model.provisioned.has(device)) return 404;
    const open = openOf(model, device);
    if (open !== undefined) return open.owner === owner ? 200 : 409;
    const registered = model.registered.get(device);
    if (registered !== undefined && registered !== owner) return 409;
    return openOfOwner(model, owner).length >= quotaOf(owner) ? 403 : 201;
  }
}

/** A claim there ever was, by its number. */
abstract class OnClaim extends Compared {
  constructor(
    readonly index: number,
    readonly owner: Owner,
  ) {
    super();
  }

  override check(model: Readonly<Model>): boolean {
    return model.claims.length > 0;
  }

  step(model: Model, api: HereApi): Promise<void> {
    return this.on(model.claims[model.claims.length - 1 - (this.index % model.claims.length)]!, model, api);
  }

  abstract on(claim: Claim, model: Model, api: HereApi): Promise<void>;
  override toString = () => `${this.constructor.name}(${this.index}, ${this.owner})`;
}

function end(claim: Claim, model: Model, api: HereApi): void {
  claim.isOpen = false;
  model.endedAt.set(claim.device, api.now);
}

class GivingUp extends OnClaim {
  async on(claim: Claim, model: Model, api: HereApi): Promise<void> {
    const { status } = await api.unclaim(claim.trackingId, this.owner);
    const isTheirs = claim.isOpen && claim.owner === this.owner;
    expect(count('unclaim', status)).toBe(isTheirs ? 204 : 404);
    if (isTheirs) end(claim, model, api);
  }
}

/** The tracker is deleted in the tracker API. */
class Corrupting extends OnClaim {
  async on(claim: Claim, model: Model, api: HereApi): Promise<void> {
    const { trackerId } = api.store.registry.get('claim', claim.trackingId)!;
    const body = await api.navixy('/tracker/corrupt', this.owner, { tracker_id: trackerId });
    const isTheirs = claim.isOpen && claim.owner === this.owner;
    // One that was heard from just now is taken to be connected.
    const wasHeard = isTheirs && (body as { status?: { code: number } }).status?.code === 243;
    if (wasHeard) return;
    expect(count('corrupt', (body as { success?: boolean }).success === true ? 200 : 400)).toBe(isTheirs ? 200 : 400);
    if (isTheirs) end(claim, model, api);
  }
}

class Registering extends OnDevice {
  async step(model: Model, api: HereApi): Promise<void> {
    const { device, owner } = this;
    const body = await api.navixy('/tracker/register', owner, {
      ...{ label: 'Van', group_id: 0, plugin_id: 44, model: 'telfmb920', device_id: imei(device) },
      ...{ phone: `49170000${device}${owner}`, apn_name: 'a' },
    });
    const isFree = openOf(model, device) === undefined && !model.registered.has(device);
    const isDone = (body as { success?: boolean }).success === true;
    expect(isDone).toBe(isFree);
    count('register', isDone ? 200 : 400);
    if (isFree) model.registered.set(device, owner);
  }
}

class Deactivating extends OnDevice {
  async step(model: Model, api: HereApi): Promise<void> {
    const { token } = api.owners[this.owner]!;
    const { status } = await api.call('DELETE', `/registry/v2/devices/${imei(this.device)}`, { token });
    const isThere = model.provisioned.has(this.device);
    const expected = this.owner === 1 ? 403 : openOf(model, this.device) === undefined ? 204 : 400;
    expect(count('deactivate', status)).toBe(isThere ? expected : 404);
    if (status !== 204) return;
    model.provisioned.delete(this.device);
    model.deactivated.add(this.device);
  }
}

/** The device sends what it made a while ago and what it makes now, under the token of a claim. */
class Reporting extends OnClaim {
  constructor(
    index: number,
    owner: Owner,
    readonly ageSeconds: number,
  ) {
    super(index, owner);
  }

  async on(claim: Claim, model: Model, api: HereApi): Promise<void> {
    const { trackingId } = claim;
    if (!claim.isOpen) {
      const body = { id: trackingId, data: [{ timestamp: api.now }] };
      const reply = await api.call('POST', '/v3/', { token: api.owners[this.owner]!.token, body });
      expect(count('report', reply.status)).toBe(404);
      return;
    }
    const row = api.store.registry.get('claim', trackingId)!;
    const token = await api.store.change((tx) => issueDeviceToken(tx, row));
    const times = [api.now - this.ageSeconds * 1000, api.now];
    const body = times.map((timestamp) => ({
      timestamp,
      position: { lat: claim.owner, lng: timestamp % 180, accuracy: 1 },
    }));
    expect(count('report', (await api.call('POST', '/v2/', { token, body })).status)).toBe(200);
    const notBefore = api.store.registry.get('source', claim.sourceId)!.notBefore ?? 0;
    for (const at of times) {
      if (at >= notBefore) claim.records.add(at);
      else count('dropped', 200);
    }
    expect(notBefore).toBeLessThanOrEqual(model.endedAt.get(claim.device) ?? 0);
  }

  override toString = () => `Reporting(${this.index}, ${this.owner}, ${this.ageSeconds})`;
}

class Restart extends Compared {
  constructor(readonly isClean: boolean) {
    super();
  }

  async step(_model: Model, api: HereApi): Promise<void> {
    await api.close(this.isClean);
    await api.store.close();
    await api.open();
  }

  override toString = () => `Restart(${this.isClean})`;
}

interface Listed {
  readonly data: readonly { readonly trackingId: string; readonly shadow: { readonly reported: object } }[];
}

async function compare(model: Model, api: HereApi): Promise<void> {
  const { claims } = api.store.registry;
  for (const device of devices) {
    const rows = claims.claimsOf(imei(device)).filter(({ unclaimedAt }) => unclaimedAt === undefined);
    expect(rows.map(({ id }) => id)).toEqual([openOf(model, device)?.trackingId].filter((id) => id !== undefined));
  }
  for (const owner of owners) await compareOwner(model, api, owner);
  const { token } = api.owners[0]!;
  const licences = await api.call('GET', `/registry/v2/${appOf(0)}/licenseCount`, { token });
  expect(licences.body).toMatchObject({ count: model.provisioned.size });
}

async function compareOwner(model: Model, api: HereApi, owner: Owner): Promise<void> {
  const { token } = api.owners[owner]!;
  const theirs = openOfOwner(model, owner);
  expect(api.store.registry.claims.openClaimsOf(`p${owner}`)).toHaveLength(theirs.length);
  const list = (await api.call('GET', '/users/v2/devices', { token })).body as unknown as Listed;
  expect(list.data.map(({ trackingId }) => trackingId)).toEqual(theirs.map(({ trackingId }) => trackingId));
  const trackers = (await api.trackers(owner)).map(({ source }) => source.device_id).sort();
  const byHand = [...model.registered].flatMap(([device, holder]) => (holder === owner ? [imei(device)] : []));
  expect(trackers).toEqual([...theirs.map(({ device }) => imei(device)), ...byHand].sort());
  for (const claim of model.claims.slice(-4)) {
    const { status, body } = await api.call('GET', `/traces/v2/${claim.trackingId}`, { token });
    const isTheirs = claim.isOpen && claim.owner === owner;
    expect([claim.trackingId, status]).toEqual([claim.trackingId, isTheirs ? 200 : 404]);
    if (!isTheirs) continue;
    const data = body.data as unknown as { timestamp: number; position: { lat: number } }[];
    expect(data.map(({ timestamp }) => timestamp)).toEqual([...claim.records].sort((left, right) => left - right));
    for (const { position } of data) expect(position.lat).toBe(owner);
  }
}

const owner = fc.constantFrom(...owners);
const device = fc.constantFrom(...devices);
const index = fc.nat(5);
const onDevice = (make: new (device: number, owner: Owner) => OnDevice) =>
  fc.tuple(device, owner).map((args) => new make(...args) as Step);
const onClaim = (make: new (index: number, owner: Owner) => OnClaim) =>
  fc.tuple(index, owner).map((args) => new make(...args) as Step);
const reporting = fc.tuple(index, owner, fc.nat(30)).map((args) => new Reporting(...args) as Step);
const restart = fc.boolean().map((isClean) => new Restart(isClean) as Step);
const claiming = onDevice(Claiming);
const givingUp = onClaim(GivingUp);
const common = [onDevice(Provision), claiming, claiming, claiming, givingUp, givingUp, reporting, reporting, reporting];
const steps = [
  ...common,
  ...common,
  ...common,
  onClaim(Corrupting),
  onDevice(Registering),
  onDevice(Deactivating),
  restart,
];

async function holds(openEngine: () => () => Engine, numRuns: number): Promise<number> {
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 100, size: 'max' }), async (commands) => {
      const api = await HereApi.create({}, openEngine());
      for (const n of owners) await api.project({ id: `p${n}`, licence: { quota: quotaOf(n) } });
      const model: Model = {
        ...{ claims: [], provisioned: new Set<number>(), deactivated: new Set<number>() },
        ...{ endedAt: new Map<number, number>(), registered: new Map<number, Owner>() },
      };
      await fc.asyncModelRun(() => ({ model, real: api }), commands);
      ran += [...commands].length;
      await api.close(false);
      await api.store.close();
    }),
    { numRuns, seed, endOnFailure: false },
  );
  return ran;
}

const directories: string[] = [];
afterAll(() => {
  for (const each of directories) rmSync(each, { recursive: true, force: true });
});

test('two owners, whatever comes, and after every restart', async () => {
  const inMemory = () => {
    const engine = new MemoryEngine();
    return () => engine;
  };
  expect(await holds(inMemory, 60)).toBeGreaterThan(2000);
  const outcomes = {
    ...{
      provision: [200, 409],
      claim: [200, 201, 403, 404, 409],
      unclaim: [204, 404],
      report: [200, 404],
      dropped: [200],
    },
    ...{ corrupt: [200, 400], register: [200, 400], deactivate: [204, 400, 403, 404] },
  };
  for (const [name, statuses] of Object.entries(outcomes)) {
    for (const status of statuses) expect([name, status, tally.has(`${name} ${status}`)]).toEqual([name, status, true]);
  }
}, 300_000);

test('the same on disk', async () => {
  const onDisk = () => {
    const directory = mkdtempSync(join(tmpdir(), 'milepost-claims-'));
    directories.push(directory);
    return () => new LmdbEngine({ path: join(directory, 'journal') });
  };
  expect(await holds(onDisk, 6)).toBeGreaterThan(100);
}, 300_000);
