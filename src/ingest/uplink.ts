/**
 * What becomes of one frame, whatever it came by: decoded, matched to its unit, kept, and owed a reply that leaves after the commit.
 * Connections (`tcp.ts`) and datagrams (`udp.ts`) differ only in how bytes come and go.
 */
import type { Clock } from '../clock.js';
import { ownRecords } from '../domain/ownership.js';
import type { StateUpdate } from '../domain/update.js';
import { CodecError, FrameError, MilepostError, SessionError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics, ProtocolCounters } from '../metrics.js';
import type { DecodeContext, Message, Protocol, Transport } from '../protocols/protocol.js';
import { encodeContext, type FrameToKeep } from '../store/entries.js';
import type { SourceRow } from '../store/rows.js';
import type { CommitWaiter, Store } from '../store/store.js';
import type { UnitEntry } from '../store/units.js';
import type { Admission, Gatekeeper } from './admission.js';
import type { Refusals } from './refusals.js';

/** What all uplinks share. */
export interface UplinkServices {
  readonly store: Store;
  readonly gatekeeper: Gatekeeper;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly refusals: Refusals;
}

/** What an uplink asks of the connection it belongs to. */
export interface UplinkOwner extends CommitWaiter {
  /** Bytes for the unit that may leave once commit `seq` is on disk; in the order of the calls. */
  owe(seq: number, reply: Buffer): void;
  /** The uplink now speaks for this source. */
  bound(source: SourceRow): void;
}

class Context implements DecodeContext {
  readonly transport: Transport;
  receivedAt = 0;
  deviceId: string | undefined = undefined;
  model: string | undefined = undefined;
  session = '';

  constructor(transport: Transport) {
    this.transport = transport;
  }
}

/**
 * Outcome of a frame: `done`; a promise, while its unit is being registered or has been refused too often (the caller passes the same
 * frame again afterwards); or the error that ends the session or costs a strike.
 */
export type FrameOutcome = 'done' | Promise<unknown> | MilepostError;

export class Uplink {
  readonly protocol: Protocol;
  readonly #services: UplinkServices;
  readonly #owner: UplinkOwner;
  readonly #context: Context;
  readonly #counters: ProtocolCounters;
  readonly #isTracing: boolean;
  #contextBytes: Buffer = Buffer.alloc(0);
  #source: SourceRow | undefined;
  #unit: UnitEntry | undefined;
  /** Sees replies to commands; returns true when the message was one. */
  onMessage: ((message: Message, context: DecodeContext) => void) | undefined;

  constructor(protocol: Protocol, transport: Transport, services: UplinkServices, owner: UplinkOwner) {
    this.protocol = protocol;
    this.#services = services;
    this.#owner = owner;
    this.#context = new Context(transport);
    this.#counters = services.metrics.of(protocol.name);
    this.#isTracing = services.log.isLevelEnabled('trace');
  }

  get source(): SourceRow | undefined {
    return this.#source;
  }

  get context(): DecodeContext {
    return this.#context;
  }

