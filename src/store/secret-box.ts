/**
 * Secrets that must be readable again, such as the keys that requests are signed with: encrypted with AES-256-GCM under a key that lies
 * beside the journal and not in it, so that a journal alone gives none of them away.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { StoreError } from '../errors.js';
import type { KeyFiles } from './key-files.js';

export interface Secrets {
  /** The secret as it may be kept; another text each time. Throws `StoreError` `store_write` when the key cannot be kept. */
  seal(secret: string): string;
  /** The secret again. Throws `StoreError` `key_unreadable` and `secret_unreadable`. */
  open(sealed: string): string;
}

const algorithm = 'aes-256-gcm';
const scheme = 'aes256gcm';
const keyName = 'secrets.key';
const keyBytes = 32;
const nonceBytes = 12;

/** `aes256gcm$nonce$tag$text`, each part in base64url. The key is made when the first secret is sealed. */
export class SecretBox implements Secrets {
  readonly #files: KeyFiles;
  #key: Buffer | undefined;

  constructor(files: KeyFiles) {
    this.#files = files;
  }

  seal(secret: string): string {
    this.#key ??= this.#kept() ?? this.#made();
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.#key, nonce);
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return [scheme, ...[nonce, cipher.getAuthTag(), text].map((part) => part.toString('base64url'))].join('$');
  }

  open(sealed: string): string {
    this.#key ??= this.#kept();
    const [name, nonce, tag, text] = sealed.split('$');
    if (this.#key === undefined || name !== scheme || nonce === undefined || tag === undefined || text === undefined) {
      throw new StoreError('secret_unreadable', { at: this.#key === undefined ? `no ${keyName}` : 'form' });
    }
    try {
      const decipher = createDecipheriv(algorithm, this.#key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 });
      decipher.setAuthTag(Buffer.from(tag, 'base64url'));
      return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString();
    } catch (cause) {
      throw new StoreError('secret_unreadable', { at: `another ${keyName}`, cause });
    }
  }

  #kept(): Buffer | undefined {
    const text = this.#files.read(keyName);
    if (text === undefined) return undefined;
    const key = Buffer.from(text, 'base64');
    if (key.length !== keyBytes) throw new StoreError('key_unreadable', { at: keyName, got: key.length });
    return key;
  }

  #made(): Buffer {
    const key = randomBytes(keyBytes);
    this.#files.write(keyName, `${key.toString('base64')}\n`);
    return key;
  }
}
