import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/domain/command.js';
import { CommandError } from '../../src/errors.js';
import type { Protocol } from '../../src/protocols/protocol.js';
import { protocolByName, protocols } from '../../src/protocols/registry.js';

const contextOf = (model: string) => ({
  transport: 'tcp' as const,
  receivedAt: 0,
  deviceId: '356307042441013',
  model,
  session: '',
});
const bytesOf = (protocol: Protocol, command: Command, model = protocol.defaultModel) =>
  protocol.encodeCommand(command, 7, contextOf(model));
function codeOf(protocol: Protocol, command: Command, model = protocol.defaultModel): string {
  try {
    return bytesOf(protocol, command, model).length > 0 ? 'good' : 'empty';
  } catch (error) {
    if (error instanceof CommandError) return error.code;
    throw error;
  }
}
const named = (name: string) => protocolByName(name) as Protocol;
const text = (words: string): Command => ({ kind: 'text', text: words });

describe.each(protocols.map((protocol) => [protocol.name, protocol] as const))('%s', (_, protocol) => {
  test('writes a text that its own framer finds whole', () => {
    const bytes = bytesOf(protocol, text('getver'));
    expect(bytes.includes('getver')).toBe(true);
    const found = protocol.createFramer({ maxFrameBytes: 4096 }).next(bytes, 0, bytes.length);
    expect(found).toMatchObject({ kind: 'frame', start: 0, end: bytes.length });
  });

  test('refuses what it cannot write with an error of its own', () => {
    for (const words of ['', 'x'.repeat(100_000)]) expect(codeOf(protocol, text(words))).toBe('command_text');
    expect(codeOf(protocol, { kind: 'lock', seal: true, password: null })).toBe('unsupported_command');
    for (const output of [0, -1, 1.5, 99]) {
      expect(codeOf(protocol, { kind: 'output', output, enable: true })).toBe('unsupported_command');
    }
  });
});

describe('Teltonika', () => {
  test.each([
    [1, true, 'setdigout 1'],
    [1, false, 'setdigout 0'],
    [2, true, 'setdigout ?1'],
    [3, false, 'setdigout ??0'],
  ])('output %d %s: %s', (output, enable, words) => {
    const bytes = bytesOf(named('teltonika'), { kind: 'output', output, enable });
    expect(bytes).toEqual(bytesOf(named('teltonika'), text(words)));
  });

  test('a text is as long as the API allows', () => {
    expect(codeOf(named('teltonika'), text('x'.repeat(512)))).toBe('good');
    expect(codeOf(named('teltonika'), text('x'.repeat(513)))).toBe('command_text');
    expect(codeOf(named('teltonika'), text('grüße'))).toBe('command_text');
  });

  test('bytes are wrapped as they are', () => {
    const bytes = Buffer.from('00ff0d0a80', 'hex');
    expect(bytesOf(named('teltonika'), { kind: 'raw', bytes }).includes(bytes)).toBe(true);
  });
});

describe('GT06', () => {
  test('the relay has the words of the model', () => {
    const relay = (enable: boolean, model: string) =>
      bytesOf(named('gt06'), { kind: 'output', output: 1, enable }, model);
    expect(relay(true, 'concox_gt06n').includes('RELAY,1#')).toBe(true);
    expect(relay(false, 'concox_gt06n').includes('RELAY,0#')).toBe(true);
    expect(relay(true, 'concox_tr06').includes('DYD,000000#')).toBe(true);
    expect(relay(false, 'concox_tr06').includes('HFYD,000000#')).toBe(true);
  });

  test('a text ends with the mark, once', () => {
    for (const words of ['STATUS', 'STATUS#']) {
      expect(
        bytesOf(named('gt06'), text(words))
          .toString('latin1')
          .match(/STATUS#/g),
      ).toHaveLength(1);
      expect(bytesOf(named('gt06'), text(words)).includes('##')).toBe(false);
    }
  });
});

describe('Wialon IPS', () => {
  const raw = (bytes: string) => ({ kind: 'raw', bytes: Buffer.from(bytes, 'latin1') }) as const;

  test('bytes are a line as they are, with one line end', () => {
    for (const given of ['L1=1\xff\x00', 'L1=1\xff\x00\r\n']) {
      expect(bytesOf(named('wialon-ips'), raw(given)).toString('latin1')).toBe('L1=1\xff\x00\r\n');
    }
    for (const given of ['', '\r\n', 'a\nb', 'a\rb', 'a\r\n\r\n']) {
      expect(codeOf(named('wialon-ips'), raw(given))).toBe('command_text');
    }
  });
});
