import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerBytes } from '../../../src/http/navixy/answer-bytes.js';
import { TestApi } from '../../support/api.js';

test('an answer is what was appended, however long it was expected to be', () => {
  const part = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme-ascii', minLength: 50 }));
  fc.assert(
    fc.property(fc.array(part), fc.integer({ min: 0, max: 200 }), (parts, expectedBytes) => {
      const answer = new AnswerBytes(expectedBytes);
      for (const text of parts) {
        const bytes = Buffer.from(`${text}x`);
        answer.append(bytes, bytes.length - 1);
        answer.appendAscii('|');
      }
      expect(answer.whole.toString()).toBe(parts.map((text) => `${text}|`).join(''));
      answer.release();
      expect(answer.whole).toHaveLength(0);
    }),
  );
});

test('answers under construction at once share no memory, and those that were sent leave theirs to the next', () => {
  const first = new AnswerBytes(100);
  const second = new AnswerBytes(100);
  first.appendAscii('first');
  second.appendAscii('second');
  const { buffer } = first.whole;
  expect([first.whole.toString(), second.whole.toString()]).toEqual(['first', 'second']);
  first.release();
  const third = new AnswerBytes(100);
  expect(third.whole.buffer).toBe(buffer);
  third.appendAscii('third');
  expect([third.whole.toString(), second.whole.toString()]).toEqual(['third', 'second']);
});

test('a text that was kept gives way to a longer and a shorter one', async () => {
  const api = await TestApi.create();
  const owner = await api.account();
  const { tracker, source } = await api.tracker(owner);
  for (const name of ['ö', '☕'.repeat(400), 'x', 'y'.repeat(3000), '']) {
    api.clock.advance(1000);
    api.store.report(source.id, { gsm_network_name: name, hardware_key: `key ${name}` }, { position: {} });
    const { body } = await api.call('/tracker/get_states', { hash: owner.hash });
    const single = await api.call('/tracker/get_state', { hash: owner.hash, tracker_id: tracker.id });
    expect(body.states).toEqual({ [tracker.id]: single.body.state });
    expect(single.body.state).toMatchObject({ additional: { hardware_key: { value: `key ${name}` } } });
  }
  await api.server.close();
});
