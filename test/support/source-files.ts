/**
 * The source files of the project, parsed, for the tests of the house rules. Says what is there; what is allowed stands in the test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const rootDir = fileURLToPath(new URL('../../', import.meta.url));

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const skippedDirs = new Set(['node_modules', 'dist', '.git', 'data', 'coverage']);

/** Paths of all files under `dir`, relative to the root. Hidden folders are passed over. */
export function filesUnder(dir: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(rootDir, dir), { withFileTypes: true })) {
    if (skippedDirs.has(entry.name) || entry.name.startsWith('.')) continue;
    const path = posix.join(dir, entry.name);
    if (entry.isDirectory()) found.push(...filesUnder(path));
    else found.push(path);
  }
  return found.sort();
}

/** The TypeScript files under these folders. */
export function sourceFiles(...dirs: readonly string[]): SourceFile[] {
  const paths = dirs.flatMap(filesUnder).filter((path) => path.endsWith('.ts'));
  return paths.map((path) => {
    const text = readFileSync(join(rootDir, path), 'utf8');
    return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true) };
  });
}

/** Calls `visit` for every node of the file. */
export function walk(file: SourceFile, visit: (node: ts.Node) => void): void {
  const step = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, step);
  };
  step(file.tree);
}

/** `src/wire/reader.ts:12`, for reports. */
export function placeOf(file: SourceFile, node: ts.Node): string {
  return `${file.path}:${file.tree.getLineAndCharacterOfPosition(node.getStart(file.tree)).line + 1}`;
}

export interface Import {
  /** Path of the imported file for a relative import, its bare name (`node:fs`, `pino`) otherwise. */
  readonly target: string;
  readonly isRelative: boolean;
  readonly place: string;
}

const importsByFile = new WeakMap<SourceFile, Import[]>();

/** Everything a file imports or re-exports, types and dynamic imports included. */
export function importsOf(file: SourceFile): Import[] {
  const known = importsByFile.get(file);
  if (known !== undefined) return known;
  const found: Import[] = [];
  importsByFile.set(file, found);
  walk(file, (node) => {
    const name = moduleName(node);
    if (name === undefined) return;
    const isRelative = name.startsWith('.');
    const target = isRelative
      ? relative('.', join(dirname(file.path), name))
          .replaceAll('\\', '/')
          .replace(/\.js$/, '.ts')
      : name;
    found.push({ target, isRelative, place: placeOf(file, node) });
  });
  return found;
}

function moduleName(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return textOf(node.arguments[0]);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal);
  return undefined;
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

export interface FunctionSize {
  readonly place: string;
  readonly lines: number;
  readonly parameters: number;
  /** Deepest nesting of `if`, loops, `switch` and `try` within one another. */
  readonly nesting: number;
}

export function functionsOf(file: SourceFile): FunctionSize[] {
  const found: FunctionSize[] = [];
  walk(file, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
    const first = file.tree.getLineAndCharacterOfPosition(node.getStart(file.tree)).line;
    const last = file.tree.getLineAndCharacterOfPosition(node.getEnd()).line;
    found.push({
      place: placeOf(file, node),
      lines: last - first + 1,
      parameters: node.parameters.length,
      nesting: nestingOf(node.body as ts.Node),
    });
  });
  return found;
}

const nestingKinds = new Set([
  ts.SyntaxKind.IfStatement,
  ts.SyntaxKind.ForStatement,
  ts.SyntaxKind.ForOfStatement,
  ts.SyntaxKind.ForInStatement,
  ts.SyntaxKind.WhileStatement,
  ts.SyntaxKind.DoStatement,
  ts.SyntaxKind.SwitchStatement,
  ts.SyntaxKind.TryStatement,
]);

/** Functions within are counted for themselves; `else if` goes on at the level of its `if`. */
function nestingOf(node: ts.Node): number {
  let deepest = 0;
  ts.forEachChild(node, (child) => {
    if (ts.isFunctionLike(child)) return;
    const isElseIf = ts.isIfStatement(node) && node.elseStatement === child && ts.isIfStatement(child);
    const own = nestingKinds.has(child.kind) && !isElseIf ? 1 : 0;
    deepest = Math.max(deepest, own + nestingOf(child));
  });
  return deepest;
}
