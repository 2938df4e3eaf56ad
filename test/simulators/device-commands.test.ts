import { describe, expect, it } from 'vitest';
import { actionOf } from '../../simulators/device-commands.js';

describe('actionOf', () => {
  const on = (output: number) => ({ output, on: true });
  const off = (output: number) => ({ output, on: false });

  it.each([
    ['setdigout 1', [on(1)]],
    ['setdigout 01', [off(1), on(2)]],
    ['setdigout ?1 0 30', [on(2)]],
    ['  SETDIGOUT 0 ', [off(1)]],
    ['RELAY,1#', [on(1)]],
    ['RELAY,0#', [off(1)]],
    ['DYD,000000#', [on(1)]],
    ['HFYD#', [off(1)]],
    ['L2=1', [on(2)]],
    ['L1=0', [off(1)]],
    ['output 2 off', [off(2)]],
  ])('%s switches', (text, outputs) => {
    expect(actionOf(text)).toEqual({ outputs, recordNow: false });
  });

  it.each(['getrecord', 'WHERE#', 'position'])('%s asks for a record', (text) => {
    expect(actionOf(text)).toEqual({ outputs: [], recordNow: true });
  });

  it.each(['getinfo', 'setdigout', 'RELAY,2#', '', 'xL1=1'])('%s changes nothing', (text) => {
    expect(actionOf(text)).toEqual({ outputs: [], recordNow: false });
  });
});
