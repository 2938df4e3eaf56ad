/**
 * The worked example of the documentation of device variables: its setup file, its commands in a shell, and its program, run as they stand
 * there against a real gateway.
 */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { runScript } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { LicensedDevice } from '../support/license-client.js';
import { rootDir } from '../support/source-files.js';
import { tempDir } from '../support/temp-dir.js';

const text = readFileSync(join(rootDir, 'docs/device-variables.md'), 'utf8');
const block = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]+?)\`\`\``).exec(text)?.[1] ?? '';
const documentedUrl = 'http://127.0.0.1:8080';
const names = { hardware_id: '356307042441013', product: 'GW', license_key: 'AAAA-BBBB-CCCC-DDDD' };
const keys = { apiKey: '00000000-0000-4000-8000-000000000001', sharedKey: 'gw-shared-key-0001' };

/** A gateway with the setup of the example, and a directory to work in. */
async function serve(): Promise<{ url: string; cwd: string }> {
  const cwd = tempDir();
  const setup = join(cwd, 'fleet.yaml');
  writeFileSync(setup, block('yaml'));
  const args = ['--ephemeral', '--setup', setup, '--http-port', '0', '--listen', 'auto=0'];
  const gateway = await GatewayProcess.serve(args, { MILEPOST_ADMIN_PASSWORD: 'secret' });
  onTestFinished(async () => void (await gateway.end('SIGKILL')));
  return { url: gateway.url, cwd };
}

/** Text without what is another one each time. */
function lasting(printed: string): string {
  return printed.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '<time>').replace(/\b1\d{12,15}\b/g, '<number>');
}

const tools = ['bash', 'curl', 'openssl', 'base64', 'grep', 'cut', 'tr', 'tee'];
const hasTools = tools.every((tool) => spawnSync('which', [tool]).status === 0);

test.skipIf(!hasTools)('the commands print what the documentation says', { timeout: 60_000 }, async () => {
  const { url, cwd } = await serve();
  // A line after a command is what it prints, `...` is what was left out.
  const steps = [...text.matchAll(/^ {4}\$ (.+)\n((?: {4}[^ $].*\n)*)/gm)].filter(
    ([, command]) => !command?.startsWith('npx'),
  );
  expect(steps.length).toBeGreaterThan(6);
  const script = [block('bash'), ...steps.map(([, command]) => `${command}; echo '<end>'`)].join('\n');
  const { stdout } = await promisify(execFile)('bash', ['-c', script.replaceAll(documentedUrl, url)], { cwd });
  const printed = stdout.split('<end>\n');
  steps.forEach(([, command, lines = ''], i) => {
    const pieces = lasting(lines.replace(/^ {4}/gm, '').replaceAll('\n', '')).split(/ ?\.\.\. ?/);
    for (const piece of pieces)
      expect([command, lasting(printed[i] ?? '')]).toEqual([command, expect.stringContaining(piece)]);
  });
});

test('the program sets what it says', { timeout: 60_000 }, async () => {
  const { url } = await serve();
  const device = await LicensedDevice.connect(url, names, keys);
  await device.activate({ firmware: '03.27.07' });
  const finished = await runScript(block('js').replaceAll(documentedUrl, url));
  expect([finished.stderr, finished.code]).toEqual(['', 0]);
  expect(await device.variables()).toEqual({ firmware: '03.27.08' });
});
