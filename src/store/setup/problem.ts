/**
 * What is wrong with a setup, and where. Nothing of a secret is ever in it.
 */
import { ConfigError } from '../../errors.js';

/** Where something stands: `['accounts', 0, 'trackers', 2, 'model']`. */
export type SetupPath = readonly (string | number)[];

export interface SetupProblem {
  readonly path: SetupPath;
  /** In the text, from 1; absent when there was no text. */
  readonly line?: number;
  readonly message: string;
  /** Clashes with what exists, as opposed to a fault of the document itself. */
  readonly isConflict?: boolean;
}

/** A setup that is not applied. Every problem found is listed. */
export class SetupError extends ConfigError {
  readonly faults: readonly SetupProblem[];

  constructor(faults: readonly SetupProblem[], fileName = 'setup') {
    super(faults.map((fault) => describe(fault, fileName)));
    this.faults = faults;
  }
}

/** Throws `SetupError`: the document is at odds with itself or with the rules. */
export function fault(path: SetupPath, message: string): never {
  throw new SetupError([{ path, message }]);
}

/** Throws `SetupError`: the document clashes with what exists. */
export function conflict(path: SetupPath, message: string): never {
  throw new SetupError([{ path, message, isConflict: true }]);
}

/** `accounts[0].trackers[2].model` */
export function pathText(path: SetupPath): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('');
}

/** The path behind its text. */
export function pathFrom(text: string): SetupPath {
  return [...text.matchAll(/([^.[\]]+)/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part));
}

function describe({ path, line, message }: SetupProblem, fileName: string): string {
  const place = line === undefined ? fileName : `${fileName}:${line}`;
  return path.length === 0 ? `${place}: ${message}` : `${place}: ${pathText(path)}: ${message}`;
}
