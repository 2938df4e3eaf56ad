import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestUser } from '../../support/api.js';
import type { LiveClient } from '../../support/live-client.js';
import { LiveKit } from './live-kit.js';

let kit: LiveKit;
let client: LiveClient;
beforeEach(async () => {
  kit = await LiveKit.open();
  client = await kit.connect();
});
afterEach(() => kit.close());

describe('connecting', () => {
  const paths = ['/event/subscription', '/v2/event/subscription', '/api-v2/event/subscription', '/event/subscription/'];

  test.each(paths)('%s takes subscriptions', async (path) => {
    const other = await kit.connect(path);
    const { hash } = kit.owner;
    const requests = [{ type: 'state_batch', target: { type: 'all' } }];
    expect(await other.ask({ action: 'subscribe', hash, requests })).toEqual({
      type: 'response',
      action: 'subscription/subscribe',
      events: ['state_batch'],
      data: { state_batch: { success: true, value: {} } },
    });
  });

  test('a request that is no upgrade gets code 112', async () => {
    expect(await kit.api.call('/event/subscription', {}, 'get')).toMatchObject({ body: { status: { code: 112 } } });
    expect(await kit.api.call('/event/subscription')).toMatchObject({ body: { status: { code: 112 } } });
    expect(await kit.api.call('/event/nothing')).toMatchObject({ body: { status: { code: 112 } } });
  });

  test('there is no socket under other paths', async () => {
    await expect(kit.connect('/event/other')).rejects.toThrow('HTTP 400');
    await expect(kit.connect('/tracker/list')).rejects.toThrow('HTTP 400');
    await expect(kit.connect('/openapi.json')).rejects.toThrow('HTTP 400');
  });

  test('Atmosphere clients get a handshake and heartbeats, and may send some', async () => {
    const query = 'X-Atmosphere-tracking-id=0&X-Atmosphere-Transport=websocket&X-atmo-protocol=true';
    const other = await kit.connect(`/v2/event/subscription?${query}`);
    expect(await other.text()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\|30000\|X\|$/);
    await kit.trackers('a');
    await other.ask({ action: 'subscribe', hash: kit.owner.hash, events: ['state_batch'] });
    await other.next();
    other.send('X');
    kit.api.clock.advance(29_999);
    expect(await other.rest()).toEqual([]);
    kit.api.clock.advance(1);
    expect(await other.text()).toBe('X');
    kit.api.clock.advance(30_000);
    expect(await other.text()).toBe('X');
  });

  test('others get neither', async () => {
    for (const path of ['/event/subscription', '/event/subscription?X-atmo-protocol=false']) {
      const other = await kit.connect(path);
      kit.api.clock.advance(31_000);
      other.send('X');
      expect(await other.rest()).toEqual([]);
    }
  });
});

