/**
 * A browser without a window, where this machine has one: it opens a page as somebody would who has no way to the internet, and tells
 * what the page became and what it complained about.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** Path of a browser of the Chromium family: `CHROME_PATH`, or the first found among the programs. */
export const browserPath: string | undefined = [
  process.env.CHROME_PATH ?? '',
  ...(process.env.PATH ?? '').split(delimiter).flatMap((dir) => names.map((name) => join(dir, name))),
].find((path) => path !== '' && isExecutable(path));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface OpenedPage {
  /** The document as the scripts left it. */
  readonly html: string;
  /** Lines of the console, blocked requests among them. */
  readonly console: readonly string[];
}

/** Opens a page; nothing but 127.0.0.1 can be reached. The scripts have some seconds of the page's own time. */
export async function openPage(url: string): Promise<OpenedPage> {
  const profile = mkdtempSync(join(tmpdir(), 'milepost-browser-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const scope = [`--user-data-dir=${profile}`, '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];
  const what = ['--enable-logging=stderr', '--virtual-time-budget=10000', '--dump-dom', url];
  try {
    const { stdout, stderr } = await output([...flags, ...scope, ...what]);
    return { html: stdout, console: stderr.split('\n').filter((line) => line.includes(':CONSOLE')) };
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function output(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  if (browserPath === undefined) throw new Error('no browser');
  const child = spawn(browserPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`the browser ended with ${String(code)}: ${output.stderr}`);
  return output;
}
