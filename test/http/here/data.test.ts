import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeKept } from '../../../src/ingest/decoder.js';
import { issueDeviceToken } from '../../../src/store/claims/tokens.js';
import { keptFrames } from '../../../src/store/history.js';
import { corruptSource } from '../../../src/store/removal.js';
import { settle } from '../../support/until.js';
import { appOf, HereApi, imei } from './kit.js';

let api: HereApi;
let trackingId: string;
let device: string;
beforeEach(async () => {
  api = await HereApi.create();
  await api.provision(0, 1);
  trackingId = (await api.claim(0, 0)).body.trackingId!;
  device = await deviceToken(trackingId);
});
afterEach(() => api.close(false));

const error = (status: number) => ({ status, body: { code: status, id: expect.any(String) } });
const owner = (n = 0) => api.owners[n]!.token;
const deviceToken = (id: string) => api.store.change((tx) => issueDeviceToken(tx, tx.registry.get('claim', id)!));
const at = (seconds: number, rest: object = {}) => ({ timestamp: api.now + seconds * 1000, ...rest });
const place = { lat: 52.5, lng: 13.4, accuracy: 7 };
const send = (body: unknown, token = device, path = '/v2/') => api.call('POST', path, { token, body });
const shadow = async (part = '', token = owner()) =>
  (await api.call('GET', `/shadows/v2/${trackingId}${part}`, { token })).body as Record<string, unknown>;
const sourceId = () => api.store.registry.get('claim', trackingId)!.sourceId;
const dropped = async () =>
  /dropped_total\{protocol="here",reason="previous_owner"\} (\d+)/.exec(
    (await api.server.app.inject('/metrics')).body,
  )?.[1];

const everything = {
  position: {
    ...{ lat: 52.5, lng: 13.4, accuracy: 7, alt: 40, altaccuracy: 3, confidence: 68, heading: 90, speed: 10 },
    ...{ satellitecount: 9, type: 'gnss' },
  },
  payload: { door: 'open', depth: { n: 1 } },
  system: {
    client: { manufacturer: 'm', model: 'n', firmware: 'f', name: 'a', version: '1', platform: 'p' },
    ...{ iccid: '893108000000000000', imsi: '262010000000000', phoneNumber: '+491700000000', mode: 'sleep' },
    reportedSensorData: {
      ...{ batteryLevel: 80, batteryIsCharging: true, temperatureC: -3.5, relativeHumidity: 40, pressureHpa: 1013 },
      ...{ accelerationG: 0.5, deviceIsAttached: true, deviceIsTampered: false, tiltDegree: 12 },
      deviceIsStationary: true,
    },
    stateVersion: 4,
  },
};