describe('an answer', () => {
  test('says for each tracker what becomes of it', async () => {
    const [normal, blocked, corrupted] = await kit.trackers('a', 'b', 'c');
    const other = await kit.api.tracker(await kit.api.account());
    await kit.api.changeSource(blocked!.source, { blocked: true });
    await kit.api.changeSource(corrupted!.source, { corrupted: true });
    const trackers = [normal, blocked, corrupted, other].map((each) => each!.tracker.id);
    const message = { action: 'subscribe', hash: kit.owner.hash, requests: [{ type: 'state', trackers }] };
    expect(await client.ask(message)).toEqual({
      type: 'response',
      action: 'subscription/subscribe',
      events: ['state'],
      data: {
        state: {
          success: true,
          value: {
            [trackers[0]!]: 'normal',
            [trackers[1]!]: 'blocked',
            [trackers[2]!]: 'unknown',
            [trackers[3]!]: 'unknown',
          },
        },
      },
    });
    expect((await client.rest()).map(({ event }) => event)).toEqual(['state']);
  });

  test('tells a sub-user that a tracker is not theirs', async () => {
    const [own, hidden] = await kit.trackers('a', 'b');
    const sub = await kit.api.subUser(kit.owner, { trackerIds: [own!.tracker.id] });
    const ids = [own!.tracker.id, hidden!.tracker.id];
    const answer = await client.ask({
      action: 'subscribe',
      hash: sub.hash,
      requests: [{ type: 'state', trackers: ids }],
    });
    expect(answer.data).toEqual({ state: { success: true, value: { [ids[0]!]: 'normal', [ids[1]!]: 'disallowed' } } });
    expect(await client.rest()).toHaveLength(1);
    kit.api.store.report(hidden!.source.id, { a: 1 });
    expect(await client.rest()).toEqual([]);
  });

  test('lists every tracker of a target that is all, blocked ones too', async () => {
    const [a, b] = await kit.trackers('a', 'b');
    await kit.api.changeSource(b!.source, { blocked: true });
    const sub = await kit.api.subUser(kit.owner, { trackerIds: [b!.tracker.id] });
    const requests = [{ type: 'state_batch', target: { type: 'all' } }];
    const value = { [a!.tracker.id]: 'normal', [b!.tracker.id]: 'blocked' };
    expect((await client.ask({ action: 'subscribe', hash: kit.owner.hash, requests })).data).toEqual({
      state_batch: { success: true, value },
    });
    const other = await kit.connect();
    expect((await other.ask({ action: 'subscribe', hash: sub.hash, requests })).data).toEqual({
      state_batch: { success: true, value: { [b!.tracker.id]: 'blocked' } },
    });
  });

  test('has one part for each kind of event', async () => {
    const [a, b] = await kit.trackers('a', 'b');
    const requests = [
      { type: 'state', trackers: [a!.tracker.id] },
      { type: 'state_batch', target: { type: 'selected', tracker_ids: [b!.tracker.id] } },
      { type: 'readings_batch', target: { type: 'all' }, rate_limit: '5s' },
      { type: 'iot_monitor', target: { type: 'selected', tracker_ids: [a!.tracker.id] }, rate_limit: '500ms' },
    ];
    const answer = await client.ask({ action: 'subscribe', hash: kit.owner.hash, requests });
    expect(answer.events).toEqual(['state', 'state_batch', 'readings_batch', 'iot_monitor']);
    expect(answer.data).toEqual({
      state: { success: true, value: { [a!.tracker.id]: 'normal' } },
      state_batch: { success: true, value: { [b!.tracker.id]: 'normal' } },
      readings_batch: { success: true, value: { [a!.tracker.id]: 'normal', [b!.tracker.id]: 'normal' } },
      iot_monitor: { success: true, value: { [a!.tracker.id]: 'normal' } },
    });
  });

  test('an API key subscribes as well as a session', async () => {
    const [a] = await kit.trackers('a');
    const { value } = (await kit.api.call('/api/key/create', { hash: kit.owner.hash, title: 'x' })).body as never as {
      value: { hash: string };
    };
    const requests = [{ type: 'state', trackers: [a!.tracker.id] }];
    expect((await client.ask({ action: 'subscribe', hash: value.hash, requests })).type).toBe('response');
    expect((await client.next()).event).toBe('state');
  });

  test('parameters may be text, as in calls', async () => {
    const [a] = await kit.trackers('a');
    const requests = JSON.stringify([{ type: 'state', trackers: `[${a!.tracker.id}]` }]);
    const message = { action: 'subscribe', hash: kit.owner.hash, requests, iso_datetime: 'true' };
    expect((await client.ask(message)).type).toBe('response');
    expect((await client.next()).user_time).toBe('2026-06-15T12:00:00Z');
  });

  test('a monitor of all shows the first ten', async () => {
    const made = await kit.trackers(...'abcdefghijkl');
    const requests = [{ type: 'iot_monitor', target: { type: 'all' } }];
    const answer = await client.ask({ action: 'subscribe', hash: kit.owner.hash, requests });
    const expected = made.map(({ tracker }, i) => [tracker.id, i < 10 ? 'normal' : 'disallowed']);
    expect(answer.data).toEqual({ iot_monitor: { success: true, value: Object.fromEntries(expected) } });
  });
});

describe('the form from before requests', () => {
  test('subscribes and unsubscribes', async () => {
    const [a, b] = await kit.trackers('a', 'b');
    const { hash } = kit.owner;
    const trackers = [a!.tracker.id, b!.tracker.id];
    const answer = await client.ask({ action: 'subscribe', hash, events: ['state'], trackers });
    expect(answer).toMatchObject({ type: 'response', events: ['state'] });
    expect(await client.rest()).toHaveLength(2);
    await client.ask({ action: 'unsubscribe', hash, events: ['state'], trackers: [a!.tracker.id] });
    for (const { source } of [a!, b!]) kit.api.store.report(source.id, { x: 1 });
    expect(await client.rest()).toMatchObject([{ data: { source_id: b!.source.id } }]);
    await client.ask({ action: 'unsubscribe', hash, events: ['state'] });
    kit.api.store.report(b!.source.id, { x: 2 });
    expect(await client.rest()).toEqual([]);
  });

  test('serves batches too, of all where no tracker is named', async () => {
    const [a, b] = await kit.trackers('a', 'b');
    const { hash } = kit.owner;
    const answer = await client.ask({ action: 'subscribe', hash, events: ['state_batch'] });
    expect(answer.data).toEqual({
      state_batch: { success: true, value: { [a!.tracker.id]: 'normal', [b!.tracker.id]: 'normal' } },
    });
  });
});

