/**
 * Random and spoiled bytes through every framer, decoder and virtual unit. `MILEPOST_FUZZ_SEED` repeats a run, `MILEPOST_FUZZ_RUNS`
 * makes it longer; what fails is made small, written to `fixtures/regressions/` and replayed from then on.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DecodeContext, Protocol, Transport } from '../../src/protocols/protocol.js';
import { protocolByName, protocols } from '../../src/protocols/registry.js';
import { factsOf } from '../conformance/facts.js';
import { noise } from '../support/arbitraries.js';
import { defaultReceivedAt, type Vector, vectorsOf } from '../support/fixtures.js';
import { cutAt, defaultLimits, frameChunks, singleBytes } from '../support/framing.js';
import { attempt, cpuMs, type FuzzInput } from './attempt.js';
import { spoiled } from './mutations.js';
import { savedRegressions, saveRegression } from './regressions.js';

const seed = Number(process.env.MILEPOST_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const givenRuns = process.env.MILEPOST_FUZZ_RUNS;
const runs = Number(givenRuns ?? 20_000);
/** Without a number of runs, as many as fit into this time. */
const limitMs = givenRuns === undefined ? 3000 : 30 * 60_000;

/** A flood takes some 100 ms at most; where the time grows with the square of its size, it takes minutes. */
const floodMs = 5000;

function contextOf(transport: Transport, session = '', deviceId?: string): DecodeContext {
  return { transport, receivedAt: defaultReceivedAt, deviceId, model: undefined, session };
}

/** Runs between two breaths of the test runner. */
const batchRuns = 500;

/** Runs `inputs` through the protocol; the smallest failing one is saved before the failure is reported. */
async function fuzz(protocol: Protocol, inputs: fc.Arbitrary<FuzzInput>): Promise<void> {
  const property = fc.property(inputs, (input) => attempt(protocol, input));
  const endMs = performance.now() + limitMs;
  for (let done = 0; done < runs && performance.now() < endMs; done += batchRuns) {
    const numRuns = Math.min(batchRuns, runs - done);
    const details = fc.check(property, {
      seed: seed + done,
      numRuns,
      interruptAfterTimeLimit: endMs - performance.now(),
    });
    if (details.failed && details.counterexample !== null)
      report(protocol, details.counterexample[0], details.errorInstance);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function report(protocol: Protocol, input: FuzzInput, error: unknown): never {
  const name = saveRegression(protocol.name, input, String(error));
  const stack = error instanceof Error ? error.stack : String(error);
  expect.fail(`seed ${seed}: ${input.bytes.toString('hex')} (fixtures/regressions/${name}): ${stack}`);
}

function inputsFrom(protocol: Protocol, vectors: readonly Vector[]): fc.Arbitrary<FuzzInput> {
  const { markers, seal } = factsOf(protocol.name);
  const frame = spoiled(
    vectors.map((each) => each.bytes),
    markers,
    seal,
  );
  const contexts = fc.constantFrom(...vectors.map((each) => each.context));
  const piece = fc.oneof(
    { weight: 4, arbitrary: frame },
    { weight: 1, arbitrary: fc.constantFrom(...vectors.map((each) => each.bytes)) },
  );
  return fc
    .tuple(fc.array(piece, { minLength: 1, maxLength: 3 }), contexts)
    .map(([pieces, context]) => ({ bytes: Buffer.concat(pieces), context }));
}

describe(`fuzz, seed ${seed}`, () => {
  const options = { timeout: limitMs + 60_000 };

  for (const protocol of protocols) {
    const { markers } = factsOf(protocol.name);
    const vectors = vectorsOf(protocol.name);

    test(`${protocol.name}: noise`, options, async () => {
      const transports = fc.constantFrom(...protocol.transports);
      const sessions = fc.constantFrom('', ...vectors.map((each) => each.context.session));
      const inputs = fc.tuple(noise(markers), transports, sessions, fc.boolean());
      await fuzz(
        protocol,
        inputs.map(([bytes, transport, session, known]) => ({
          bytes,
          context: contextOf(transport, session, known ? '356307042441013' : undefined),
        })),
      );
    });

    test(`${protocol.name}: spoiled frames`, options, async () => {
      await fuzz(protocol, inputsFrom(protocol, vectors));
    });
  }
});

describe('floods', { timeout: 120_000 }, () => {
  const floodBytes = 64 * 1024;
  const chunkBytes = 1000;

  /** `piece` over and over. */
  function repeated(piece: Buffer): Buffer {
    return Buffer.alloc(floodBytes, piece);
  }

  function floodsOf(protocol: Protocol): (readonly [string, Buffer])[] {
    const { oversized } = factsOf(protocol.name);
    const markers = factsOf(protocol.name).markers.slice(0, 8);
    const frames = vectorsOf(protocol.name).map((each) => each.bytes);
    return [
      ...markers.map((marker) => [`byte ${marker}`, repeated(Buffer.of(marker))] as const),
      ...markers.map(
        (marker, i) =>
          [`bytes ${marker} ${markers[i - 1] ?? 0}`, repeated(Buffer.of(marker, markers[i - 1] ?? 0))] as const,
      ),
      ['an oversized head', repeated(oversized(defaultLimits.maxFrameBytes))],
      ...frames
        .slice(0, 6)
        .map(
          (frame, i) =>
            [`the first bytes of frame ${i}`, repeated(frame.subarray(0, Math.min(12, frame.length)))] as const,
        ),
      ...frames.slice(0, 6).map((frame, i) => [`frame ${i} without its end`, repeated(frame.subarray(0, -3))] as const),
    ];
  }

  test.each(protocols.map((each) => [each.name, each] as const))(
    '%s: a flood is read in time that grows with its size',
    (_, protocol) => {
      for (const [name, bytes] of floodsOf(protocol)) {
        const startedMs = cpuMs();
        const cuts = Array.from({ length: Math.floor(floodBytes / chunkBytes) }, (_, i) => (i + 1) * chunkBytes);
        const { mostWaiting } = frameChunks(protocol.createFramer(defaultLimits), cutAt(bytes, cuts));
        expect([name, mostWaiting <= defaultLimits.maxFrameBytes + chunkBytes]).toEqual([name, true]);
        frameChunks(protocol.createFramer(defaultLimits), singleBytes(bytes.subarray(0, 2048)));
        expect([name, cpuMs() - startedMs < floodMs]).toEqual([name, true]);
      }
    },
  );
});

describe('regressions', () => {
  const saved = savedRegressions().map((input) => [input.name, input] as const);

  test.each(saved)('%s', (_, input) => {
    const protocol = protocolByName(input.protocol);
    expect(protocol).toBeDefined();
    if (protocol !== undefined) attempt(protocol, input);
  });

  test('every one is of a protocol there is', () => {
    expect(saved.filter(([, input]) => protocolByName(input.protocol) === undefined)).toEqual([]);
  });
});
