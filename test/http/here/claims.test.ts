import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { enqueue } from '../../../src/downlink/queue.js';
import { calls } from '../../../src/http/navixy/call-list.js';
import { diskError, type FailingEngine } from '../../support/failing-engine.js';
import { settle, until } from '../../support/until.js';
import { appOf, HereApi, imei } from './kit.js';

let api: HereApi;
beforeEach(async () => {
  api = await HereApi.create();
});
afterEach(() => api.close(false));

const physicalId = /^HERE-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const requestId = '3f0c5c0e-5d0f-4c59-9a53-0f0b8f0f3a11';
const error = (status: number) => ({
  status,
  body: { code: status, error: expect.any(String), id: expect.any(String) },
});
const token = (owner: number) => api.owners[owner]!.token;
const devicePath = (n: number) => `/registry/v2/devices/${imei(n)}`;

describe('a claim', () => {
  beforeEach(() => api.provision(0));

  test('is new once, repeated afterwards, refused to others, and another one after it was given up', async () => {
    const first = await api.claim(0, 0);
    expect(first.status).toBe(201);
    expect(Object.keys(first.body)).toEqual(['trackingId']);
    expect(first.body.trackingId).toMatch(physicalId);
    expect(first.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8' });
    expect(first.headers.location).toBeUndefined();
    expect(await api.claim(0, 0)).toMatchObject({ status: 200, body: first.body });
    const refused = await api.claim(0, 1);
    expect(refused).toMatchObject({ ...error(409), body: { error: 'Conflict', details: { hereErrorCode: 409306 } } });
    expect(JSON.stringify(refused.body)).not.toMatch(/p0|HERE-|owner/);
    expect(await api.unclaim(first.body.trackingId!, 0)).toMatchObject({ status: 204, body: {} });
    const other = await api.claim(0, 1);
    expect(other.status).toBe(201);
    expect(other.body.trackingId).not.toBe(first.body.trackingId);
  });

  test('makes a tracker of the account that the project belongs to, and giving it up takes the tracker away', async () => {
    const { trackingId } = (await api.claim(0, 0)).body;
    const [tracker] = await api.trackers(0);
    expect(tracker).toMatchObject({ label: imei(0), source: { device_id: imei(0), model: 'telfmb920' } });
    expect(await api.trackers(1)).toEqual([]);
    const source = api.store.registry.get('source', 1)!;
    const command = { kind: 'text', text: 'getinfo' } as const;
    const wanted = { source, accountId: source.accountId, command, reliable: true, ttlMs: 60_000 };
    await api.store.change((tx) => {
      for (const via of ['link', 'sms'] as const) enqueue(tx, { ...wanted, via });
    });
    await api.unclaim(trackingId!, 0);
    expect(await api.trackers(0)).toEqual([]);
    expect(api.ended).toEqual([[1, 'unclaimed_unit']]);
    expect(api.store.registry.commandsOfSource(1).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    await api.claim(0, 1);
    expect((await api.trackers(1)).map(({ id }) => id)).toEqual([tracker!.id + 1]);
  });

  test('by fifty at once is one', async () => {
    const replies = await Promise.all(Array.from({ length: 50 }, () => api.claim(0, 0)));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(49);
    expect(new Set(replies.map(({ body }) => body.trackingId)).size).toBe(1);
    expect(api.store.registry.claims.openClaimsOf('p0')).toHaveLength(1);
  });

  test('that is repeated is answered when the first is on disk, and not before', async () => {
    const engine = api.store.engine as FailingEngine;
    for (const failure of [undefined, diskError('ENOSPC')]) {
      engine.hold();
      let answered = 0;
      const claims = Array.from({ length: 3 }, async () => {
        const { status } = await api.claim(0, 0);
        answered++;
        return status;
      });
      await until(() => engine.heldCount > 0, 'a commit that waits');
      await settle();
      expect(answered).toBe(0);
      engine.failure = failure;
      engine.release();
      expect((await Promise.all(claims)).sort()).toEqual(failure === undefined ? [200, 200, 201] : [503, 503, 503]);
      engine.failure = undefined;
      api.clock.advance(1000);
      await until(() => api.store.health.ready, 'the disk works again');
      const open = api.store.registry.claims.openClaimOf(imei(0));
      expect(open === undefined).toBe(failure !== undefined);
      if (open !== undefined) await api.unclaim(open.id, 0);
    }
  });

  test('by two projects at once is of one of them', async () => {
    for (let round = 0; round < 20; round++) {
      const replies = await Promise.all([0, 1, 1, 0, 1].map((owner) => api.claim(0, owner)));
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(replies.filter(({ status }) => status === 409).length).toBeGreaterThan(1);
      const { trackingId } = replies.find(({ status }) => status === 201)!.body;
      await Promise.all([api.unclaim(trackingId!, 0), api.unclaim(trackingId!, 1)]);
      expect(api.store.registry.claims.openClaimOf(imei(0))).toBeUndefined();
    }
  });

  test('goes without a body that is announced, and passes over what it does not know', async () => {
    const json = { 'content-type': 'application/json' };
    const url = devicePath(0);
    const empty = await api.call('PUT', url, { token: token(0), body: '', headers: json });
    expect(empty.status).toBe(201);
    for (const body of ['   ', '{}', '{"else":1}', '{"ownerAppId":"12345678"}']) {
      expect([body, (await api.call('PUT', url, { token: token(0), body, headers: json })).status]).toEqual([
        body,
        200,
      ]);
    }
    for (const body of ['[]', 'null', '1', '"x"', '{', '{"ownerAppId":"short"}', '{"ownerAppId":12345678}']) {
      expect([body, await api.call('PUT', url, { token: token(0), body, headers: json })]).toMatchObject([
        body,
        error(400),
      ]);
    }
    const text = await api.call('PUT', url, { token: token(0), body: '{}', headers: { 'content-type': 'text/plain' } });
    expect(text.status).toBe(200);
  });

  test('remembers who claimed it, and for which application', async () => {
    const { trackingId } = (
      await api.call('PUT', devicePath(0), { token: token(0), body: { ownerAppId: 'my-application' } })
    ).body;
    const claimedBy = api.owners[0]!.user.id;
    const row = api.store.registry.get('claim', trackingId!);
    expect(row).toMatchObject({ deviceId: imei(0), projectId: 'p0', ownerAppId: 'my-application', claimedBy });
  });

  test('may be made by an application, not by a device', async () => {
    const client = await api.clientToken('p1');
    expect((await api.call('PUT', devicePath(0), { token: client })).status).toBe(201);
    expect((await api.call('PUT', `${devicePath(0)}?projectId=p0`, { token: client })).status).toBe(403);
    const [claim] = api.store.registry.claims.openClaimsOf('p1');
    const { issueDeviceToken } = await import('../../../src/store/claims/tokens.js');
    const device = await api.store.change((tx) => issueDeviceToken(tx, claim!));
    expect(await api.call('PUT', devicePath(0), { token: device })).toMatchObject(error(403));
  });

  test('of a device that the account has registered already takes its tracker over', async () => {
    const body = { label: 'Van', group_id: 0, plugin_id: 44, model: 'telfmb920', device_id: imei(0) };
    const sim = { phone: '491700000001', apn_name: 'a' };
    expect(await api.navixy('/tracker/register', 0, { ...body, ...sim })).toMatchObject({ success: true });
    expect(await api.claim(0, 1)).toMatchObject(error(409));
    const { trackingId } = (await api.claim(0, 0)).body;
    expect(await api.trackers(0)).toMatchObject([{ label: 'Van' }]);
    expect(api.store.registry.get('claim', trackingId!)).toMatchObject({ trackerId: 1, sourceId: 1 });
    expect(await api.navixy('/tracker/register', 1, { ...body, phone: '491700000002', apn_name: 'a' })).toMatchObject({
      status: { code: 224 },
    });
  });

  test('ends when its tracker is deleted or replaced in the tracker API', async () => {
    const { trackingId } = (await api.claim(0, 0)).body;
    const [tracker] = await api.trackers(0);
    expect(await api.navixy('/tracker/corrupt', 0, { tracker_id: tracker!.id })).toEqual({ success: true });
    expect(await api.call('GET', `/registry/v2/${trackingId}`, { token: token(0) })).toMatchObject(error(404));
    expect((await api.claim(0, 1)).status).toBe(201);
  });
});

describe('the order of checks', () => {
  test('request id, token, kind of token, parameters, project, licence, device, owner, quota', async () => {
    const url = `/registry/v2/devices/${'x'.repeat(51)}?appId=short`;
    const bad = { 'x-request-id': 'not a uuid' };
    expect(await api.call('PUT', url, { headers: bad })).toMatchObject(error(400));
    expect(await api.call('PUT', url, { headers: { 'x-request-id': requestId } })).toMatchObject(error(401));
    const owner = await api.owner('nobody@example.com');
    expect(await api.call('PUT', url, { token: owner.token })).toMatchObject(error(400));
    expect(await api.call('PUT', devicePath(0), { token: owner.token })).toMatchObject(error(403));
    await api.project({ id: 'p1', licence: { expires_at: '2026-01-01' } });
    expect(await api.claim(0, 1)).toMatchObject({ body: { message: 'The licence of the project has expired.' } });
    expect(await api.claim(0, 0)).toMatchObject(error(404));
    await api.provision(0, 1);
    await api.project({ id: 'p0', licence: { quota: 2 } });
    await api.claim(0, 0);
    await api.project({ id: 'p1', licence: { quota: 0, expires_at: '2030-01-01' } });
    expect(await api.claim(0, 1)).toMatchObject(error(409));
    expect(await api.claim(1, 1)).toMatchObject({ ...error(403), body: { message: expect.stringMatching(/no more/) } });
  });

  test('a repeated claim never fails for the quota', async () => {
    await api.provision(0, 1);
    await api.project({ id: 'p1', licence: { quota: 1 } });
    expect((await api.claim(0, 1)).status).toBe(201);
    expect((await api.claim(1, 1)).status).toBe(403);
    expect((await api.claim(0, 1)).status).toBe(200);
    expect(api.store.registry.claims.openClaimsOf('p1')).toHaveLength(1);
  });

  test('the account may have no more devices', async () => {
    await api.provision(0);
    const { accountId } = api.owners[1]!.user;
    await api.store.change((tx) => tx.put('account', { ...tx.registry.get('account', accountId)!, deviceLimit: 0 }));
    expect(await api.claim(0, 1)).toMatchObject({ ...error(403), body: { message: expect.stringMatching(/account/) } });
  });
});

describe('request ids', () => {
  test('are made where none is given, echoed, and written to the log', async () => {
    await api.provision(0);
    const headers = { 'x-request-id': requestId };
    const reply = await api.call('PUT', devicePath(0), { token: token(0), headers });
    expect(reply.headers['x-request-id']).toBe(requestId);
    const line = api.log.find((each) => each.requestId === requestId);
    expect(line).toMatchObject({ level: 30, method: 'PUT', path: devicePath(0), status: 201 });
    const other = await api.claim(0, 0);
    expect(other.headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    const unknown = await api.call('GET', '/registry/v3/else', { headers });
    expect(unknown).toMatchObject({ ...error(404), body: { id: requestId }, headers: { 'x-request-id': requestId } });
  });
});

describe('which project', () => {
  beforeEach(async () => {
    await api.provision(0);
    await api.project({ id: 'p2', app_id: appOf(2), members: ['owner0@example.com'] });
  });
  const put = (query: string, body?: object) =>
    api.call('PUT', `${devicePath(0)}${query}`, { token: token(0), ...(body === undefined ? {} : { body }) });

  test('has to be said by members of several, by its id or by its application', async () => {
    expect(await put('')).toMatchObject(error(400));
    expect(await put('?projectId=p1')).toMatchObject(error(403));
    expect(await put('?projectId=unknown')).toMatchObject(error(403));
    expect(await put('', { ownerAppId: appOf(1) })).toMatchObject(error(400));
    expect((await put('', { ownerAppId: appOf(2) })).status).toBe(201);
    expect((await put('?projectId=p2', { ownerAppId: appOf(0) })).status).toBe(200);
    expect(await put('?projectId=p0')).toMatchObject(error(409));
  });

  test('is settled by the token where that is for one', async () => {
    const scope = 'hrn:here:authorization::milepost:project/p2';
    const exchanged = await api.call('POST', '/users/v2/tokenExchange', { body: { accessToken: token(0), scope } });
    const { accessToken } = exchanged.body as unknown as { accessToken: string };
    const scoped = (query: string) => api.call('PUT', `${devicePath(0)}${query}`, { token: accessToken });
    expect(await scoped('?projectId=p0')).toMatchObject(error(403));
    expect((await scoped('')).status).toBe(201);
    expect(api.store.registry.claims.openClaimsOf('p2')).toHaveLength(1);
  });

  test('takes sub-users too, and what they claim is of the account', async () => {
    const sub = await api.subUser(api.owners[0]!, 'sub@example.com');
    await api.project({ id: 'p2', members: ['sub@example.com'] });
    expect((await api.call('PUT', devicePath(0), { token: sub.token })).status).toBe(201);
    expect(await api.trackers(0)).toHaveLength(1);
    expect((await put('?projectId=p2')).status).toBe(200);
  });
});

describe('looking up', () => {
  test('works both ways for the owner, and for nobody else', async () => {
    await api.provision(0);
    const get = (path: string, owner: number) => api.call('GET', `/registry/v2/${path}`, { token: token(owner) });
    expect(await get(`devices/${imei(0)}`, 0)).toMatchObject(error(404));
    const { trackingId } = (await api.claim(0, 0)).body;
    expect(await get(`devices/${imei(0)}`, 0)).toMatchObject({ status: 200, body: { trackingId } });
    expect((await get(trackingId!, 0)).body).toEqual({ deviceId: imei(0) });
    expect(await get(`devices/${imei(0)}`, 1)).toMatchObject(error(404));
    expect(await get(trackingId!, 1)).toMatchObject(error(404));
    expect(await api.unclaim(trackingId!, 1)).toMatchObject(error(404));
    await api.unclaim(trackingId!, 0);
    expect(await api.unclaim(trackingId!, 0)).toMatchObject(error(404));
    for (const owner of [0, 1]) {
      expect(await get(trackingId!, owner)).toMatchObject(error(404));
      for (const path of [`/shadows/v2/${trackingId}`, `/traces/v2/${trackingId}`])
        expect(await api.call('GET', path, { token: token(owner) })).toMatchObject(error(404));
    }
  });

  test('a device may ask for itself', async () => {
    await api.provision(0, 1);
    await api.claim(0, 0);
    await api.claim(1, 0);
    const { issueDeviceToken } = await import('../../../src/store/claims/tokens.js');
    const claim = api.store.registry.claims.openClaimOf(imei(0))!;
    const device = await api.store.change((tx) => issueDeviceToken(tx, claim));
    expect((await api.call('GET', devicePath(0), { token: device })).body).toEqual({ trackingId: claim.id });
    expect(await api.call('GET', devicePath(1), { token: device })).toMatchObject(error(403));
    expect(await api.call('GET', `/registry/v2/${claim.id}`, { token: device })).toMatchObject(error(403));
  });
});

describe('ending a licence', () => {
  const remove = (n: number, owner: number) => api.call('DELETE', devicePath(n), { token: token(owner) });

  test('is for the vendor, of a device that nobody claims, and for good', async () => {
    await api.provision(0);
    expect(await remove(1, 0)).toMatchObject(error(404));
    expect(await remove(0, 1)).toMatchObject(error(403));
    const { trackingId } = (await api.claim(0, 1)).body;
    expect(await remove(0, 0)).toMatchObject(error(400));
    await api.unclaim(trackingId!, 1);
    expect(await remove(0, 0)).toMatchObject({ status: 204, body: {} });
    expect(await remove(0, 0)).toMatchObject(error(404));
    expect(await api.claim(0, 1)).toMatchObject(error(404));
    expect(api.store.registry.claims.activeLicencesOf('p0')).toHaveLength(0);
  });
});

describe('virtual devices', () => {
  beforeEach(() => api.project({ id: 'p0', devices: [{ external_id: 'my-first-device' }] }));
  const put = (query = '') =>
    api.call('PUT', `/registry/v2/devices/my-first-device${query}`, { token: token(0), body: {} });

  test('are named by their app and an external id, wherever a tracking id would do', async () => {
    expect(await put()).toMatchObject(error(404));
    expect(await put(`?appId=${appOf(1)}`)).toMatchObject(error(404));
    const claimed = await put(`?appId=${appOf(0)}`);
    expect(claimed.status).toBe(201);
    expect(claimed.body.trackingId).toMatch(/^VRTR-[0-9a-f]{8}-/);
    const [tracker] = await api.trackers(0);
    expect(tracker).toMatchObject({ label: 'my-first-device', source: { device_id: expect.stringMatching(/^VRDE-/) } });
    const get = (path: string) => api.call('GET', `${path}?appId=${appOf(0)}`, { token: token(0) });
    expect((await get('/registry/v2/devices/my-first-device')).body).toEqual(claimed.body);
    expect((await get('/registry/v2/my-first-device')).body).toEqual({ deviceId: tracker!.source.device_id });
    expect((await get('/shadows/v2/my-first-device')).status).toBe(200);
    const end = await api.call('DELETE', `/registry/v2/my-first-device?appId=${appOf(0)}`, { token: token(0) });
    expect(end.status).toBe(204);
    expect(await get('/registry/v2/my-first-device')).toMatchObject(error(404));
    const gone = await api.call('DELETE', `/registry/v2/devices/my-first-device?appId=${appOf(0)}`, {
      token: token(0),
    });
    expect(gone.status).toBe(204);
    expect(await put(`?appId=${appOf(0)}`)).toMatchObject(error(404));
  });

  test('are trackers that every call of the tracker API can cope with, though they have no model', async () => {
    await put(`?appId=${appOf(0)}`);
    const id = (await api.trackers(0))[0]!.id;
    const times = { from: '2026-06-15 00:00:00', to: '2026-06-15 12:00:00' };
    for (const call of calls) {
      if (!Object.hasOwn(call.params.properties, 'tracker_id') || call.name === 'tracker/corrupt') continue;
      const body = await api.navixy(`/${call.name}`, 0, { tracker_id: id, ...times });
      const { status } = body as { status?: { code: number } };
      expect([call.name, status?.code]).not.toEqual([call.name, 6]);
    }
    expect(await api.navixy('/tracker/get_state', 0, { tracker_id: id })).toMatchObject({ success: true });
    expect(await api.navixy('/tracker/get_states', 0, {})).toMatchObject({ success: true });
  });
});
