/**
 * The embedded engine on a real disk: what other processes see of it, and what becomes of files that are not right.
 */
import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LmdbEngine } from '../../src/store/lmdb-engine.js';
import { readMark, Table } from '../../src/store/tables.js';
import { codeOf } from '../support/codes.js';
import { runScript, startScript } from '../support/gateway.js';
import { tempDir } from '../support/temp-dir.js';
import { Rig } from './rig.js';

const journalIn = (dir: string) => join(dir, 'journal');
const entriesModule = new URL('../../src/store/entries.ts', import.meta.url).pathname;
const engineModule = new URL('../../src/store/lmdb-engine.ts', import.meta.url).pathname;

test('what was kept is there when the directory is opened again', async () => {
  const dir = tempDir();
  const engine = new LmdbEngine({ path: journalIn(dir) });
  const rig = await Rig.open({ engine });
  const source = await rig.register('111');
  await rig.accept(source.id, [{ at: rig.clock.now(), fields: { a: 1 } }]);
  await rig.snapshots.run();
  await rig.accept(source.id, [{ at: rig.clock.now(), fields: { b: 2 } }]);
  await rig.store.close();
  const again = await Rig.open({ engine: new LmdbEngine({ path: journalIn(dir) }) });
  expect(again.picture()).toEqual(rig.picture());
  await again.store.close();
});

test('a second process reads beside the first, also before there are any tables', async () => {
  const dir = tempDir();
  const engine = new LmdbEngine({ path: journalIn(dir) });
  const read = () =>
    runScript(
      `import { LmdbEngine } from ${JSON.stringify(engineModule)};
       const engine = new LmdbEngine({ path: ${JSON.stringify(journalIn(dir))}, readOnly: true });
       const seen = { log: [...engine.read(0)].length, rows: [...engine.rows('rows')].length, index: [...engine.rows('index', [1])].length };
       await engine.close();
       console.log(JSON.stringify(seen));`,
    );
  expect(JSON.parse((await read()).stdout)).toEqual({ log: 0, rows: 0, index: 0 });
  const rig = await Rig.open({ engine });
  await rig.register('111');
  await rig.accept(1, [{ at: 0, fields: {} }]);
  expect(JSON.parse((await read()).stdout)).toEqual({ log: 2, rows: 0, index: 0 });
  await rig.snapshots.run();
  expect(JSON.parse((await read()).stdout)).toEqual({ log: 2, rows: 2, index: 1 });
  await rig.store.close();
});

test('writing through an engine that only reads is a typed error', async () => {
  const dir = tempDir();
  await new LmdbEngine({ path: journalIn(dir) }).close();
  const engine = new LmdbEngine({ path: journalIn(dir), readOnly: true });
  await expect(engine.put('rows', ['a'], Buffer.from('x'))).rejects.toThrow();
  await engine.close();
});

test('files of somebody else are refused', () => {
  const dir = tempDir();
  mkdirSync(journalIn(dir));
  writeFileSync(join(journalIn(dir), 'data.mdb'), Buffer.alloc(100_000, 'not a database '));
  expect(codeOf(() => new LmdbEngine({ path: journalIn(dir) }))).toBe('store_corrupt');
});

test('a journal that lost its end is refused, it does not end the process', async () => {
  const dir = tempDir();
  const engine = new LmdbEngine({ path: journalIn(dir) });
  const rig = await Rig.open({ engine });
  const text = 'x'.repeat(50_000);
  for (let i = 0; i < 50; i++) await rig.accept(1, [{ at: i, fields: { text } }]);
  await rig.store.close();
  const file = join(journalIn(dir), 'data.mdb');
  truncateSync(file, Math.floor(statSync(file).size / 2 / 4096) * 4096);
  const { stdout, code } = await runScript(
    `import { LmdbEngine } from ${JSON.stringify(engineModule)};
     import { readEntries } from ${JSON.stringify(entriesModule)};
     try {
       const engine = new LmdbEngine({ path: ${JSON.stringify(journalIn(dir))} });
       for (const { value } of engine.read(0)) [...readEntries(value)];
       console.log('read');
     } catch (error) { console.log(error.code); }`,
  );
  expect([stdout.trim(), code]).toEqual(['store_corrupt', 0]);
});

