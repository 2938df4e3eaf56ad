/**
 * What the suites of registering, replacing and settings share: a table of refusals is run through every form of request, and compared in
 * code, description, HTTP status and extra fields.
 */
import { expect } from 'vitest';
import { errorCodes, type NavixyCode } from '../../../../src/http/navixy/errors.js';
import { type Answer, forms, type Params, type TestApi } from '../../../support/api.js';

/** The whole answer of an error. */
export function refusal(code: NavixyCode, extra: Record<string, unknown> = {}): Answer {
  const [description, status] = errorCodes[code];
  return { status, body: { success: false, status: { code, description }, ...extra } } as never;
}

export function invalid(...faults: readonly (readonly [parameter: string, error: string])[]): Answer {
  return refusal(7, { errors: faults.map(([parameter, error]) => ({ parameter, error })) });
}

/** Expects the same refusal by GET, form and JSON, and that nothing was changed. */
export async function refused(api: TestApi, path: string, params: Params, expected: Answer): Promise<void> {
  const { changes } = api.store;
  for (const form of forms) expect([form, await api.call(path, params, form)]).toEqual([form, expected]);
  expect(api.store.changes).toBe(changes);
}

export const good = (answer: Answer) => {
  expect(answer.body).toMatchObject({ success: true });
  return answer.body as never as Record<string, never>;
};

/** The tracker object of an answer. */
export const shownIn = (answer: Answer) =>
  good(answer).value as never as {
    id: number;
    label: string;
    clone: boolean;
    group_id: number;
    source: { id: number; device_id: string; model: string; phone: string | null; tariff_id: number };
    tag_bindings: { tag_id: number; ordinal: number }[];
  };

export const codeOf = ({ body }: Answer) => body.status?.code ?? 'good';
