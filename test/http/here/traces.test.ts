/**
 * Traces: what a device reported, a page at a time, until it is deleted.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { issueDeviceToken } from '../../../src/store/claims/tokens.js';
import { type History, noHistory } from '../../../src/store/history-records.js';
import { settle, until } from '../../support/until.js';
import { HereApi } from './kit.js';

let api: HereApi;
let trackingId: string;
let device: string;
beforeEach(async () => {
  api = await HereApi.create();
  await api.provision(0);
  trackingId = (await api.claim(0, 0)).body.trackingId!;
  const claim = api.store.registry.get('claim', trackingId)!;
  device = await api.store.change((tx) => issueDeviceToken(tx, claim));
});
afterEach(() => api.close(false));

const error = (status: number) => ({ status, body: { code: status, id: expect.any(String) } });
const owner = (n = 0) => api.owners[n]!.token;
const at = (seconds: number, rest: object = {}) => ({ timestamp: api.now + seconds * 1000, ...rest });
const send = (body: unknown) => api.call('POST', '/v2/', { token: device, body });
const everything = {
  position: { lat: 52.5, lng: 13.4, accuracy: 7, alt: 40, heading: 90, speed: 10, satellitecount: 9, type: 'gnss' },
  payload: { door: 'open', depth: { n: 1 } },
};

interface Traces {
  readonly count: number;
  readonly data: readonly { readonly timestamp: number }[];
  readonly pageToken?: string;
}

describe('traces', () => {
  const traces = async (query = '', token = owner()) =>
    (await api.call('GET', `/traces/v2/${trackingId}${query}`, { token })).body as unknown as Traces;
  const seconds = ({ data }: Traces) => data.map(({ timestamp }) => (timestamp - api.now) / 1000);

  test('are what was reported, oldest first, each once, a page at a time', async () => {
    for (const second of [-10, -30, -20, -30, -50, -40]) await send([at(second, everything)]);
    const all = await traces();
    expect(seconds(all)).toEqual([-50, -40, -30, -20, -10]);
    expect(all).toMatchObject({ count: 5, data: [everything, everything, everything, everything, everything] });
    expect(all.pageToken).toBeUndefined();
    const pages: number[][] = [];
    for (let token = ''; pages.length === 0 || token !== ''; ) {
      const page = await traces(`?count=2${token === '' ? '' : `&pageToken=${token}`}`);
      pages.push(seconds(page));
      token = page.pageToken ?? '';
    }
    expect(pages).toEqual([[-50, -40], [-30, -20], [-10]]);
    expect(seconds(await traces(`?after=${api.now - 40_000}&before=${api.now - 10_000}`))).toEqual([-30, -20]);
    await send(Array.from({ length: 50 }, (_, i) => at(-100 - i)));
    expect(seconds(await traces('?count=1'))).toEqual([-149]);
  });

  test('are read a few at a time, and refused where too many wait', async () => {
    const gates: (() => void)[] = [];
    const history: History = {
      ...noHistory,
      async *records() {
        await new Promise<void>((open) => gates.push(open));
      },
    };
    const slow = await HereApi.create({ history });
    await slow.provision(0, 1);
    const ids = [(await slow.claim(0, 0)).body.trackingId!, (await slow.claim(1, 1)).body.trackingId!];
    const read = (owner: number) => slow.call('GET', `/traces/v2/${ids[owner]}`, { token: slow.owners[owner]!.token });
    const reads = Array.from({ length: 36 }, () => read(0));
    const refused = await Promise.race(reads);
    expect(refused).toMatchObject({ ...error(429), headers: { 'retry-after': '1' } });
    const another = read(1);
    await until(() => gates.length === 3, 'reads of both accounts');
    while (gates.length > 0) {
      for (const open of gates.splice(0)) open();
      await settle();
    }
    const statuses = (await Promise.all(reads)).map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array.from({ length: 34 }, () => 200), 429, 429]);
    expect((await another).status).toBe(200);
    await slow.close(false);
  });

  test('go out of sight when they are deleted', async () => {
    await send([at(-10)]);
    expect(await api.call('DELETE', `/traces/v2/${trackingId}`, { token: owner() })).toMatchObject({ status: 204 });
    expect(await traces()).toEqual({ count: 0, data: [] });
    api.clock.advance(1000);
    await send([at(-5)]);
    expect(seconds(await traces())).toEqual([-5]);
    for (const query of ['?count=0', '?count=1001', '?after=-1', '?before=x', '?pageToken=x'])
      expect(await api.call('GET', `/traces/v2/${trackingId}${query}`, { token: owner() })).toMatchObject(error(400));
    for (const method of ['GET', 'DELETE'] as const) {
      expect(await api.call(method, `/traces/v2/${trackingId}`, { token: owner(1) })).toMatchObject(error(404));
      expect(await api.call(method, `/traces/v2/${trackingId}`, { token: device })).toMatchObject(error(403));
    }
  });
});
