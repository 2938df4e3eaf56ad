import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DateFormat } from '../../../src/http/navixy/dates.js';
import type { SourceRow, TrackerRow } from '../../../src/store/rows.js';
import { settle } from '../../support/until.js';
import { LiveKit } from './live-kit.js';

const position = { position: { speedKmh: 50, satellites: 8, headingDeg: 90, altitudeM: 34 } };

let kit: LiveKit;
let a: { tracker: TrackerRow; source: SourceRow };
let b: { tracker: TrackerRow; source: SourceRow };
beforeEach(async () => {
  kit = await LiveKit.open();
  [a, b] = (await kit.trackers('a', 'b')) as [typeof a, typeof b];
});
afterEach(() => kit.close());

function report(of: typeof a, values: Record<string, number | string | boolean> = {}): void {
  kit.api.store.report(of.source.id, values, position);
}

/** The state as a call shows it. */
async function stateOf(of: typeof a): Promise<unknown> {
  const { body } = await kit.api.call('/tracker/get_state', { hash: kit.owner.hash, tracker_id: of.tracker.id });
  return body.state;
}

const compactKeys = [
  'source_id',
  'gps',
  'connection_status',
  'movement_status',
  'movement_status_update',
  'last_update',
];

describe('state', () => {
  test('comes at once for each tracker, and then with each report', async () => {
    report(a, { board_voltage: 12 });
    const client = await kit.connect();
    const requests = [{ type: 'state', trackers: [a.tracker.id, b.tracker.id] }];
    client.send({ action: 'subscribe', hash: kit.owner.hash, requests });
    const [answer, first, second] = await client.take(3);
    expect(answer?.type).toBe('response');
    expect(first).toEqual({ type: 'event', event: 'state', user_time: '2026-06-15 12:00:00', data: await stateOf(a) });
    expect(second).toEqual({ type: 'event', event: 'state', user_time: '2026-06-15 12:00:00', data: await stateOf(b) });
    kit.api.clock.advance(10_000);
    report(b, { hw_mileage: 5 });
    const [event, ...more] = await client.rest();
    expect(event).toEqual({ type: 'event', event: 'state', user_time: '2026-06-15 12:00:10', data: await stateOf(b) });
    expect(more).toEqual([]);
  });

  test('is told once for reports of one moment', async () => {
    const client = await kit.subscribed({ type: 'state', trackers: [a.tracker.id] } as never, 1);
    for (let i = 0; i < 10; i++) report(a, { hw_mileage: i });
    expect(await client.rest()).toHaveLength(1);
  });

  test('may be compact', async () => {
    report(a);
    report(b, { ignition: true });
    const client = await kit.connect();
    const requests = [{ type: 'state', trackers: [a.tracker.id, b.tracker.id], format: 'compact' }];
    client.send({ action: 'subscribe', hash: kit.owner.hash, requests });
    const [, first, second] = await client.take(3);
    expect(Object.keys(first?.data ?? {})).toEqual(compactKeys);
    expect(Object.keys(second?.data ?? {})).toEqual([
      ...compactKeys.slice(0, -1),
      ...['ignition', 'ignition_update', 'last_update'],
    ]);
    expect(await stateOf(b)).toMatchObject(second?.data ?? {});
  });

  test('has dates in the zone of the user, and as ISO 8601 when asked for', async () => {
    const berlin = await kit.api.account({ timeZone: 'Europe/Berlin' });
    const { tracker } = await kit.api.tracker(berlin);
    const client = await kit.connect();
    const message = { action: 'subscribe', hash: berlin.hash, requests: [{ type: 'state', trackers: [tracker.id] }] };
    client.send(message);
    expect((await client.take(2))[1]?.user_time).toBe('2026-06-15 14:00:00');
    client.send({ ...message, iso_datetime: true });
    expect((await client.take(2))[1]?.user_time).toBe('2026-06-15T14:00:00+02:00');
  });

  test('of more trackers joins what is subscribed', async () => {
    const client = await kit.subscribed({ type: 'state', trackers: [a.tracker.id] } as never, 1);
    const requests = [{ type: 'state', trackers: [b.tracker.id] }];
    await client.ask({ action: 'subscribe', hash: kit.owner.hash, requests });
    expect(await client.rest()).toMatchObject([{ data: { source_id: b.source.id } }]);
    report(a);
    report(b);
    expect(await client.rest()).toHaveLength(2);
  });

  test('tells of silence and of lost connections', async () => {
    report(a);
    kit.api.store.connected.add(a.source.id);
    const client = await kit.subscribed({ type: 'state', trackers: [a.tracker.id] } as never, 1);
    kit.api.store.connected.delete(a.source.id);
    kit.api.clock.advance(1000);
    expect(await client.rest()).toMatchObject([{ data: { connection_status: 'signal_lost' } }]);
    kit.api.store.connected.add(a.source.id);
    kit.api.clock.advance(1000);
    expect(await client.rest()).toMatchObject([{ data: { connection_status: 'active' } }]);
    kit.api.clock.advance(300_000);
    expect(await client.rest()).toMatchObject([{ data: { connection_status: 'idle' } }]);
    kit.api.clock.advance(300_000);
    expect(await client.rest()).toMatchObject([{ data: { connection_status: 'offline' } }]);
    kit.api.clock.advance(300_000);
    expect(await client.rest()).toEqual([]);
    report(a);
    kit.api.clock.advance(5000);
    expect(await client.rest()).toMatchObject([{ data: { connection_status: 'active' } }]);
  });

  test('of a device that two trackers show comes for both', async () => {
    const clone = await kit.api.store.change((tx) => {
      const row = { ...a.tracker, id: tx.nextId('tracker'), clone: true, label: 'copy' };
      tx.put('tracker', row);
      return row;
    });
    const client = await kit.subscribed({ type: 'state', trackers: [a.tracker.id, clone.id] } as never, 2);
    report(a);
    expect(await client.rest()).toHaveLength(2);
  });
});

