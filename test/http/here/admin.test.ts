import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HereApiError } from '../../../src/client/errors.js';
import { HereClient } from '../../../src/client/here.js';
import { LicenceWatch } from '../../../src/store/claims/licence-watch.js';
import { appOf, HereApi, imei } from './kit.js';

let api: HereApi;
beforeEach(async () => {
  api = await HereApi.create();
});
afterEach(() => api.close(false));

const refusal = (status: number, code: string) => ({ status, body: { error: { code } } });

describe('projects', () => {
  test('are made, changed, listed and read', async () => {
    const project = {
      ...{ id: 'p9', app_id: appOf(9), name: 'Ninth', members: ['owner1@example.com', 'owner0@example.com'] },
      licence: { type: 'evaluation', expires_at: '2026-06-16', quota: 5 },
    };
    const shown = {
      ...{ id: 'p9', app_id: appOf(9), name: 'Ninth', description: 'Ninth', account_id: 3 },
      ...{ members: ['owner1@example.com', 'owner0@example.com'], provisioned: 0, claimed: 0 },
      licence: { type: 'evaluation', expires_at: '2026-06-16T00:00:00.000Z', quota: 5, expired: false },
      created_at: '2026-06-15T12:00:00.000Z',
    };
    expect(await api.admin('POST', 'here/projects', project)).toEqual({ status: 200, body: shown });
    expect(await api.admin('POST', 'here/projects', { id: 'p9', name: '9' })).toMatchObject({ body: { name: '9' } });
    expect(await api.admin('GET', 'here/projects/p9')).toMatchObject({ status: 200, body: { name: '9' } });
    expect(await api.admin('GET', 'here/projects')).toMatchObject({ body: { total: 3 } });
    expect(await api.admin('GET', 'here/projects/else')).toMatchObject(refusal(404, 'not_found'));
    for (const body of [{}, { id: 'x' }, { id: 'p9', else: 1 }, { id: 'x', app_id: 'short' }])
      expect(await api.admin('POST', 'here/projects', body)).toMatchObject(refusal(400, 'invalid_request'));
    for (const change of [{ app_id: 'another-app' }, { app_id: appOf(1) }])
      expect(await api.admin('POST', 'here/projects', { id: 'p9', ...change })).toMatchObject(refusal(409, 'conflict'));
    const unknown = { id: 'p9', members: ['nobody@example.com'] };
    expect(await api.admin('POST', 'here/projects', unknown)).toMatchObject(refusal(400, 'invalid_request'));
  });

  test('keep a member, and their account', async () => {
    await api.project({ id: 'p0', members: ['owner1@example.com'] });
    await api.provision(0);
    const leave = (login: string) => api.admin('DELETE', `here/projects/p0/members/${login}`);
    expect(await leave('owner0@example.com')).toMatchObject({
      body: { members: ['owner1@example.com'], account_id: 2 },
    });
    expect(await leave('owner0@example.com')).toMatchObject(refusal(404, 'not_found'));
    expect(await leave('owner1@example.com')).toMatchObject(refusal(409, 'conflict'));
    expect((await api.claim(0, 0)).status).toBe(403);
    await api.call('PUT', `/registry/v2/devices/${imei(0)}?projectId=p0`, { token: api.owners[1]!.token });
    expect(await api.trackers(0)).toHaveLength(1);
  });

  test('have tokens for their applications', async () => {
    await api.provision(0);
    const made = await api.admin('POST', 'here/projects/p0/tokens');
    expect(made).toMatchObject({ status: 201, body: { expires_at: '2027-06-15T12:00:00.000Z' } });
    const { token } = made.body as unknown as { token: string };
    expect((await api.call('PUT', `/registry/v2/devices/${imei(0)}`, { token })).status).toBe(201);
    expect(await api.admin('POST', 'here/projects/else/tokens')).toMatchObject(refusal(404, 'not_found'));
    api.clock.advance(365 * 86_400_000);
    expect((await api.call('GET', '/users/v2/devices', { token })).status).toBe(401);
  });
});

