/**
 * The holder of a credential over time. Who it is and what it may see is asked anew for every message, so nothing is sent to a session
 * that has ended or about a tracker that was taken away.
 */
import type { CallContext, Credential, Services } from '../call.js';
import { isLive } from '../credential.js';
import { dateFormat } from '../dates.js';

/** What a credential is known by: hashes are not kept. */
export function credentialKey({ kind, row }: Pick<Credential, 'kind'> & { row: { readonly id: number } }): string {
  return `${kind} ${row.id}`;
}

export class Holder {
  readonly key: string;
  readonly accountId: number;
  readonly userId: number;
  readonly #services: Services;
  readonly #address: string;
  readonly #kind: Credential['kind'];
  readonly #credentialId: number;
  /** Of the password that was given, where one was. */
  readonly #passwordHash: string;

  constructor(services: Services, address: string, credential: Credential) {
    this.key = credentialKey(credential);
    this.accountId = credential.user.accountId;
    this.userId = credential.user.id;
    this.#services = services;
    this.#address = address;
    this.#kind = credential.kind;
    this.#credentialId = credential.row.id;
    this.#passwordHash = credential.user.password;
  }

  /** Circumstances of a message made now; undefined when the credential is good no more. */
  contextNow(isIso: boolean): CallContext | undefined {
    const services = this.#services;
    const now = services.clock.now();
    const credential = this.#credentialAt(now);
    if (credential === undefined) return undefined;
    const { user } = credential;
    const dates = dateFormat(user.timeZone, isIso);
    return { services, now, remoteAddress: this.#address, credential, user, dates };
  }

  #credentialAt(now: number): Credential | undefined {
    const credential = this.#found(now);
    if (credential === undefined || credential.user.blocked) return undefined;
    const account = this.#services.store.registry.get('account', credential.user.accountId);
    return account?.blocked === false ? credential : undefined;
  }

  #found(now: number): Credential | undefined {
    const { registry } = this.#services.store;
    const user = registry.get('user', this.userId);
    if (user === undefined) return undefined;
    if (this.#kind === 'password') {
      return user.password === this.#passwordHash ? { kind: 'password', row: user, user } : undefined;
    }
    if (this.#kind === 'apiKey') {
      const row = registry.get('apiKey', this.#credentialId);
      return row === undefined ? undefined : { kind: 'apiKey', row, user };
    }
    const row = registry.get('session', this.#credentialId);
    return row !== undefined && isLive(row, now) ? { kind: 'session', row, user } : undefined;
  }
}
