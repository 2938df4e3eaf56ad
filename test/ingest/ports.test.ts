/** Opening the tracker ports of a gateway. */
import { expect, test, vi } from 'vitest';
import { readConfig } from '../../src/config.js';
import { Ports, portPlan, servicePort } from '../../src/ingest/ports.js';
import { TcpPort } from '../../src/ingest/tcp.js';
import { codeOf } from '../support/codes.js';
import { IngestRig } from './rig.js';

test('any free port is looked for at an address of ours only', async () => {
  const config = readConfig({}, { host: '203.0.113.1', listen: ['gt06=0'] });
  const listen = vi.spyOn(TcpPort.prototype, 'listen');
  const { services } = await IngestRig.open();
  await expect(new Ports().open(portPlan(config), config, services)).rejects.toMatchObject({ code: 'port_in_use' });
  expect(listen).toHaveBeenCalledTimes(1);
});

test('a free TCP port that is taken as a UDP port is given back for another', async () => {
  const config = readConfig({}, { listen: ['teltonika=0'] });
  const { services } = await IngestRig.open();
  const [taken, ports] = [new Ports(), new Ports()];
  await taken.open(portPlan(config), config, services);
  const listen = vi.spyOn(TcpPort.prototype, 'listen');
  listen.mockResolvedValueOnce(taken.listening[0]!.port);
  await ports.open(portPlan(config), config, services);
  expect(listen).toHaveBeenCalledTimes(2);
  expect(ports.listening.map(({ transport, port }) => [transport, port === ports.listening[0]!.port])).toEqual([
    ['tcp', true],
    ['udp', true],
  ]);
  for (const each of [taken, ports]) {
    each.drain();
    each.close();
  }
});

test('a name that is no protocol is no port', () => {
  expect(codeOf(() => portPlan(readConfig({}, { listen: ['foo=0'] })))).toBe('config_invalid');
});

test('the state topic has a port of its own, by default and where it is asked for', () => {
  const portOf = (...listen: string[]) => servicePort(readConfig({}, { listen }), 'mqtt');
  expect(portOf()).toBe(1883);
  expect(portOf('mqtt=0')).toBe(0);
  expect(portOf('gt06=0', 'mqtt=1884')).toBe(1884);
  expect(portOf('gt06=0')).toBeUndefined();
  expect(portOf('gt06=0', 'mqtt=off')).toBeUndefined();
  const names = portPlan(readConfig({}, { listen: ['gt06=0', 'mqtt=0'] })).map(({ protocol }) => protocol?.name);
  expect(names).toEqual(['gt06']);
  expect(portPlan(readConfig({})).map(({ protocol }) => protocol?.name)).not.toContain('mqtt');
});
