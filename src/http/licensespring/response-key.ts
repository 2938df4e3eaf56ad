/**
 * The key that answers are signed with: the operator's own from a file, or one that the gateway makes when it is first needed and keeps
 * with its other keys. Clients are given the public half.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { ConfigError } from '../../errors.js';
import type { KeyFiles } from '../../store/key-files.js';

const keyName = 'licensespring.pem';
const leastBits = 2048;

export class ResponseKey {
  readonly #files: KeyFiles;
  #key: Promise<KeyObject> | undefined;

  /** `path`: a private key in PEM; without it there is one among `files`. Throws `ConfigError` and `StoreError`. */
  constructor(files: KeyFiles, path?: string) {
    this.#files = files;
    const text = path === undefined ? files.read(keyName) : readPem(path);
    if (text !== undefined) this.#key = Promise.resolve(privateKeyOf(text, path ?? keyName));
  }

  /** RSA. Rejects with `StoreError` when a new one cannot be kept. */
  private(): Promise<KeyObject> {
    this.#key ??= this.#make().catch((error: unknown) => {
      this.#key = undefined;
      throw error;
    });
    return this.#key;
  }

  /** In PEM. */
  async public(): Promise<string> {
    return createPublicKey(await this.private())
      .export({ type: 'spki', format: 'pem' })
      .toString();
  }

  async #make(): Promise<KeyObject> {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: leastBits });
    this.#files.write(keyName, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    return privateKey;
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`licensespring-key-file: ${(error as Error).message}`]);
  }
}

function privateKeyOf(text: string, name: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (error) {
    throw new ConfigError([`${name}: no private key in PEM: ${(error as Error).message}`]);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < leastBits) {
    throw new ConfigError([`${name}: an RSA key of ${leastBits} bits or more is needed`]);
  }
  return key;
}
