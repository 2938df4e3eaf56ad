/**
 * SIGTERM while clients follow live events: they are told goodbye, and the real process ends in good order, also where a client does not
 * listen any more.
 */
import { expect, onTestFinished, test } from 'vitest';
import { GatewayProcess } from '../support/gateway-process.js';
import { LiveClient } from '../support/live-client.js';
import { RawClient } from '../support/tracker-client.js';
import { until, within } from '../support/until.js';

test('clients of live events get their close frame, and the gateway ends with 0', { timeout: 60_000 }, async () => {
  const gateway = await GatewayProcess.serve(['--ephemeral', '--http-port', '0', '--listen', 'teltonika=0'], {
    MILEPOST_ADMIN_PASSWORD: 'secret',
  });
  onTestFinished(async () => void (await gateway.end('SIGKILL')));
  const answer = await fetch(`${gateway.url}/user/auth?login=admin&password=secret`);
  const { hash } = (await answer.json()) as { hash: string };
  const client = await LiveClient.connect(gateway.port('http'));
  const requests = [{ type: 'state_batch', target: { type: 'all' } }];
  expect(await client.ask({ action: 'subscribe', hash, requests })).toMatchObject({ type: 'response' });
  const idle = await LiveClient.connect(gateway.port('http'));
  const deaf = await RawClient.connect(gateway.port('http'));
  deaf.send(
    'GET /event/subscription HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await until(() => deaf.received.includes('101 Switching Protocols'), 'the upgrade');
  deaf.socket.pause();

  // An exit code of 0 says that everything was over within the time to drain.
  expect(await within(gateway.end('SIGTERM'), 'the end of the process', 20_000)).toBe(0);
  const goodbye = { code: 1001, reason: 'shutdown' };
  expect(await within(client.closed, 'the close frame')).toEqual(goodbye);
  expect(await within(idle.closed, 'the close frame')).toEqual(goodbye);
});