describe('telemetry', () => {
  test('becomes the state of the tracker and the reported half of the shadow', async () => {
    const sent = await send([at(-5, everything)]);
    expect(sent).toMatchObject({
      status: 200,
      body: { system: { stateVersion: 1, lastModifiedGeofenceTimestamp: 0 } },
    });
    expect(await shadow('/reported')).toEqual(at(-5, everything));
    const { state } = await api.navixy('/tracker/get_state', 0, { tracker_id: 1 });
    expect(state).toMatchObject({
      gps: { location: { lat: 52.5, lng: 13.4 }, heading: 90, speed: 36, alt: 40 },
      battery_level: 80,
      connection_status: 'signal_lost',
    });
  });

  test('is kept as it came, with its path', async () => {
    await api.call('POST', '/v2', { token: device, body: ` [${JSON.stringify(at(0))} ] ` });
    await send({ data: [at(1)] }, device, '/v3');
    await send({ data: [at(2, { id: trackingId }), at(3, { id: trackingId })] }, owner(), '/v3/batch');
    const frames = [...keptFrames(api.store.engine, sourceId())].map(({ entry }) => ({
      path: entry.context.session,
      text: entry.frame.toString(),
      times: (decodeKept(entry) ?? []).map((each) => each.at - api.now),
    }));
    expect(frames.map(({ path, times }) => [path, times])).toEqual([
      ['/v2/', [0]],
      ['/v3/', [1000]],
      ['/v3/batch', [2000, 3000]],
    ]);
    expect(frames[0]!.text).toBe(` [${JSON.stringify(at(0))} ] `);
  });

  test('keeps the last word on each thing', async () => {
    await send([at(-60, { position: place, system: { reportedSensorData: { batteryLevel: 50 } } })]);
    await send([at(-30, { system: { reportedSensorData: { temperatureC: 20 } } })]);
    await send([at(-90, { system: { reportedSensorData: { batteryLevel: 99, relativeHumidity: 1 } } })]);
    expect(await shadow('/reported')).toMatchObject({
      timestamp: api.now - 30_000,
      position: { ...place, timestamp: api.now - 60_000 },
      system: { reportedSensorData: { batteryLevel: 50, temperatureC: 20, relativeHumidity: 1 } },
    });
  });

  test('is answered after the commit that holds it', async () => {
    const engine = api.store.engine as unknown as { hold(): void; release(): void };
    engine.hold();
    let isAnswered = false;
    const sending = send([at(0)]).then((reply) => {
      isAnswered = true;
      return reply;
    });
    await settle();
    expect([isAnswered, api.store.stateOf(sourceId())?.recordAt]).toEqual([false, 0]);
    engine.release();
    expect((await sending).status).toBe(200);
    expect(api.store.stateOf(sourceId())?.recordAt).toBe(api.now);
  });

  test('is not answered as kept by a disk that fails', async () => {
    const engine = api.store.engine as unknown as { failure: Error | undefined };
    engine.failure = new Error('no space');
    expect(await send([at(0)])).toMatchObject({ ...error(503), body: { error: 'Service Unavailable' } });
    expect(await api.claim(1, 0)).toMatchObject(error(503));
    expect(await api.call('GET', '/registry/v2/health')).toMatchObject(error(500));
    engine.failure = undefined;
    expect(api.store.stateOf(sourceId())?.recordAt ?? 0).toBe(0);
    api.clock.advance(1000);
    await api.store.drained();
    expect((await send([at(0)])).status).toBe(200);
    expect((await api.claim(1, 0)).status).toBe(201);
  });

  test('may be answered with nothing', async () => {
    expect(await send([at(0)], device, '/v2/?async=true')).toMatchObject({ status: 204, body: {} });
    expect(await send({ data: [at(0)] }, device, '/v3/?async=true')).toMatchObject({ status: 204, body: {} });
    expect((await send([at(0)], device, '/v2/?async=false')).status).toBe(200);
    expect(await send([at(0)], device, '/v2/?async=1')).toMatchObject(error(400));
    expect((await send([])).status).toBe(200);
  });

  test.each(['/v2', '/v2/', '/device-http/v2', '/device-http/v2/'])('comes to %s', async (path) => {
    expect((await send([at(0)], device, path)).status).toBe(200);
  });

  test.each(['/v3', '/v3/'])('comes to %s from devices and owners', async (path) => {
    expect((await send({ data: [at(0)] }, device, path)).status).toBe(200);
    expect((await send({ id: trackingId, data: [at(0)] }, owner(), path)).status).toBe(200);
    expect((await send({ id: trackingId, data: [at(0)] }, await api.clientToken('p0'), path)).status).toBe(200);
    expect(await send({ data: [at(0)] }, owner(), path)).toMatchObject(error(400));
  });

  test('is for whom it is said to be', async () => {
    expect(await send([at(0)], owner())).toMatchObject(error(403));
    expect(await send([at(0)], 'h1.unknown')).toMatchObject(error(401));
    const foreign = (await api.claim(1, 1)).body.trackingId!;
    for (const id of [foreign, 'HERE-unknown', imei(0)]) {
      expect(await send({ id, data: [at(0)] }, owner(), '/v3/')).toMatchObject(error(404));
      expect(await send({ id, data: [at(0)] }, device, '/v3/')).toMatchObject(error(404));
      const batch = { data: [at(0, { id: trackingId }), at(0, { id })] };
      expect(await send(batch, owner(), '/v3/batch')).toMatchObject(error(404));
    }
    expect(api.store.stateOf(sourceId())?.recordAt ?? 0).toBe(0);
    const gateway = { id: trackingId, data: [at(0)] };
    expect((await send(gateway, device, '/v3/')).status).toBe(200);
    expect(await send({ data: [at(0, { id: trackingId })] }, device, '/v3/batch')).toMatchObject(error(403));
  });

  test('of virtual devices is named by app and external id', async () => {
    await api.project({ id: 'p0', devices: [{ external_id: 'box' }] });
    const claimed = await api.call('PUT', `/registry/v2/devices/box?appId=${appOf(0)}`, { token: owner() });
    const body = { appId: appOf(0), data: [at(0, { id: 'box', position: place })] };
    expect((await send(body, owner(), '/v3/batch')).status).toBe(204);
    const { body: half } = await api.call('GET', `/shadows/v2/${claimed.body.trackingId}/reported`, { token: owner() });
    expect(half).toMatchObject({ timestamp: api.now, position: place });
    expect((await send({ id: 'box', appId: appOf(0), data: [at(1)] }, owner(), '/v3/')).status).toBe(200);
    const { states } = await api.navixy('/tracker/get_states', 0, {});
    expect(Object.keys(states as unknown as object)).toHaveLength(2);
  });

  test('is refused for blocked devices', async () => {
    const source = api.store.registry.get('source', sourceId())!;
    await api.store.change((tx) => tx.put('source', { ...source, blocked: true }));
    expect(await send([at(0)])).toMatchObject(error(403));
  });
});