describe('unsubscribing', () => {
  let ids: number[];
  let report: (index: number) => void;
  beforeEach(async () => {
    const made = await kit.trackers('a', 'b');
    ids = made.map(({ tracker }) => tracker.id);
    report = (index) => void kit.api.store.report(made[index]!.source.id, { x: index });
  });

  test('of some trackers of a list', async () => {
    const { hash } = kit.owner;
    await client.ask({ action: 'subscribe', hash, requests: [{ type: 'state', trackers: ids }] });
    await client.take(2);
    const answer = await client.ask({
      action: 'unsubscribe',
      hash,
      requests: [{ type: 'state', trackers: [ids[0], 99] }],
    });
    expect(answer).toEqual({
      type: 'response',
      action: 'subscription/unsubscribe',
      events: ['state'],
      data: { state: { success: true, value: { [ids[0]!]: 'normal', 99: 'unknown' } } },
    });
    report(0);
    report(1);
    expect(await client.rest()).toMatchObject([{ event: 'state', data: { source_id: 2 } }]);
  });

  test('of some of all', async () => {
    const { hash } = kit.owner;
    await client.ask({ action: 'subscribe', hash, requests: [{ type: 'state_batch', target: { type: 'all' } }] });
    await client.next();
    const target = { type: 'selected', tracker_ids: [ids[0]] };
    await client.ask({ action: 'unsubscribe', hash, requests: [{ type: 'state_batch', target }] });
    report(0);
    report(1);
    kit.api.clock.advance(1000);
    expect(await client.rest()).toMatchObject([{ data: [{ source_id: 2 }] }]);
  });

  test.each([
    ['nothing said', {}],
    ['all', { target: { type: 'all' } }],
  ])('of everything of a kind: %s', async (_, rest) => {
    const { hash } = kit.owner;
    await client.ask({ action: 'subscribe', hash, requests: [{ type: 'state_batch', target: { type: 'all' } }] });
    await client.next();
    const answer = await client.ask({ action: 'unsubscribe', hash, requests: [{ type: 'state_batch', ...rest }] });
    expect(answer.data).toEqual({
      state_batch: { success: true, value: { [ids[0]!]: 'normal', [ids[1]!]: 'normal' } },
    });
    report(0);
    kit.api.clock.advance(5000);
    expect(await client.rest()).toEqual([]);
  });

  test('of what was never subscribed changes nothing', async () => {
    const { hash } = kit.owner;
    const answer = await client.ask({ action: 'unsubscribe', hash, requests: [{ type: 'state', trackers: [ids[0]] }] });
    expect(answer.data).toEqual({ state: { success: true, value: { [ids[0]!]: 'normal' } } });
    const batch = await client.ask({ action: 'unsubscribe', hash, requests: [{ type: 'state_batch' }] });
    expect(batch.data).toEqual({ state_batch: { success: true, value: {} } });
  });

  test('concerns the credential that says so, and no other', async () => {
    const { hash } = kit.owner;
    const again = await kit.api.session(kit.owner.user);
    for (const each of [hash, again.hash]) {
      await client.ask({ action: 'subscribe', hash: each, requests: [{ type: 'state', trackers: [ids[0]] }] });
      await client.next();
    }
    report(0);
    expect(await client.rest()).toHaveLength(2);
    await client.ask({ action: 'unsubscribe', hash, requests: [{ type: 'state' }] });
    report(0);
    expect(await client.rest()).toHaveLength(1);
  });
});

