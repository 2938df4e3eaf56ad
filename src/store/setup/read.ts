/**
 * Reads the text of a setup file, YAML or JSON (which is YAML too): its form, its secrets from the environment, and what the schema says
 * of it. Every problem is told with its line.
 */
import { readFileSync } from 'node:fs';
import type { TSchema } from '@sinclair/typebox';
import { Value, type ValueError, ValueErrorType } from '@sinclair/typebox/value';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { SetupError, type SetupPath, type SetupProblem } from './problem.js';
import { type Setup, setupSchema } from './schema.js';

/** Secrets by name; undefined where texts that ask for one are refused, since they come from somewhere else. */
export type Environment = Readonly<Record<string, string | undefined>> | undefined;

/** A setup that has the form of one, and where each part of it stands in its text. */
export class SetupFile {
  readonly setup: Setup;
  readonly #name: string;
  readonly #lineOf: (path: SetupPath) => number | undefined;

  constructor(setup: Setup, name: string, lineOf: (path: SetupPath) => number | undefined) {
    this.setup = setup;
    this.#name = name;
    this.#lineOf = lineOf;
  }

  /** The same problems with their lines. */
  located(faults: readonly SetupProblem[]): SetupError {
    return locate(faults, this.#name, this.#lineOf);
  }
}

/** Most problems told of one text. */
const maxProblems = 50;
/** Aliases are for convenience, not for bombs. */
const maxAliases = 1000;

/** Throws `SetupError` with every problem. */
export function readSetup(text: string, options: ReadOptions): SetupFile {
  return boundedDepth(options.name, () => readText(text, options));
}

interface ReadOptions {
  /** What problems call the text. */
  readonly name: string;
  readonly env: Environment;
}

/** Nothing in a setup is deep: what exhausts the stack is none. */
function boundedDepth<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SetupError([{ path: [], message: 'is nested too deep' }], name);
  }
}

function readText(text: string, options: ReadOptions): SetupFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: 'error',
  });
  const lineOf = (path: SetupPath) => lineIn(document, lines, path);
  const syntax = document.errors.map((error) => ({
    path: [],
    line: lines.linePos(error.pos[0]).line,
    message: error.message,
  }));
  if (syntax.length > 0) throw new SetupError(syntax.slice(0, maxProblems), options.name);
  const faults: SetupProblem[] = [];
  const value = withSecrets(plainValue(document, options.name), { path: [], env: options.env, faults });
  faults.push(...schemaFaults(setupSchema, value));
  if (faults.length > 0) throw locate(faults.slice(0, maxProblems), options.name, lineOf);
  return new SetupFile(value as Setup, options.name, lineOf);
}

/** Reads a file. Throws `SetupError` with every problem. */
export function readSetupFile(path: string, env: Environment): SetupFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SetupError([{ path: [], message: (error as Error).message }], path);
  }
  return readSetup(text, { name: path, env: env ?? {} });
}

/** A setup that came as a value. Throws `SetupError`. */
export function checkSetup(value: unknown): SetupFile {
  return boundedDepth('setup', () => checkValue(value));
}

function checkValue(value: unknown): SetupFile {
  const faults: SetupProblem[] = [];
  const plain = withSecrets(value, { path: [], env: undefined, faults });
  faults.push(...schemaFaults(setupSchema, plain));
  if (faults.length > 0) throw new SetupError(faults.slice(0, maxProblems));
  return new SetupFile(plain as Setup, 'setup', () => undefined);
}

function plainValue(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases }) ?? {};
  } catch (error) {
    throw new SetupError([{ path: [], message: (error as Error).message }], name);
  }
}

function locate(
  faults: readonly SetupProblem[],
  name: string,
  lineOf: (path: SetupPath) => number | undefined,
): SetupError {
  const placed = faults.map((fault) => {
    const line = fault.line ?? lineOf(fault.path);
    return line === undefined ? fault : { ...fault, line };
  });
  return new SetupError(placed, name);
}

