/**
 * Directories that go away with the test that asked for them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new directory, removed when the running test is over. */
export function tempDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'milepost-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