describe('state_batch', () => {
  const all = { type: 'state_batch', target: { type: 'all' } };

  test('has each state bare and wrapped, so that every client can read it', async () => {
    report(a);
    const client = await kit.connect();
    client.send({ action: 'subscribe', hash: kit.owner.hash, requests: [all] });
    const [, event] = await client.take(2);
    const states = [await stateOf(a), await stateOf(b)];
    expect(event).toEqual({
      type: 'event',
      event: 'state_batch',
      user_time: '2026-06-15 12:00:00',
      data: states.map((state) => ({ ...(state as object), type: 'source_state_event', state })),
    });
  });

  test.each([
    ['documented', (state: unknown) => state],
    ['wrapped', (state: unknown) => ({ type: 'source_state_event', state })],
  ] as const)('is %s where that is set', async (liveStateShape, shape) => {
    await kit.close();
    kit = await LiveKit.open({ limits: { liveStateShape } });
    [a] = (await kit.trackers('a')) as [typeof a];
    const client = await kit.connect();
    client.send({ action: 'subscribe', hash: kit.owner.hash, requests: [all] });
    expect((await client.take(2))[1]?.data).toEqual([shape(await stateOf(a))]);
  });

  test('comes at most once in the time of its rate', async () => {
    const client = await kit.subscribed({ ...all, rate_limit: '5s' } as never, 1);
    report(a);
    kit.api.clock.advance(4999);
    expect(await client.rest()).toEqual([]);
    report(b);
    report(a);
    kit.api.clock.advance(1);
    const [event, ...more] = await client.rest();
    expect(more).toEqual([]);
    expect(event?.user_time).toBe('2026-06-15 12:00:05');
    expect((event!.data as never as { source_id: number }[]).map((each) => each.source_id)).toEqual([
      a.source.id,
      b.source.id,
    ]);
    kit.api.clock.advance(5000);
    report(b);
    expect(await client.rest()).toHaveLength(1);
  });

  test('has a rate of a second by default', async () => {
    const client = await kit.subscribed(all as never, 1);
    report(a);
    kit.api.clock.advance(999);
    expect(await client.rest()).toEqual([]);
    kit.api.clock.advance(1);
    expect(await client.rest()).toHaveLength(1);
  });

  test('holds what has changed only, and trackers of its target only', async () => {
    const target = { type: 'selected', tracker_ids: [b.tracker.id] };
    const client = await kit.subscribed(
      { type: 'state_batch', target, format: 'compact', rate_limit: '0s' } as never,
      1,
    );
    report(a);
    expect(await client.rest()).toEqual([]);
    report(b);
    const [event] = await client.rest();
    const [item] = event!.data as never as [Record<string, unknown>];
    expect(item).toMatchObject({ source_id: b.source.id, type: 'source_state_event' });
    expect(Object.keys(item.state as object)).toEqual(compactKeys);
  });

  test('subscribed again takes the place of the former', async () => {
    const client = await kit.subscribed(all as never, 1);
    const target = { type: 'selected', tracker_ids: [b.tracker.id] };
    const requests = [{ type: 'state_batch', target, rate_limit: '0ms' }];
    await client.ask({ action: 'subscribe', hash: kit.owner.hash, requests });
    await client.rest();
    report(a);
    kit.api.clock.advance(1000);
    expect(await client.rest()).toEqual([]);
    report(b);
    expect(await client.rest()).toHaveLength(1);
    expect(kit.api.server.hub.subscriptionCount).toBe(1);
  });

  test('of a large fleet comes in several events, each tracker in one of them', async () => {
    const ids = (await kit.trackers(...Array.from({ length: 300 }, (_, i) => `t${i}`))).map(({ source }) => source.id);
    const client = await kit.connect();
    client.send({ action: 'subscribe', hash: kit.owner.hash, requests: [all] });
    const [answer, ...events] = await client.rest();
    expect(answer?.type).toBe('response');
    expect(events.length).toBeGreaterThan(1);
    const told = events.flatMap(({ data }) => (data as never as { source_id: number }[]).map((each) => each.source_id));
    expect(told).toEqual([a.source.id, b.source.id, ...ids]);
  });
});