const record = (change: object) => [{ timestamp: Date.UTC(2026, 5, 15), ...change }];
const position = (change: object) => record({ position: { ...place, ...change } });
const sensors = (change: object) => record({ system: { reportedSensorData: change } });
const cells = (count: number) => Array.from({ length: count }, () => ({ mcc: 262 }));
const far = Date.UTC(2026, 5, 16, 12, 0, 0);

describe('telemetry at its edges', () => {
  const good: unknown[] = [
    ...[record({ timestamp: 2 }), record({ timestamp: far }), position({ lat: -90, lng: 180, accuracy: 0 })],
    ...[position({ heading: 0, speed: 0 }), position({ heading: 359, speed: 99 }), position({ satellitecount: 50 })],
    ...[position({ confidence: 50 }), position({ confidence: 95 }), position({ wlancount: 254, type: 'wlan' })],
    ...[sensors({ batteryLevel: 0 }), sensors({ batteryLevel: 100 }), sensors({ temperatureC: -70, pressureHpa: 300 })],
    ...[record({ payload: { x: 'y'.repeat(992) } }), record({ scan: { gsm: cells(16), wlan: cells(128) } })],
    ...[record({ system: { iccid: '8'.repeat(22), imsi: '1', phoneNumber: '+12' } }), record({ else: 1 })],
    record({ position: { ...place, floor: { id: 'f', name: 'First', level: 1 } } }),
  ];
  const bad: unknown[] = [
    ...[{}, null, 'x', [1], [{}], record({ timestamp: 1 }), record({ timestamp: 1.5 }), record({ timestamp: '2' })],
    ...[record({ timestamp: 4_102_448_400_001 }), record({ timestamp: far + 1 })],
    ...[
      position({ lat: 90.1 }),
      position({ lng: -180.1 }),
      position({ accuracy: -1 }),
      record({ position: { lat: 1 } }),
    ],
    ...[position({ heading: 360, speed: 1 }), position({ heading: 1 }), position({ speed: 1 })],
    ...[position({ heading: 1, speed: 1.5 }), position({ satellitecount: 0 }), position({ satellitecount: 51 })],
    ...[
      position({ confidence: 49 }),
      position({ confidence: 96 }),
      position({ wlancount: 0 }),
      position({ type: 'x' }),
    ],
    ...[sensors({ batteryLevel: 101 }), sensors({ batteryLevel: 1.5 }), sensors({ temperatureC: -70.1 })],
    ...[sensors({ pressureHpa: 299 }), sensors({ deviceIsAttached: 1 }), record({ system: { mode: 'else' } })],
    ...[record({ payload: { x: 'y'.repeat(993) } }), record({ payload: [] }), record({ scan: { gsm: cells(17) } })],
    ...[record({ scan: { wlan: cells(129) } }), record({ system: { iccid: '8'.repeat(17) } })],
    ...[record({ system: { phoneNumber: '491' } }), record({ system: { imsi: 'x' } })],
  ];

  test('is taken', async () => {
    for (const body of good) expect([body, (await send(body)).status]).toEqual([body, 200]);
  });

  test('is refused as a whole', async () => {
    for (const body of bad) {
      expect([body, await send(body)]).toMatchObject([body, error(400)]);
      if (Array.isArray(body)) expect((await send([at(0), ...body])).status).toBe(400);
    }
    expect(api.store.stateOf(sourceId())?.recordAt ?? 0).toBe(0);
    const large = [at(0, { payload: { x: 'y'.repeat(1024 * 1024) } })];
    expect(await send(large)).toMatchObject({ ...error(413), body: { error: 'Payload Too Large' } });
  });
});

