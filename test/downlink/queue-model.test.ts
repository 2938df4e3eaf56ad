/**
 * Anything may happen to a queue in any order; what holds then is short: one command in flight, nothing twice that must not be, order
 * kept, and an end for everything.
 */
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { Dispatcher } from '../../src/downlink/dispatcher.js';
import type { SourceRow } from '../../src/store/rows.js';
import { type FakeLink, FakeLinks } from '../support/fake-links.js';
import { MemoryStore } from '../support/memory-store.js';

const ttlMs = 60_000;
const source: SourceRow = {
  id: 1,
  accountId: 1,
  deviceId: '356307042441013',
  model: 'telfmb920',
  protocol: 'teltonika',
  phone: null,
  blocked: false,
  tariffId: 1,
  createdAt: 0,
};

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('submit' as const), reliable: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('connect', 'answer') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('disconnect', 'ready', 'silence', 'refuse') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart', 'break', 'mend') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), id: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 20_000 }) }) },
);
type Step = { do: string; reliable?: boolean; id?: number; ms?: number };

class World {
  readonly clock = new VirtualClock();
  readonly store = new MemoryStore(this.clock);
  links = new FakeLinks();
  dispatcher = this.#dispatcher();
  link: FakeLink | undefined;
  /** Ids in the order in which they left, over all links. */
  readonly left: number[] = [];
  #counted = 0;
  #inFlight: number | undefined;

  #dispatcher(): Dispatcher {
    const { store, links, clock } = this;
    const it = new Dispatcher({ store, links, clock, log: pino({ level: 'silent' }), check: () => {}, ttlMs });
    links.listener = it;
    return it;
  }

  async take(each: Step): Promise<void> {
    await this.#act(each);
    for (let i = 0; i < 12; i++) await Promise.resolve();
    this.#look();
  }

  async #act(each: Step): Promise<void> {
    if (each.do === 'submit') await this.#submit(each.reliable === true);
    else if (each.do === 'connect') this.#connect();
    else if (each.do === 'disconnect') this.#disconnect();
    else if (each.do === 'ready' && this.link !== undefined) this.dispatcher.ready(1, this.link);
    else if (each.do === 'answer') this.#end(() => this.link?.answer('done'));
    else if (each.do === 'refuse') this.#end(() => this.link?.answer('no', false));
    else if (each.do === 'silence') this.#end(() => this.link?.fail('command_timeout'));
    else if (each.do === 'restart') await this.#restart();
    else if (each.do === 'break' || each.do === 'mend') this.store.broken = each.do === 'break';
    else if (each.do === 'cancel') await this.dispatcher.cancel(each.id ?? 0).catch(() => {});
    else if (each.do === 'pass') this.clock.advance(each.ms ?? 0);
  }

  async #submit(reliable: boolean): Promise<void> {
    const id = this.store.registry.get('counter', 'command')?.next ?? 1;
    const command = { kind: 'text', text: String(id) } as const;
    await this.dispatcher.submit([{ source, accountId: 1, command, reliable }]).catch(() => {});
  }

  #connect(): void {
    const older = this.link;
    this.#note();
    this.link = this.links.connect(1, false);
    this.#counted = 0;
    this.#inFlight = undefined;
    older?.fail('unit_offline');
  }

  #disconnect(): void {
    this.#note();
    this.links.disconnect(1);
    this.link = undefined;
    this.#inFlight = undefined;
  }

  async #restart(): Promise<void> {
    this.store.broken = false;
    this.#note();
    this.dispatcher.stop();
    this.link = undefined;
    this.#inFlight = undefined;
    this.links = new FakeLinks();
    this.dispatcher = this.#dispatcher();
    await this.dispatcher.start();
  }

  #end(answer: () => void): void {
    this.#inFlight = undefined;
    answer();
  }

  #note(): void {
    const sent = this.link?.sent.slice(this.#counted) ?? [];
    for (const command of sent) if (command.kind === 'text') this.left.push(Number(command.text));
    this.#counted = this.link?.sent.length ?? 0;
  }

  /** What holds at any time. */
  #look(): void {
    const before = this.left.length;
    this.#note();
    const fresh = this.left.slice(before);
    if (fresh.length > 0) {
      expect([fresh.length, this.#inFlight]).toEqual([1, undefined]);
      this.#inFlight = fresh[0];
    }
    const rows = [...this.store.registry.all('command')];
    for (const row of rows) {
      const times = this.left.filter((id) => id === row.id).length;
      // The attempt is kept before the command leaves.
      expect(times).toBeLessThanOrEqual(row.attempts);
      if (!row.reliable) expect(times).toBeLessThanOrEqual(1);
      expect(row.endedAt !== undefined).toBe(!['queued', 'sent'].includes(row.state));
    }
  }

  /** First departures are in the order of acceptance. */
  firstDepartures(): number[] {
    return [...new Set(this.left)];
  }
}

test('whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const world = new World();
      await world.store.change((tx) => tx.put('source', source));
      await world.dispatcher.start();
      for (const each of steps) await world.take(each);
      const firsts = world.firstDepartures();
      expect(firsts).toEqual([...firsts].sort((left, right) => left - right));
      world.store.broken = false;
      await world.take({ do: 'pass', ms: 2 * ttlMs });
      await world.take({ do: 'pass', ms: 2000 });
      for (const { state } of world.store.registry.all('command')) expect(['queued', 'sent']).not.toContain(state);
      world.dispatcher.stop();
    }),
    { numRuns: 300 },
  );
}, 60_000);
