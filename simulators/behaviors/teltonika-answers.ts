/**
 * What a virtual Teltonika unit answers to the commands that units are asked most: its version, position, inputs and state, out of the
 * record it packed last. Other texts come back as they are, but for those that real units carry out without a word.
 *
 * Source: Teltonika wiki, "FMB SMS/GPRS Commands" (getver, getinfo, getgps, getio, getstatus, setdigout, getrecord, cpureset).
 */
import { type FieldValue, fieldValue, type Position, type StateUpdate } from '../../src/domain/update.js';

/** What the unit knows of itself when it is asked. */
export interface Asked {
  readonly imei: string;
  /** The record packed last; undefined before the first. */
  readonly last: StateUpdate | undefined;
}

type Rule = readonly [pattern: RegExp, answer: (asked: Asked, match: RegExpExecArray) => string | undefined];

const rules: readonly Rule[] = [
  [/^setdigout\s+([01?]+)(?:\s+(.*))?$/i, (_, match) => `DOUTS are set to:${match[1]} TMOs are: ${match[2] ?? '0 0'}`],
  [/^getver$/i, ({ imei }) => `Code Ver:03.28.07_00 Rev:08 Device IMEI:${imei} Device ID:000001 BL Ver:01.10`],
  [/^(getgps|ggps)$/i, ({ last }) => gpsText(last)],
  [/^getio$/i, ({ last }) => ioText(last)],
  [/^getstatus$/i, ({ last }) => statusText(last)],
  [/^getinfo$/i, ({ last }) => infoText(last)],
  [/^(getrecord|cpureset)$/i, () => undefined],
];

/** The answer to `text`; undefined where the unit gives none. */
export function answerText(text: string, asked: Asked): string | undefined {
  const trimmed = text.trim();
  for (const [pattern, answer] of rules) {
    const match = pattern.exec(trimmed);
    if (match !== null) return answer(asked, match);
  }
  return text;
}

const saidOf = (last: StateUpdate | undefined, name: string): FieldValue | undefined =>
  last === undefined ? undefined : fieldValue(last, name);
const numberOf = (last: StateUpdate | undefined, name: string): number => Number(saidOf(last, name) ?? 0);
const bitOf = (last: StateUpdate | undefined, name: string): number => (saidOf(last, name) === true ? 1 : 0);

const nowhere: Position = {
  lat: null,
  lng: null,
  valid: false,
  speedKmh: undefined,
  headingDeg: undefined,
  altitudeM: undefined,
  satellites: undefined,
};

/** Date and time as the units print them, without leading zeros. */
function dateAndTime(at: number): readonly [date: string, time: string] {
  const date = new Date(at);
  return [
    `${date.getUTCFullYear()}/${date.getUTCMonth() + 1}/${date.getUTCDate()}`,
    `${date.getUTCHours()}:${date.getUTCMinutes()}:${date.getUTCSeconds()}`,
  ];
}

function gpsText(last: StateUpdate | undefined): string {
  const { lat, lng, valid, altitudeM = 0, speedKmh = 0, headingDeg = 0, satellites = 0 } = last?.position ?? nowhere;
  const [date, time] = dateAndTime(last?.at ?? 0);
  const place = `Lat:${(lat ?? 0).toFixed(6)} Long:${(lng ?? 0).toFixed(6)} Alt:${altitudeM}`;
  const motion = `Speed:${Math.round(speedKmh)} Dir:${Math.round(headingDeg)}`;
  return `GPS:${valid ? 1 : 0} Sat:${satellites} ${place} ${motion} Date: ${date} Time: ${time}`;
}

function ioText(last: StateUpdate | undefined): string {
  const inputs = [1, 2, 3].map((n) => `DI${n}:${bitOf(last, `input_${n}`)}`);
  const analogs = [1, 2].map((n) => `AIN${n}:${Math.round(numberOf(last, `analog_${n}`) * 1000)}`);
  const outputs = [1, 2].map((n) => `DO${n}:${bitOf(last, `output_${n}`)}`);
  return [...inputs, ...analogs, ...outputs].join(' ');
}

function statusText(last: StateUpdate | undefined): string {
  const signal = Math.round(numberOf(last, 'gsm_signal_level') / 20);
  const network = `OP: ${saidOf(last, 'gsm_network_code') ?? 0} Signal: ${signal} Roaming: ${bitOf(last, 'gsm_roaming')}`;
  const cell = `LAC: ${numberOf(last, 'gsm_lac')} Cell ID: ${numberOf(last, 'gsm_cell_id')}`;
  return `Data Link: 1 GPRS: 1 Phone: 0 SIM: 0 ${network} ${cell}`;
}

function infoText(last: StateUpdate | undefined): string {
  const [date, time] = dateAndTime(last?.at ?? 0);
  const { valid, satellites = 0 } = last?.position ?? nowhere;
  return `RTC:${date} ${time} RST:0 ERR:0 SMS:0 GPS:${valid ? 1 : 0} SAT:${satellites} MD:${numberOf(last, 'data_mode')}`;
}
