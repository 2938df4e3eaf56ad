/**
 * What was kept under a claim that has ended, and traces that were deleted, are gone from the journal after a while: nothing else is.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { issueDeviceToken } from '../../../src/store/claims/tokens.js';
import { keptFrames } from '../../../src/store/history.js';
import { markKey, readMark, Table } from '../../../src/store/tables.js';
import { diskError, FailingEngine } from '../../support/failing-engine.js';
import { settle, until } from '../../support/until.js';
import { HereApi, imei } from './kit.js';

const dayMs = 86_400_000;
const place = { lat: 52.5, lng: 13.4, accuracy: 7 };

let engine: FailingEngine;
let api: HereApi;
/** Tracking ids of the devices 0 and 1, both of the first owner. */
let ids: [string, string];
let tokens: [string, string];

async function open(claimRetentionMs = 30 * dayMs): Promise<void> {
  engine = new FailingEngine();
  api = await HereApi.create({ claimRetentionMs }, () => engine);
  await api.provision(0, 1);
  ids = [(await api.claim(0, 0)).body.trackingId!, (await api.claim(1, 0)).body.trackingId!];
  tokens = [await deviceToken(ids[0]), await deviceToken(ids[1])];
}
beforeEach(() => open());
afterEach(() => api.close(false));

const deviceToken = (id: string) => api.store.change((tx) => issueDeviceToken(tx, tx.registry.get('claim', id)!));
const claimOf = (id: string) => api.store.registry.get('claim', id)!;
const framesOf = (id: string) =>
  [...keptFrames(engine, claimOf(id).sourceId)].map(({ entry }) => entry.frame.toString());
/** The journal as bytes: what is found in it has not been erased. */
const journalHolds = (text: string) => [...engine.read(0)].some(({ value }) => value.includes(text));
/** Tokens of users do not live as long as data. */
const tokenOf = async (owner: number) => (await api.credentials(api.owners[owner]!.user)).token;
const words = async (id: string) => {
  const { body } = await api.call('GET', `/traces/v2/${id}`, { token: await tokenOf(0) });
  const { data } = body as unknown as { data: readonly { payload: { word: string } }[] };
  return data.map(({ payload }) => payload.word);
};

/** Both devices say a word, in one commit. */
async function say(word: string): Promise<void> {
  const body = (which: string) => [{ timestamp: api.now, position: place, payload: { word: `${word} ${which}` } }];
  const sent = [0, 1].map((n) => api.call('POST', '/v2/', { token: tokens[n], body: body(`of ${n}`) }));
  expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([200, 200]);
  api.clock.advance(1000);
}

async function reopen(isClean: boolean): Promise<void> {
  await api.close(isClean);
  await api.open();
}

function keptBytes(): number {
  return [...engine.read(0)].reduce((sum, { value }) => sum + value.length, 0);
}