describe('the desired half', () => {
  const put = (body: unknown, headers = {}) =>
    api.call('PUT', `/shadows/v2/${trackingId}`, { token: owner(), body, headers });

  test('is what was written, with its version', async () => {
    const first = await put({ desired: { payload: { a: 1 }, system: { rate: { sendMs: 1000 }, stateVersion: 99 } } });
    expect(first).toMatchObject({
      status: 200,
      body: { desired: { payload: { a: 1 }, system: { rate: { sendMs: 1000 }, stateVersion: 2 } } },
    });
    await put({ desired: { system: { disableTracking: true } } });
    const desired = {
      payload: { a: 1 },
      system: {
        ...{ rate: { sendMs: 1000 }, disableTracking: true },
        ...{ lastModifiedGeofenceTimestamp: 0, stateVersion: 3 },
      },
    };
    expect(await shadow()).toEqual({ reported: {}, desired });
    expect(await shadow('/desired')).toEqual(desired);
    expect((await send([])).body).toEqual(desired);
    for (const same of [{}, { payload: { a: 1 } }, { system: { disableTracking: true, rate: { sendMs: 1000 } } }])
      expect((await put({ desired: same })).body).toEqual({ desired });
    await put({ desired: { payload: {} } });
    expect(await shadow('/desired')).toEqual({
      ...desired,
      payload: {},
      system: { ...desired.system, stateVersion: 4 },
    });
  });

  test.each([
    [undefined, 400],
    [{}, 400],
    [{ desired: [] }, 400],
    [{ desired: { payload: 1 } }, 400],
    [{ desired: { system: { rate: { sendMs: -1 } } } }, 400],
    [{ desired: { system: { detectOutliers: 'x' } } }, 400],
    [{ desired: { payload: { x: 'y'.repeat(968) } } }, 200],
    [{ desired: { payload: { x: 'y'.repeat(969) } } }, 413],
    [{ desired: {} }, 200],
  ])('written with %j is %d', async (body, status) => {
    if (status === 200) expect(JSON.stringify(body).length).toBeLessThanOrEqual(1000);
    expect((await put(body)).status).toBe(status);
  });

  test('and the other are cleared apart or together', async () => {
    await send([at(0, { position: place })]);
    await put({ desired: { payload: { a: 1 } } });
    const clear = (query: string) => api.call('DELETE', `/shadows/v2/${trackingId}${query}`, { token: owner() });
    expect((await clear('?reported=false')).status).toBe(204);
    expect(await shadow()).toMatchObject({ reported: { position: place } });
    expect((await shadow('/desired')).payload).toBeUndefined();
    await put({ desired: { payload: { a: 1 } } });
    expect((await clear('?desired=false')).status).toBe(204);
    expect(await shadow()).toMatchObject({ reported: {}, desired: { payload: { a: 1 } } });
    expect(await shadow('/reported')).toEqual({});
    await send([at(1, { system: { reportedSensorData: { batteryLevel: 5 } } })]);
    const reported = { timestamp: api.now + 1000, system: { reportedSensorData: { batteryLevel: 5 } } };
    expect(await shadow('/reported')).toEqual(reported);
    expect((await clear('')).status).toBe(204);
    expect(await shadow('/reported')).toEqual({});
    expect(await clear('?desired=no')).toMatchObject(error(400));
  });

  test('is for the owner', async () => {
    for (const token of [owner(1), device]) {
      const status = token === device ? 403 : 404;
      for (const method of ['GET', 'DELETE'] as const)
        expect(await api.call(method, `/shadows/v2/${trackingId}`, { token })).toMatchObject(error(status));
      const body = { desired: {} };
      expect(await api.call('PUT', `/shadows/v2/${trackingId}`, { token, body })).toMatchObject(error(status));
      expect(await api.call('GET', `/shadows/v2/${trackingId}/desired`, { token })).toMatchObject(error(status));
    }
    expect(await api.call('GET', `/shadows/v2/${trackingId}/else`, { token: owner() })).toMatchObject(error(400));
  });
});

