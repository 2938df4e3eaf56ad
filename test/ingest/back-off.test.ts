/**
 * Units that try again and again where they are refused.
 */
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { BackOff } from '../../src/ingest/back-off.js';
import { RawClient, sampleAt, Unit } from '../support/tracker-client.js';
import { settle, until } from '../support/until.js';
import { IngestRig } from './rig.js';

describe('a pause', () => {
  const id = '356307042441013';

  test('comes after so many refusals a minute, until one more is allowed', async () => {
    const clock = new VirtualClock();
    const backOff = new BackOff(clock, 10);
    const refused = (deviceId = id) => backOff.pause(deviceId) === undefined;
    for (let i = 0; i < 10; i++) expect(refused()).toBe(true);
    expect([refused(), refused(), refused('another')]).toEqual([false, false, true]);
    let isOver = false;
    void backOff.pause(id)?.then(() => {
      isOver = true;
    });
    clock.advance(5_999);
    await settle();
    expect([isOver, refused()]).toEqual([false, false]);
    clock.advance(1);
    await settle();
    expect([isOver, refused(), refused()]).toEqual([true, true, false]);
    clock.advance(120_000);
    for (let i = 0; i < 10; i++) expect(refused()).toBe(true);
    expect(refused()).toBe(false);
  });

  test('ends early for whoever it was about, or for all', async () => {
    const backOff = new BackOff(new VirtualClock(), 1);
    for (const each of [id, 'another']) expect(backOff.pause(each)).toBeUndefined();
    const waits = [id, 'another'].map((each) => backOff.pause(each));
    expect(backOff.pause(id)).toBe(waits[0]);
    backOff.wake('unknown');
    backOff.wake(id);
    await waits[0];
    expect(backOff.pause(id)).toBeInstanceOf(Promise);
    backOff.wakeAll();
    await waits[1];
    expect(backOff.pause(id)).toBeInstanceOf(Promise);
  });

  test('never comes with 0 a minute', () => {
    const backOff = new BackOff(new VirtualClock(), 0);
    for (let i = 0; i < 100; i++) expect(backOff.pause(id)).toBeUndefined();
  });
});

describe('on a port', () => {
  async function refusedOften(rig: IngestRig): Promise<{ port: number; waiting: Unit }> {
    const port = await rig.tcp('teltonika');
    for (let i = 0; i < 10; i++) {
      const unit = new Unit(await RawClient.connect(port), 'teltonika', 0);
      unit.client.send(unit.loginFrame());
      await unit.client.end();
    }
    const waiting = new Unit(await RawClient.connect(port), 'teltonika', 0);
    waiting.client.send(waiting.loginFrame());
    await until(() => rig.sessions.count === 1, 'the session');
    await settle();
    return { port, waiting };
  }
  const refusals = (rig: IngestRig) => rig.services.refusals.recent().reduce((sum, { count }) => sum + count, 0);

  test('the login is refused when its turn comes, and others are not kept waiting', async () => {
    const rig = await IngestRig.open();
    const { port, waiting } = await refusedOften(rig);
    expect([waiting.client.isClosed, waiting.client.received.length, refusals(rig)]).toEqual([false, 0, 10]);
    const other = new Unit(await RawClient.connect(port), 'teltonika', 1);
    other.client.send(other.loginFrame());
    await other.client.end();
    expect(refusals(rig)).toBe(11);
    rig.pass(6_000);
    await waiting.client.end();
    expect(waiting.client.received).toEqual(Buffer.from([0]));
    expect(rig.services.refusals.recent()).toMatchObject([{ count: 11 }, { count: 1 }]);
  });

  test('the login is good at once when the unit is registered', async () => {
    const rig = await IngestRig.open();
    const { waiting } = await refusedOften(rig);
    await rig.register(waiting.deviceId, 'teltonika');
    await until(() => waiting.client.received.length > 0, 'the answer');
    expect(waiting.client.received).toEqual(Buffer.from([1]));
    await waiting.report([sampleAt(rig.clock.now())]);
    expect(rig.kept(waiting.deviceId)).toHaveLength(1);
  });

  test('a stop keeps nobody', async () => {
    const rig = await IngestRig.open();
    const { waiting } = await refusedOften(rig);
    rig.sessions.drainAll();
    rig.services.gatekeeper.wakeAll();
    await settle();
    rig.sessions.closeAll('shutdown');
    await waiting.client.end();
    expect(waiting.client.received.length).toBe(0);
  });
});