/** The line of the deepest part of `path` that is there. */
function lineIn(document: Document, lines: LineCounter, path: SetupPath): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const offset = offsetOf(document, path.slice(0, length));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return undefined;
}

/** Where a part begins: with its key, if it has one. */
function offsetOf(document: Document, path: SetupPath): number | undefined {
  const parent = path.length === 0 ? undefined : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const node = document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

interface SecretSearch {
  readonly path: SetupPath;
  readonly env: Environment;
  readonly faults: SetupProblem[];
}

const secretPattern = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** The value with each text `${NAME}` replaced by what the environment has under that name; keys without a value are left out. */
function withSecrets(value: unknown, search: SecretSearch): unknown {
  if (typeof value === 'string') return secretFor(value, search);
  if (Array.isArray(value)) return value.map((item, i) => withSecrets(item, { ...search, path: [...search.path, i] }));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, withSecrets(item, { ...search, path: [...search.path, key] })]),
  );
}

function secretFor(text: string, { path, env, faults }: SecretSearch): string {
  const name = secretPattern.exec(text)?.[1];
  if (name === undefined) return text;
  if (env === undefined) {
    faults.push({ path, message: 'the environment is read by --setup and `milepost apply` only' });
    return text;
  }
  const secret = Object.hasOwn(env, name) ? env[name] : undefined;
  if (secret === undefined || secret === '') faults.push({ path, message: `no environment variable ${name}` });
  return secret ?? text;
}

/** What a schema says of a value, one fault a place. */
export function schemaFaults(schema: TSchema, value: unknown): SetupProblem[] {
  const faults: SetupProblem[] = [];
  const seen = new Set<string>();
  for (const error of Value.Errors(schema, value)) {
    if (seen.has(error.path)) continue;
    seen.add(error.path);
    faults.push({ path: pathOf(error.path, value), message: messageOf(error) });
    if (faults.length > maxProblems) break;
  }
  return faults;
}

/** `/accounts/0/login` as a path; parts of arrays are numbers. */
function pathOf(pointer: string, root: unknown): SetupPath {
  const path: (string | number)[] = [];
  let at = root;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(at) ? Number(name) : name);
    at =
      typeof at === 'object' && at !== null && Object.hasOwn(at, name)
        ? (at as Record<string, unknown>)[name]
        : undefined;
  }
  return path;
}

function messageOf(error: ValueError): string {
  if (error.type === ValueErrorType.ObjectAdditionalProperties) return 'no such key';
  if (error.type === ValueErrorType.ObjectRequiredProperty) return 'is missing';
  if (error.type === ValueErrorType.String && typeof error.value === 'number')
    return 'a text is expected: put it in quotes';
  const allowed = (error.schema as { anyOf?: readonly { const?: string }[] }).anyOf?.flatMap(
    (each) => each.const ?? [],
  );
  if (allowed !== undefined && allowed.length > 1) return `must be one of ${allowed.join(', ')}`;
  if (allowed !== undefined) return `must be ${String(error.schema.description)}`;
  const pattern = (error.schema as { pattern?: string }).pattern;
  return pattern !== undefined && typeof error.value === 'string' ? `must match ${pattern}` : lowerFirst(error.message);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Keys whose text may be the name of an environment variable instead. */
const secretKeys = new Set(['password', 'hash', 'secret']);
const secretReference = { type: 'string', pattern: secretPattern.source, description: 'Read from the environment' };

/** The published schema, for editors: of the file as it is written, before secrets are put in. */
export function publishedSchema(): string {
  const dialect = { $schema: 'https://json-schema.org/draft/2020-12/schema' };
  const withReferences = (key: string, value: unknown) => {
    const isSecret = secretKeys.has(key) && typeof value === 'object' && value !== null && !('anyOf' in value);
    return isSecret ? { anyOf: [{ ...value }, secretReference] } : value;
  };
  return `${JSON.stringify({ ...dialect, ...setupSchema }, withReferences, 2)}\n`;
}
