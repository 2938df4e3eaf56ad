import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import type { Command } from '../../src/domain/command.js';
import { Dispatcher } from '../../src/downlink/dispatcher.js';
import { maxEndedPerSource, maxOpenPerSource } from '../../src/downlink/queue.js';
import type { SmsGateway } from '../../src/downlink/sms.js';
import { CommandError } from '../../src/errors.js';
import type { CommandRow, SourceRow } from '../../src/store/rows.js';
import { FakeLinks } from '../support/fake-links.js';
import { MemoryStore } from '../support/memory-store.js';

const hourMs = 3_600_000;
const source: SourceRow = {
  id: 1,
  accountId: 1,
  deviceId: '356307042441013',
  model: 'telfmb920',
  protocol: 'teltonika',
  phone: '491701234567',
  blocked: false,
  tariffId: 1,
  createdAt: 0,
};

class NotedSms implements SmsGateway {
  readonly sent: string[] = [];
  isDown = false;

  async send(phone: string, text: string): Promise<void> {
    if (this.isDown) throw new Error('the service is down');
    this.sent.push(`${phone}: ${text}`);
  }
}

let clock: VirtualClock;
let store: MemoryStore;
let links: FakeLinks;
let sms: NotedSms;
let dispatcher: Dispatcher;

/** A dispatcher on the same store, as after a restart. */
async function restart(): Promise<void> {
  dispatcher?.stop();
  links = new FakeLinks();
  dispatcher = new Dispatcher({
    store,
    links,
    clock,
    sms,
    log: pino({ level: 'silent' }),
    check: (_, { kind }) => {
      if (kind === 'lock') throw new CommandError('unsupported_command');
    },
    ttlMs: 24 * hourMs,
  });
  links.listener = dispatcher;
  await dispatcher.start();
}

beforeEach(async () => {
  clock = new VirtualClock();
  store = new MemoryStore(clock);
  sms = new NotedSms();
  await store.change((tx) => tx.put('source', source));
  await restart();
});
afterEach(() => dispatcher.stop());

const text = (words: string): Command => ({ kind: 'text', text: words });
const submit = (command: Command, reliable = true, via: 'link' | 'sms' = 'link') =>
  dispatcher.submit([{ source, accountId: 1, command, reliable, via }]);
const rowOf = (id: number): CommandRow => store.registry.get('command', id)!;
const statesOf = () => [...store.registry.all('command')].map(({ state }) => state);
/** Lets promises have their turn. */
const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('a unit that is connected', () => {
  test('gets a command at once, and its answer is kept', async () => {
    const link = links.connect(1);
    await submit(text('getver'));
    await settle();
    expect(link.sent).toEqual([text('getver')]);
    expect(rowOf(1)).toMatchObject({ state: 'sent', attempts: 1, sentAt: clock.now() });
    clock.advance(50);
    link.answer('Ver:03.25');
    await settle();
    expect(rowOf(1)).toMatchObject({ state: 'answered', result: 'Ver:03.25', endedAt: clock.now() });
  });

  test('gets one at a time, in order', async () => {
    const link = links.connect(1);
    for (const words of ['one', 'two', 'three']) await submit(text(words));
    await settle();
    expect(link.sent).toEqual([text('one')]);
    expect(statesOf()).toEqual(['sent', 'queued', 'queued']);
    for (const words of ['two', 'three']) {
      link.answer('done');
      await settle();
      expect(link.sent.at(-1)).toEqual(text(words));
    }
    link.answer('');
    await settle();
    expect(statesOf()).toEqual(['answered', 'answered', 'acknowledged']);
  });

  test('a refusal fails with the words of the unit', async () => {
    const link = links.connect(1);
    await submit(text('nonsense'));
    await settle();
    link.answer('ERROR: unknown', false);
    await settle();
    expect(rowOf(1)).toMatchObject({ state: 'failed', result: 'ERROR: unknown' });
  });

  test('what cannot be written fails at once, reliable or not', async () => {
    const link = links.connect(1);
    await submit({ kind: 'position' });
    await settle();
    link.fail('unsupported_command');
    await settle();
    expect(rowOf(1)).toMatchObject({ state: 'failed', result: 'unsupported_command' });
  });

  test('bytes survive the queue', async () => {
    const link = links.connect(1);
    await submit({ kind: 'raw', bytes: Buffer.from('00ff10', 'hex') });
    await settle();
    expect(link.sent).toEqual([{ kind: 'raw', bytes: Buffer.from('00ff10', 'hex') }]);
    expect(rowOf(1).command).toEqual({ kind: 'raw', hex: '00ff10' });
  });

  test('silence: a reliable command waits for the next login and lets others pass, another has failed', async () => {
    const link = links.connect(1);
    for (const reliable of [true, false]) await submit(text(String(reliable)), reliable);
    await submit(text('last'));
    await settle();
    for (const _ of ['true', 'false']) {
      link.fail('command_timeout');
      await settle();
    }
    link.answer('done');
    await settle();
    expect(statesOf()).toEqual(['queued', 'failed', 'answered']);
    expect(rowOf(2).result).toBe('command_timeout');
    clock.advance(hourMs);
    await settle();
    expect(link.sent).toHaveLength(3);
    expect(links.connect(1).sent).toEqual([]);
    await settle();
    expect(links.linkOf(1)!.sent).toEqual([text('true')]);
    expect(rowOf(1).attempts).toBe(2);
  });
});

