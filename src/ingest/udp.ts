/**
 * UDP ports. A datagram holds whole frames; replies go to where it came from, after the commit. What a protocol has to remember of a
 * sender is kept by address, for a bounded number of senders: the one heard from longest ago is forgotten first.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { ConfigError, FrameError, type MilepostError, type StoreError } from '../errors.js';
import type { Protocol } from '../protocols/protocol.js';
import type { SourceRow } from '../store/rows.js';
import { identityOf } from './refusals.js';
import type { Sessions } from './sessions.js';
import { Uplink, type UplinkOwner, type UplinkServices } from './uplink.js';

export interface UdpServices extends UplinkServices {
  readonly sessions: Sessions;
}

export interface UdpLimits {
  readonly frameMaxBytes: number;
  readonly udpMaxPeers: number;
}

/** Datagrams that may wait for the registration of one sender. */
const maxWaitingDatagrams = 16;

class UdpPeer implements UplinkOwner {
  readonly address: string;
  readonly uplink: Uplink;
  readonly #services: UdpServices;
  readonly #reply: (bytes: Buffer) => void;
  readonly waiting: Buffer[] = [];
  isRegistering = false;
  #owed: { readonly seq: number; readonly reply: Buffer }[] = [];

  constructor(protocol: Protocol, services: UdpServices, address: string, reply: (bytes: Buffer) => void) {
    this.#services = services;
    this.address = address;
    this.#reply = reply;
    this.uplink = new Uplink(protocol, 'udp', services, this);
  }

  bound(source: SourceRow): void {
    this.#services.sessions.noteDatagram(source.id);
  }

  /** True when what its unit was admitted by has changed: it has to be admitted anew. */
  get isOutdated(): boolean {
    const { source } = this.uplink;
    const row = source === undefined ? undefined : this.#services.store.registry.get('source', source.id);
    if (source === undefined) return false;
    if (this.#services.gatekeeper.isBarred(source.deviceId)) return true;
    return row === undefined || row.blocked || row.corrupted === true || row.model !== source.model;
  }

  owe(seq: number, reply: Buffer): void {
    this.#owed.push({ seq, reply });
  }

  settled(_seq: number, error: StoreError | undefined): void {
    if (error !== undefined) this.#owed = [];
    this.pay();
  }

  pay(): void {
    const done = this.#services.store.committedSeq;
    while (this.#owed[0] !== undefined && this.#owed[0].seq <= done) {
      const due = this.#owed.shift();
      if (due !== undefined) this.#reply(due.reply);
    }
  }
}

export class UdpPort {
  readonly #protocol: Protocol;
  readonly #services: UdpServices;
  readonly #limits: UdpLimits;
  readonly #socket: Socket;
  readonly #peers = new Map<string, UdpPeer>();
  #isStopped = false;

  /** `host` is where it will listen: it tells the family of addresses. */
  constructor(protocol: Protocol, services: UdpServices, limits: UdpLimits, host = '127.0.0.1') {
    this.#protocol = protocol;
    this.#services = services;
    this.#limits = limits;
    this.#socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    this.#socket.on('message', (datagram, remote) => this.#receive(datagram, remote));
  }

  /** Binds the port and returns its number. Throws `ConfigError` `port_in_use`. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.once('error', (error) => {
        this.#socket.close();
        reject(new ConfigError([`cannot listen on udp ${host}:${port}: ${error.message}`], 'port_in_use', error));
      });
      this.#socket.bind({ port, address: host }, () => {
        this.#socket.removeAllListeners('error');
        this.#socket.on('error', (error) =>
          this.#services.log.warn({ protocol: this.#protocol.name, err: error }, 'udp'),
        );
        resolve(this.#socket.address().port);
      });
    });
  }

  /** Takes no more datagrams; replies can still be sent. */
  stop(): void {
    this.#isStopped = true;
  }

  close(): void {
    this.#socket.close();
  }

  #receive(datagram: Buffer, remote: RemoteInfo): void {
    if (this.#isStopped) return;
    this.#services.metrics.of(this.#protocol.name).receivedBytes += datagram.length;
    if (this.#services.store.isFull) {
      // Nobody can be told to wait; what is not acknowledged comes again.
      this.#services.metrics.error('store_behind', this.#protocol.name);
      return;
    }
    const peer = this.#peerOf(remote);
    if (peer.isRegistering) {
      if (peer.waiting.length < maxWaitingDatagrams) peer.waiting.push(datagram);
      return;
    }
    this.#take(peer, datagram);
  }

  #take(peer: UdpPeer, datagram: Buffer): void {
    for (const frame of this.#split(peer, datagram)) {
      const outcome = peer.uplink.take(frame, this.#services.clock.now());
      if (outcome === 'done') continue;
      if (outcome instanceof Promise) this.#takeAgain(peer, datagram, outcome);
      else this.#count(outcome, peer);
      break;
    }
    peer.pay();
  }

  #split(peer: UdpPeer, datagram: Buffer): Buffer[] {
    try {
      return this.#protocol.splitDatagram?.(datagram, { maxFrameBytes: this.#limits.frameMaxBytes }) ?? [];
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#count(error, peer);
      const refusal = this.#protocol.refuse(datagram, error, peer.uplink.context);
      if (refusal !== null) peer.owe(0, refusal);
      return [];
    }
  }

  /** The datagram comes again when its unit is registered: frames before the one that had to wait change nothing a second time. */
  #takeAgain(peer: UdpPeer, datagram: Buffer, registered: Promise<unknown>): void {
    peer.isRegistering = true;
    peer.waiting.unshift(datagram);
    registered.then(
      () => {
        peer.isRegistering = false;
        for (const each of peer.waiting.splice(0)) this.#take(peer, each);
      },
      () => {
        peer.isRegistering = false;
        peer.waiting.length = 0;
      },
    );
  }

  #count(error: MilepostError, peer: UdpPeer): void {
    this.#services.metrics.error(error.code, this.#protocol.name);
    const identity = identityOf(error) ?? (error instanceof FrameError ? peer.uplink.source?.deviceId : undefined);
    if (identity !== undefined || peer.uplink.source === undefined) {
      const { address } = peer;
      this.#services.refusals.note({ identity, address, protocol: this.#protocol.name, reason: error.code });
    }
    this.#services.log.debug(
      { protocol: this.#protocol.name, code: error.code, detail: error.message },
      'refused datagram',
    );
  }

  #peerOf(remote: RemoteInfo): UdpPeer {
    const key = `${remote.address}:${remote.port}`;
    const known = this.#peers.get(key);
    if (known !== undefined && !known.isOutdated) {
      this.#peers.delete(key);
      this.#peers.set(key, known);
      return known;
    }
    this.#peers.delete(key);
    const { address, port } = remote;
    const peer = new UdpPeer(this.#protocol, this.#services, address, (bytes) => {
      this.#services.metrics.of(this.#protocol.name).sentBytes += bytes.length;
      this.#socket.send(bytes, port, address);
    });
    this.#peers.set(key, peer);
    const oldest = this.#peers.size > this.#limits.udpMaxPeers ? this.#peers.keys().next().value : undefined;
    if (oldest !== undefined) this.#peers.delete(oldest);
    return peer;
  }
}
