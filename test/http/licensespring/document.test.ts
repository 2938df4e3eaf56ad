/** The licence API in the OpenAPI document, and answers held against it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codesOf, licenseSpringCalls } from '../../../src/http/licensespring/dialect.js';
import { licenseErrors } from '../../../src/http/licensespring/errors.js';
import { DocumentCheck } from '../../support/openapi-check.js';
import { LicenseApi } from './kit.js';

let api: LicenseApi;

beforeAll(async () => {
  api = await LicenseApi.create();
});
afterAll(() => api.server.close());

describe('the document', () => {
  test('has every call with its credential, parameters and errors', async () => {
    const document = (await api.server.app.inject('/openapi.json')).json();
    for (const { name, method, params, errors } of licenseSpringCalls) {
      const operation = document.paths[`/api/v4/${name}`][method.toLowerCase()];
      expect(operation.security).toEqual([{ licensespring: [] }]);
      const names =
        method === 'GET'
          ? operation.parameters.flatMap((each: { in: string; name: string }) => (each.in === 'query' ? each.name : []))
          : Object.keys(operation.requestBody.content['application/json'].schema.properties);
      expect([...names].sort()).toEqual(Object.keys(params.properties).sort());
      for (const code of codesOf({ method, errors }))
        expect(operation.description).toContain(`${code} (${licenseErrors[code][0]})`);
      expect(operation.parameters).toContainEqual(
        expect.objectContaining({ in: 'header', name: 'date', required: true }),
      );
      expect(operation.responses['200'].headers).toHaveProperty('LicenseSignature');
      expect(operation.responses['200'].content['application/json'].schema).not.toHaveProperty('headers');
      expect(Object.keys(operation.responses)).toEqual(['200', '4XX', '5XX']);
    }
    expect(document.components.securitySchemes.licensespring).toMatchObject({ in: 'header', name: 'Authorization' });
  });

  test('has the public key and its errors', async () => {
    const limited = await LicenseApi.create({ rateLimit: 1 });
    const get = () => limited.server.app.inject('/licensespring/public-key');
    expect([(await get()).statusCode, (await get()).statusCode]).toEqual([200, 429]);
    await limited.server.close();
  });

  test('is what every answer is held against, of paths that do not exist too', async () => {
    const check = new DocumentCheck((await api.server.app.inject('/openapi.json')).json());
    const hold = (url: string, status: number, body: unknown) =>
      check.hold({ method: 'GET', url, status, contentType: 'application/json', body: JSON.stringify(body) });
    const error = { status: 400, code: 'x', message: 'y' };
    const variable = { variable: 'a', value: 1, device_id: 1, created_at: 1 };
    const url = '/api/v4/get_device_variables?x=y';
    await hold(url, 200, [variable]);
    await hold(url, 400, error);
    await hold('/api/v4/nothing', 404, error);
    await expect(hold(url, 200, [{ ...variable, more: 1 }])).rejects.toThrow();
    await expect(hold(url, 200, [{ ...variable, value: null }])).rejects.toThrow();
    await expect(hold(url, 302, [])).rejects.toThrow();
    await expect(hold(url, 400, { ...error, more: 1 })).rejects.toThrow();
    await expect(hold('/api/v4/nothing', 404, { success: false })).rejects.toThrow();
    await expect(hold('/api/v4/nothing', 200, {})).rejects.toThrow();
  });
});
