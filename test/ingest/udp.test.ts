/**
 * The promises of datagrams, held against every protocol that has them.
 */
import { describe, expect, test, vi } from 'vitest';
import type { Behavior } from '../../simulators/behavior.js';
import { behaviorOf } from '../../simulators/behaviors/registry.js';
import type { StateUpdate } from '../../src/domain/update.js';
import { protocols } from '../../src/protocols/registry.js';
import { diskError } from '../support/failing-engine.js';
import { DatagramClient, RawClient, sampleAt, Unit } from '../support/tracker-client.js';
import { settle, until } from '../support/until.js';
import { withBadChecksum } from './frames.js';
import { IngestRig } from './rig.js';

const names = protocols.filter((each) => each.transports.includes('udp')).map((each) => each.name);

class DatagramUnit {
  readonly client: DatagramClient;
  readonly deviceId: string;
  readonly behavior: Behavior;

  constructor(port: number, name: string, n = 0) {
    const factory = behaviorOf(name)!;
    this.client = new DatagramClient(port);
    this.deviceId = factory.deviceId(n);
    this.behavior = factory.create({ deviceId: this.deviceId, transport: 'udp' });
  }

  datagram(...updates: StateUpdate[]): Buffer {
    return Buffer.from(this.behavior.pack(updates).bytes);
  }

  acks(): number {
    const kinds = this.client.received.map((each) => this.behavior.readDownlink(each));
    return kinds.filter((each) => each.kind === 'ack' && each.records !== 0).length;
  }

  async acked(count: number): Promise<void> {
    await until(() => this.acks() >= count, `${count} acks for ${this.deviceId}`);
  }
}

