/**
 * Who may send data: looks an identity up in the registry, and registers it on sight where the policy says so.
 */
import type { Clock } from '../clock.js';
import type { ErrorCode } from '../errors.js';
import type { LoginOutcome, Protocol } from '../protocols/protocol.js';
import type { RegistryStore } from '../store/contract.js';
import type { SourceRow } from '../store/rows.js';

export type Admission =
  | { readonly source: SourceRow }
  | { readonly refused: ErrorCode; readonly outcome: Exclude<LoginOutcome, 'accepted'> };

/** Registers an unknown identity; resolves when the registration is kept. */
export type RegisterOnSight = (deviceId: string, protocol: Protocol) => Promise<SourceRow>;

export interface AdmissionOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  /** Present when unknown units are registered on sight. */
  readonly register: RegisterOnSight | undefined;
}

/** Longest identity taken. */
const maxIdentityLength = 64;
/** What an identity registered on sight may consist of. */
const identityPattern = /^[0-9A-Za-z\-_.:@]+$/;

export class Gatekeeper {
  readonly #options: AdmissionOptions;
  readonly #registering = new Map<string, Promise<Admission>>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Answers at once for units that are known or refused; with a promise while one is being registered. */
  admit(deviceId: string, protocol: Protocol): Admission | Promise<Admission> {
    const source = this.#options.store.registry.sourceByDeviceId(deviceId);
    if (source !== undefined) return this.#judge(source, protocol);
    if (deviceId.length > maxIdentityLength || !identityPattern.test(deviceId)) return refuse('bad_identity');
    if (this.#options.register === undefined) return refuse('unknown_unit');
    return this.#registering.get(deviceId) ?? this.#register(deviceId, protocol, this.#options.register);
  }

  #judge(source: SourceRow, protocol: Protocol): Admission {
    if (source.blocked) return refuse('blocked_unit');
    const isOpen = this.#options.register !== undefined;
    return source.protocol === protocol.name || isOpen ? { source } : refuse('wrong_protocol');
  }

  #register(deviceId: string, protocol: Protocol, register: RegisterOnSight): Promise<Admission> {
    const registering = register(deviceId, protocol)
      .then((source): Admission => ({ source }))
      .finally(() => this.#registering.delete(deviceId));
    this.#registering.set(deviceId, registering);
    return registering;
  }
}

function refuse(refused: ErrorCode): Admission {
  return { refused, outcome: 'unknown_unit' };
}
