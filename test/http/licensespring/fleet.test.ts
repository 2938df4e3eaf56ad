/** Variables of a unit: shown with its state to whoever has it now, and to nobody who came after another owner. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { corruptSource } from '../../../src/store/removal.js';
import { device, imei, LicenseApi, type Params } from './kit.js';

let api: LicenseApi;

beforeEach(async () => {
  api = await LicenseApi.create();
});
afterEach(() => api.server.close());

const track = async (variables: Params, params: Params = {}) => {
  const answer = await api.call('track_device_variables', { ...device, ...params, variables });
  expect(answer.status).toBe(200);
};
const at = (text: string) => `2026-06-15 ${text}`;

describe('the state of a unit', () => {
  test('shows variables, also before it ever reported', async () => {
    const { tracker, hash } = await api.tracker(imei);
    await api.activate();
    expect(await api.additional(tracker.id, hash)).toEqual({});
    await track({ firmware: '03.27.07', km: 18234.5, wired: true, none: '' });
    expect(await api.additional(tracker.id, hash)).toEqual({
      'variable.firmware': { value: '03.27.07', updated: at('12:00:00') },
      'variable.km': { value: '18234.5', updated: at('12:00:00') },
      'variable.none': { value: '', updated: at('12:00:00') },
      'variable.wired': { value: 'true', updated: at('12:00:00') },
    });
  });

  test('shows them beside what the unit itself reports, and follows every change at once', async () => {
    const { tracker, source, hash } = await api.tracker(imei);
    api.store.report(source.id, { lock_state: 3 });
    await api.activate({ variables: { lock_state: 'x' } });
    const own = { lock_state: { value: '3', updated: at('12:00:00') } };
    const shown = (value: string, time: string) => ({ ...own, 'variable.lock_state': { value, updated: at(time) } });
    expect(await api.additional(tracker.id, hash)).toEqual(shown('x', '12:00:00'));
    api.clock.advance(1000);
    await track({ lock_state: 'y' });
    expect(await api.additional(tracker.id, hash)).toEqual(shown('y', '12:00:01'));
    api.clock.advance(1000);
    await track({ lock_state: 'y' });
    expect(await api.additional(tracker.id, hash)).toEqual(shown('y', '12:00:02'));
  });

  test('shows the newest of one name over all products and licences', async () => {
    const { tracker, hash } = await api.tracker(imei);
    await api.setUp({ products: [{ code: 'GW2', authorization_method: 'license-key', licenses: [{ key: 'K2' }] }] });
    const other = { product: 'GW2', license_key: 'K2' };
    await api.activate({ variables: { a: 1, b: 1 } });
    api.clock.advance(1000);
    await api.activate({ ...other, variables: { a: 2, c: 2 } });
    api.clock.advance(1000);
    await track({ b: 3 });
    expect(await api.additional(tracker.id, hash)).toMatchObject({
      'variable.a': { value: '2' },
      'variable.b': { value: '3' },
      'variable.c': { value: '2' },
    });
  });

  test('shows those of a deactivated device no more, until it is active again', async () => {
    const { tracker, hash } = await api.tracker(imei);
    await api.activate({ variables: { a: 1 } });
    await api.call('deactivate_license', device);
    expect(await api.additional(tracker.id, hash)).toEqual({});
    await api.activate();
    expect(await api.additional(tracker.id, hash)).toMatchObject({ 'variable.a': { value: '1' } });
  });

  test('is not touched by the blacklist', async () => {
    const { tracker, hash } = await api.tracker(imei);
    await api.activate({ variables: { a: 1 } });
    await api.setUp({ blacklist: [imei] });
    expect(await api.additional(tracker.id, hash)).toMatchObject({ 'variable.a': { value: '1' } });
  });

  test('shows names that are those of prototypes', async () => {
    const { tracker, hash } = await api.tracker(imei);
    await api.activate({ variables: { constructor: 'x', toString: 'y' } });
    expect(await api.additional(tracker.id, hash)).toMatchObject({
      'variable.constructor': { value: 'x' },
      'variable.toString': { value: 'y' },
    });
  });

  test('of other units shows none of them', async () => {
    const { tracker, hash } = await api.tracker('356307042441021');
    await api.activate({ variables: { a: 1 } });
    expect(await api.additional(tracker.id, hash)).toEqual({});
  });
});

describe('owners', () => {
  test('a new one sees nothing that was set under an earlier one, the licence sees all', async () => {
    const first = await api.tracker(imei);
    await api.activate({ variables: { secret: 'of A', shared: 1 } });
    expect(await api.additional(first.tracker.id, first.hash)).toMatchObject({ 'variable.secret': { value: 'of A' } });
    api.clock.advance(1000);
    await track({ last: 1 });
    await api.store.change((tx) => corruptSource(tx, first.source));
    const second = await api.tracker(imei);
    expect(await api.additional(second.tracker.id, second.hash)).toEqual({});
    api.clock.advance(1);
    await track({ shared: 2 });
    expect(await api.additional(second.tracker.id, second.hash)).toEqual({
      'variable.shared': { value: '2', updated: at('12:00:01') },
    });
    const { body } = await api.call('get_device_variables', device);
    expect((body as { variable: string }[]).map(({ variable }) => variable)).toEqual(['last', 'secret', 'shared']);
  });

  test('nor does a clock that is set back show it', async () => {
    const first = await api.tracker(imei);
    await api.activate({ variables: { secret: 'of A' } });
    await api.call('deactivate_license', device);
    api.clock.advance(-60_000);
    await api.store.change((tx) => corruptSource(tx, first.source));
    const second = await api.tracker(imei);
    await api.activate();
    expect(await api.additional(second.tracker.id, second.hash)).toEqual({});
    api.clock.advance(60_001);
    await track({ own: 1 });
    expect(Object.keys((await api.additional(second.tracker.id, second.hash)) as object)).toEqual(['variable.own']);
  });

  test('what was set before there was any is shown to the first', async () => {
    await api.activate({ variables: { a: 1 } });
    api.clock.advance(1000);
    const { tracker, hash } = await api.tracker(imei);
    expect(await api.additional(tracker.id, hash)).toMatchObject({ 'variable.a': { value: '1' } });
  });

  test('what was set between two is shown to the second', async () => {
    const first = await api.tracker(imei);
    await api.activate();
    await api.store.change((tx) => corruptSource(tx, first.source));
    api.clock.advance(1000);
    await track({ a: 1 });
    const second = await api.tracker(imei);
    expect(await api.additional(second.tracker.id, second.hash)).toMatchObject({ 'variable.a': { value: '1' } });
  });

  test('activation registers no unit', async () => {
    await api.activate();
    expect(api.store.registry.size('source')).toBe(0);
    expect(api.store.registry.sourceByDeviceId(imei)).toBeUndefined();
  });
});
