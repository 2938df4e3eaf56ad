/**
 * The promises of a connection, held against every protocol over real sockets.
 */
import { describe, expect, test } from 'vitest';
import { CodecError } from '../../src/errors.js';
import { protocols } from '../../src/protocols/registry.js';
import { diskError } from '../support/failing-engine.js';
import { RawClient, sampleAt, Unit } from '../support/tracker-client.js';
import { settle, until } from '../support/until.js';
import { unreadable, withBadChecksum } from './frames.js';
import { IngestRig, named } from './rig.js';

const names = protocols.filter((each) => each.transports.includes('tcp')).map((each) => each.name);

describe.each(names)('%s', (name) => {
  async function registered(n = 0): Promise<{ rig: IngestRig; port: number; deviceId: string }> {
    const rig = await IngestRig.open();
    const port = await rig.tcp(name);
    const { deviceId } = new Unit(await RawClient.connect(port), name, n);
    await rig.register(deviceId, name);
    return { rig, port, deviceId };
  }

  test('a unit logs in, its records are acknowledged and become state', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.online(port, name);
    const sample = sampleAt(rig.clock.now(), -10);
    expect(await unit.report([sample])).toMatchObject({ kind: 'ack' });
    const state = rig.store.stateOf(rig.source(deviceId).id);
    expect([state?.lat, state?.lng, state?.speedKmh]).toEqual([
      expect.closeTo(sample.position?.lat as number, 4),
      expect.closeTo(13.4, 4),
      expect.closeTo(sample.position?.speedKmh as number, 0),
    ]);
    expect(rig.kept(deviceId)).toEqual([sample.at]);
  });

  test('bytes may come one at a time', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.connect(port, name);
    await unit.client.trickle(unit.loginFrame());
    await unit.next('login');
    await unit.client.trickle(unit.frame([sampleAt(rig.clock.now(), -10)]));
    await unit.next('ack');
    expect(rig.kept(deviceId)).toHaveLength(1);
  });

  test('many frames may come in one chunk, the login among them, and are acknowledged in order', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.connect(port, name);
    const times = Array.from({ length: 50 }, (_, i) => sampleAt(rig.clock.now(), i - 60));
    unit.client.send(Buffer.concat([unit.loginFrame(), ...times.map((each) => unit.frame([each]))]));
    await until(() => unit.count('ack') === 50, '50 acks');
    const tags = unit.downlinks.flatMap((each) => (each.kind === 'ack' && each.tag !== undefined ? [each.tag] : []));
    expect(tags).toEqual([...tags].sort((a, b) => a - b));
    expect(unit.downlinks[0]).toEqual({ kind: 'login', accepted: true });
    expect(rig.kept(deviceId)).toEqual(times.map((each) => each.at));
    expect(rig.engine.appends.length).toBeLessThan(10);
  });

  test('nothing is acknowledged before it is on the disk, and then in order', async () => {
    const { rig, port } = await registered();
    const unit = await Unit.online(port, name);
    rig.engine.hold();
    for (const offset of [-30, -20, -10]) {
      unit.client.send(unit.frame([sampleAt(rig.clock.now(), offset)]));
      await settle();
    }
    await until(() => rig.engine.heldCount === 1, 'a commit under way');
    await settle();
    expect(unit.count('ack')).toBe(0);
    rig.engine.step();
    await until(() => unit.count('ack') >= 1, 'the first ack');
    rig.engine.release();
    await until(() => unit.count('ack') === 3, 'all acks');
  });

  test('when the disk fails nothing is acknowledged, and the same record is good later', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.online(port, name);
    const sample = sampleAt(rig.clock.now(), -10);
    rig.engine.failure = diskError('ENOSPC');
    unit.client.send(unit.frame([sample]));
    await unit.client.end();
    expect(unit.count('ack')).toBe(0);
    expect([rig.store.health.ready, rig.recordAt(deviceId)]).toEqual([false, 0]);
    rig.engine.failure = undefined;
    await (await Unit.online(port, name)).report([sample]);
    expect([rig.store.health.ready, rig.recordAt(deviceId)]).toEqual([true, sample.at]);
  });

  test('a unit nobody registered is refused in the terms of its protocol', async () => {
    const rig = await IngestRig.open();
    const port = await rig.tcp(name);
    const unit = await Unit.connect(port, name);
    const login = unit.loginFrame();
    unit.client.send(login);
    const protocol = named(name);
    const context = { transport: 'tcp', receivedAt: 0, deviceId: undefined, model: undefined, session: '' } as const;
    const expected = protocol.replyLogin(protocol.decode(login, context), 'unknown_unit', context);
    expect(await unit.client.end()).toEqual(expected ?? Buffer.alloc(0));
    expect(rig.codes()).toContain('unknown_unit');
  });

  test('records before a login are not taken', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.connect(port, name);
    unit.client.send(unit.frame([sampleAt(rig.clock.now(), -10)]));
    await unit.client.end();
    expect([unit.count('ack'), rig.kept(deviceId)]).toEqual([0, []]);
  });

  test('a blocked unit is refused, also when it is blocked while it is connected', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.online(port, name);
    await unit.report([sampleAt(rig.clock.now(), -20)]);
    await rig.store.change((tx) => tx.put('source', { ...rig.source(deviceId), blocked: true }));
    unit.client.send(unit.frame([sampleAt(rig.clock.now(), -10)]));
    await unit.client.end();
    const again = await Unit.connect(port, name);
    again.client.send(again.loginFrame());
    await again.client.end();
    expect(again.downlinks.filter((each) => each.kind === 'login' && each.accepted)).toEqual([]);
    expect(rig.kept(deviceId)).toHaveLength(1);
    expect(rig.codes().filter((code) => code === 'blocked_unit').length).toBeGreaterThanOrEqual(2);
  });

  test('a unit registered with a model of another protocol is refused', async () => {
    const rig = await IngestRig.open();
    const port = await rig.tcp(name);
    const unit = await Unit.connect(port, name);
    await rig.register(unit.deviceId, names.find((each) => each !== name) as string);
    unit.client.send(unit.loginFrame());
    await unit.client.end();
    expect(rig.codes()).toContain('wrong_protocol');
  });

  test('a frame whose checksum is wrong is no position, and costs a strike', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.online(port, name);
    const bad = (offset: number) => withBadChecksum(unit.frame([sampleAt(rig.clock.now(), offset)]));
    unit.client.send(bad(-50));
    unit.client.send(bad(-40));
    await unit.report([sampleAt(rig.clock.now(), -30)]);
    unit.client.send(bad(-20));
    unit.client.send(bad(-15));
    unit.client.send(bad(-10));
    await unit.client.end();
    expect(rig.codes()).toContain('too_many_strikes');
    expect(rig.services.refusals.recent()).toMatchObject([{ identity: deviceId, reason: 'checksum', count: 5 }]);
    expect(rig.kept(deviceId)).toEqual([sampleAt(rig.clock.now(), -30).at]);
    expect(unit.downlinks.filter((each) => each.kind === 'ack' && each.records !== 0)).toHaveLength(1);
  });

  test('an unreadable frame is set free at its third arrival, on whichever connection', async () => {
    const { rig, port, deviceId } = await registered();
    const protocol = named(name);
    const context = { transport: 'tcp', receivedAt: 0, deviceId, model: undefined, session: '' } as const;
    let frame: Buffer | undefined;
    for (let arrival = 1; arrival <= 4; arrival++) {
      const unit = await Unit.online(port, name);
      frame ??= unreadable(name, unit.frame([sampleAt(rig.clock.now(), -20)]));
      const good = unit.frame([sampleAt(rig.clock.now(), -10 + arrival)]);
      const before = unit.client.received.length;
      unit.client.send(Buffer.concat([frame, good]));
      const error = new CodecError('truncated');
      const answer = arrival < 3 ? protocol.refuse(frame, error, context) : protocol.replyUndecodable(frame, context);
      const acknowledgement = protocol.reply(protocol.decode(good, context), context);
      const expected = Buffer.concat([answer ?? Buffer.alloc(0), acknowledgement as Buffer]);
      if (arrival >= 3) expect(answer).not.toBeNull();
      await until(() => unit.client.received.length >= before + expected.length, `answers to arrival ${arrival}`);
      expect(unit.client.received.subarray(before).toString('latin1')).toBe(expected.toString('latin1'));
      unit.client.socket.destroy();
    }
    expect(rig.kept(deviceId)).toHaveLength(4);
    expect([...rig.store.registry.all('poison')].map((row) => row.count)).toEqual([4]);
  });

  test('its bytes are in the log for whoever asks for them, readable or not', async () => {
    const rig = await IngestRig.open({ open: true, logLevel: 'trace' });
    const unit = await Unit.online(await rig.tcp(name), name);
    const frame = unit.frame([sampleAt(rig.clock.now(), -10)]);
    unit.client.send(frame);
    await unit.next('ack');
    const poison = unreadable(name, unit.frame([sampleAt(rig.clock.now(), -5)]));
    unit.client.send(poison);
    await until(() => rig.logLines.some(({ msg }) => msg === 'unreadable frame'), 'the line');
    const shown = rig.logLines.filter(({ hex }) => hex !== undefined).map(({ msg, hex }) => [msg, hex]);
    expect(shown).toContainEqual(['frame', frame.toString('hex')]);
    expect(shown).toContainEqual(['unreadable frame', poison.toString('hex')]);
  });

  test('half a frame and the end of the connection leave nothing behind', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.online(port, name);
    const frame = unit.frame([sampleAt(rig.clock.now(), -10)]);
    unit.client.send(frame.subarray(0, frame.length - 1));
    unit.client.socket.end();
    await unit.client.end();
    await until(() => rig.sessions.linkOf(rig.source(deviceId).id) === undefined, 'the end of the session');
    expect(rig.kept(deviceId)).toEqual([]);
  });

  test('a unit that closes its end at once still gets its acknowledgements', async () => {
    const { rig, port, deviceId } = await registered();
    const client = await RawClient.connect(port, { allowHalfOpen: true });
    const unit = new Unit(client, name, 0);
    const frames = [-20, -10].map((offset) => unit.frame([sampleAt(rig.clock.now(), offset)]));
    rig.engine.hold();
    client.socket.end(Buffer.concat([unit.loginFrame(), ...frames]));
    await until(() => rig.engine.heldCount > 0, 'the commit');
    await settle();
    rig.engine.release();
    await client.end();
    expect(unit.count('ack')).toBe(2);
    expect(rig.kept(deviceId)).toHaveLength(2);
  });

  test('the shared port tells the protocol from the first bytes, one at a time', async () => {
    const { rig, deviceId } = await registered();
    const port = await rig.tcp();
    const unit = await Unit.connect(port, name);
    await unit.client.trickle(unit.loginFrame());
    await unit.next('login');
    await unit.report([sampleAt(rig.clock.now(), -10)]);
    expect(rig.kept(deviceId)).toHaveLength(1);
  });

  test('a second login takes over from the first', async () => {
    const { rig, port, deviceId } = await registered();
    const first = await Unit.online(port, name);
    const second = await Unit.online(port, name);
    await first.client.end();
    expect(rig.codes()).toContain('replaced');
    await second.report([sampleAt(rig.clock.now(), -10)]);
    expect(rig.sessions.isConnected(rig.source(deviceId).id)).toBe(true);
    second.client.socket.destroy();
    await until(() => !rig.sessions.isConnected(rig.source(deviceId).id), 'the end of the session');
  });

  test('a record that comes again is acknowledged again and changes nothing', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.online(port, name);
    const frame = unit.frame([sampleAt(rig.clock.now(), -10)]);
    for (let i = 1; i <= 3; i++) {
      unit.client.send(frame);
      await until(() => unit.count('ack') === i, `ack ${i}`);
    }
    expect(rig.recordAt(deviceId)).toBe(sampleAt(rig.clock.now(), -10).at);
  });

  test('100 units nobody knows register themselves at once where that is allowed', async () => {
    const rig = await IngestRig.open({ open: true });
    const port = await rig.tcp(name);
    const units = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const unit = await Unit.connect(port, name, n);
        unit.client.send(Buffer.concat([unit.loginFrame(), unit.frame([sampleAt(rig.clock.now(), -10)])]));
        await unit.next('ack');
        return unit;
      }),
    );
    expect(rig.store.registry.size('tracker')).toBe(100);
    for (const { deviceId } of units) expect(rig.kept(deviceId)).toHaveLength(1);
    expect(rig.engine.appends.length).toBeLessThan(150);
  });

  test('two connections of one unknown unit register it once', async () => {
    const rig = await IngestRig.open({ open: true });
    const port = await rig.tcp(name);
    const units = await Promise.all([1, 2, 3].map(() => Unit.connect(port, name, 7)));
    for (const unit of units) unit.client.send(unit.loginFrame());
    await until(() => units.some((unit) => unit.count('login') === 1), 'a login');
    await until(() => units.filter((unit) => unit.client.isClosed).length === 2, 'the older ones to be replaced');
    expect(rig.store.registry.size('tracker')).toBe(1);
  });

  test('a registration that cannot be kept lets nobody in', async () => {
    const rig = await IngestRig.open({ open: true });
    const port = await rig.tcp(name);
    rig.engine.failure = diskError('EIO');
    const unit = await Unit.connect(port, name);
    unit.client.send(Buffer.concat([unit.loginFrame(), unit.frame([sampleAt(rig.clock.now(), -10)])]));
    await unit.client.end();
    expect([unit.downlinks, rig.store.registry.size('tracker')]).toEqual([[], 0]);
    rig.engine.failure = undefined;
    await (await Unit.online(port, name)).report([sampleAt(rig.clock.now(), -10)]);
    expect(rig.store.registry.size('tracker')).toBe(1);
  });

  test('commands go down one at a time and their answers come up', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.online(port, name);
    const link = rig.sessions.linkOf(rig.source(deviceId).id);
    const replies = ['first', 'second'].map((text) => link?.send({ kind: 'text', text }));
    const first = await unit.next('command');
    await settle();
    expect(unit.count('command')).toBe(1);
    const answer = (command: typeof first, text: string) => {
      if (command.kind === 'command') unit.client.send(unit.behavior.answer(text, command.reference) as Buffer);
    };
    await unit.report([sampleAt(rig.clock.now(), -10)]);
    answer(first, 'one');
    expect(await replies[0]).toMatchObject({ text: 'one', ok: true });
    answer(await unit.next('command'), 'two');
    expect(await replies[1]).toMatchObject({ text: 'two', ok: true });
  });

  test('a command that is not answered times out, one on a lost connection is told so', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.online(port, name);
    const link = rig.sessions.linkOf(rig.source(deviceId).id);
    const codes = ['a', 'b', 'c'].map((text) =>
      link?.send({ kind: 'text', text }).then(
        () => 'answered',
        (error: { code: string }) => error.code,
      ),
    );
    await unit.next('command');
    rig.pass(60_001);
    expect(await codes[0]).toBe('command_timeout');
    await unit.next('command');
    unit.client.socket.destroy();
    expect(await Promise.all(codes)).toEqual(['command_timeout', 'unit_offline', 'unit_offline']);
    expect(rig.sessions.linkOf(rig.source(deviceId).id)).toBeUndefined();
  });

  test('a command that the protocol cannot write fails alone', async () => {
    const { rig, port, deviceId } = await registered();
    const unit = await Unit.online(port, name);
    const link = rig.sessions.linkOf(rig.source(deviceId).id);
    await expect(link?.send({ kind: 'text', text: 'zwei\nZeilen ä' })).rejects.toMatchObject({ code: 'command_text' });
    const reply = link?.send({ kind: 'text', text: 'good' });
    const command = await unit.next('command');
    if (command.kind === 'command') unit.client.send(unit.behavior.answer('ok', command.reference) as Buffer);
    expect(await reply).toMatchObject({ text: 'ok' });
  });

  test('a bad unit disturbs nobody', async () => {
    const { rig, port, deviceId } = await registered();
    const good = await Unit.online(port, name);
    const bad = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(port)));
    for (const [i, client] of bad.entries()) client.send(Buffer.alloc(20_000, i * 23));
    for (let i = 0; i < 20; i++) await good.report([sampleAt(rig.clock.now(), i - 30)]);
    await Promise.all(bad.map((client) => client.end()));
    expect(rig.kept(deviceId)).toHaveLength(20);
    expect(good.client.isClosed).toBe(false);
  });
});

test('the log shows no bytes that hold a password', async () => {
  const rig = await IngestRig.open({ open: true, logLevel: 'trace' });
  const client = await RawClient.connect(await rig.tcp('wialon-ips'));
  client.send('#L#868000000000001;open-sesame\r\n');
  await until(() => client.received.length > 0, 'the answer');
  expect(rig.logLines.map(({ msg }) => msg)).toContain('frame');
  const text = JSON.stringify(rig.logLines);
  for (const secret of ['open-sesame', Buffer.from('open-sesame').toString('hex')]) expect(text).not.toContain(secret);
});
