import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sessionLifetimeMs, touchPeriodMs } from '../../../src/http/navixy/credential.js';
import { setPassword } from '../../../src/store/accounts.js';
import { replaceUnit } from '../../../src/store/registration.js';
import { deleteClone } from '../../../src/store/removal.js';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import type { TestUser } from '../../support/api.js';
import type { LiveClient } from '../../support/live-client.js';
import { LiveKit } from './live-kit.js';

type Made = { tracker: TrackerRow; source: SourceRow };

let kit: LiveKit;
let a: Made;
let b: Made;
beforeEach(async () => {
  kit = await LiveKit.open();
  [a, b] = (await kit.trackers('a', 'b')) as [Made, Made];
});
afterEach(() => kit.close());

const all = { type: 'state_batch', target: { type: 'all' }, rate_limit: '0s' } as never;
const states = (...of: Made[]) => ({ type: 'state', trackers: of.map(({ tracker }) => tracker.id) }) as never;
const lifecycle = (sourceId: number, event: string) => ({
  type: 'event',
  event: 'lifecycle',
  data: { source_id: sourceId, lifecycle_event: event },
});

describe('a tracker that is blocked', () => {
  test.each([
    ['state', () => states(a), 1],
    ['state_batch', () => all, 1],
    ['readings_batch', () => ({ type: 'readings_batch', target: { type: 'all' }, rate_limit: '0s' }) as never, 1],
  ] as const)('sends lifecycle events and no state: %s', async (_, request, first) => {
    const client = await kit.subscribed(request(), first);
    await kit.api.changeSource(a.source, { blocked: true });
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    expect(await client.rest()).toEqual([lifecycle(a.source.id, 'block')]);
    kit.api.clock.advance(700_000);
    expect(await client.rest()).toEqual([]);
    await kit.api.changeSource(a.source, { blocked: false });
    const [event, state, ...more] = await client.rest();
    expect(event).toEqual(lifecycle(a.source.id, 'unblock'));
    expect([state?.type, more]).toEqual(['event', []]);
  });

  test('at the subscription tells its state once it is unblocked', async () => {
    await kit.api.changeSource(a.source, { blocked: true });
    const client = await kit.subscribed(states(a), 0);
    expect(await client.rest()).toEqual([]);
    await kit.api.changeSource(a.source, { blocked: false });
    expect(await client.rest()).toMatchObject([
      lifecycle(a.source.id, 'unblock'),
      { event: 'state', data: { source_id: a.source.id } },
    ]);
  });

  test('is of no concern to others', async () => {
    const client = await kit.subscribed(states(b), 1);
    const stranger = await kit.api.account();
    const other = await kit.subscribed(all, 0, stranger.hash);
    const sub = await kit.api.subUser(kit.owner, { trackerIds: [b.tracker.id] });
    const third = await kit.subscribed(all, 1, sub.hash);
    await kit.api.changeSource(a.source, { blocked: true });
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    for (const each of [client, other, third]) expect(await each.rest()).toEqual([]);
  });

  test('is told of once to who has several subscriptions, and to each credential', async () => {
    const client = await kit.subscribed(states(a), 1);
    await client.ask({ action: 'subscribe', hash: kit.owner.hash, requests: [all] });
    await client.rest();
    const again = await kit.api.session(kit.owner.user);
    await client.ask({ action: 'subscribe', hash: again.hash, requests: [states(a)] });
    await client.rest();
    await kit.api.changeSource(a.source, { blocked: true });
    expect(await client.rest()).toEqual([lifecycle(a.source.id, 'block'), lifecycle(a.source.id, 'block')]);
  });
});

