/**
 * The house rules as tests: floors, sizes, names, errors and documents. A rule that fails lists every place that breaks it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { settings } from '../src/config.js';
import { type ErrorCode, errorTable } from '../src/errors.js';
import {
  filesUnder,
  functionsOf,
  importsOf,
  placeOf,
  rootDir,
  type SourceFile,
  sourceFiles,
  walk,
} from './support/source-files.js';

const product = sourceFiles('src', 'simulators');
const tests = sourceFiles('test');

/** Runs a rule over files and expects that nothing breaks it. */
function nowhere(files: readonly SourceFile[], faults: (file: SourceFile) => readonly string[]): void {
  expect(files.flatMap(faults)).toEqual([]);
}

/** Places of the nodes that `matches`. */
function placesOf(file: SourceFile, matches: (node: ts.Node) => boolean): string[] {
  const places: string[] = [];
  walk(file, (node) => {
    if (matches(node)) places.push(placeOf(file, node));
  });
  return places;
}

function read(path: string): string {
  return readFileSync(join(rootDir, path), 'utf8');
}

describe('floors', () => {
  const groundFiles = ['errors', 'config', 'clock', 'log', 'metrics'].map((name) => `src/${name}.ts`);

  /** The part of the house a file belongs to: a folder of `src`, `ground`, `top` or `simulators`. */
  function roomOf(path: string): string {
    if (path.startsWith('simulators/')) return 'simulators';
    if (groundFiles.includes(path)) return 'ground';
    const folder = /^src\/([a-z]+)\//.exec(path)?.[1];
    return folder === undefined || folder === 'cli' ? 'top' : folder;
  }

  /** What each room may import from, besides itself. */
  const below = ['ground', 'domain'];
  const allowed: Readonly<Record<string, readonly string[]>> = {
    ground: ['domain'],
    domain: ['ground'],
    wire: below,
    protocols: [...below, 'wire'],
    store: [...below, 'wire'],
    downlink: [...below, 'wire', 'store'],
    ingest: [...below, 'wire', 'protocols', 'store', 'downlink'],
    http: [...below, 'store', 'downlink'],
    mqtt: [...below, 'store', 'http'],
    client: ['http', 'store'],
    simulators: [...below, 'wire', 'protocols'],
    top: [...below, 'wire', 'protocols', 'store', 'downlink', 'ingest', 'http', 'mqtt', 'client', 'simulators'],
  };

  test('every folder is a room of the house', () => {
    const rooms = new Set(product.map((file) => roomOf(file.path)));
    expect([...rooms].filter((room) => !Object.hasOwn(allowed, room))).toEqual([]);
  });

  test('a file imports from its own floor or below', () => {
    nowhere(product, (file) => {
      const room = roomOf(file.path);
      return importsOf(file)
        .filter(({ target, isRelative }) => isRelative && /^(src|simulators)\//.test(target))
        .filter(({ target }) => roomOf(target) !== room && !(allowed[room] ?? []).includes(roomOf(target)))
        .map(({ place, target }) => `${place} imports ${target}`);
    });
  });

  test('product code imports no tests', () => {
    nowhere(product, (file) =>
      importsOf(file).flatMap(({ place, target }) => (target.startsWith('test/') ? [place] : [])),
    );
  });

  test('protocols do not know each other, and nobody but the registry knows one', () => {
    const folder = (path: string) => /^src\/protocols\/([^/]+)\//.exec(path)?.[1];
    nowhere(product, (file) => {
      if (file.path === 'src/protocols/registry.ts' || file.path.startsWith('simulators/behaviors/')) return [];
      return importsOf(file)
        .filter(({ target }) => folder(target) !== undefined && folder(target) !== folder(file.path))
        .map(({ place, target }) => `${place} imports ${target}`);
    });
  });

  test('a behavior knows its own protocol only', () => {
    nowhere(product, (file) => {
      const own = /^simulators\/behaviors\/(.+)\.ts$/.exec(file.path)?.[1];
      if (own === undefined || own === 'registry') return [];
      return importsOf(file)
        .filter(({ target }) => /^src\/protocols\/[^/]+\//.test(target) && !target.startsWith(`src/protocols/${own}/`))
        .map(({ place, target }) => `${place} imports ${target}`);
    });
  });

  test('domain, wire and protocols are pure: bytes and values in, bytes and values out', () => {
    const harmless = new Set(['node:buffer', 'node:zlib', 'node:module']);
    const impure = ['src/log.ts', 'src/metrics.ts', 'src/clock.ts', 'src/config.ts'];
    const pure = product.filter((file) => /^src\/(domain|wire|protocols)\//.test(file.path));
    nowhere(pure, (file) => {
      return importsOf(file)
        .filter(({ target, isRelative }) =>
          isRelative ? impure.includes(target) : target.startsWith('node:') && !harmless.has(target),
        )
        .map(({ place, target }) => `${place} imports ${target}`);
    });
    const impureCalls =
      /\b(Date\.now|Math\.random|new Date\(\)|setTimeout|setInterval|setImmediate|performance\.now)\b/;
    nowhere(pure, (file) => {
      const code = file.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      const found = impureCalls.exec(code);
      return found === null ? [] : [`${file.path}: ${found[0]}`];
    });
  });

  test('only the main file and the bench touch the process', () => {
    const others = product.filter((file) => file.path !== 'src/main.ts' && !/^src\/cli\/bench[./]/.test(file.path));
    nowhere(others, (file) => {
      const imported = importsOf(file).flatMap(({ target, place }) => (target === 'node:process' ? [place] : []));
      const mayStartItself = file.path.startsWith('src/cli/');
      const used = placesOf(file, (node) => {
        if (!ts.isPropertyAccessExpression(node) || node.expression.getText() !== 'process') return false;
        return !(mayStartItself && node.name.text === 'execPath');
      });
      return [...imported, ...used];
    });
  });
});

describe('sizes', () => {
  test('files have at most 400 lines', () => {
    nowhere(product, (file) => {
      const isTable = /^src\/protocols\/[^/]+\/spec\.ts$/.test(file.path) || file.path === 'src/domain/fields.ts';
      const lines = file.text.trimEnd().split('\n').length;
      return lines > 400 && !isTable ? [`${file.path}: ${lines} lines`] : [];
    });
  });

  test('functions have at most 60 lines, 4 parameters and 3 levels of nesting', () => {
    nowhere(product, (file) =>
      functionsOf(file)
        .filter(({ lines, parameters, nesting }) => lines > 60 || parameters > 4 || nesting > 3)
        .map(
          ({ place, lines, parameters, nesting }) =>
            `${place}: ${lines} lines, ${parameters} parameters, nesting ${nesting}`,
        ),
    );
  });
});

describe('language', () => {
  test('no any', () => {
    nowhere([...product, ...tests], (file) => placesOf(file, (node) => node.kind === ts.SyntaxKind.AnyKeyword));
  });

  test('no enum', () => {
    nowhere([...product, ...tests], (file) => placesOf(file, ts.isEnumDeclaration));
  });

  test('no default exports', () => {
    nowhere([...product, ...tests], (file) =>
      placesOf(
        file,
        (node) =>
          ts.isExportAssignment(node) ||
          (node.kind === ts.SyntaxKind.DefaultKeyword && ts.isFunctionDeclaration(node.parent)),
      ),
    );
  });

  test('no non-null assertions outside tests', () => {
    nowhere(product, (file) => placesOf(file, ts.isNonNullExpression));
  });

  test('no console', () => {
    nowhere(product, (file) => placesOf(file, (node) => ts.isIdentifier(node) && node.text === 'console'));
  });

  test('no compiler switched off, and no linter without a reason', () => {
    const silenced = /@ts-(ignore|expect-error|nocheck)|biome-ignore(?! lint\/\S+: \w)/;
    nowhere(product, (file) => (silenced.test(file.text) ? [file.path] : []));
  });

  test('no barrel files but those of protocols and of the client', () => {
    nowhere(product, (file) =>
      basename(file.path) === 'index.ts' && !/^src\/(protocols\/[^/]+|client)\/index\.ts$/.test(file.path)
        ? [file.path]
        : [],
    );
  });
});

describe('names and words', () => {
  test('files and folders are kebab-case', () => {
    const paths = ['src', 'simulators', 'test'].flatMap(filesUnder);
    expect(
      paths.filter(
        (path) => !path.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$|^README\.md$/.test(part)),
      ),
    ).toEqual([]);
  });

  test('every file starts by saying what it does', () => {
    nowhere(product, (file) => (/^(#!.*\n)?\/\*\*/.test(file.text) ? [] : [file.path]));
  });

  test('nothing speaks of the place where it was written', () => {
    const words = [
      ['/wo', 'rk/'],
      ['../sha', 'red'],
      ['/tmp/ba', 'sh'],
      ['str_rep', 'lace'],
      ['anthr', 'opic'],
      ['cla', 'ude'],
    ];
    const forbidden = [
      ...words.map(([a, b]) => new RegExp(`${a}${b}`.replace(/[./]/g, '\\$&'), 'i')),
      /\bseed \d{3}\b/i,
    ];
    const paths = [...['src', 'simulators', 'test', 'docs', 'fixtures'].flatMap(filesUnder), ...rootDocuments()];
    const faults = paths.flatMap((path) => {
      const found = forbidden.map((word) => word.exec(read(path))?.[0]).filter((word) => word !== undefined);
      return found.length === 0 ? [] : [`${path}: ${found.join(', ')}`];
    });
    expect(faults).toEqual([]);
  });

  test('nothing is left to do', () => {
    const marks = new RegExp(`\\b(${['TO', 'FIX', 'XX'].join('(DO|ME|X)|')}(DO|ME|X))\\b`);
    nowhere([...product, ...tests], (file) => (marks.test(file.text) ? [file.path] : []));
  });
});

function rootDocuments(): string[] {
  return ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'package.json'].filter((path) =>
    existsSync(join(rootDir, path)),
  );
}

describe('documents', () => {
  const codes = Object.keys(errorTable) as ErrorCode[];

  test('every error code is used', () => {
    const used = product
      .filter((file) => file.path !== 'src/errors.ts')
      .map((file) => file.text)
      .join('\n');
    expect(codes.filter((code) => !used.includes(`'${code}'`))).toEqual([]);
  });

  test('every error code has its row in docs/errors.md, with its kind and meaning', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([a-z_]+)` \| ([a-z]+) \| (.+?) \|/gm)].map(
      ([, code, kind, doc]) => [code, kind, doc],
    );
    expect(rows).toEqual(codes.map((code) => [code, ...errorTable[code]]));
  });

  test('every setting is in the README, by option and variable', () => {
    const readme = read('README.md');
    const missing = settings.filter(({ option, variable }) => {
      return !new RegExp(`--${option}(?![a-z-])`).test(readme) && !new RegExp(`${variable}(?![A-Z_])`).test(readme);
    });
    expect(missing.map((setting) => setting.option)).toEqual([]);
  });

  test('every protocol has its README, and every fixture folder its protocol', () => {
    const folders = new Set(product.flatMap((file) => /^src\/protocols\/([^/]+)\//.exec(file.path)?.[1] ?? []));
    expect([...folders].filter((folder) => !existsSync(join(rootDir, `src/protocols/${folder}/README.md`)))).toEqual(
      [],
    );
    const fixtures = new Set(filesUnder('fixtures').flatMap((path) => /^fixtures\/([^/]+)\//.exec(path)?.[1] ?? []));
    fixtures.delete('regressions');
    expect([...fixtures].filter((folder) => !folders.has(folder))).toEqual([]);
  });

  test('there is a change log', () => {
    expect(read('CHANGELOG.md')).toMatch(/^#+ /m);
  });
});
