import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calls } from '../../../src/http/navixy/call-list.js';
import { NavixyError } from '../../../src/http/navixy/errors.js';
import { actionOf, parseMessage, readWishes } from '../../../src/http/navixy/live/wishes.js';
import { hashPassword } from '../../../src/store/credentials.js';
import { TestApi, type TestUser } from '../../support/api.js';
import { type CheckedAnswer, DocumentCheck, faultsOf } from '../../support/openapi-check.js';

interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: object;
  }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly properties: object } }> };
  readonly responses: Record<string, { readonly $ref?: string }>;
  readonly security?: readonly object[];
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, { readonly get: Operation; readonly post?: Operation }>;
  readonly components: {
    readonly schemas: Record<string, object>;
    readonly responses: Record<string, { readonly description: string }>;
    readonly securitySchemes: object;
  };
}

let api: TestApi;
let owner: TestUser;
let document: Document;

beforeAll(async () => {
  api = await TestApi.create();
  owner = await api.account({ login: 'owner@example.com', passwordHash: await hashPassword('secret') });
  document = (await api.server.app.inject('/openapi.json')).json();
});
afterAll(() => api.server.close());

describe('the document', () => {
  test('describes every call, by GET and POST', () => {
    for (const { name } of calls) {
      const path = document.paths[`/${name}`];
      expect(path?.get.requestBody, name).toBeUndefined();
      expect(path?.post?.parameters, name).toBeUndefined();
      expect(Object.keys(path?.post?.requestBody?.content ?? {})).toEqual([
        'application/json',
        'application/x-www-form-urlencoded',
      ]);
      expect(Object.keys(path?.get.responses ?? {})).toEqual(
        expect.arrayContaining(['200', '400', '412', '429', '503']),
      );
    }
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    const ids = operations.flatMap(({ operationId }) => operationId ?? []);
    expect(ids).toContain('trackerGetState');
    expect(new Set(ids).size).toBe(2 * calls.length + 1);
    expect(Object.keys(document.paths)).toEqual([
      '/healthz',
      '/readyz',
      '/metrics',
      ...calls.map(({ name }) => `/${name}`),
      '/event/subscription',
    ]);
  });

  test('describes parameters as they travel', () => {
    const { get, post } = document.paths['/tracker/get_states']!;
    const parameters = Object.fromEntries((get.parameters ?? []).map((each) => [each.name, each]));
    expect(parameters.trackers).toMatchObject({ in: 'query', schema: { type: 'string' } });
    expect(parameters.list_blocked).toMatchObject({ schema: { type: 'boolean', default: false } });
    expect(parameters.list_blocked?.required ?? false).toBe(false);
    expect(Object.keys(parameters)).toEqual(['trackers', 'list_blocked', 'allow_not_exist', 'iso_datetime']);
    const body = post?.requestBody?.content['application/json']?.schema.properties;
    expect(body).toMatchObject({ trackers: { type: 'array', items: { type: 'integer' }, maxItems: 2000 } });
    expect(document.paths['/tracker/read']?.get.parameters?.[0]).toMatchObject({ name: 'tracker_id', required: true });
  });

  test('tells the errors of a call by HTTP status', () => {
    const { responses } = document.paths['/tracker/delete']!.post!;
    const errors = Object.entries(responses).filter(([status]) => status !== '200');
    const told = errors.map(([status, { $ref = '' }]) => {
      return [status, document.components.responses[$ref.replace('#/components/responses/', '')]?.description];
    });
    expect(Object.fromEntries(told)).toMatchObject({
      400:
        '3 Wrong hash, 4 User or API key not found or session ended, 5 Wrong request format, 7 Invalid parameters, ' +
        '201 Not found in database, 203 Delete entity associated with',
      403: '13 Operation not permitted, 249 Operation available for clones only, 275 User is blocked',
      429: '15 Too many requests (rate limit exceeded)',
    });
    expect(document.components.responses['Error-15']).toBeDefined();
  });

  test('tells which calls need a credential', () => {
    expect(document.paths['/user/auth']?.get.security).toEqual([]);
    expect(document.paths['/tracker/list']?.get.security).toEqual([{ hash: [] }, { header: [] }]);
    expect(Object.keys(document.components.securitySchemes)).toEqual(['hash', 'header', 'licensespring', 'bearer']);
  });
});