describe('a tracker that goes', () => {
  test('corrupted: a lifecycle event, and never a state again', async () => {
    const client = await kit.subscribed(all, 1);
    const call = { hash: kit.owner.hash, tracker_id: a.tracker.id };
    expect((await kit.api.call('/tracker/corrupt', call)).body.success).toBe(true);
    expect(await client.rest()).toEqual([lifecycle(a.source.id, 'corrupt')]);
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    await kit.api.changeSource(kit.api.store.registry.get('source', a.source.id)!, { blocked: true });
    expect(await client.rest()).toEqual([]);
    const requests = [states(a)];
    const answer = await client.ask({ action: 'subscribe', hash: kit.owner.hash, requests });
    expect(answer.data).toEqual({ state: { success: true, value: { [a.tracker.id]: 'unknown' } } });
  });

  test('replaced: the old device is gone, the new one is the tracker’s', async () => {
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    const client = await kit.subscribed(states(a), 1);
    const unit = { model: 'telfmb920', deviceId: '356307042449999', phone: null };
    const outcome = await kit.api.store.change((tx) => replaceUnit(tx, a.tracker, unit));
    if (!outcome.ok) throw new Error(outcome.reason);
    expect(await client.rest()).toMatchObject([
      lifecycle(a.source.id, 'corrupt'),
      { event: 'state', data: { source_id: outcome.source.id, connection_status: 'just_replaced' } },
    ]);
    kit.api.store.report(a.source.id, { hw_mileage: 2 });
    expect(await client.rest()).toEqual([]);
    kit.api.store.report(outcome.source.id, { hw_mileage: 3 });
    expect(await client.rest()).toMatchObject([{ data: { source_id: outcome.source.id } }]);
  });

  test('a clone that is deleted is told of no more', async () => {
    const clone = await kit.api.store.change((tx) => {
      const row: TrackerRow = { ...a.tracker, id: tx.nextId('tracker'), clone: true };
      tx.put('tracker', row);
      return row;
    });
    const client = await kit.subscribed({ type: 'state', trackers: [clone.id] } as never, 1);
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    expect(await client.rest()).toHaveLength(1);
    await kit.api.store.change((tx) => deleteClone(tx, clone));
    kit.api.store.report(a.source.id, { hw_mileage: 2 });
    expect(await client.rest()).toEqual([]);
  });
});

describe('a tracker that comes', () => {
  test('is told of at once to who is subscribed to all', async () => {
    const client = await kit.subscribed(all, 1);
    const few = await kit.subscribed(states(a), 1);
    const { source } = await kit.api.tracker(kit.owner);
    expect(await client.rest()).toMatchObject([
      { event: 'state_batch', data: [{ source_id: source.id, connection_status: 'just_registered' }] },
    ]);
    expect(await few.rest()).toEqual([]);
  });

  test('by assignment is told of to the sub-user, and one that is taken away no more', async () => {
    const sub = await kit.api.subUser(kit.owner, { trackerIds: [a.tracker.id] });
    const client = await kit.subscribed(all, 1, sub.hash);
    const assign = (trackerIds: number[]) => kit.api.store.change((tx) => tx.put('user', { ...sub.user, trackerIds }));
    await assign([a.tracker.id, b.tracker.id]);
    expect(await client.rest()).toMatchObject([{ data: [{ source_id: b.source.id }] }]);
    await assign([b.tracker.id]);
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    expect(await client.rest()).toEqual([]);
    kit.api.store.report(b.source.id, { hw_mileage: 1 });
    expect(await client.rest()).toHaveLength(1);
  });
});