describe('a claim that has ended', () => {
  test('is erased when its time is over, with everything the owner had set up', async () => {
    for (const word of ['one', 'two', 'three']) await say(word);
    const { sourceId, trackerId } = claimOf(ids[0]);
    await api.store.change((tx) => {
      tx.put('sensor', { id: 900, trackerId } as never);
      tx.put('sensor', { id: 901, trackerId: trackerId + 1 } as never);
    });
    await api.snapshots.run();
    await api.unclaim(ids[0], 0);
    api.clock.advance(30 * dayMs - 1);
    await api.snapshots.run();
    expect(framesOf(ids[0])).toHaveLength(3);
    expect(journalHolds('two of 0')).toBe(true);
    api.clock.advance(1);
    await api.snapshots.run();
    for (const isClean of [undefined, false, true]) {
      if (isClean !== undefined) await reopen(isClean);
      expect(framesOf(ids[0])).toEqual([]);
      for (const word of ['one', 'two', 'three']) expect(journalHolds(`${word} of 0`)).toBe(false);
      expect(await words(ids[1])).toEqual(['one of 1', 'two of 1', 'three of 1']);
      expect(claimOf(ids[0]).erasedAt).toBe(api.now);
      expect(api.store.units.get(sourceId)).toBeUndefined();
      expect([...engine.rows(Table.units, [sourceId])]).toEqual([]);
      expect([...engine.rows(Table.index, [sourceId])]).toEqual([]);
      expect([...api.store.registry.all('sensor')].map(({ id }) => id)).toEqual([901]);
      // The identity is not forgotten: what the unit still holds of that time is nobody's.
      const token = await tokenOf(1);
      const again = (await api.call('PUT', `/registry/v2/devices/${imei(0)}`, { token })).body.trackingId!;
      expect(api.store.registry.get('source', claimOf(again).sourceId)!.notBefore).toBeGreaterThan(0);
      await api.call('DELETE', `/registry/v2/${again}`, { token });
    }
    await api.snapshots.run();
    expect(readMark(engine)?.keptBytes).toBe(keptBytes());
  });

  test('is erased once', async () => {
    await say('one');
    await api.unclaim(ids[0], 0);
    api.clock.advance(31 * dayMs);
    await api.snapshots.run();
    const count = engine.appends.length;
    await api.snapshots.run();
    await api.snapshots.run();
    expect(engine.appends).toHaveLength(count);
  });

  test('is erased whatever cuts it short, and nothing else with it', async () => {
    for (let writes = 0; ; writes++) {
      await open();
      for (const word of ['one', 'two', 'three']) await say(word);
      await api.snapshots.run();
      await api.unclaim(ids[0], 0);
      await api.store.drained();
      api.clock.advance(30 * dayMs);
      engine.tableWritesLeft = writes;
      await api.snapshots.run().catch(() => {});
      const isDone = engine.tableWritesLeft > 0;
      engine.tableWritesLeft = Number.POSITIVE_INFINITY;
      await reopen(false);
      expect(await words(ids[1])).toEqual(['one of 1', 'two of 1', 'three of 1']);
      await api.snapshots.run();
      expect(framesOf(ids[0])).toEqual([]);
      expect(journalHolds(' of 0')).toBe(false);
      expect(claimOf(ids[0]).erasedAt).toBeDefined();
      await reopen(false);
      expect(await words(ids[1])).toEqual(['one of 1', 'two of 1', 'three of 1']);
      if (isDone) break;
      await api.close(false);
    }
  });

  test('is not erased for an end that could not be kept', async () => {
    await open(0);
    await say('one');
    engine.failure = diskError('ENOSPC');
    const refused = api.unclaim(ids[0], 0);
    const pass = api.snapshots.run().catch(() => {});
    expect((await refused).status).toBe(503);
    await pass;
    engine.failure = undefined;
    api.clock.advance(1000);
    await until(() => api.store.health.ready, 'the disk works again');
    await api.snapshots.run();
    expect(await words(ids[0])).toEqual(['one of 0']);
  });

  test('waits for what is on its way to the disk', async () => {
    await open(0);
    engine.hold();
    const sent = api.call('POST', '/v2/', {
      token: tokens[0],
      body: [{ timestamp: api.now, payload: { word: 'late' } }],
    });
    await until(() => engine.heldCount > 0, 'a commit that waits');
    const ended = api.unclaim(ids[0], 0);
    await settle();
    const pass = api.snapshots.run();
    engine.release();
    expect((await sent).status).toBe(200);
    expect((await ended).status).toBe(204);
    await pass;
    expect(journalHolds('late')).toBe(false);
    expect(claimOf(ids[0]).erasedAt).toBe(api.now);
  });
});

describe('deleted traces', () => {
  const clear = () => api.call('DELETE', `/traces/v2/${ids[0]}`, { token: api.owners[0]!.token });

  test('are erased, what came later and the state are not', async () => {
    await say('one');
    await api.snapshots.run();
    await say('two');
    expect((await clear()).status).toBe(204);
    api.clock.advance(1000);
    await say('three');
    await api.snapshots.run();
    expect(framesOf(ids[0])).toEqual([expect.stringContaining('three of 0')]);
    expect([journalHolds('one of 0'), journalHolds('two of 0'), journalHolds('one of 1')]).toEqual([
      false,
      false,
      true,
    ]);
    for (const isClean of [false, true]) {
      await reopen(isClean);
      expect(await words(ids[0])).toEqual(['three of 0']);
      expect(await words(ids[1])).toEqual(['one of 1', 'two of 1', 'three of 1']);
    }
    await api.snapshots.run();
    expect(readMark(engine)?.keptBytes).toBe(keptBytes());
  });

  test('leave a state that other decoders do not take away', async () => {
    await say('one');
    await clear();
    await api.snapshots.run();
    expect(framesOf(ids[0])).toEqual([]);
    await api.close(true);
    const mark = { ...readMark(engine)!, decoderVersions: { here: 0 } };
    await engine.put(Table.meta, markKey, Buffer.from(JSON.stringify(mark)));
    await api.open();
    const { body } = await api.call('GET', `/shadows/v2/${ids[0]}/reported`, { token: api.owners[0]!.token });
    expect(body).toMatchObject({ payload: { word: 'one of 0' } });
    expect(await words(ids[1])).toEqual(['one of 1']);
  });

  test('of a frame that cannot be read go too', async () => {
    const { sourceId } = claimOf(ids[0]);
    const context = Buffer.from(JSON.stringify(['here', 'tcp', imei(0), '', '/v2/']));
    const frame = { sourceId, receivedAt: api.now, context, bytes: Buffer.from('no telemetry') };
    await new Promise((settled) => api.store.acceptUndecodable(frame, 'unknown_message', { settled }));
    await clear();
    await api.snapshots.run();
    expect(journalHolds('no telemetry')).toBe(false);
    expect(api.store.registry.poisonOfSource(sourceId)).toEqual([]);
  });
});
