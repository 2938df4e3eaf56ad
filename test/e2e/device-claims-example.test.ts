/**
 * The worked example of the documentation of device claims: its setup file and its commands in a shell, run as they stand there against a
 * real gateway.
 */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { GatewayProcess } from '../support/gateway-process.js';
import { rootDir } from '../support/source-files.js';
import { tempDir } from '../support/temp-dir.js';

const text = readFileSync(join(rootDir, 'docs/device-claims.md'), 'utf8');
const setup = /```yaml\n([\s\S]+?)```/.exec(text)?.[1] ?? '';

interface Step {
  readonly command: string;
  /** What it prints, `...` for what was left out; undefined for lines that only define something. */
  readonly printed: string | undefined;
}

/** Functions and commands in their order. A line after a command is what it prints. */
function stepsOf(markdown: string): Step[] {
  const found = markdown.matchAll(/^```bash\n([\s\S]+?)```|^ {4}\$ (.+)\n((?: {4}[^$\n].*\n)*)/gm);
  return [...found]
    .map(([, functions, command = '', printed]) => ({ command: functions ?? command, printed }))
    .filter(({ command }) => !/^(export|npx milepost serve) /.test(command));
}

/** Text in one line, without what is another one each time. */
function lasting(printed: string): string {
  return printed
    .replace(/^ {4}/gm, '')
    .replaceAll('\n', '')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/"timestamp":\d+/g, '<time>');
}

const tools = ['bash', 'curl', 'openssl', 'base64', 'sed', 'tee'];
const hasTools = tools.every((tool) => spawnSync('which', [tool]).status === 0);

test.skipIf(!hasTools)('the commands print what the documentation says', { timeout: 120_000 }, async () => {
  const cwd = tempDir();
  const file = join(cwd, 'claims.yaml');
  writeFileSync(file, setup);
  const password = { MILEPOST_ADMIN_PASSWORD: 'keep-it-secret' };
  const args = ['--claims', 'required', '--setup', file, '--http-port', '0', '--listen', 'teltonika=0', '--ephemeral'];
  const gateway = await GatewayProcess.serve(args, password);
  onTestFinished(async () => void (await gateway.end('SIGKILL')));
  const steps = stepsOf(text);
  expect(steps.length).toBeGreaterThan(18);
  const script = steps
    .map(({ command }) => `{ ${command}\n} 2>&1; echo '<end>'`)
    .join('\n')
    .replaceAll('http://127.0.0.1:8080', gateway.url)
    .replaceAll('127.0.0.1:5027', `127.0.0.1:${gateway.port('teltonika')}`)
    .replaceAll('npx milepost', `'${process.execPath}' '${join(rootDir, 'dist/src/main.js')}'`);
  const env = { ...process.env, ...password, MILEPOST_URL: gateway.url };
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd, env });
  const outputs = stdout.split('<end>\n');
  steps.forEach(({ command, printed }, i) => {
    for (const piece of lasting(printed ?? '').split(/ ?\.\.\. ?/))
      expect([command, lasting(outputs[i] ?? '')]).toEqual([command, expect.stringContaining(piece.trim())]);
  });
});