describe('the end of a credential', () => {
  const logout = { type: 'event', event: 'logout', data: 'session closed' };

  /** Ends with a last event, and nothing after it. */
  async function expectLogout(client: LiveClient): Promise<void> {
    expect(await client.rest()).toEqual([logout]);
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    await kit.api.changeSource(a.source, { blocked: true });
    kit.api.clock.advance(2000);
    expect(await client.rest()).toEqual([]);
    expect(kit.api.server.hub.subscriptionCount).toBe(0);
  }

  test('logging out', async () => {
    const client = await kit.subscribed(states(a), 1);
    await kit.api.call('/user/logout', { hash: kit.owner.hash });
    await expectLogout(client);
    const answer = await client.ask({ action: 'subscribe', hash: kit.owner.hash, requests: [states(a)] });
    expect(answer).toMatchObject({ type: 'error', status: { code: 4 } });
  });

  test('with a monitor too', async () => {
    const client = await kit.subscribed({ type: 'iot_monitor', target: { type: 'all' } } as never, 0);
    await kit.api.call('/user/logout', { hash: kit.owner.hash });
    await expectLogout(client);
  });

  test('a key that is deleted', async () => {
    const { body } = await kit.api.call('/api/key/create', { hash: kit.owner.hash, title: 'x' });
    const { hash } = body.value as never as { hash: string };
    const client = await kit.subscribed(states(a), 1, hash);
    await kit.api.call('/api/key/delete', { hash: kit.owner.hash, key: hash });
    await expectLogout(client);
  });

  test('another password', async () => {
    const client = await kit.subscribed(states(a), 1);
    await kit.api.store.change((tx) => setPassword(tx, kit.owner.user, 'another'));
    await expectLogout(client);
  });

  test.each<[string, (user: TestUser) => Promise<unknown>]>([
    ['a user who is blocked', ({ user }) => kit.api.store.change((tx) => tx.put('user', { ...user, blocked: true }))],
    ['a user who is removed', ({ user }) => kit.api.store.change((tx) => tx.remove('user', user.id))],
    [
      'an account that is blocked',
      ({ user }) =>
        kit.api.store.change((tx) => {
          tx.put('account', { ...kit.api.store.registry.get('account', user.accountId)!, blocked: true });
        }),
    ],
    ['an account that is removed', ({ user }) => kit.api.store.change((tx) => tx.remove('account', user.accountId))],
  ])('%s', async (_, end) => {
    const sub = await kit.api.subUser(kit.owner);
    for (const user of [sub, kit.owner]) {
      const client = await kit.subscribed(states(a), 1, user.hash);
      await end(user);
      expect((await client.rest()).filter(({ event }) => event === 'logout')).toEqual([logout]);
      kit.api.store.report(a.source.id, { hw_mileage: 1 });
      expect(await client.rest()).toEqual([]);
      await kit.api.store.change((tx) => {
        tx.put('user', user.user);
        tx.put('account', { id: user.user.accountId, blocked: false, createdAt: 0 });
      });
    }
  });

  test('a session that was not used for too long', async () => {
    const client = await kit.subscribed(states(a), 1);
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    kit.api.clock.advance(sessionLifetimeMs + touchPeriodMs - 2000);
    expect((await client.rest()).filter(({ event }) => event === 'logout')).toEqual([]);
    kit.api.clock.advance(2000);
    await expectLogout(client);
  });

  test('is told only to whoever has a subscription', async () => {
    const client = await kit.connect();
    await client.ask({ action: 'unsubscribe', hash: kit.owner.hash, requests: [{ type: 'state' }] });
    await kit.api.call('/user/logout', { hash: kit.owner.hash });
    expect(await client.rest()).toEqual([]);
  });

  test('leaves other credentials of the connection alone', async () => {
    const again = await kit.api.session(kit.owner.user);
    const client = await kit.subscribed(states(a), 1);
    await client.ask({ action: 'subscribe', hash: again.hash, requests: [states(a)] });
    await client.next();
    await kit.api.call('/user/logout', { hash: kit.owner.hash });
    expect(await client.rest()).toEqual([logout]);
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    expect(await client.rest()).toHaveLength(1);
  });

  test('a message is a use of the session', async () => {
    const client = await kit.subscribed(states(a), 1);
    kit.api.clock.advance(touchPeriodMs);
    await client.rest();
    await client.ask({ action: 'subscribe', hash: kit.owner.hash, requests: [states(a)] });
    const session = kit.api.store.registry.sessionsOfUser(kit.owner.user.id)[0];
    expect(session?.usedAt).toBe(kit.api.clock.now());
  });
});