describe.each(names)('%s', (name) => {
  async function registered(): Promise<{ rig: IngestRig; port: number; unit: DatagramUnit }> {
    const rig = await IngestRig.open();
    const port = await rig.udp(name);
    const unit = new DatagramUnit(port, name);
    await rig.register(unit.deviceId, name);
    return { rig, port, unit };
  }

  test('a record is acknowledged to where it came from and becomes state', async () => {
    const { rig, unit } = await registered();
    const sample = sampleAt(rig.clock.now(), -10);
    unit.client.send(unit.datagram(sample));
    await unit.acked(1);
    expect([rig.recordAt(unit.deviceId), rig.kept(unit.deviceId)]).toEqual([sample.at, [sample.at]]);
    expect(rig.sessions.isConnected(rig.source(unit.deviceId).id)).toBe(true);
  });

  test('a datagram that comes twice is acknowledged twice and applied once', async () => {
    const { rig, unit } = await registered();
    const datagram = unit.datagram(sampleAt(rig.clock.now(), -10));
    for (let i = 1; i <= 2; i++) {
      unit.client.send(datagram);
      await unit.acked(i);
    }
    expect(rig.recordAt(unit.deviceId)).toBe(sampleAt(rig.clock.now(), -10).at);
  });

  test('nothing is acknowledged before it is on the disk', async () => {
    const { rig, unit } = await registered();
    rig.engine.hold();
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -10)));
    await until(() => rig.engine.heldCount === 1, 'a commit under way');
    await settle();
    expect(unit.client.received).toEqual([]);
    rig.engine.release();
    await unit.acked(1);
  });

  test('when the disk fails nothing is acknowledged, then or later', async () => {
    const { rig, unit } = await registered();
    rig.engine.failure = diskError('ENOSPC');
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -20)));
    await until(() => !rig.store.health.ready, 'the failure');
    rig.engine.failure = undefined;
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -10)));
    await unit.acked(1);
    await settle();
    expect([unit.acks(), rig.kept(unit.deviceId)]).toEqual([1, [sampleAt(rig.clock.now(), -10).at]]);
  });

  test('what comes while the disk is too far behind is dropped and counted, not piled up', async () => {
    const { rig, unit } = await registered();
    const isFull = vi.spyOn(rig.store, 'isFull', 'get').mockReturnValue(true);
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -20)));
    const counted = `milepost_errors_total{code="store_behind",protocol="${name}"} 1`;
    await vi.waitUntil(async () => (await rig.services.metrics.text()).includes(counted));
    isFull.mockRestore();
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -10)));
    await unit.acked(1);
    expect(rig.kept(unit.deviceId)).toEqual([sampleAt(rig.clock.now(), -10).at]);
  });

  test('an unknown unit is not acknowledged and leaves nothing', async () => {
    const rig = await IngestRig.open();
    const port = await rig.udp(name);
    const unit = new DatagramUnit(port, name);
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -10)));
    await until(() => rig.codes().includes('unknown_unit'), 'the refusal');
    await settle();
    expect([unit.acks(), rig.engine.appends.length]).toEqual([0, 1]);
  });

  test('units nobody knows register themselves where that is allowed, with all they sent meanwhile', async () => {
    const rig = await IngestRig.open({ open: true });
    const port = await rig.udp(name);
    const units = Array.from({ length: 30 }, (_, n) => new DatagramUnit(port, name, n));
    for (const unit of units) {
      for (const offset of [-30, -20, -10]) unit.client.send(unit.datagram(sampleAt(rig.clock.now(), offset)));
    }
    await Promise.all(units.map((unit) => unit.acked(3)));
    expect(rig.store.registry.size('tracker')).toBe(30);
    for (const { deviceId } of units) expect(rig.kept(deviceId)).toHaveLength(3);
  });

  test('a registration that fails costs the datagram, not the sender', async () => {
    const rig = await IngestRig.open({ open: true });
    const unit = new DatagramUnit(await rig.udp(name), name);
    rig.engine.failure = diskError('EIO');
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -20)));
    await until(() => !rig.store.health.ready, 'the failure');
    await settle();
    rig.engine.failure = undefined;
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -10)));
    await unit.acked(1);
    expect(rig.kept(unit.deviceId)).toEqual([sampleAt(rig.clock.now(), -10).at]);
  });

  test('garbage, halves and empty datagrams change nothing for anybody', async () => {
    const { rig, port, unit } = await registered();
    const good = unit.datagram(sampleAt(rig.clock.now(), -10));
    const bad = new DatagramClient(port);
    for (const length of [0, 1, 5, good.length - 1]) {
      bad.send(good.subarray(0, length));
      unit.client.send(good.subarray(0, length));
    }
    bad.send(Buffer.alloc(1400, 0xaa));
    bad.send(Buffer.alloc(60_000, 0));
    unit.client.send(good);
    await unit.acked(1);
    expect(rig.kept(unit.deviceId).every((at) => at === sampleAt(rig.clock.now(), -10).at)).toBe(true);
    expect(bad.received.filter((each) => unit.behavior.readDownlink(each).kind === 'login')).toEqual([]);
  });

  test('a blocked unit is refused', async () => {
    const { rig, unit } = await registered();
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -20)));
    await unit.acked(1);
    await rig.store.change((tx) => tx.put('source', { ...rig.source(unit.deviceId), blocked: true }));
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -10)));
    await until(() => rig.codes().includes('blocked_unit'), 'the refusal');
    expect(rig.kept(unit.deviceId)).toHaveLength(1);
  });

  test('a barred unit is refused as long as it is barred', async () => {
    const barred = new Set<string>();
    const rig = await IngestRig.open({ barred });
    const unit = new DatagramUnit(await rig.udp(name), name);
    await rig.register(unit.deviceId, name);
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -20)));
    await unit.acked(1);
    barred.add(unit.deviceId);
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -10)));
    await until(() => rig.codes().includes('blocked_unit'), 'the refusal');
    expect(rig.kept(unit.deviceId)).toHaveLength(1);
    barred.clear();
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -5)));
    await unit.acked(2);
  });

  test('senders beyond the limit are forgotten, oldest first, and may come back', async () => {
    const rig = await IngestRig.open({ open: true, limits: { udpMaxPeers: 2 } });
    const port = await rig.udp(name);
    const units = [0, 1, 2, 3].map((n) => new DatagramUnit(port, name, n));
    for (const round of [1, 2]) {
      for (const unit of units) {
        unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -100 + round)));
        await unit.acked(round);
      }
    }
    for (const { deviceId } of units) expect(rig.kept(deviceId)).toHaveLength(2);
  });

  test('a login over TCP takes the unit over', async () => {
    const { rig, unit } = await registered();
    unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -20)));
    await unit.acked(1);
    const { id } = rig.source(unit.deviceId);
    expect([rig.sessions.isConnected(id), rig.sessions.linkOf(id)]).toEqual([true, undefined]);
    const online = await Unit.online(await rig.tcp(name), name);
    expect(rig.sessions.linkOf(id)).toBeDefined();
    online.client.socket.destroy();
    await until(() => rig.sessions.linkOf(id) === undefined, 'the end of the session');
  });
});

test('a Wialon IPS datagram whose checksum is wrong is no position', async () => {
  const rig = await IngestRig.open();
  const unit = new DatagramUnit(await rig.udp('wialon-ips'), 'wialon-ips');
  await rig.register(unit.deviceId, 'wialon-ips');
  unit.client.send(withBadChecksum(unit.datagram(sampleAt(rig.clock.now(), -20))));
  unit.client.send(unit.datagram(sampleAt(rig.clock.now(), -10)));
  await unit.acked(1);
  expect(rig.kept(unit.deviceId)).toEqual([sampleAt(rig.clock.now(), -10).at]);
  unit.client.send(withBadChecksum(unit.datagram(sampleAt(rig.clock.now(), -5))));
  await until(() => rig.services.refusals.recent()[0]?.identity === unit.deviceId, 'the refusal');
  expect(rig.services.refusals.recent()[0]).toMatchObject({ reason: 'checksum' });
});

test('the same port takes TCP and UDP of one protocol', async () => {
  const rig = await IngestRig.open({ open: true });
  const [tcp, udp] = [await rig.tcp('teltonika'), await rig.udp('teltonika')];
  const unit = await Unit.online(tcp, 'teltonika', 1);
  const datagrams = new DatagramUnit(udp, 'teltonika', 2);
  datagrams.client.send(datagrams.datagram(sampleAt(rig.clock.now(), -10)));
  await Promise.all([unit.report([sampleAt(rig.clock.now(), -10)]), datagrams.acked(1)]);
  expect((await RawClient.connect(tcp)).isClosed).toBe(false);
});