describe('live events', () => {
  const hash = '0'.repeat(32);
  const message = (request: object) => ({ action: 'subscribe', hash, requests: [request] });
  const target = { type: 'selected', tracker_ids: [1] };

  test('are described with what both sides send', () => {
    const { get, post } = document.paths['/event/subscription'] as { get: object; post?: object };
    expect(post).toBeUndefined();
    expect(get).toMatchObject({
      responses: { 101: { description: expect.any(String) } },
      'x-websocket': { client: { $ref: '#/components/schemas/LiveRequest' } },
    });
    const names = JSON.stringify(get).match(/(?<=#\/components\/schemas\/)\w+/g) ?? [];
    expect(names).toEqual(expect.arrayContaining(['LiveRequest', 'LiveResponse', 'LiveError', 'LiveEvent']));
    for (const name of names) expect(document.components.schemas[name]).toBeDefined();
  });

  test.each([
    ['good', message({ type: 'state', trackers: [1] })],
    ['good', message({ type: 'state_batch', target, rate_limit: '500ms', format: 'compact' })],
    ['good', message({ type: 'readings_batch', target: { type: 'all' }, sensor_type: 'fuel' })],
    ['good', message({ type: 'iot_monitor', target })],
    ['good', { action: 'subscribe', hash, events: ['state'], trackers: [1] }],
    ['bad', message({ type: 'state' })],
    ['bad', message({ type: 'state_batch', rate_limit: '1s' })],
    ['bad', message({ type: 'state_batch', target, rate_limit: 'soon' })],
    ['bad', message({ type: 'iot_monitor', target: { ...target, tracker_ids: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] } })],
    ['bad', message({ type: 'news', target })],
    ['bad', { action: 'listen', hash }],
  ])('a request is as %s by the document as for the server: %j', async (verdict, request) => {
    const isGood = (await faultsOf(document.components.schemas.LiveRequest!, request)) === undefined;
    expect(isGood ? 'good' : 'bad').toBe(verdict);
    const read = () => {
      const parsed = parseMessage(JSON.stringify(request));
      return readWishes(actionOf(parsed), parsed);
    };
    if (isGood) expect(read()).toHaveLength(1);
    else expect(read).toThrow(NavixyError);
  });
});

describe('answers are what the document says', () => {
  const full = {
    ...{
      ignition: true,
      input_1: true,
      output_1: false,
      gsm_signal_level: 80,
      gsm_network_code: '26201',
      battery_level: 50,
    },
    ...{
      hdop: 1,
      moving: true,
      board_voltage: 12.5,
      can_rpm: 900,
      fuel_level: 3,
      obd_vin: 'x',
      obd_dtc_number: 1,
      gps_lbs: true,
    },
  };

  test('for every call', async () => {
    const { tracker, source } = await api.tracker(owner);
    const silent = await api.tracker(owner, { model: 'traccar_client', deviceId: 'phone' });
    const key = (await api.call('/api/key/create', { hash: owner.hash, title: 'k' })).body as never as {
      value: { hash: string };
    };
    const spare = (await api.call('/user/api_key/create', { hash: owner.hash, title: 'k' })).body as never as {
      value: { hash: string };
    };
    const params = {
      ...{
        hash: owner.hash,
        login: 'owner@example.com',
        password: 'secret',
        title: 'x',
        key: key.value.hash,
        api_key: spare.value.hash,
      },
      ...{
        label: 'x',
        group_id: 0,
        plugin_id: 44,
        model: 'wialon_ips',
        device_id: 'own-1',
        list_blocked: true,
        allow_not_exist: true,
      },
    };
    for (const position of [{}, { satellites: 5, speedKmh: 1 }]) {
      api.store.report(source.id, 'satellites' in position ? { ...full, gps_lbs: true } : { moving: false }, {
        position,
      });
      for (const tracker_id of [tracker.id, silent.tracker.id]) {
        for (const { name } of calls.filter(
          (call) => !['user/logout', 'tracker/register'].includes(call.name) && !call.name.endsWith('delete'),
        )) {
          // Calls with parameters of their own refuse these; their suites have the good answers.
          const { status } = await api.call(`/${name}`, { ...params, tracker_id });
          expect([name, status]).not.toEqual([name, 500]);
        }
      }
    }
    for (const name of ['tracker/register', 'api/key/delete', 'user/api_key/delete', 'user/logout']) {
      expect([name, (await api.call(`/${name}`, params)).status]).toEqual([name, 200]);
    }
  });
});

describe('an answer is refused', () => {
  const good = { success: true, count: 3 };
  const answer = (body: object, status = 200, path = 'tracker/command/unconfirmed/count'): CheckedAnswer => ({
    ...{ method: 'POST', url: `/v2/${path}?x=1`, status },
    ...{ contentType: 'application/json; charset=utf-8', body: JSON.stringify(body) },
  });
  const refusal = (code: number, extra: object = {}) => ({
    success: false,
    status: { code, description: 'x' },
    ...extra,
  });
  const check = () => new DocumentCheck(document as never);

  test('unless it is as documented', async () => {
    await check().hold(answer(good));
    await check().hold(answer(refusal(204), 404));
    await check().hold(answer(refusal(7, { errors: [{ parameter: 'tracker_id', error: 'x' }] }), 400));
    await check().hold(answer(refusal(203, { rules: [1] }), 400, 'tracker/delete'));
    await check().hold(answer(refusal(111), 400, 'nonsense'));
  });

  test.each([
    ['a member too many', answer({ ...good, more: 1 })],
    ['a member missing', answer({ success: true })],
    ['a value of another type', answer({ success: true, count: '3' })],
    ['an error with the status of success', answer(refusal(204))],
    ['a status that is not documented', answer(good, 201)],
    ['a code that the call does not document', answer(refusal(203), 400)],
    ['a code under the status of another', answer(refusal(204), 400)],
    ['an extra of another code', answer(refusal(208, { rules: [1] }), 403)],
    ['another content type', { ...answer(good), contentType: 'text/plain' }],
    ['a good answer to an unknown call', answer(good, 200, 'nonsense')],
  ])('for %s', async (_, wrong) => {
    await expect(check().hold(wrong)).rejects.toThrow();
  });
});
