/**
 * Live events of a whole gateway: from the bytes of a tracker to the event of a client, with blocking, logging out, restart of the
 * connection and the stop.
 */
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startLocal } from '../support/gateway.js';
import { type Frame, LiveClient } from '../support/live-client.js';
import { until, within } from '../support/until.js';

const imei = '356307042441013';
const login = Buffer.from(`000f${Buffer.from(imei).toString('hex')}`, 'hex');
/** Codec 8, one record: 2026-01-01T12:00:00Z, 52.370216, 4.895168, 63 km/h. CRC computed independently of our encoder. */
const frame = Buffer.from(
  '000000000000005508010000019B796DD6000002EAF1801F370F90000C01130E003F001006EF01F001150445010101500107B5000DB60008423612430FF518003FCD1267CE04B302F100004FB41000173EC8014E0000000000000000010000ECAE',
  'hex',
);

test('a client follows a tracker', async () => {
  const gateway = await startLocal({ recordMaxAgeMs: 10 * 365 * 86_400_000 });
  const call = async (path: string, params: object): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json', authorization: `NVX ${hash}` };
    const response = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(params) });
    return (await response.json()) as Record<string, unknown>;
  };
  let hash = '';
  hash = (await call('/v2/user/auth', { login: 'admin', password: 'secret' })).hash as string;
  const client = await LiveClient.connect(gateway.port('http'), '/v2/event/subscription');
  onTestFinished(() => client.socket.terminate());
  const nextOf = async (event: string): Promise<Frame> => {
    for (;;) {
      const next = await client.next();
      if (next.event === event) return next;
    }
  };
  const requests = [{ type: 'state_batch', target: { type: 'all' }, rate_limit: '10ms' }];
  expect(await client.ask({ action: 'subscribe', hash, requests, iso_datetime: true })).toMatchObject({
    type: 'response',
  });

  const unit = { label: 'Van', group_id: 0, model: 'telfmb920', plugin_id: 44, device_id: imei };
  const sim = { phone: '491701234567', apn_name: 'internet' };
  const { value } = (await call('/v2/tracker/register', { ...unit, ...sim })) as { value: { source: { id: number } } };
  const source_id = value.source.id;
  expect(await nextOf('state_batch')).toMatchObject({ data: [{ source_id, connection_status: 'just_registered' }] });

  const tracker = connect(gateway.port('teltonika'), '127.0.0.1', () => tracker.write(login));
  onTestFinished(() => void tracker.destroy());
  tracker.once('data', () => tracker.write(frame));
  const states = async (): Promise<Record<string, unknown>> => {
    const { data } = await nextOf('state_batch');
    return (data as never as Record<string, unknown>[])[0] ?? {};
  };
  await until(async () => {
    const { gps, source_id: from } = await states();
    const { location } = gps as { location: unknown };
    return from === source_id && JSON.stringify(location) === '{"lat":52.370216,"lng":4.895168}';
  }, 'the position');

  tracker.destroy();
  await until(async () => (await states()).connection_status === 'signal_lost', 'the loss of the connection');

  await call(`/v2/user/logout`, {});
  expect(await nextOf('logout')).toEqual({ type: 'event', event: 'logout', data: 'session closed' });

  await within(gateway.stop(), 'the stop');
  expect(await client.closed).toEqual({ code: 1001, reason: 'shutdown' });
});
