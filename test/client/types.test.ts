import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { AdminRoute, CallAnswer, CallName, CallParams } from '../../src/client/index.js';
import { AdminApi } from '../http/admin/kit.js';
import { filesUnder, importsOf, rootDir, sourceFiles } from '../support/source-files.js';

describe('types of calls', () => {
  test('parameters: what must be given, what may be left out', () => {
    expectTypeOf<CallParams<'tracker/get_state'>>().toEqualTypeOf<{ readonly tracker_id: number }>();
    type States = CallParams<'tracker/get_states'>;
    expectTypeOf<States['trackers']>().toEqualTypeOf<readonly number[] | undefined>();
    expectTypeOf<States['list_blocked']>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<CallParams<'tracker/raw_command/send'>['type']>().toEqualTypeOf<'text' | 'hex' | undefined>();
    // @ts-expect-error: there is no such call
    expectTypeOf<CallParams<'tracker/nonsense'>>().toBeObject();
    // @ts-expect-error: its answer is no JSON
    expectTypeOf<CallParams<'dwh/v1/tracker/raw_data/read'>>().toBeObject();
  });

  test('answers, under every name of a call', () => {
    expectTypeOf<CallAnswer<'tracker/get_state'>['state']['gps']['location']['lat']>().toEqualTypeOf<number>();
    expectTypeOf<CallAnswer<'tracker/list'>['list'][number]['source']['phone']>().toEqualTypeOf<string | null>();
    expectTypeOf<CallAnswer<'user/api_key/create'>>().toEqualTypeOf<CallAnswer<'api/key/create'>>();
    expectTypeOf<string extends CallName ? true : false>().toEqualTypeOf<false>();
  });

  test('every list of calls is known with its type', () => {
    const text = readFileSync(join(rootDir, 'src/http/navixy/call-list.ts'), 'utf8');
    const listed = [...text.matchAll(/^ {2}\.\.\.(\w+),$/gm)].map(([, name]) => name);
    const typed = [...text.matchAll(/^ {2}\| typeof (\w+)$/gm)].map(([, name]) => name);
    expect(listed.length).toBeGreaterThan(10);
    expect(typed.sort()).toEqual(listed.sort());
    const files = filesUnder('src/http/navixy').filter((path) => path.endsWith('.ts'));
    const untyped = files.filter((path) => {
      return /^export const \w+: readonly Call\[\] = \[(?!$)/m.test(readFileSync(join(rootDir, path), 'utf8'));
    });
    expect(untyped).toEqual([]);
  });
});

describe('types of the operator’s routes', () => {
  const stock = ['tariffs', 'sims', 'activation-codes', 'bundles', 'clones', 'rules', 'vehicles'] as const;
  const ofStock = stock.flatMap((path) => [`GET /${path}`, `POST /${path}`, `DELETE /${path}/:id`] as const);
  const others = {
    'GET /accounts': true,
    'POST /accounts': true,
    'GET /accounts/:id': true,
    'PATCH /accounts/:id': true,
    'POST /accounts/:id/block': true,
    'POST /accounts/:id/unblock': true,
    'GET /accounts/:id/users': true,
    'POST /accounts/:id/users': true,
    'GET /users/:id': true,
    'PATCH /users/:id': true,
    'DELETE /users/:id': true,
    'GET /sources': true,
    'GET /sources/:id': true,
    'POST /sources/:id/block': true,
    'POST /sources/:id/unblock': true,
    'GET /commands': true,
    'GET /commands/:id': true,
    'POST /commands/:id/cancel': true,
    'POST /setup': true,
    'GET /refused': true,
    'POST /backup': true,
    ...{ 'GET /here/projects': true, 'POST /here/projects': true, 'GET /here/projects/:id': true },
    ...{ 'DELETE /here/projects/:id/members/:login': true, 'POST /here/projects/:id/tokens': true },
    ...{ 'GET /here/projects/:id/devices': true, 'POST /here/projects/:id/devices': true },
    ...{ 'GET /here/devices/:id': true, 'DELETE /here/devices/:id': true },
    ...{ 'GET /here/claims': true, 'DELETE /here/claims/:id': true },
    'GET /licensespring/api-keys': true,
    'POST /licensespring/api-keys': true,
    'DELETE /licensespring/api-keys/:id': true,
    'GET /licensespring/products': true,
    'POST /licensespring/products': true,
    'DELETE /licensespring/products/:id': true,
    'POST /licensespring/products/:id/licenses': true,
    'GET /licensespring/licenses': true,
    'DELETE /licensespring/licenses/:id': true,
    'GET /licensespring/users': true,
    'DELETE /licensespring/users/:id': true,
    'GET /licensespring/devices': true,
    'GET /licensespring/devices/:id/variables': true,
    'POST /licensespring/devices/:id/blacklist': true,
    'POST /licensespring/devices/:id/unblacklist': true,
    'DELETE /licensespring/devices/:id': true,
    'GET /licensespring/blacklist': true,
    'POST /licensespring/blacklist': true,
    'DELETE /licensespring/blacklist': true,
  } satisfies Record<Exclude<AdminRoute, (typeof ofStock)[number]>, true>;

  test('are there for every route that is served', async () => {
    const api = await AdminApi.create();
    const { paths } = api.server.app.swagger() as { paths: Record<string, object> };
    const served = Object.entries(paths)
      .filter(([path]) => path.startsWith('/admin/'))
      .flatMap(([path, operations]) => {
        const pattern = path.slice('/admin'.length).replace(/\{(\w+)\}/g, ':$1');
        return Object.keys(operations).map((method) => `${method.toUpperCase()} ${pattern}`);
      });
    expect(served.sort()).toEqual([...ofStock, ...Object.keys(others)].sort());
    await api.server.close();
  });
});

describe('the client as a module', () => {
  const files = sourceFiles('src/client');

  test('imports nothing of the gateway when it runs', () => {
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
    const emitted = files.flatMap(({ path, text }) => {
      const { outputText } = ts.transpileModule(text, { compilerOptions: options });
      const tree = ts.createSourceFile(path, outputText, ts.ScriptTarget.ES2022, true);
      return importsOf({ path, text: outputText, tree }).map(({ target }) => target);
    });
    expect(emitted.length).toBeGreaterThan(0);
    expect(emitted.filter((target) => !target.startsWith('src/client/'))).toEqual([]);
  });

  test('is what the package exports', () => {
    const { exports } = JSON.parse(readFileSync(join(rootDir, 'package.json'), 'utf8'));
    expect(exports['./client']).toEqual({
      types: './dist/src/client/index.d.ts',
      default: './dist/src/client/index.js',
    });
  });
});
