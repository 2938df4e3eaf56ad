import { describe, expect, it } from 'vitest';
import { teltonikaBehavior } from '../../simulators/behaviors/teltonika.js';
import { answerText } from '../../simulators/behaviors/teltonika-answers.js';
import { Vehicle } from '../../simulators/vehicle.js';
import { UpdateBuilder } from '../../src/domain/update.js';
import type { DecodeContext } from '../../src/protocols/protocol.js';
import { teltonika } from '../../src/protocols/teltonika/index.js';

const imei = '356307042441013';
const context: DecodeContext = { transport: 'tcp', receivedAt: 0, deviceId: imei, model: undefined, session: '' };
const last = new UpdateBuilder()
  .set('input_1', true)
  .set('input_2', false)
  .set('analog_1', 2.754)
  .set('output_2', true)
  .set('gsm_signal_level', 80)
  .set('gsm_network_code', '24602')
  .set('gsm_lac', 12)
  .set('gsm_cell_id', 864)
  .build(Date.UTC(2026, 5, 6, 7, 8, 9), {
    position: {
      lat: 54.71473,
      lng: -25.303058,
      valid: true,
      speedKmh: 0,
      headingDeg: 77,
      altitudeM: 147,
      satellites: 7,
    },
  });

describe('a virtual Teltonika unit', () => {
  it.each([
    ['getver', `Code Ver:03.28.07_00 Rev:08 Device IMEI:${imei} Device ID:000001 BL Ver:01.10`],
    ['getgps', 'GPS:1 Sat:7 Lat:54.714730 Long:-25.303058 Alt:147 Speed:0 Dir:77 Date: 2026/6/6 Time: 7:8:9'],
    ['getio', 'DI1:1 DI2:0 DI3:0 AIN1:2754 AIN2:0 DO1:0 DO2:1'],
    ['getstatus', 'Data Link: 1 GPRS: 1 Phone: 0 SIM: 0 OP: 24602 Signal: 4 Roaming: 0 LAC: 12 Cell ID: 864'],
    ['getinfo', 'RTC:2026/6/6 7:8:9 RST:0 ERR:0 SMS:0 GPS:1 SAT:7 MD:0'],
    ['setdigout ?1 0 30', 'DOUTS are set to:?1 TMOs are: 0 30'],
    ['getparam 2004', 'getparam 2004'],
    ['getrecord', undefined],
    ['cpureset', undefined],
  ])('answers %s', (text, answer) => {
    expect(answerText(`${text}\r\n`, { imei, last })?.trim()).toBe(answer);
  });

  it('knows nothing before its first record', () => {
    expect(answerText('getgps', { imei, last: undefined })).toMatch(/^GPS:0 Sat:0 Lat:0\.000000/);
  });

  it('reports the elements that every unit of the vendor has', () => {
    const unit = teltonikaBehavior.create({ deviceId: imei, transport: 'tcp' });
    const vehicle = new Vehicle({ seed: 1, number: 0, fixLossRate: 0 });
    vehicle.advance(60);
    const { bytes } = unit.pack([vehicle.record(Date.UTC(2026, 0, 1), false)]);
    const account = teltonika.explain(teltonika.decode(bytes, context), context);
    const ids = account.map((line) => Number(/^ +element (\d+)/.exec(line)?.[1] ?? 0));
    const usual = [239, 240, 80, 21, 200, 69, 181, 182, 66, 67, 113, 241, 205, 206, 16, 1, 9, 179, 78];
    expect(usual.filter((id) => !ids.includes(id))).toEqual([]);
    expect(account).toContain('  element 78 (hardware_key), 8 bytes: 0');
  });
});
