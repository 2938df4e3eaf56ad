/**
 * A credential on a connection, with its subscriptions. Who it is and what it may see is asked anew for every event, so nothing is sent to
 * a session that has ended or about a tracker that was taken away.
 */
import type { CallContext, Credential, Services } from '../call.js';
import { isLive } from '../credential.js';
import { dateFormat } from '../dates.js';
import type { Feed } from './feed.js';
import type { LiveSocket } from './live-socket.js';
import type { EventType } from './wishes.js';

/** What a credential is known by: hashes are not kept. */
export function credentialKey({ kind, row }: Pick<Credential, 'kind'> & { row: { readonly id: number } }): string {
  return `${kind} ${row.id}`;
}

export class Subscriber {
  readonly socket: LiveSocket;
  readonly key: string;
  readonly accountId: number;
  readonly userId: number;
  readonly feeds = new Map<EventType, Feed>();
  readonly #services: Services;
  readonly #kind: Credential['kind'];
  readonly #credentialId: number;

  constructor(services: Services, socket: LiveSocket, credential: Credential) {
    this.#services = services;
    this.socket = socket;
    this.key = credentialKey(credential);
    this.accountId = credential.user.accountId;
    this.userId = credential.user.id;
    this.#kind = credential.kind;
    this.#credentialId = credential.row.id;
  }

  /** Circumstances of an event made now; undefined when the credential is good no more. */
  contextNow(isIso: boolean): CallContext | undefined {
    const services = this.#services;
    const now = services.clock.now();
    const credential = this.#credentialAt(now);
    if (credential === undefined) return undefined;
    const { user } = credential;
    const dates = dateFormat(user.timeZone, isIso);
    return { services, now, remoteAddress: this.socket.address, credential, user, dates };
  }

  #credentialAt(now: number): Credential | undefined {
    const { registry } = this.#services.store;
    const session = this.#kind === 'session' ? registry.get('session', this.#credentialId) : undefined;
    const apiKey = this.#kind === 'apiKey' ? registry.get('apiKey', this.#credentialId) : undefined;
    const user = registry.get('user', (session ?? apiKey)?.userId ?? -1);
    if (user === undefined || user.blocked || registry.get('account', user.accountId)?.blocked !== false)
      return undefined;
    if (apiKey !== undefined) return { kind: 'apiKey', row: apiKey, user };
    return session !== undefined && isLive(session, now) ? { kind: 'session', row: session, user } : undefined;
  }
}