describe('texts of states', () => {
  test('are made once, however many subscribers of several zones there are', async () => {
    const zones = ['UTC', 'Europe/Berlin', 'UTC', 'Europe/Berlin'];
    const clients = [];
    for (const timeZone of zones) {
      const sub = await kit.api.subUser(kit.owner, { timeZone });
      clients.push(await kit.subscribed({ type: 'state', trackers: [a.tracker.id] } as never, 1, sub.hash));
    }
    // A state that is made asks for these dates; user_time is asked for once by each event besides.
    const asked: string[] = [];
    const { orNull } = DateFormat.prototype;
    DateFormat.prototype.orNull = function (this: DateFormat, atMs: number) {
      asked.push(this.zoneName);
      return orNull.call(this, atMs);
    };
    try {
      report(a);
      await settle();
    } finally {
      DateFormat.prototype.orNull = orNull;
    }
    const times = new Set(zones.map((zone) => asked.filter((each) => each === zone).length));
    const frames = await Promise.all(clients.map((client) => client.rest()));
    expect(frames.flat()).toHaveLength(4);
    expect([...times]).toEqual([asked.length / 2]);
    const once = asked.length / 2;
    expect(once).toBeLessThan(10);
  });
});

describe('readings_batch', () => {
  const all = { type: 'readings_batch', target: { type: 'all' }, rate_limit: '0s' };

  test('comes at once, then with what has changed', async () => {
    report(a, { board_voltage: 12, status: 'ok', hw_mileage: 7 });
    const client = await kit.connect();
    client.send({ action: 'subscribe', hash: kit.owner.hash, requests: [all] });
    const [, first] = await client.take(2);
    const { body } = await kit.api.call('/tracker/readings/batch_list', {
      hash: kit.owner.hash,
      trackers: [a.tracker.id, b.tracker.id],
    });
    expect(first).toEqual({
      type: 'event',
      event: 'readings_batch',
      user_time: '2026-06-15 12:00:00',
      data: [body.result],
    });
    kit.api.clock.advance(1000);
    kit.api.store.report(a.source.id, { board_voltage: 13 });
    expect(await client.rest()).toMatchObject([
      {
        event: 'readings_batch',
        data: [{ [a.tracker.id]: { inputs: [{ name: 'board_voltage', value: 13 }], states: [], virtual_sensors: [] } }],
      },
    ]);
    kit.api.store.report(a.source.id, { board_voltage: 13 });
    expect(await client.rest()).toEqual([]);
  });

  test('holds sensors of one type and nothing else where that is asked for', async () => {
    report(a, { board_voltage: 12, temp_sensor: 20, status: 'ok' });
    const client = await kit.connect();
    const requests = [{ ...all, sensor_type: 'temperature' }];
    client.send({ action: 'subscribe', hash: kit.owner.hash, requests });
    const [, first] = await client.take(2);
    const [readings] = first!.data as never as [Record<string, Record<string, { name: string }[]>>];
    expect(Object.keys(readings[a.tracker.id] ?? {})).toEqual(['inputs', 'virtual_sensors']);
    expect(readings[a.tracker.id]?.inputs?.map(({ name }) => name)).toEqual(['temp_sensor']);
    kit.api.store.report(a.source.id, { board_voltage: 13 });
    expect(await client.rest()).toEqual([]);
  });

  test('leaves out parts of composite sensors where that is asked for', async () => {
    report(a, { lls_level_1: 10, lls_level_2: 20 });
    await kit.api.store.change((tx) => {
      const sensor = { trackerId: a.tracker.id, type: 'metering', sensorType: 'fuel' } as const;
      const ids = [tx.nextId('sensor'), tx.nextId('sensor'), tx.nextId('sensor')] as const;
      tx.put('sensor', { ...sensor, id: ids[0], name: 'left', inputName: 'lls_level_1' });
      tx.put('sensor', { ...sensor, id: ids[1], name: 'right', inputName: 'lls_level_2' });
      const parameters = { parent_ids: [ids[0], ids[1]] };
      tx.put('sensor', { ...sensor, id: ids[2], name: 'both', inputName: 'composite', parameters });
    });
    for (const [include_components, labels] of [
      [true, ['left', 'right', 'both']],
      [false, ['both']],
    ] as const) {
      const client = await kit.connect();
      const target = { type: 'selected', tracker_ids: [a.tracker.id] };
      const requests = [{ type: 'readings_batch', target, include_components }];
      client.send({ action: 'subscribe', hash: kit.owner.hash, requests });
      const [, first] = await client.take(2);
      const [readings] = first!.data as never as [Record<string, { inputs: { label: string }[] }>];
      expect(readings[a.tracker.id]?.inputs.map(({ label }) => label)).toEqual(labels);
    }
  });
});

