/** Secrets at rest: what is sealed can be read with the key of its directory, and with no other. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StoreError } from '../../src/errors.js';
import { keyDirectory, keysInMemory } from '../../src/store/key-files.js';
import { SecretBox } from '../../src/store/secret-box.js';
import { tempDir } from '../support/temp-dir.js';

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error);
  }
  return undefined;
};

test.each(['', 'gw-shared-key-0001', 'ključ-ž 😀', 'x'.repeat(10_000)])('a secret comes back: %.20s', (secret) => {
  const box = new SecretBox(keysInMemory());
  const sealed = box.seal(secret);
  expect(sealed).not.toBe(box.seal(secret));
  if (secret !== '') expect(sealed).not.toContain(secret);
  expect(box.open(sealed)).toBe(secret);
});

test('the key is made with the first secret, for its user only, and is there for the next process', () => {
  const path = join(tempDir(), 'data', 'keys');
  const box = new SecretBox(keyDirectory(path));
  expect(codeOf(() => box.open('aes256gcm$a$b$c'))).toBe('secret_unreadable');
  expect(existsSync(path)).toBe(false);
  const sealed = box.seal('x');
  expect(statSync(join(path, 'secrets.key')).mode & 0o777).toBe(0o600);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(new SecretBox(keyDirectory(path)).open(sealed)).toBe('x');
});

test('another key, another text, no text at all', () => {
  const box = new SecretBox(keysInMemory());
  const sealed = box.seal('secret');
  const other = new SecretBox(keysInMemory());
  other.seal('x');
  expect(codeOf(() => other.open(sealed))).toBe('secret_unreadable');
  const parts = sealed.split('$');
  for (let i = 0; i < parts.length; i++) {
    const broken = parts.map((part, at) =>
      at === i ? `A${part.slice(1) === '' ? 'x' : part.slice(1)}`.replace(/^AA/, 'BB') : part,
    );
    if (broken.join('$') !== sealed) expect(codeOf(() => box.open(broken.join('$')))).toBe('secret_unreadable');
    expect(codeOf(() => box.open(parts.slice(0, i).join('$')))).toBe('secret_unreadable');
    expect(codeOf(() => box.open(parts.map((part, at) => (at === i ? '' : part)).join('$')))).toBe('secret_unreadable');
  }
});

test('a key file that was spoilt is told, and not replaced', () => {
  const path = tempDir();
  writeFileSync(join(path, 'secrets.key'), 'short');
  const box = new SecretBox(keyDirectory(path));
  expect(codeOf(() => box.seal('x'))).toBe('key_unreadable');
  expect(codeOf(() => new SecretBox(keyDirectory(join(path, 'secrets.key'))).seal('x'))).toBe('key_unreadable');
});

test('a key that cannot be kept seals nothing', () => {
  const path = join(tempDir(), 'file');
  writeFileSync(path, '');
  expect(codeOf(() => keyDirectory(join(path, 'keys')).write('a', 'x'))).toBe('store_write');
});
