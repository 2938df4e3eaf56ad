import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calls } from '../../../src/http/navixy/call-list.js';
import { hashPassword } from '../../../src/store/credentials.js';
import { TestApi, type TestUser } from '../../support/api.js';

interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: object;
  }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly properties: object } }> };
  readonly responses: Record<string, { readonly content: Record<string, { readonly schema: object }> }>;
  readonly security?: readonly object[];
}

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, { readonly get: Operation; readonly post?: Operation }>;
  readonly components: { readonly schemas: Record<string, object>; readonly securitySchemes: object };
}

let api: TestApi;
let owner: TestUser;
let document: Document;
const checker = fastify({
  ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, strict: false } },
});
type Validator = (data: unknown) => boolean;
let validatorOf: (schema: object) => Validator;

beforeAll(async () => {
  api = await TestApi.create();
  owner = await api.account({ login: 'owner@example.com', passwordHash: await hashPassword('secret') });
  document = (await api.server.app.inject('/openapi.json')).json();
  checker.get('/', (request) => {
    validatorOf = (schema) => request.compileValidationSchema(schema as never) as never;
    return {};
  });
  await checker.inject('/');
});
afterAll(async () => {
  await api.server.close();
  await checker.close();
});

/** Faults of `body` by the schema that the document gives for an answer of `path`; closed, so that unknown keys are faults too. */
function faults(path: string, status: string, body: unknown): unknown {
  const schema = document.paths[path]?.post?.responses[status]?.content['application/json']?.schema as
    | { $ref?: string }
    | undefined;
  if (schema === undefined) return `no schema for ${path} ${status}`;
  const name = schema.$ref?.replace('#/components/schemas/', '');
  const resolved = name === undefined ? schema : (document.components.schemas[name] as object);
  const validate = validatorOf(closed(resolved) as object) as Validator & { errors?: unknown };
  return validate(body) ? null : validate.errors;
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in copy && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy;
}

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
      expect(Object.keys(path?.get.responses ?? {})).toEqual(['200', '4XX', '5XX']);
    }
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual([
      '/healthz',
      '/readyz',
      '/metrics',
      ...calls.map(({ name }) => `/${name}`),
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

  test('tells which calls need a credential', () => {
    expect(document.paths['/user/auth']?.get.security).toEqual([]);
    expect(document.paths['/tracker/list']?.get.security).toEqual([{ hash: [] }, { header: [] }]);
    expect(Object.keys(document.components.securitySchemes)).toEqual(['hash', 'header']);
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
          const { body } = await api.call(`/${name}`, { ...params, tracker_id });
          // Calls with parameters of their own refuse these; their suites have the good answers.
          const status = body.success ? '200' : '4XX';
          expect([name, faults(`/${name}`, status, body)]).toEqual([name, null]);
        }
      }
    }
    for (const name of ['tracker/register', 'api/key/delete', 'user/api_key/delete', 'user/logout']) {
      const { body } = await api.call(`/${name}`, params);
      expect([name, body.status, faults(`/${name}`, '200', body)]).toEqual([name, undefined, null]);
    }
  });

  test('for errors', async () => {
    for (const [path, params] of [
      ['/tracker/read', {}],
      ['/tracker/read', { hash: 'x'.repeat(32) }],
      ['/user/auth', { password: '' }],
    ] as const) {
      const { body } = await api.call(path, params);
      expect(faults(path, '4XX', body)).toBeNull();
    }
  });
});
