import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestApi } from '../support/api.js';
import { browserPath, openPage } from '../support/browser.js';

let api: TestApi;
let url: string;
beforeAll(async () => {
  api = await TestApi.create({ version: '1.2.3' });
  const { port } = await api.server.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => api.server.close());

/** What a page names as `src` or `href`. */
const linksOf = (html: string) => [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '');

describe('the page of the API', () => {
  test.each(['/docs', '/docs/', '/v2/docs'])('is served at %s with everything it loads', async (path) => {
    const page = await fetch(url + path);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const links = linksOf(await page.text());
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) {
      const loaded = await fetch(new URL(link, url + path));
      expect([link, loaded.status, new URL(loaded.url).origin]).toEqual([link, 200, url]);
      await loaded.arrayBuffer();
    }
  });

  test('shows the document of the gateway', async () => {
    const shown = await (await fetch(`${url}/docs/json`)).json();
    expect(shown).toEqual(await (await fetch(`${url}/openapi.json`)).json());
    expect(shown).toMatchObject({ info: { title: 'Milepost', version: '1.2.3' } });
  });

  test('may load nothing from elsewhere', async () => {
    const policy = (await fetch(`${url}/docs`)).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/https?:|\*|upgrade-insecure-requests|unsafe-eval/);
    expect(policy).toMatch(/script-src 'self';/);
  });

  test('answers unknown files as any unknown path', async () => {
    const answer = await fetch(`${url}/docs/static/..%2f..%2fpackage.json`);
    expect([answer.status, await answer.json()]).toMatchObject([400, { status: { code: 111 } }]);
  });

  const where = browserPath === undefined ? ' (skipped: there is none here)' : '';
  test.skipIf(browserPath === undefined)(`opens in a browser${where}`, { timeout: 90_000 }, async () => {
    const { html, console } = await openPage(`${url}/docs#/tracker/trackerGetState`);
    expect(console).toEqual([]);
    // Sections, the line of the opened operation, and one of its errors.
    const texts = ['data-tag="user"', 'data-tag="tracker/settings"', 'State of a tracker now', '208 Device blocked'];
    expect(texts.filter((text) => !html.includes(text))).toEqual([]);
  });
});
