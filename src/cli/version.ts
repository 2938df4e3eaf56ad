/** The version, from the package itself. */
import { readFileSync } from 'node:fs';

/** `package.json` stands two floors above the sources and three above what is built from them. */
function readVersion(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const parsed = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (parsed.name === 'milepost' && parsed.version !== undefined) return parsed.version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return '0.0.0';
}

export const version = readVersion();
