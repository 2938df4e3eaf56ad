/** Inputs that once broke something: written by a failing fuzz run, replayed by every later one. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Transport } from '../../src/protocols/protocol.js';
import { defaultReceivedAt, fixturesDir } from '../support/fixtures.js';
import type { FuzzInput } from './attempt.js';

interface Regression {
  readonly protocol: string;
  readonly transport: Transport;
  readonly deviceId?: string;
  readonly session: string;
  readonly hex: string;
  /** What it broke, for people. */
  readonly fault: string;
}

const dir = join(fixturesDir, 'regressions');

export function saveRegression(protocol: string, { bytes, context }: FuzzInput, fault: string): string {
  const hex = bytes.toString('hex');
  const row: Regression = {
    protocol,
    transport: context.transport,
    ...(context.deviceId === undefined ? {} : { deviceId: context.deviceId }),
    session: context.session,
    hex,
    fault: fault.split('\n', 1)[0]?.slice(0, 200) ?? '',
  };
  const hash = createHash('sha1').update(`${row.transport} ${row.session} ${hex}`).digest('hex').slice(0, 12);
  const name = `${protocol}-${hash}.json`;
  writeFileSync(join(dir, name), `${JSON.stringify(row, null, 2)}\n`);
  return name;
}

export interface SavedInput extends FuzzInput {
  readonly name: string;
  readonly protocol: string;
}

export function savedRegressions(): SavedInput[] {
  const names = readdirSync(dir).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => {
    const row = JSON.parse(readFileSync(join(dir, name), 'utf8')) as Regression;
    const { transport, deviceId, session, protocol } = row;
    const context = { transport, receivedAt: defaultReceivedAt, deviceId, model: undefined, session };
    return { name, protocol, bytes: Buffer.from(row.hex, 'hex'), context };
  });
}
