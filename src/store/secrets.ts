/**
 * Secrets that have to be read again, because signatures are checked with them: sealed with a key that is not in the journal, so that a
 * copy of the journal alone gives none of them away. Secrets that only have to be recognised are hashed instead (`credentials.ts`).
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const scheme = 'sealed1';
const ivBytes = 12;

export class Secrets {
  readonly #key: Buffer;

  /** `secret`: any text, the longer and the more random the better. */
  constructor(secret: string) {
    this.#key = createHash('sha256').update(secret).digest();
  }

  /** Sealed with a key that ends with the process: what is sealed elsewhere cannot be read. */
  static ephemeral(): Secrets {
    return new Secrets(randomBytes(32).toString('hex'));
  }

  /** `sealed1$iv$tag$text` in base64url; another text each time. */
  seal(secret: string): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv(algorithm, this.#key, iv);
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return [scheme, ...[iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('$');
  }

  /** The secret, or undefined when it was sealed with another key or tampered with. */
  open(text: string): string | undefined {
    const [name, ...parts] = text.split('$');
    const [iv, tag, sealed] = parts.map((part) => Buffer.from(part, 'base64url'));
    if (name !== scheme || iv?.length !== ivBytes || tag?.length !== 16 || sealed === undefined) return undefined;
    const decipher = createDecipheriv(algorithm, this.#key, iv);
    decipher.setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
    } catch {
      // The tag does not fit: the only failure there is here.
      return undefined;
    }
  }
}