describe('errors', () => {
  let sub: TestUser;
  beforeEach(async () => {
    sub = await kit.api.subUser(kit.owner);
  });

  const state = [{ type: 'state', trackers: [1] }];
  const unknown = 'f'.repeat(32);

  test.each<[string, unknown, string, number, string]>([
    ['no JSON', '{', 'null', 5, 'Wrong request format'],
    ['nothing', '', 'null', 5, 'Wrong request format'],
    ['no object', '[1]', 'null', 5, 'Wrong request format'],
    ['no action', { requests: state }, 'null', 112, 'Wrong method'],
    ['an unknown action', { action: 'publish' }, 'null', 112, 'Wrong method'],
    ['a name of every object', { action: 'constructor' }, 'null', 112, 'Wrong method'],
    ['no hash', { action: 'subscribe', requests: state }, 'subscription/subscribe', 3, 'Wrong hash'],
    ['a short hash', { action: 'subscribe', hash: 'f', requests: state }, 'subscription/subscribe', 3, 'Wrong hash'],
    ['a hash that is no text', { action: 'unsubscribe', hash: 1 }, 'subscription/unsubscribe', 3, 'Wrong hash'],
    [
      'an unknown hash',
      { action: 'subscribe', hash: unknown, requests: state },
      'subscription/subscribe',
      4,
      'User or API key not found or session ended',
    ],
    [
      'an array that is no JSON',
      { action: 'subscribe', hash: '$', requests: [{ type: 'state', trackers: '[1' }] },
      'subscription/subscribe',
      5,
      'Wrong request format',
    ],
  ])('%s', async (_, message, action, code, description) => {
    const sent = typeof message === 'string' ? message : JSON.stringify(message).replace('"$"', `"${kit.owner.hash}"`);
    const frame = await client.ask(sent);
    expect(frame).toMatchObject({ type: 'error', action, status: { code, description } });
    const { data } = frame as { data?: unknown };
    expect(data).toEqual(sent.includes('"state"') ? { events: ['state'] } : undefined);
    expect(JSON.stringify(frame)).not.toContain(kit.owner.hash);
  });

  test('a blocked user', async () => {
    await kit.api.store.change((tx) => tx.put('user', { ...sub.user, blocked: true }));
    expect(await client.ask({ action: 'subscribe', hash: sub.hash, requests: state })).toEqual({
      type: 'error',
      action: 'subscription/subscribe',
      status: { code: 275, description: 'User is blocked' },
      data: { events: ['state'] },
    });
  });

  const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  const selected = (tracker_ids: unknown) => ({ type: 'selected', tracker_ids });
  const all = { type: 'all' };

  test.each<[string, object, unknown]>([
    ['nothing wanted', {}, [{ parameter: 'requests', error: 'must not be null' }]],
    ['an empty list', { requests: [] }, [{ parameter: 'requests', error: 'size must be between 1 and 16' }]],
    [
      'too many requests',
      { requests: Array(17).fill(state[0]) },
      [{ parameter: 'requests', error: 'size must be between 1 and 16' }],
    ],
    ['requests of another type', { requests: 5 }, [{ parameter: 'requests', error: 'must be an array' }]],
    ['a request that is null', { requests: [null] }, [{ parameter: 'requests', error: 'must not be null' }]],
    ['a request without type', { requests: [{}] }, [{ parameter: 'type', error: 'must not be null' }]],
    [
      'an unknown type',
      { requests: [{ type: 'zone' }] },
      [{ parameter: 'type', error: 'Should be one of [state, state_batch, readings_batch, iot_monitor]' }],
    ],
    ['no trackers', { requests: [{ type: 'state' }] }, [{ parameter: 'trackers', error: 'must not be null' }]],
    ['no trackers in the old form', { events: ['state'] }, [{ parameter: 'trackers', error: 'must not be null' }]],
    [
      'an unknown event in the old form',
      { events: ['x'] },
      [{ parameter: 'events', error: 'Should be one of [state, state_batch, readings_batch, iot_monitor]' }],
    ],
    [
      'trackers of another type',
      { requests: [{ type: 'state', trackers: ['x', null] }] },
      [
        { parameter: 'trackers', error: 'must be an integer' },
        { parameter: 'trackers', error: 'must not be null' },
      ],
    ],
    [
      'an unknown format',
      { requests: [{ type: 'state', trackers: [], format: 'short' }] },
      [{ parameter: 'format', error: 'Should be one of [full, compact]' }],
    ],
    ['no target', { requests: [{ type: 'state_batch' }] }, [{ parameter: 'target', error: 'must not be null' }]],
    [
      'a target of nothing',
      { requests: [{ type: 'state_batch', target: { type: 'selected' } }] },
      [{ parameter: 'target', error: 'tracker_ids must not be null' }],
    ],
    [
      'an unknown target',
      { requests: [{ type: 'readings_batch', target: { type: 'tag' } }] },
      [{ parameter: 'target', error: 'type Should be one of [all, selected]' }],
    ],
    [
      'a monitor of eleven',
      { requests: [{ type: 'iot_monitor', target: selected(range(11)) }] },
      [{ parameter: 'target', error: 'tracker_ids size must be between 0 and 10' }],
    ],
    [
      'one tracker too many',
      { requests: [{ type: 'state', trackers: range(12_001) }] },
      [{ parameter: 'trackers', error: 'size must be between 0 and 12000' }],
    ],
    [
      'a rate without unit',
      { requests: [{ type: 'state_batch', target: all, rate_limit: '5' }] },
      [{ parameter: 'rate_limit', error: 'must match "^\\d+(ms|s|m)$"' }],
    ],
    [
      'a rate beyond a day',
      { requests: [{ type: 'state_batch', target: all, rate_limit: '1441m' }] },
      [{ parameter: 'rate_limit', error: 'must be less than or equal to 1440m' }],
    ],
    [
      'faults of several requests',
      { requests: [{ type: 'state' }, { type: 'state_batch', target: all, rate_limit: 's' }] },
      [
        { parameter: 'trackers', error: 'must not be null' },
        { parameter: 'rate_limit', error: 'must match "^\\d+(ms|s|m)$"' },
      ],
    ],
  ])('wrong parameters: %s', async (_, rest, errors) => {
    const frame = await client.ask({ action: 'subscribe', hash: kit.owner.hash, ...rest });
    expect(frame).toMatchObject({
      type: 'error',
      action: 'subscription/subscribe',
      status: { code: 7, description: 'Invalid parameters' },
      errors,
    });
    expect(kit.api.server.hub.subscriptionCount).toBe(0);
  });

  test.each<[string, object]>([
    ['sixteen requests', { requests: Array(16).fill(state[0]) }],
    ['no trackers at all', { requests: [{ type: 'state', trackers: [] }] }],
    ['12,000 trackers', { requests: [{ type: 'state', trackers: range(12_000) }] }],
    ['a monitor of ten', { requests: [{ type: 'iot_monitor', target: selected(range(10)) }] }],
    ['a rate of a day', { requests: [{ type: 'state_batch', target: all, rate_limit: '1440m' }] }],
    ['no rate', { requests: [{ type: 'state_batch', target: all, rate_limit: '0ms' }] }],
    ['unknown parameters', { requests: [{ type: 'state', trackers: [], __proto__: { a: 1 }, more: 1 }], x: 1 }],
    ['nulls', { requests: [{ type: 'state', trackers: [], format: null }], events: null }],
  ])('right parameters: %s', async (_, rest) => {
    const frame = await client.ask({ action: 'subscribe', hash: kit.owner.hash, ...rest });
    expect(frame.type).toBe('response');
  });

  test('nothing that a client may send ends the connection', { timeout: 60_000 }, async () => {
    const [a] = await kit.trackers('a');
    const subscribed = {
      action: 'subscribe',
      hash: kit.owner.hash,
      requests: [{ type: 'state', trackers: [a!.tracker.id] }],
    };
    await client.ask(subscribed);
    await client.next();
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('all', 'selected', '5s', '__proto__', null, [1], { type: 'all' }),
    );
    const request = fc.oneof(
      odd,
      fc.dictionary(fc.constantFrom('type', 'trackers', 'target', 'rate_limit', 'format', 'sensor_type', 'x'), odd),
      fc.record({ type: fc.constantFrom('state', 'state_batch', 'readings_batch', 'iot_monitor'), target: odd }),
    );
    const message = fc.record({
      action: fc.constantFrom<unknown>('subscribe', 'unsubscribe', 'toString', 1),
      hash: fc.constantFrom<unknown>(kit.owner.hash, unknown, 5),
      requests: fc.oneof(fc.array(request, { maxLength: 3 }), odd),
      events: fc.oneof(fc.constant(null), odd),
      iso_datetime: odd,
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(message, odd, fc.string()), async (sent) => {
        const text = typeof sent === 'string' ? sent : JSON.stringify(sent);
        fc.pre(text !== 'X');
        let frame = await client.ask(text);
        while (frame.type === 'event') frame = await client.next();
        expect(['response', 'error']).toContain(frame.type);
      }),
      { numRuns: 300 },
    );
    expect(kit.api.logLines.join('')).not.toContain('"level":50');
    await client.rest();
    expect((await client.ask(subscribed)).type).toBe('response');
  });

  test('leave what was subscribed as it was', async () => {
    const [a] = await kit.trackers('a');
    const { hash } = kit.owner;
    await client.ask({ action: 'subscribe', hash, requests: [{ type: 'state', trackers: [a!.tracker.id] }] });
    await client.next();
    await client.ask({ action: 'subscribe', hash, requests: [{ type: 'state', trackers: 'x' }] });
    await client.ask({ action: 'subscribe', hash: unknown, requests: state });
    kit.api.store.report(a!.source.id, { x: 1 });
    expect(await client.rest()).toHaveLength(1);
  });
});