  /** Takes one whole frame. `frame` is a view that is not kept. */
  take(frame: Buffer, receivedAt: number): FrameOutcome {
    this.#context.receivedAt = receivedAt;
    const hindrance = this.#source === undefined ? undefined : this.#hindrance(this.#source);
    if (hindrance !== undefined) return hindrance;
    let message: Message;
    try {
      message = this.protocol.decode(frame, this.#context);
    } catch (error) {
      return this.#unreadable(frame, error);
    }
    const identity = this.protocol.identify(message, this.#context);
    if (identity !== undefined && identity.deviceId !== this.#context.deviceId) {
      const admission = this.#services.gatekeeper.admit(identity.deviceId, this.protocol);
      if (admission instanceof Promise) return admission;
      if ('refused' in admission)
        return this.#pause(identity.deviceId) ?? this.#refused(message, identity.deviceId, admission);
      this.#bind(admission.source);
    }
    this.#counters.frames++;
    if (this.#source === undefined) return new SessionError('not_logged_in', { got: message.type });
    if (this.#isTracing) this.#trace(message, identity?.password === undefined ? frame.toString('hex') : undefined);
    return this.#accept(frame, message, receivedAt);
  }

  /** Without `hex` where the frame holds a password. */
  #trace({ type }: Message, hex: string | undefined): void {
    this.#services.log.trace({ protocol: this.protocol.name, unit: this.#source?.deviceId, type, hex }, 'frame');
  }

  /** A source that was changed, blocked or taken back since the login has to be admitted anew. */
  #hindrance(source: SourceRow): FrameOutcome | undefined {
    const { store, gatekeeper } = this.#services;
    if (store.registry.get('source', source.id) === source) return undefined;
    const admission = gatekeeper.admit(source.deviceId, this.protocol);
    if (admission instanceof Promise) return admission;
    if ('refused' in admission) return new SessionError(admission.refused, { got: source.deviceId });
    const isOther = admission.source.id !== source.id;
    // Another claim is another owner's: the unit has to log in anew.
    if (isOther && store.registry.claims.openClaimOfSource(admission.source.id) !== undefined)
      return new SessionError('replaced');
    this.#bind(admission.source);
    return undefined;
  }

  #accept(frame: Buffer, message: Message, receivedAt: number): FrameOutcome {
    const { store } = this.#services;
    const unit = this.#unit as UnitEntry;
    const { notBefore } = this.#source as SourceRow;
    const context = this.#context;
    const isLogin = this.protocol.isLogin(message);
    let updates: readonly StateUpdate[];
    try {
      this.#rememberSession(message);
      // What a login says of the unit is remembered in the session text; it is no reading.
      updates = isLogin ? [] : this.protocol.toUpdates(message, context);
    } catch (error) {
      return this.#unreadable(frame, error);
    }
    if (notBefore !== undefined) updates = this.#ownRecords(updates, receivedAt, notBefore);
    let seq = 0;
    if (updates.length > 0) {
      this.#counters.records += updates.length;
      try {
        seq = store.accept({
          unit,
          protocol: this.protocol.name,
          frame: this.#toKeep(frame),
          updates,
          waiter: this.#owner,
        });
      } catch (error) {
        if (error instanceof MilepostError) return error;
        throw error;
      }
    } else {
      store.heard(unit, receivedAt);
    }
    const reply = isLogin
      ? this.protocol.replyLogin(message, 'accepted', context)
      : this.protocol.reply(message, context);
    if (reply !== null) this.#owner.owe(seq, reply);
    this.onMessage?.(message, context);
    return 'done';
  }

  /** What an earlier owner's time left in the unit is acknowledged and dropped: sent again it would be no more welcome. */
  #ownRecords(updates: readonly StateUpdate[], receivedAt: number, notBefore: number): readonly StateUpdate[] {
    const own = ownRecords(updates, receivedAt, notBefore);
    const count = updates.length - own.length;
    if (count > 0) this.#services.metrics.dropped(this.protocol.name, 'previous_owner', count);
    return own;
  }

  #toKeep(frame: Buffer): FrameToKeep {
    return {
      sourceId: (this.#source as SourceRow).id,
      receivedAt: this.#context.receivedAt,
      context: this.#contextBytes,
      bytes: frame,
    };
  }

  #bind(source: SourceRow): void {
    this.#source = source;
    this.#unit = this.#services.store.units.ensure(source.id);
    this.#context.deviceId = source.deviceId;
    this.#context.model = source.model;
    this.#writeContext();
    this.#owner.bound(source);
  }

  #rememberSession(message: Message): void {
    const session = this.protocol.nextSession?.(message, this.#context) ?? this.#context.session;
    if (session === this.#context.session) return;
    this.#context.session = session;
    this.#writeContext();
  }

  #writeContext(): void {
    const source = this.#source as SourceRow;
    const { transport, session } = this.#context;
    this.#contextBytes = encodeContext({
      protocol: this.protocol.name,
      transport,
      deviceId: source.deviceId,
      model: source.model,
      session,
      ...(source.notBefore === undefined ? {} : { notBefore: source.notBefore }),
    });
  }

  /** A datagram is refused without an answer: nothing is gained by keeping it. */
  #pause(deviceId: string): Promise<void> | undefined {
    return this.#context.transport === 'tcp' ? this.#services.gatekeeper.pauseOf(deviceId) : undefined;
  }

  #refused(message: Message, deviceId: string, admission: Exclude<Admission, { source: SourceRow }>): MilepostError {
    const reply = this.protocol.isLogin(message)
      ? this.protocol.replyLogin(message, admission.outcome, this.#context)
      : null;
    if (reply !== null) this.#owner.owe(0, reply);
    return new SessionError(admission.refused, { got: deviceId });
  }

  /** A frame whose checksum is good but whose content cannot be read is kept raw; at its third arrival it is acknowledged. */
  #unreadable(frame: Buffer, error: unknown): FrameOutcome {
    if (!(error instanceof FrameError || error instanceof CodecError)) throw error;
    const refusal = this.protocol.refuse(frame, error, this.#context);
    if (error instanceof FrameError || this.#source === undefined) {
      if (refusal !== null) this.#owner.owe(0, refusal);
      return error;
    }
    this.#services.metrics.error(error.code, this.protocol.name);
    // Datagrams may hold a password.
    const hex = this.#isTracing && this.#context.transport === 'tcp' ? frame.toString('hex') : undefined;
    this.#services.log.debug(
      { unit: this.#source.deviceId, code: error.code, detail: error.message, hex },
      'unreadable frame',
    );
    try {
      const { seq, release } = this.#services.store.acceptUndecodable(this.#toKeep(frame), error.code, this.#owner);
      const reply = release ? this.protocol.replyUndecodable(frame, this.#context) : refusal;
      if (reply !== null) this.#owner.owe(seq, reply);
      return 'done';
    } catch (failure) {
      if (failure instanceof MilepostError) return failure;
      throw failure;
    }
  }
}