describe('devices and claims', () => {
  const provision = (body: object) => api.admin('POST', 'here/projects/p0/devices', body);

  test('are provisioned with a secret that is told once', async () => {
    const made = await provision({ id: imei(0), model: 'telfmb920', generate_secret: true });
    expect(made).toMatchObject({ status: 200, body: { device_id: imei(0), external_id: null } });
    expect((made.body as unknown as { secret: string }).secret).toMatch(/^[\w-]{43}$/);
    expect(await provision({ id: imei(1), secret: 'mine' })).toMatchObject({ body: { secret: null } });
    expect(await provision({ external_id: 'box' })).toMatchObject({
      body: { device_id: expect.stringMatching(/^VRDE-/), external_id: 'box', secret: null },
    });
    const journal = JSON.stringify([...api.store.registry.all('deviceLicence')]);
    expect(journal).not.toContain('mine');
    const list = await api.admin('GET', 'here/projects/p0/devices');
    expect(list.body).toMatchObject({ total: 3 });
    expect(await api.admin('GET', `here/devices/${imei(1)}`)).toMatchObject({
      body: { device_id: imei(1), project: 'p0', has_secret: true, model: null, tracking_id: null, owner: null },
    });
    for (const body of [{}, { id: 'x', external_id: 'y' }, { id: 'x'.repeat(51) }, { id: 'x', model: 'else' }])
      expect(await provision(body)).toMatchObject(refusal(400, 'invalid_request'));
    const elsewhere = await api.admin('POST', 'here/projects/p1/devices', { id: imei(0) });
    expect(elsewhere).toMatchObject(refusal(409, 'conflict'));
    expect(await api.admin('GET', 'here/devices/else')).toMatchObject(refusal(404, 'not_found'));
  });

  test('end at the word of the operator', async () => {
    await api.provision(0, 1);
    const { trackingId } = (await api.claim(0, 1)).body;
    expect(await api.admin('DELETE', `here/devices/${imei(0)}`)).toMatchObject(refusal(409, 'conflict'));
    const open = await api.admin('GET', 'here/claims?open=true');
    expect(open.body).toMatchObject({
      total: 1,
      list: [{ tracking_id: trackingId, project: 'p1', claimed_by: 'owner1@example.com', unclaimed_at: null }],
    });
    expect(await api.admin('DELETE', `here/claims/${trackingId}`)).toMatchObject({ body: { done: true } });
    expect(api.ended).toEqual([[1, 'unclaimed_unit']]);
    expect(await api.admin('DELETE', `here/claims/${trackingId}`)).toMatchObject(refusal(404, 'not_found'));
    expect(await api.admin('GET', `here/claims?open=false&device_id=${imei(0)}&project=p1`)).toMatchObject({
      body: { total: 1, list: [{ unclaimed_at: '2026-06-15T12:00:00.000Z', erased_at: null }] },
    });
    api.clock.advance(30 * 86_400_000);
    await api.snapshots.run();
    expect(await api.admin('GET', 'here/claims?open=false&project=p1')).toMatchObject({
      body: { list: [{ erased_at: '2026-07-15T12:00:00.000Z' }] },
    });
    expect(await api.admin('GET', 'here/claims?project=p0')).toMatchObject({ body: { total: 0 } });
    expect(await api.trackers(1)).toEqual([]);
    expect(await api.admin('DELETE', `here/devices/${imei(0)}`)).toMatchObject({ body: { done: true } });
    expect(await api.admin('DELETE', `here/devices/${imei(0)}`)).toMatchObject(refusal(404, 'not_found'));
    expect(await provision({ id: imei(0) })).toMatchObject(refusal(409, 'conflict'));
  });
});

