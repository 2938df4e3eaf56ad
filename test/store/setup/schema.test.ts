/** The published schema is that of the reader. `npx vitest run test/store/setup/schema.test.ts -u` writes it anew. */
import { expect, test } from 'vitest';
import { publishedSchema } from '../../../src/store/setup/read.js';

test('the published schema is up to date', async () => {
  await expect(publishedSchema()).toMatchFileSnapshot('../../../docs/setup.schema.json');
});
