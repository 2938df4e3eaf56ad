// Makes `npx milepost` work in a clone: a package is not linked into its own node_modules by npm.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';

const link = 'node_modules/.bin/milepost';
chmodSync('dist/src/main.js', 0o755);
mkdirSync('node_modules/.bin', { recursive: true });
rmSync(link, { force: true });
symlinkSync('../../dist/src/main.js', link);