describe('a setup', () => {
  test('applied twice changes nothing, and keeps what it does not say', async () => {
    const project = {
      id: 'p0',
      members: ['owner0@example.com', 'owner1@example.com'],
      licence: { type: 'commercial', quota: 10 },
      devices: [{ id: imei(0), secret: 'gw-device-secret-0001', model: 'telfmb920' }, { external_id: 'box' }],
    };
    const setup = { here: { projects: [project] } };
    expect(await api.admin('POST', 'setup', setup)).toMatchObject({
      body: { changed: true, sections: { here: { updated: 1 }, here_devices: { created: 2 } } },
    });
    expect(await api.admin('POST', 'setup', setup)).toMatchObject({
      body: { changed: false, sections: { here: { unchanged: 1 }, here_devices: { unchanged: 2 } } },
    });
    const other = { here: { projects: [{ id: 'p0', devices: [{ id: imei(0), secret: 'another' }] }] } };
    expect(await api.admin('POST', 'setup', other)).toMatchObject({
      body: { sections: { here_devices: { updated: 1 } } },
    });
    expect(api.store.registry.get('deviceLicence', imei(0))?.model).toBe('telfmb920');
    expect(api.store.registry.get('project', 'p0')?.licence.quota).toBe(10);
  });

  test.each([
    [{ id: 'new', members: ['owner0@example.com'] }, 'here.projects[0].app_id', 'is missing'],
    [{ id: 'new', app_id: 'new-application' }, 'here.projects[0].members', 'is missing'],
    [{ id: 'p0', licence: { expires_at: 'soon' } }, 'here.projects[0].licence.expires_at', 'must match'],
    [{ id: 'p0', licence: { expires_at: '2026-13-01' } }, 'here.projects[0].licence.expires_at', 'is no date'],
    [{ id: 'p0', licence: { expires_at: '2027-02-29' } }, 'here.projects[0].licence.expires_at', 'is no date'],
    [{ id: 'p0', devices: [{ id: 'a' }, { id: 'a' }] }, 'here.projects[0].devices[1]', 'is given twice'],
    [{ id: 'p0', devices: [{ id: 'a', model: 'x' }] }, 'here.projects[0].devices[0].model', 'is no code'],
  ])('%j is wrong at %s', async (project, path, message) => {
    const reply = await api.admin('POST', 'setup', { here: { projects: [project] } });
    const problems = [{ path, message: expect.stringContaining(message) }];
    expect(reply.body).toMatchObject({ error: { problems } });
  });
});

describe('a licence that runs out', () => {
  test('blocks the devices that are claimed under it, until it is prolonged', async () => {
    await api.provision(0, 1, 2);
    for (const n of [0, 1]) await api.claim(n, 0);
    await api.claim(2, 1);
    const sources = [0, 1, 2].map((n) => api.store.registry.sourceByDeviceId(imei(n))!.id);
    await api.store.change((tx) => tx.put('source', { ...tx.registry.get('source', sources[1]!)!, blocked: true }));
    const ended: number[] = [];
    const live = { disconnect: (id: number) => void ended.push(id) };
    const watch = new LicenceWatch({ store: api.store, live, clock: api.clock, onError: () => {} });
    const blocked = () => sources.map((id) => api.store.registry.get('source', id)!.blocked);
    await api.project({ id: 'p0', licence: { expires_at: '2026-06-15T12:00:10Z' } });
    watch.start();
    api.clock.advance(9_999);
    await api.store.drained();
    expect(blocked()).toEqual([false, true, false]);
    api.clock.advance(10_000);
    await api.store.drained();
    await watch.look();
    expect([blocked(), ended]).toEqual([[true, true, false], [sources[0]]]);
    await api.close(false);
    await api.open();
    expect(blocked()).toEqual([true, true, false]);
    await api.project({ id: 'p0', licence: { expires_at: '2030-01-01' } });
    expect(blocked()).toEqual([false, true, false]);
    watch.stop();
  });
});

