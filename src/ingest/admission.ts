/**
 * Who may send data: looks an identity up in the registry, and registers it on sight where the policy says so.
 */
import type { Clock } from '../clock.js';
import { type ErrorCode, SessionError } from '../errors.js';
import type { LoginOutcome, Protocol } from '../protocols/protocol.js';
import { activeLicence } from '../store/claims/claims.js';
import type { ChangedRow, RegistryStore, StoreChanges } from '../store/contract.js';
import type { SourceRow } from '../store/rows.js';
import { BackOff } from './back-off.js';

export type Admission =
  | { readonly source: SourceRow }
  | { readonly refused: ErrorCode; readonly outcome: Exclude<LoginOutcome, 'accepted'> };

/** Registers an unknown identity; resolves when the registration is kept. */
export type RegisterOnSight = (deviceId: string, protocol: Protocol) => Promise<SourceRow>;

export interface AdmissionOptions {
  readonly store: RegistryStore & Pick<StoreChanges, 'onRows'>;
  readonly clock: Clock;
  /** Present when unknown units are registered on sight. */
  readonly register: RegisterOnSight | undefined;
  /** With `required` a unit has to be claimed before it may send anything. Default `off`. */
  readonly claims?: 'off' | 'required';
  /** Identities that may send nothing, registered or not. */
  readonly isBarred?: (deviceId: string) => boolean;
  /** Refusals of one identity a minute that are answered at once; 0 for all. Default 10. */
  readonly refusalsPerMinute?: number;
}

const defaultRefusalsPerMinute = 10;

/** Longest identity taken. */
const maxIdentityLength = 64;
/** What an identity registered on sight may consist of. */
const identityPattern = /^[0-9A-Za-z\-_.:@]+$/;

export class Gatekeeper {
  readonly #options: AdmissionOptions;
  readonly #registering = new Map<string, Promise<Admission>>();

  readonly #backOff: BackOff;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.clock, options.refusalsPerMinute ?? defaultRefusalsPerMinute);
    options.store.onRows((rows) => this.#wakeUnits(rows));
  }

  /** Undefined where a refused unit may be told so now; otherwise a promise, after which it is to be judged anew. */
  pauseOf(deviceId: string): Promise<void> | undefined {
    return this.#backOff.pause(deviceId);
  }

  /** Ends the pauses of all units. */
  wakeAll(): void {
    this.#backOff.wakeAll();
  }

  /** What was registered, claimed or let in again need not wait. */
  #wakeUnits(rows: readonly ChangedRow[]): void {
    for (const { table, row } of rows) {
      if ((table === 'source' || table === 'claim') && row !== null) this.#backOff.wake(row.deviceId);
    }
  }

  /** Answers at once for units that are known or refused; with a promise while one is being registered. */
  admit(deviceId: string, protocol: Protocol): Admission | Promise<Admission> {
    const { registry } = this.#options.store;
    if (this.isBarred(deviceId)) return refuse('blocked_unit');
    const source = registry.sourceByDeviceId(deviceId);
    if (source !== undefined) return this.#judge(source, protocol);
    if (activeLicence(registry, deviceId) !== undefined) return refuse('unclaimed_unit');
    if (deviceId.length > maxIdentityLength || !identityPattern.test(deviceId)) return refuse('bad_identity');
    const { register } = this.#options;
    if (register === undefined || this.#needsClaim) return refuse('unknown_unit');
    return this.#once(deviceId, () => register(deviceId, protocol));
  }

  isBarred(deviceId: string): boolean {
    return this.#options.isBarred?.(deviceId) === true;
  }

  get #needsClaim(): boolean {
    return this.#options.claims === 'required';
  }

  #judge(source: SourceRow, protocol: Protocol): Admission | Promise<Admission> {
    if (source.blocked) return refuse('blocked_unit');
    const { claims } = this.#options.store.registry;
    if (this.#needsClaim && claims.openClaimOfSource(source.id) === undefined) return refuse('unclaimed_unit');
    if (isModelOpen(source)) return this.#once(source.deviceId, () => this.#giveModel(source, protocol));
    const isOpen = this.#options.register !== undefined;
    return source.protocol === protocol.name || isOpen ? { source } : refuse('wrong_protocol');
  }

  /** The first login tells what a unit is that was claimed without a model. */
  #giveModel({ id }: SourceRow, protocol: Protocol): Promise<SourceRow> {
    return this.#options.store.change((tx) => {
      const source = tx.registry.get('source', id);
      if (source === undefined) throw new SessionError('unknown_unit');
      const named = { ...source, model: protocol.defaultModel, protocol: protocol.name };
      if (isModelOpen(source)) tx.put('source', named);
      return named;
    });
  }

  #once(deviceId: string, make: () => Promise<SourceRow>): Promise<Admission> {
    const known = this.#registering.get(deviceId);
    if (known !== undefined) return known;
    const registering = make()
      .then((source): Admission => ({ source }))
      .finally(() => this.#registering.delete(deviceId));
    this.#registering.set(deviceId, registering);
    return registering;
  }
}

function isModelOpen({ model, protocol }: SourceRow): boolean {
  return model === '' && protocol === '';
}

function refuse(refused: ErrorCode): Admission {
  return { refused, outcome: 'unknown_unit' };
}