describe('a unit that is offline', () => {
  test('gets what waited when it is ready, not before', async () => {
    await submit(text('one'));
    await submit(text('two'));
    expect(statesOf()).toEqual(['queued', 'queued']);
    const link = links.connect(1, false);
    await submit(text('three'));
    await settle();
    expect(link.sent).toEqual([]);
    dispatcher.ready(1, link);
    for (const words of ['one', 'two', 'three']) {
      await settle();
      expect(link.sent.at(-1)).toEqual(text(words));
      link.answer('done');
    }
    await settle();
    expect(statesOf()).toEqual(['answered', 'answered', 'answered']);
  });

  test('with nothing waiting, a new command goes out before the unit is ready, and again if it was not heard', async () => {
    const link = links.connect(1, false);
    await submit(text('one'));
    await settle();
    expect(link.sent).toEqual([text('one')]);
    dispatcher.ready(1, link);
    link.fail('command_timeout');
    await settle();
    expect(link.sent).toEqual([text('one'), text('one')]);
  });

  test('a short message under way holds nothing back', async () => {
    await submit({ kind: 'position' }, true, 'sms');
    const link = links.connect(1, false);
    await submit(text('one'));
    await settle();
    expect(link.sent).toEqual([text('one')]);
  });

  test('a command that is not reliable has failed', async () => {
    await submit({ kind: 'output', output: 1, enable: true }, false);
    expect(rowOf(1)).toMatchObject({ state: 'failed', result: 'unit_offline' });
    const link = links.connect(1);
    await settle();
    expect(link.sent).toEqual([]);
  });

  test('the connection breaks: what was on its way goes again, the unreliable behind it does not', async () => {
    links.connect(1);
    await submit(text('one'));
    await submit(text('two'), false);
    await settle();
    links.disconnect(1);
    await settle();
    expect(statesOf()).toEqual(['queued', 'failed']);
    const link = links.connect(1);
    await settle();
    expect(link.sent).toEqual([text('one')]);
  });

  test('a newer connection takes over what the older one left', async () => {
    const older = links.connect(1);
    await submit(text('one'));
    await settle();
    const newer = links.connect(1);
    older.fail('unit_offline');
    await settle();
    expect(newer.sent).toEqual([text('one')]);
    dispatcher.unlinked(1, older);
    await submit(text('two'));
    newer.answer('done');
    await settle();
    expect(newer.sent).toEqual([text('one'), text('two')]);
  });
});

describe('the end of a command', () => {
  test('it expires after its time to live, not a second before', async () => {
    await submit(text('one'));
    clock.advance(24 * hourMs - 1000);
    await settle();
    expect(rowOf(1).state).toBe('queued');
    clock.advance(1000);
    await settle();
    expect(rowOf(1)).toMatchObject({ state: 'expired', endedAt: clock.now() });
    const link = links.connect(1);
    await settle();
    expect(link.sent).toEqual([]);
  });

  test('it is cancelled while it waits', async () => {
    await submit(text('one'));
    expect(await dispatcher.cancel(1)).toBe(true);
    expect(await dispatcher.cancel(1)).toBe(false);
    expect(await dispatcher.cancel(99)).toBe(false);
    const link = links.connect(1);
    await settle();
    expect(link.sent).toEqual([]);
    expect(rowOf(1).state).toBe('cancelled');
  });

  test('cancelled on its way, a late answer changes nothing and the next one goes', async () => {
    const link = links.connect(1);
    await submit(text('one'));
    await submit(text('two'));
    await settle();
    await dispatcher.cancel(1);
    link.answer('done');
    await settle();
    expect(statesOf()).toEqual(['cancelled', 'sent']);
    expect(link.sent).toEqual([text('one'), text('two')]);
  });

  test('all of a source at once', async () => {
    await submit(text('one'));
    await submit({ kind: 'position' }, true, 'sms');
    expect(await dispatcher.cancelAll(1)).toBe(2);
    expect(await dispatcher.cancelAll(1)).toBe(0);
  });
});

