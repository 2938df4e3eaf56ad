import { describe, expect, it } from 'vitest';
import type { BehaviorFactory } from '../../simulators/behavior.js';
import { groupsOf } from '../../simulators/targets.js';
import { ConfigError } from '../../src/errors.js';
import { lineFactory } from '../support/line-behavior.js';

const factories: BehaviorFactory[] = [
  { ...lineFactory(), protocol: 'alpha', port: 1001 },
  { ...lineFactory(), protocol: 'beta', port: 1002, transports: ['tcp'] },
  { ...lineFactory(), protocol: 'gamma', port: 1003 },
];

function endpoints(protocol: string, targets: string[], transport: 'tcp' | 'udp' = 'tcp'): string[] {
  return groupsOf({ protocol, targets, transport }, factories).map(
    ({ factory, endpoint }) => `${factory.protocol} ${endpoint.host} ${endpoint.port} ${endpoint.transport}`,
  );
}

describe('groupsOf', () => {
  it.each([
    ['alpha', [], ['alpha 127.0.0.1 1001 tcp']],
    ['alpha', ['tracker.example.com'], ['alpha tracker.example.com 1001 tcp']],
    ['alpha', ['10.0.0.1:7000'], ['alpha 10.0.0.1 7000 tcp']],
    ['alpha', ['::1'], ['alpha ::1 1001 tcp']],
    ['alpha', ['[::1]:7000'], ['alpha ::1 7000 tcp']],
    ['alpha', ['alpha=h:1'], ['alpha h 1 tcp']],
    ['alpha,gamma', ['h'], ['alpha h 1001 tcp', 'gamma h 1003 tcp']],
    ['all', [], ['alpha 127.0.0.1 1001 tcp', 'beta 127.0.0.1 1002 tcp', 'gamma 127.0.0.1 1003 tcp']],
    ['all', ['h', 'beta=i:9'], ['alpha h 1001 tcp', 'beta i 9 tcp', 'gamma h 1003 tcp']],
  ])('%s to %j', (protocol, targets, expected) => {
    expect(endpoints(protocol, targets)).toEqual(expected);
  });

  it('leaves out of all what does not run over UDP', () => {
    expect(endpoints('all', [], 'udp')).toEqual(['alpha 127.0.0.1 1001 udp', 'gamma 127.0.0.1 1003 udp']);
  });

  it.each([
    ['delta', [], 'tcp'],
    ['beta', [], 'udp'],
    ['alpha', ['h:0'], 'tcp'],
    ['alpha', ['h:70000'], 'tcp'],
    ['alpha', ['a b'], 'tcp'],
    ['alpha', ['gamma=h'], 'tcp'],
    ['alpha', ['h', 'i'], 'tcp'],
    ['all', ['h:1'], 'tcp'],
  ] as const)('refuses %s to %j over %s', (protocol, targets, transport) => {
    expect(() => endpoints(protocol, [...targets], transport)).toThrow(ConfigError);
  });

  it('lists every problem', () => {
    const problems = () => endpoints('delta,epsilon', ['h:0']);
    try {
      problems();
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).problems).toHaveLength(3);
    }
  });
});