describe('the typed client', () => {
  const client = (token?: string, requestId?: () => string) =>
    new HereClient({
      ...{ url: 'http://Gateway:80/', token },
      ...(requestId === undefined ? {} : { requestId }),
      fetch: async (url, init) => {
        const { method, headers, body: payload } = init;
        const response = await api.server.app.inject({
          ...{ method: method as 'GET', url: url.slice('http://Gateway:80'.length) },
          headers: { ...headers, host: 'gateway' },
          ...(payload === undefined ? {} : { payload }),
        });
        return { status: response.statusCode, text: async () => response.body };
      },
    });

  test('logs devices in, and names its requests where that is wanted', async () => {
    await api.project({ id: 'p0', devices: [{ id: 'device (1)', secret: "it's a secret & more" }] });
    const requestId = '00000001-0000-4000-8000-000000000000';
    const device = client(undefined, () => requestId);
    await expect(device.logInDevice('device (1)', "it's a secret & more")).rejects.toMatchObject({
      code: 412,
      id: requestId,
    });
    await expect(device.logInDevice('device (1)', 'another')).rejects.toMatchObject({ code: 401 });
    await expect(device.logInDevice('another', 'another')).rejects.toMatchObject({ code: 404 });
    const params = { deviceOrExternalId: 'device (1)' };
    await client(api.owners[0]!.token).call('PUT /registry/v2/devices/:deviceOrExternalId', { params });
    await device.logInDevice('device (1)', "it's a secret & more");
    await device.logInDevice('device (1)', "it's a secret & more");
    const sent = await device.call('POST /v2/', { body: [{ timestamp: api.now }] });
    expect(sent).toMatchObject({ status: 200, body: { system: { stateVersion: 1 } } });
  });

  test('speaks of routes as the document does', async () => {
    await api.provision(0);
    const owner = client(api.owners[0]!.token);
    const params = { deviceOrExternalId: imei(0) };
    const claimed = await owner.call('PUT /registry/v2/devices/:deviceOrExternalId', { params });
    expect(claimed).toEqual({ status: 201, body: { trackingId: expect.stringMatching(/^HERE-/) } });
    const { trackingId } = claimed.body;
    const list = await owner.call('GET /users/v2/devices', { query: { count: 10 } });
    expect(list.body.data.map((item) => item.trackingId)).toEqual([trackingId]);
    const sent = await owner.call('POST /v3/', { body: { id: trackingId, data: [{ timestamp: api.now }] } });
    expect(sent.status).toBe(200);
    expect(await owner.call('GET /v2/timestamp')).toMatchObject({ status: 200 });
    expect(await owner.call('DELETE /registry/v2/:trackingId', { params: { trackingId } })).toEqual({ status: 204 });
    const failure = owner.call('GET /registry/v2/:trackingId', { params: { trackingId } });
    await expect(failure).rejects.toBeInstanceOf(HereApiError);
    await expect(failure).rejects.toMatchObject({ code: 404, path: `/registry/v2/${trackingId}` });
    await expect(client().logIn('owner0@example.com', 'wrong')).rejects.toMatchObject({ code: 401 });
  });
});

describe('the document', () => {
  test('describes every call, once', async () => {
    const { hereCalls } = await import('../../../src/http/here/call-list.js');
    const { paths } = (await api.server.app.inject('/openapi.json')).json() as {
      paths: Record<string, Record<string, { summary: string; responses: Record<string, object>; security: object[] }>>;
    };
    for (const call of hereCalls) {
      const path = call.paths[0]!.replace(/:(\w+)/g, '{$1}');
      const operation = paths[path]?.[call.method.toLowerCase()];
      expect([path, operation?.summary]).toEqual([path, call.summary]);
      const statuses = [...Object.keys(call.answers), ...call.errors.map(String), '400', '429'];
      expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(statuses));
      expect(operation?.security).toEqual(call.holders.length === 0 ? [] : [{ bearer: [] }]);
    }
    expect(Object.keys(paths)).not.toContain('/device-http/v2');
  });
});