test('a full disk fails commits, nothing else, and works again when there is room', async () => {
  const dir = tempDir();
  const script = `
    import { LmdbEngine } from ${JSON.stringify(engineModule)};
    import { execFileSync } from 'node:child_process';
    const engine = new LmdbEngine({ path: ${JSON.stringify(journalIn(dir))} });
    const kept = [], failed = [];
    const limit = (bytes) => execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=' + bytes + ':unlimited']);
    const append = (seq) => engine.append(seq, Buffer.alloc(200_000, seq)).then(() => kept.push(seq), () => failed.push(seq));
    limit(3_000_000);
    for (let seq = 1; failed.length < 3; seq++) await append(seq);
    await engine.put('rows', ['a'], Buffer.alloc(2_000_000)).then(() => kept.push('row'), () => failed.push('row'));
    await Promise.allSettled([engine.drop(1), engine.put('rows', ['b'], Buffer.alloc(2_000_000)), engine.delete('rows', ['c'])]);
    limit('unlimited');
    const first = failed[0];
    await append(first);
    await engine.put('rows', ['a'], Buffer.from('again'));
    await engine.close();
    console.log(JSON.stringify({ first, kept, failed }));`;
  const { stdout, code } = await runScript(script);
  expect(code).toBe(0);
  const { first, kept, failed } = JSON.parse(stdout) as { first: number; kept: number[]; failed: (number | string)[] };
  expect(failed).toEqual([first, first + 1, first + 2, 'row']);
  expect(kept.at(-1)).toBe(first);
  const engine = new LmdbEngine({ path: journalIn(dir) });
  expect(engine.bounds()?.last).toBe(first);
  expect([...engine.read(2)].every(({ seq, value }) => value.equals(Buffer.alloc(200_000, seq)))).toBe(true);
  expect([...engine.rows('rows', ['a'])].map(({ value }) => value.toString())).toEqual(['again']);
  await engine.close();
});

test('a process that is killed amid its writes loses nothing it was told is kept', async () => {
  const dir = tempDir();
  const script = `
    import { LmdbEngine } from ${JSON.stringify(engineModule)};
    const engine = new LmdbEngine({ path: ${JSON.stringify(journalIn(dir))} });
    for (let seq = (engine.bounds()?.last ?? 0) + 1; ; seq++) {
      await engine.append(seq, Buffer.alloc(1000 + (seq % 7) * 3000, seq % 256));
      process.stdout.write(seq + '\\n');
    }`;
  let told = 0;
  for (let round = 0; round < 3; round++) {
    const goal = told + 40;
    told = await killedAt(script, goal);
    expect(told).toBeGreaterThanOrEqual(goal);
    const engine = new LmdbEngine({ path: journalIn(dir) });
    const kept = [...engine.read(0)];
    expect(kept.length).toBeGreaterThanOrEqual(told);
    for (const { seq, value } of kept.slice(0, told)) {
      expect(value.equals(Buffer.alloc(1000 + (seq % 7) * 3000, seq % 256))).toBe(true);
    }
    await engine.close();
  }
});

/** Runs a script that counts on its standard output, kills it at `goal`; the last number it told. */
function killedAt(script: string, goal: number): Promise<number> {
  const child = startScript(script);
  return new Promise((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      if (Number(text.split('\n').at(-2)) >= goal) child.kill('SIGKILL');
    });
    child.on('close', () => resolve(Number(text.split('\n').at(-2))));
  });
}

test('the mark and the version of a store survive', async () => {
  const dir = tempDir();
  const rig = await Rig.open({ engine: new LmdbEngine({ path: journalIn(dir) }) });
  await rig.accept(1, [{ at: 0, fields: {} }]);
  await rig.snapshots.run();
  await rig.store.close();
  const engine = new LmdbEngine({ path: journalIn(dir) });
  expect(readMark(engine)).toMatchObject({ cursor: 1, decoderVersions: { test: 1 } });
  await engine.put(Table.meta, ['version'], Buffer.from('77'));
  await expect(Rig.open({ engine })).rejects.toMatchObject({ code: 'store_version' });
  await engine.close();
});
