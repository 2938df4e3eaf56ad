/** Compares errors by what is stable about them: their codes. */
import { type ErrorCode, MilepostError } from '../../src/errors.js';

/** The code `run` fails with; undefined when it does not fail. An untyped error is thrown on. */
export function codeOf(run: () => unknown): ErrorCode | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof MilepostError) return error.code;
    throw error;
  }
}
