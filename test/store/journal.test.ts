import { expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import type { StoreError } from '../../src/errors.js';
import { encodeContext, readEntries } from '../../src/store/entries.js';
import { Journal } from '../../src/store/journal.js';
import { codeOf } from '../support/codes.js';
import { diskError, FailingEngine } from '../support/failing-engine.js';
import { settle, turn } from '../support/until.js';

interface Settled {
  readonly seq: number;
  readonly code?: string;
}

function journalOver(engine: FailingEngine): { journal: Journal; settled: Settled[] } {
  const settled: Settled[] = [];
  const listener = {
    committed: (seq: number) => void settled.push({ seq }),
    failed: (seq: number, error: StoreError) => void settled.push({ seq, code: error.code }),
  };
  return { journal: new Journal({ engine, clock: new VirtualClock(), listener, nextSeq: 1 }), settled };
}

const context = encodeContext({ protocol: 'test', transport: 'tcp', deviceId: '1', model: 'm', session: '' });
const frame = (text: string) => ({ sourceId: 1, receivedAt: 5, context, bytes: Buffer.from(text) });

function framesIn(engine: FailingEngine, seq: number): string[] {
  const value = engine.get(seq);
  if (value === undefined) throw new Error(`no value ${seq}`);
  return [...readEntries(value)].map((entry) => (entry.kind === 'rows' ? 'rows' : entry.frame.toString()));
}

test('what one turn of the event loop adds is one value, in order', async () => {
  const engine = new FailingEngine();
  const { journal, settled } = journalOver(engine);
  const seqs = [journal.addFrame(frame('a')), journal.addRows([]), journal.addFrame(frame('b'))];
  await settle();
  expect(seqs).toEqual([1, 1, 1]);
  expect(framesIn(engine, 1)).toEqual(['a', 'rows', 'b']);
  expect(settled).toEqual([{ seq: 1 }]);
});

test('while a commit is on its way the next one fills', async () => {
  const engine = new FailingEngine();
  const { journal, settled } = journalOver(engine);
  engine.hold();
  journal.addFrame(frame('a'));
  await turn();
  const later = [journal.addFrame(frame('b')), journal.addFrame(frame('c'))];
  await settle();
  expect([later, engine.appends.length, settled]).toEqual([[2, 2], 1, []]);
  engine.release();
  await settle();
  expect(framesIn(engine, 2)).toEqual(['b', 'c']);
  expect(settled).toEqual([{ seq: 1 }, { seq: 2 }]);
});

test('a copy is kept: the bytes may be overwritten once they are added', async () => {
  const engine = new FailingEngine();
  const { journal } = journalOver(engine);
  const bytes = Buffer.from('first');
  journal.addFrame({ ...frame(''), bytes });
  bytes.fill(0);
  await settle();
  expect(framesIn(engine, 1)).toEqual(['first']);
});

test('a value that was committed stays as it is while later ones are built', async () => {
  const engine = new FailingEngine();
  const { journal } = journalOver(engine);
  for (let i = 1; i <= 20; i++) {
    journal.addFrame(frame(`frame ${i}`.repeat(i * 1000)));
    await settle();
  }
  for (let i = 1; i <= 20; i++) expect(framesIn(engine, i)).toEqual([`frame ${i}`.repeat(i * 1000)]);
});

test.each(['ENOSPC', 'EIO'] as const)('%s fails the commit and what opened behind it', async (code) => {
  const engine = new FailingEngine();
  const { journal, settled } = journalOver(engine);
  engine.hold();
  journal.addFrame(frame('a'));
  await turn();
  journal.addFrame(frame('b'));
  engine.failure = diskError(code);
  engine.release();
  await settle();
  expect(settled).toEqual([
    { seq: 1, code: 'store_write' },
    { seq: 2, code: 'store_write' },
  ]);
  expect(journal.pendingBytes).toBe(0);
});

test('the commit after a failed one takes its place, whatever the disk kept of that', async () => {
  const engine = new FailingEngine();
  const { journal, settled } = journalOver(engine);
  engine.keepsWhatFails = true;
  engine.failure = diskError('EIO');
  journal.addFrame(frame('lost'));
  await settle();
  expect(framesIn(engine, 1)).toEqual(['lost']);
  engine.failure = undefined;
  journal.addFrame(frame('kept'));
  await settle();
  expect(settled.at(-1)).toEqual({ seq: 1 });
  expect(framesIn(engine, 1)).toEqual(['kept']);
});

test('close commits what is open and takes nothing more', async () => {
  const engine = new FailingEngine();
  const { journal, settled } = journalOver(engine);
  journal.addFrame(frame('a'));
  await journal.close();
  expect(settled).toEqual([{ seq: 1 }]);
  expect(codeOf(() => journal.addFrame(frame('b')))).toBe('store_closed');
  expect(codeOf(() => journal.addRows([]))).toBe('store_closed');
});

test('drained waits for what was added before, not for what comes after', async () => {
  const engine = new FailingEngine();
  const { journal } = journalOver(engine);
  engine.hold();
  journal.addFrame(frame('a'));
  await turn();
  journal.addFrame(frame('b'));
  let isDrained = false;
  const drained = journal.drained().then(() => {
    isDrained = true;
  });
  engine.step();
  await settle();
  expect(isDrained).toBe(false);
  journal.addFrame(frame('c'));
  engine.step();
  await drained;
  await settle();
  expect(engine.heldCount).toBe(1);
  engine.release();
  await journal.drained();
});

test('drained does not wait for a disk that fails', async () => {
  const engine = new FailingEngine();
  const { journal } = journalOver(engine);
  engine.hold();
  journal.addFrame(frame('a'));
  await turn();
  journal.addFrame(frame('b'));
  const drained = journal.drained();
  engine.failure = diskError('EIO');
  engine.release();
  await drained;
  await journal.drained();
});

test('a slow disk fills the journal up, and it says so', async () => {
  const engine = new FailingEngine();
  const { journal } = journalOver(engine);
  engine.hold();
  journal.addFrame(frame('a'));
  await turn();
  for (let i = 0; i < 8; i++) journal.addFrame({ ...frame(''), bytes: Buffer.alloc(1024 * 1024) });
  expect(journal.isFull).toBe(true);
  expect(journal.pendingBytes).toBeGreaterThan(8 * 1024 * 1024);
  engine.release();
  await settle();
  expect([journal.isFull, journal.pendingBytes]).toEqual([false, 0]);
});
