/**
 * The typed client as other programs have it: imported by the name of the package, against a real gateway.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runScript } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { rootDir } from '../support/source-files.js';

test('the example of the documentation prints what the documentation says', { timeout: 60_000 }, async () => {
  const text = await readFile(join(rootDir, 'docs/client.md'), 'utf8');
  const example = /```js\n([\s\S]+?)```/.exec(text)?.[1] ?? '';
  const printed = [...(/\$ node example\.mjs\n((?: {4}.+\n)+)/.exec(text)?.[1]?.matchAll(/^ {4}(.+)$/gm) ?? [])];
  const env = { MILEPOST_ADMIN_PASSWORD: 'battery-staple' };
  const gateway = await GatewayProcess.serve(['--ephemeral', '--http-port', '0', '--listen', 'auto=0'], env);
  onTestFinished(async () => void (await gateway.end('SIGKILL')));
  const finished = await runScript(example, { ...env, MILEPOST_URL: gateway.url });
  expect(finished.stderr).toBe('');
  expect(finished.stdout.trim().split('\n')).toEqual(printed.map(([, line]) => line));
  expect(finished.code).toBe(0);
});