describe('a restart', () => {
  test('goes on with what waited; what was on its way goes again only where it is reliable', async () => {
    links.connect(1);
    await submit(text('one'));
    await settle();
    await store.change((tx) => tx.put('command', { ...rowOf(1), id: 9, reliable: false }));
    await restart();
    expect([1, 9].map((id) => rowOf(id).state)).toEqual(['queued', 'failed']);
    const link = links.connect(1);
    await settle();
    expect(link.sent).toEqual([text('one')]);
    expect(rowOf(1).attempts).toBe(2);
  });

  test('ends what expired meanwhile', async () => {
    await submit(text('one'));
    dispatcher.stop();
    clock.advance(25 * hourMs);
    await restart();
    expect(rowOf(1).state).toBe('expired');
  });
});

describe('bounds', () => {
  test('a queue takes so many and no more, and then nothing else is changed either', async () => {
    for (let i = 0; i < maxOpenPerSource; i++) expect(await submit(text('x'))).toHaveLength(1);
    const rows = await dispatcher.submit([{ source, accountId: 1, command: text('x'), reliable: true }], (tx) =>
      tx.put('source', { ...source, phone: null }),
    );
    expect(rows).toBeUndefined();
    expect(store.registry.size('command')).toBe(maxOpenPerSource);
    expect(store.registry.get('source', 1)!.phone).toBe(source.phone);
  });

  test('of those that ended the newest are remembered', async () => {
    for (let i = 0; i < maxEndedPerSource + 5; i++) await submit(text('x'), false);
    expect(store.registry.size('command')).toBe(maxEndedPerSource);
    expect(store.registry.get('command', 5)).toBeUndefined();
    expect(store.registry.get('command', 6)).toBeDefined();
  });

  test('without the disk nothing leaves, and it does when the disk is back', async () => {
    await submit(text('one'));
    store.broken = true;
    const link = links.connect(1);
    await settle();
    expect(link.sent).toEqual([]);
    store.broken = false;
    clock.advance(1000);
    await settle();
    expect(link.sent).toEqual([text('one')]);
  });
});

describe('an answer that could not be kept', () => {
  test('the command goes again when the disk is back', async () => {
    const link = links.connect(1);
    await submit(text('one'));
    await settle();
    store.broken = true;
    link.answer('done');
    await settle();
    expect(rowOf(1).state).toBe('sent');
    store.broken = false;
    clock.advance(1000);
    await settle();
    expect(rowOf(1).state).toBe('queued');
    const next = links.connect(1);
    await settle();
    expect(next.sent).toEqual([text('one')]);
  });
});

describe('short messages', () => {
  test('go to the number of the unit and wait for a sign', async () => {
    await submit({ kind: 'position' }, true, 'sms');
    await settle();
    expect(sms.sent).toEqual(['491701234567:   ggps']);
    expect(rowOf(1)).toMatchObject({ state: 'sent', attempts: 1 });
    await restart();
    await settle();
    expect(sms.sent).toHaveLength(1);
  });

  test('are tried again while the service takes none', async () => {
    sms.isDown = true;
    await submit(text('cpureset'), true, 'sms');
    await settle();
    expect(rowOf(1).state).toBe('queued');
    sms.isDown = false;
    clock.advance(59_000);
    await settle();
    expect(sms.sent).toEqual([]);
    clock.advance(2000);
    await settle();
    expect(sms.sent).toEqual(['491701234567: cpureset']);
  });

  test('nothing known to say: taken back', async () => {
    await submit({ kind: 'output', output: 1, enable: true }, true, 'sms');
    await settle();
    expect(rowOf(1).state).toBe('cancelled');
  });
});

test('says what a protocol cannot be told', () => {
  expect(dispatcher.problemOf(source, { kind: 'lock', seal: true, password: null })).toBe('unsupported_command');
  expect(dispatcher.problemOf(source, text('x'))).toBeUndefined();
});
