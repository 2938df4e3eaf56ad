/** What subscribers of the state topic are told, and when. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deleteClone } from '../../src/store/removal.js';
import type { SourceRow, TrackerRow } from '../../src/store/rows.js';
import { settle } from '../support/until.js';
import { idOf, stateIn, TopicKit } from './kit.js';

type Made = { tracker: TrackerRow; source: SourceRow };

let kit: TopicKit;
let a: Made;
let b: Made;
beforeEach(async () => {
  kit = await TopicKit.open();
  [a, b] = (await kit.trackers('a', 'b')) as [Made, Made];
});
afterEach(() => kit.close());

const topicOf = ({ tracker }: Made) => `trackers/${tracker.id}/state`;
const report = (of: Made, lat = 1) => kit.api.store.report(of.source.id, { hw_mileage: 1 }, { position: { lat } });

describe('a subscription', () => {
  test('gets the state of now as retained, and changes as they come', async () => {
    report(a);
    const client = await kit.connect();
    expect(await client.subscribe(topicOf(a))).toEqual([0]);
    const first = await client.next();
    expect(first).toEqual({ topic: topicOf(a), text: expect.anything(), retain: true });
    expect(stateIn(first)).toEqual(await kit.stateOf(a.tracker.id));
    kit.api.clock.advance(10_000);
    report(a, 2);
    report(b, 2);
    const [change, ...more] = await client.rest();
    expect(change).toEqual({ topic: topicOf(a), text: expect.anything(), retain: false });
    expect(stateIn(change!)).toEqual(await kit.stateOf(a.tracker.id));
    expect(more).toEqual([]);
  });

  test('has dates in the zone of the user', async () => {
    const berlin = await kit.api.account({ timeZone: 'Europe/Berlin' });
    const { tracker, source } = await kit.api.tracker(berlin);
    kit.api.store.report(source.id, {}, { position: {} });
    const client = await kit.connect({ username: berlin.hash });
    await client.subscribe('#');
    const state = stateIn(await client.next());
    expect(state).toEqual(await kit.stateOf(tracker.id, berlin));
    expect(state).toMatchObject({ last_update: '2026-06-15 14:00:00' });
  });

  test('is told once for reports of one moment, with the newest', async () => {
    const client = await kit.subscribed(topicOf(a));
    for (let i = 0; i < 10; i++) report(a, i);
    const [only, ...more] = await client.rest();
    expect(stateIn(only!)).toMatchObject({ gps: { location: { lat: 9 } } });
    expect(more).toEqual([]);
  });

  test.each([['trackers/+/state'], ['trackers/#'], ['#'], ['+/+/state'], ['+/+/+'], ['trackers/+/state/#']])(
    'of all: %s',
    async (filter) => {
      const client = await kit.connect();
      expect(await client.subscribe(filter)).toEqual([0]);
      const first = await client.rest();
      expect(first.map((each) => [idOf(each), each.retain])).toEqual([
        [a.tracker.id, true],
        [b.tracker.id, true],
      ]);
      report(b);
      expect((await client.rest()).map(idOf)).toEqual([b.tracker.id]);
    },
  );

  test('of everything below one tracker is one of its state', async () => {
    const client = await kit.connect();
    await client.subscribe(`trackers/${b.tracker.id}/#`);
    expect((await client.rest()).map(idOf)).toEqual([b.tracker.id]);
  });

  test('that overlaps another tells a change once; each tells the state of now', async () => {
    const client = await kit.subscribed('#');
    await client.subscribe(topicOf(a));
    expect((await client.rest()).map((each) => [idOf(each), each.retain])).toEqual([[a.tracker.id, true]]);
    await client.subscribe(['trackers/#', '+/+/+']);
    expect((await client.rest()).map((each) => [idOf(each), each.retain])).toEqual([
      [a.tracker.id, true],
      [b.tracker.id, true],
    ]);
    report(a);
    expect(await client.rest()).toHaveLength(1);
    await client.mqtt.unsubscribeAsync('#');
    await client.mqtt.unsubscribeAsync('trackers/#');
    report(b);
    expect(await client.rest()).toHaveLength(1);
    await client.mqtt.unsubscribeAsync('+/+/+');
    report(a);
    report(b);
    expect((await client.rest()).map(idOf)).toEqual([a.tracker.id]);
    await client.mqtt.unsubscribeAsync(topicOf(a));
    report(a);
    expect(await client.rest()).toEqual([]);
    expect(kit.topic.subscriptionCount).toBe(0);
  });

  test('made again tells the state again', async () => {
    const client = await kit.subscribed('#');
    await client.subscribe('#');
    expect((await client.rest()).map(({ retain }) => retain)).toEqual([true, true]);
  });

  test('is granted QoS 0, whatever is asked for', async () => {
    const client = await kit.connect();
    expect(await client.subscribe(['#', topicOf(a)], 2)).toEqual([0, 0]);
    expect(await client.subscribe('trackers/#', 1)).toEqual([0]);
    report(a);
    expect((await client.rest()).length).toBeGreaterThan(0);
  });

  test.each([
    ['$SYS/#'],
    ['$SYS/+/new/clients'],
    ['trackers'],
    ['trackers/1'],
    ['trackers/0/state'],
    ['trackers/01/state'],
    ['trackers/x/state'],
    ['trackers/+/position'],
    ['trackers/+/state/more'],
    ['units/+/state'],
    ['/trackers/+/state'],
    ['$share/group/trackers/+/state'],
    ['constructor'],
    ['__proto__'],
    ['trackers/99/state'],
    ['trackers/99/#'],
  ])('of what is not there is refused: %s', async (filter) => {
    const client = await kit.connect();
    expect(await client.subscribe([filter, topicOf(a)])).toEqual([128, 0]);
    expect((await client.rest()).map(idOf)).toEqual([a.tracker.id]);
  });

  test('of thousands of trackers gets the states of all of them', async () => {
    const labels = Array.from({ length: 2000 }, (_, i) => `t${i}`);
    await kit.trackers(...labels);
    const client = await kit.connect();
    await client.subscribe('#');
    const ids = new Set((await client.take(2002)).map(idOf));
    expect(ids.size).toBe(2002);
    expect(await client.rest()).toEqual([]);
  });
});

describe('a tracker', () => {
  test('that falls silent has another connection status, which is a message', async () => {
    report(a);
    kit.api.store.connected.add(a.source.id);
    const client = await kit.subscribed(topicOf(a));
    const statuses = async () => (await client.rest()).map((each) => stateIn(each).connection_status);
    kit.api.store.connected.delete(a.source.id);
    kit.api.clock.advance(1000);
    expect(await statuses()).toEqual(['signal_lost']);
    kit.api.store.connected.add(a.source.id);
    kit.api.clock.advance(1000);
    expect(await statuses()).toEqual(['active']);
    kit.api.clock.advance(300_000);
    expect(await statuses()).toEqual(['idle']);
    kit.api.clock.advance(300_000);
    expect(await statuses()).toEqual(['offline']);
    kit.api.clock.advance(300_000);
    expect(await statuses()).toEqual([]);
  });

  test('that is new is told of to who subscribed to all', async () => {
    const client = await kit.subscribed('#');
    const { tracker } = await kit.api.tracker(kit.owner);
    expect((await client.rest()).map((each) => [idOf(each), each.retain])).toEqual([[tracker.id, false]]);
  });

  test('that is blocked has an empty state, once, and its state again when it is unblocked', async () => {
    const client = await kit.subscribed('#');
    await kit.api.changeSource(a.source, { blocked: true });
    report(a);
    kit.api.clock.advance(700_000);
    expect(await client.rest()).toEqual([{ topic: topicOf(a), text: '', retain: false }]);
    report(a);
    expect(await client.rest()).toEqual([]);
    await kit.api.changeSource(a.source, { blocked: false });
    const [back, ...more] = await client.rest();
    expect([stateIn(back!), back?.retain, more]).toEqual([await kit.stateOf(a.tracker.id), false, []]);
  });

  test('that is blocked at the subscription tells nothing until it is unblocked', async () => {
    await kit.api.changeSource(a.source, { blocked: true });
    const client = await kit.connect();
    expect(await client.subscribe(topicOf(a))).toEqual([0]);
    report(a);
    expect(await client.rest()).toEqual([]);
    await kit.api.changeSource(a.source, { blocked: false });
    expect(await client.rest()).toHaveLength(1);
  });

  test('that was unsubscribed when it was blocked tells nothing at the next subscription', async () => {
    const client = await kit.subscribed('#');
    await client.mqtt.unsubscribeAsync('#');
    await kit.api.changeSource(a.source, { blocked: true });
    await client.subscribe('#');
    expect((await client.rest()).map(idOf)).toEqual([b.tracker.id]);
  });

  test('that is deleted has an empty state, and cannot be subscribed to any more', async () => {
    const client = await kit.subscribed('#');
    const call = { hash: kit.owner.hash, tracker_id: a.tracker.id };
    expect((await kit.api.call('/tracker/corrupt', call)).body.success).toBe(true);
    expect(await client.rest()).toEqual([{ topic: topicOf(a), text: '', retain: false }]);
    report(a);
    expect(await client.rest()).toEqual([]);
    expect(await client.subscribe(topicOf(a))).toEqual([128]);
  });

  test('that is a clone and goes has an empty state', async () => {
    const clone = await kit.api.store.change((tx) => {
      const row: TrackerRow = { ...a.tracker, id: tx.nextId('tracker'), clone: true };
      tx.put('tracker', row);
      return row;
    });
    const client = await kit.subscribed('#');
    await kit.api.store.change((tx) => deleteClone(tx, clone));
    expect(await client.rest()).toEqual([{ topic: `trackers/${clone.id}/state`, text: '', retain: false }]);
    report(a);
    expect((await client.rest()).map(idOf)).toEqual([a.tracker.id]);
  });

  test('of another account is not told of', async () => {
    const stranger = await kit.api.account();
    const client = await kit.connect({ username: stranger.hash });
    expect(await client.subscribe(['#', topicOf(a)])).toEqual([0, 128]);
    report(a);
    await kit.api.changeSource(a.source, { blocked: true });
    expect(await client.rest()).toEqual([]);
  });

  test('is told of to sub-users as long as it is theirs', async () => {
    const sub = await kit.api.subUser(kit.owner, { trackerIds: [a.tracker.id] });
    const assign = (trackerIds: number[] | undefined) =>
      kit.api.store.change((tx) => tx.put('user', { ...sub.user, ...(trackerIds && { trackerIds }) }));
    const client = await kit.connect({ username: sub.hash });
    expect(await client.subscribe(['#', topicOf(b)])).toEqual([0, 128]);
    expect((await client.rest()).map(idOf)).toEqual([a.tracker.id]);
    report(b);
    expect(await client.rest()).toEqual([]);
    await assign([a.tracker.id, b.tracker.id]);
    expect((await client.rest()).map((each) => [idOf(each), each.retain])).toEqual([[b.tracker.id, false]]);
    await assign([b.tracker.id]);
    expect(await client.rest()).toEqual([{ topic: topicOf(a), text: '', retain: false }]);
    report(a);
    expect(await client.rest()).toEqual([]);
    await kit.api.store.change((tx) => {
      const { trackerIds: _, ...user } = sub.user;
      tx.put('user', user);
    });
    expect((await client.rest()).map(idOf)).toEqual([a.tracker.id]);
  });

  test('whose state cannot be made is passed over', async () => {
    const { stateOf } = kit.api.store;
    const client = await kit.subscribed('#');
    kit.api.store.stateOf = (id) => {
      if (id === a.source.id) throw new Error('broken');
      return stateOf.call(kit.api.store, id);
    };
    report(b);
    await client.subscribe('#');
    await settle();
    expect((await client.rest()).map(idOf)).toContain(b.tracker.id);
    kit.api.store.stateOf = stateOf;
    expect(client.isOpen).toBe(true);
  });
});