describe('a device that changes hands', () => {
  test('takes nothing of the old owner to the new one', async () => {
    await send([at(-10, everything)]);
    const history = () => api.navixy('/tracker/get_state', 1, { tracker_id: 2 });
    await api.unclaim(trackingId, 0);
    const endedAt = api.now;
    expect(await send([at(0)])).toMatchObject(error(401));
    api.clock.advance(60_000);
    const before = Number((await dropped()) ?? 0);
    trackingId = (await api.claim(0, 1)).body.trackingId!;
    device = await deviceToken(trackingId);
    expect(await shadow('', owner(1))).toMatchObject({ reported: {} });
    expect(await history()).toMatchObject({ state: { connection_status: 'just_registered' } });
    const buffered = [
      { timestamp: endedAt - 1000, ...everything },
      { timestamp: endedAt - 1, position: place },
    ];
    expect((await send(buffered)).status).toBe(200);
    expect([...keptFrames(api.store.engine, sourceId())]).toEqual([]);
    expect((await send([...buffered, { timestamp: endedAt, position: place }])).status).toBe(200);
    expect(Number(await dropped())).toBe(before + 4);
    const data = { timestamp: endedAt, position: place };
    expect((await api.call('GET', `/traces/v2/${trackingId}`, { token: owner(1) })).body).toMatchObject({
      count: 1,
      data: [data],
    });
    for (const isClean of [false, true]) {
      await api.close(isClean);
      await api.open();
      expect(await shadow('/reported', owner(1))).toMatchObject(data);
      expect((await api.call('GET', `/traces/v2/${trackingId}`, { token: owner(1) })).body).toMatchObject({ count: 1 });
      expect(await api.trackers(0)).toEqual([]);
    }
  });

  test('takes no place of the old owner along in a new record', async () => {
    await api.unclaim(trackingId, 0);
    const old = { ...place, timestamp: api.now - 1, floor: { id: 'f', name: 'First', level: 1 } };
    trackingId = (await api.claim(0, 1)).body.trackingId!;
    device = await deviceToken(trackingId);
    expect((await send([at(1, { position: old, payload: { door: 'open' } })])).status).toBe(200);
    const kept = at(1, { payload: { door: 'open' } });
    await api.close(false);
    await api.open();
    expect(await shadow('/reported', owner(1))).toEqual(kept);
    const traces = await api.call('GET', `/traces/v2/${trackingId}`, { token: owner(1) });
    expect(traces.body).toMatchObject({ count: 1, data: [kept] });
    expect(JSON.stringify(traces.body)).not.toContain('position');
  });

  test('takes nothing into a tracker that is registered by hand either', async () => {
    await api.unclaim(trackingId, 0);
    const body = { label: 'Van', group_id: 0, plugin_id: 44, model: 'telfmb920', device_id: imei(0) };
    await api.navixy('/tracker/register', 1, { ...body, phone: '491700000001', apn_name: 'a' });
    expect(api.store.registry.sourceByDeviceId(imei(0))).toMatchObject({ notBefore: api.now });
  });

  test('takes nothing of an account that had registered it by hand', async () => {
    const register = async (owner: number, sim: number) => {
      const body = { label: 'Van', group_id: 0, plugin_id: 44, model: 'telfmb920', device_id: imei(7) };
      await api.navixy('/tracker/register', owner, { ...body, phone: `49170000000${sim}`, apn_name: 'a' });
      return api.store.registry.sourceByDeviceId(imei(7))!;
    };
    const remove = ({ id }: { readonly id: number }) =>
      api.store.change((tx) => corruptSource(tx, tx.registry.get('source', id)!));
    expect((await register(0, 1)).notBefore).toBeUndefined();
    await remove(api.store.registry.sourceByDeviceId(imei(7))!);
    // Its own records are its own still.
    const again = await register(0, 2);
    expect(again.notBefore).toBeUndefined();
    api.clock.advance(1000);
    await remove(again);
    const endedAt = api.now;
    api.clock.advance(1000);
    await api.project({ id: 'p1', devices: [{ id: imei(7) }] });
    const claimed = (await api.claim(7, 1)).body.trackingId!;
    const { sourceId } = api.store.registry.get('claim', claimed)!;
    expect(api.store.registry.get('source', sourceId)?.notBefore).toBe(endedAt);
  });

  test('claimed for the first time keeps everything it held', async () => {
    expect(api.store.registry.get('source', sourceId())?.notBefore).toBeUndefined();
    await send([at(-86_400)]);
    expect((await shadow('/reported')).timestamp).toBe(api.now - 86_400_000);
  });
});
