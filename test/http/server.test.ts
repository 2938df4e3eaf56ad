import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestApi } from '../support/api.js';

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.create();
});
afterEach(() => api.server.close());

/** What the server says to these bytes, until it closes the connection. */
function talk(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

describe('operation', () => {
  test('healthz says that the process is alive', async () => {
    const response = await api.server.app.inject('/healthz');
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({ status: 'ok' });
  });

  test('readyz follows the store', async () => {
    const ready = await api.server.app.inject('/readyz');
    expect([ready.statusCode, ready.json()]).toEqual([200, { status: 'ready', problems: [] }]);
    api.health = { ready: false, problems: ['journal: disk full'] };
    const broken = await api.server.app.inject('/readyz');
    expect([broken.statusCode, broken.json()]).toEqual([
      503,
      { status: 'not ready', problems: ['journal: disk full'] },
    ]);
  });

  test('metrics are served as Prometheus reads them', async () => {
    const response = await api.server.app.inject('/metrics');
    expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.body).toContain('up 1');
  });

  test('what fails inside is answered without its reason, which is in the log', async () => {
    const broken = await TestApi.create({ metricsText: () => Promise.reject(new Error('disk on fire')) });
    const response = await broken.server.app.inject('/metrics?hash=secret');
    expect([response.statusCode, response.json()]).toEqual([500, { status: 'failed' }]);
    const line = broken.logLines.find((each) => each.includes('disk on fire')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ level: 50, path: '/metrics' });
    expect(line).not.toContain('secret');
    await broken.server.close();
  });

  test('answers carry the headers that browsers are told to be careful by', async () => {
    const response = await api.server.app.inject('/healthz');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(response.headers).toMatchObject({
      ...{ 'cache-control': 'no-store', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" },
    });
  });

  test('operation is not rate limited', async () => {
    const limited = await TestApi.create({ rateLimit: 1 });
    for (let i = 0; i < 5; i++) expect((await limited.server.app.inject('/healthz')).statusCode).toBe(200);
    await limited.server.close();
  });
});

describe('logging', () => {
  test('requests are logged at debug, without their query', async () => {
    await api.server.app.inject('/v2/tracker/list?hash=0123456789abcdef0123456789abcdef');
    const line = JSON.parse(api.logLines.find((each) => each.includes('"request"')) ?? '{}');
    expect(line).toMatchObject({ level: 20, method: 'GET', path: '/v2/tracker/list', status: 400 });
    expect(api.logLines.join('')).not.toContain('0123456789abcdef');
  });

  test('a failure is logged without the query', async () => {
    const { hash } = await api.account();
    api.store.stateOf = () => {
      throw new Error('broken');
    };
    const { tracker } = await api.tracker({ user: api.store.registry.get('user', 1)!, hash });
    const answer = await api.call('/tracker/get_state', { hash, tracker_id: tracker.id }, 'get');
    expect(answer).toEqual({
      status: 500,
      body: { success: false, status: { code: 6, description: 'Unexpected error' } },
    });
    expect(api.logLines.join('')).toContain('request failed');
    expect(api.logLines.join('')).not.toContain(hash);
  });
});

describe('listening', () => {
  test('binds a free port and answers', async () => {
    const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  test('a port in use is a configuration error', async () => {
    const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
    const second = await TestApi.create();
    await expect(second.server.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'port_in_use' });
    await second.server.close();
  });

  test('closing ends idle connections', async () => {
    const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await api.server.close();
    await closed;
  });
});

describe('requests that are no requests', () => {
  test('headers beyond the limit are too large: 412, code 9', async () => {
    const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
    const text = await talk(port, `GET /tracker/list?x=${'a'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 412 /);
    expect(JSON.parse(text.slice(text.indexOf('{')))).toMatchObject({ success: false, status: { code: 9 } });
  });

  test('bytes that are no HTTP: 400, code 5', async () => {
    const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
    const text = await talk(port, '\x00\x0f123456789012345\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(text.slice(text.indexOf('{')))).toMatchObject({ status: { code: 5 } });
  });

  test('a body that is announced as too large is refused before it is sent', async () => {
    const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': 2 * 1024 * 1024 };
      const req = request({ port, host: '127.0.0.1', method: 'POST', path: '/tracker/list', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      req.on('error', reject);
      req.write('{');
    });
    expect(status).toBe(412);
  });
});

describe('other dialects', () => {
  test('get their paths as they are, and errors of their own', async () => {
    const mixed = await TestApi.create({
      dialects: [
        (app) => {
          app.get('/api/v4/things/', () => ({ things: [] }));
          app.get('/api/v4/broken', () => {
            throw new Error('no');
          });
          app.setErrorHandler((_error, _request, reply) => reply.code(418).send({ title: 'teapot' }));
        },
      ],
    });
    expect((await mixed.server.app.inject('/api/v4/things/')).json()).toEqual({ things: [] });
    expect((await mixed.server.app.inject('/api/v4/broken')).json()).toEqual({ title: 'teapot' });
    expect((await mixed.call('/api/v4/unknown', {}, 'get')).body.status).toEqual({
      code: 111,
      description: 'Wrong handler',
    });
    await mixed.server.close();
  });
});