describe('iot_monitor', () => {
  interface Monitor {
    readonly tracker_id: number;
    readonly nonnull_fields: Record<string, { msg_time: string; srv_time: string; value: string }[]>;
    readonly all_fields: Record<string, { value: string | null }[]>;
  }

  async function subscribed() {
    const client = await kit.connect();
    const target = { type: 'selected', tracker_ids: [a.tracker.id] };
    client.send({
      action: 'subscribe',
      hash: kit.owner.hash,
      requests: [{ type: 'iot_monitor', target, rate_limit: '0s' }],
    });
    await client.next();
    return client;
  }

  const monitorIn = (frame: { readonly data?: unknown } | undefined): Monitor =>
    (frame!.data as { iot_last_values: [Monitor] }).iot_last_values[0];

  test('shows the last messages of each value, newest first', async () => {
    kit.api.store.report(a.source.id, { board_voltage: 12 }, { at: kit.api.clock.now() - 5000, ...position });
    const client = await subscribed();
    const first = await client.next();
    expect(first).toMatchObject({ type: 'event', event: 'iot_monitor', user_time: '2026-06-15 12:00:00' });
    const times = { msg_time: '2026-06-15T11:59:55Z', srv_time: '2026-06-15T12:00:00Z' };
    expect(monitorIn(first)).toMatchObject({
      tracker_id: a.tracker.id,
      nonnull_fields: { board_voltage: [{ ...times, value: '12' }], lat: [{ ...times, value: '52.5' }] },
      all_fields: { board_voltage: [{ ...times, value: '12' }] },
    });
    kit.api.clock.advance(10_000);
    kit.api.store.report(a.source.id, { can_rpm: 800 });
    const [second] = await client.rest();
    const { nonnull_fields, all_fields } = monitorIn(second);
    const later = { msg_time: '2026-06-15T12:00:10Z', srv_time: '2026-06-15T12:00:10Z' };
    expect(nonnull_fields.board_voltage).toEqual([{ ...times, value: '12' }]);
    expect(nonnull_fields.can_rpm).toEqual([{ ...later, value: '800' }]);
    expect(all_fields.board_voltage).toEqual([
      { ...later, value: null },
      { ...times, value: '12' },
    ]);
    expect(all_fields.can_rpm).toEqual([
      { ...later, value: '800' },
      { ...times, value: null },
    ]);
  });

  test('collects messages between events, and keeps twelve', async () => {
    const client = await subscribed();
    for (let i = 0; i < 20; i++) {
      kit.api.clock.advance(1000);
      kit.api.store.report(a.source.id, { hw_mileage: i });
    }
    const [event] = (await client.rest()).slice(-1);
    const { nonnull_fields } = monitorIn(event);
    const values = nonnull_fields.hw_mileage?.map(({ value }) => Number(value));
    expect(values).toEqual([19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8]);
  });

  test('says nothing of a unit that never reported', async () => {
    const client = await subscribed();
    expect(await client.rest()).toEqual([]);
  });

  test('brings no lifecycle events, and nothing of a blocked tracker', async () => {
    const client = await subscribed();
    await kit.api.changeSource(a.source, { blocked: true });
    kit.api.store.report(a.source.id, { hw_mileage: 1 });
    expect(await client.rest()).toEqual([]);
  });
});
