/** What is new and what waits: the parts that the ways out of live events share. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { News } from '../../../src/http/navixy/live/news.js';
import { Outflow } from '../../../src/http/navixy/live/outflow.js';

test('news are given out once a round, and what comes again before its turn only once', () => {
  const news = new News();
  for (const id of [1, 2, 3, 2]) news.note(id);
  news.beginRound();
  expect([news.hasAny, news.next(), news.untold]).toEqual([false, 1, [2, 3]]);
  news.note(1);
  news.note(3);
  expect([news.hasAny, news.untold]).toEqual([true, [2, 3, 1]]);
  expect([news.next(), news.next(), news.next(), news.next()]).toEqual([2, 3, undefined, undefined]);
  news.beginRound();
  expect([news.next(), news.next()]).toEqual([1, undefined]);
  news.note(4);
  news.beginRound();
  news.endRound();
  expect([news.next(), news.hasAny, news.untold]).toEqual([undefined, false, []]);
});

test('a client is full, overfull and stalled by what it has not taken', () => {
  const clock = new VirtualClock();
  let bufferedBytes = 0;
  const limits = { liveSendBufferMaxBytes: 100, liveStallTimeoutMs: 1000 };
  const outflow = new Outflow({ limits, clock, bufferedBytes: () => bufferedBytes });
  const facts = () => [outflow.isFull, outflow.isOverfull, outflow.isStalled];
  clock.advance(5000);
  expect(facts()).toEqual([false, false, false]);
  outflow.sending();
  bufferedBytes = 99;
  expect(facts()).toEqual([false, false, false]);
  clock.advance(999);
  outflow.sending();
  bufferedBytes = 100;
  expect(facts()).toEqual([true, false, false]);
  clock.advance(1);
  expect(facts()).toEqual([true, false, true]);
  outflow.moved();
  bufferedBytes = 200;
  expect(facts()).toEqual([true, true, false]);
});

test('who waits for room goes on when there is some, once', () => {
  let bufferedBytes = 100;
  const limits = { liveSendBufferMaxBytes: 100, liveStallTimeoutMs: 1000 };
  const outflow = new Outflow({ limits, clock: new VirtualClock(), bufferedBytes: () => bufferedBytes });
  const went: string[] = [];
  outflow.whenRoom(() => went.push('a'));
  outflow.whenRoom(() => went.push('b'));
  outflow.moved();
  expect(went).toEqual([]);
  bufferedBytes = 99;
  outflow.moved();
  outflow.moved();
  expect(went).toEqual(['a', 'b']);
  outflow.whenRoom(() => went.push('c'));
  outflow.release();
  outflow.moved();
  expect(went).toEqual(['a', 'b']);
});
