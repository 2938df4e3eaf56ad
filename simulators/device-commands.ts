/**
 * What a virtual unit does about a command, whatever the protocol calls it: switch an output, or make a record now. The wording of
 * the answer is the behavior's business.
 */

export interface DeviceAction {
  /** Outputs to switch, numbered from 1. */
  readonly outputs: readonly { readonly output: number; readonly on: boolean }[];
  readonly recordNow: boolean;
}

type Rule = readonly [pattern: RegExp, action: (match: RegExpExecArray) => DeviceAction];

/** What is done about a text that only wants an answer. */
export const nothing: DeviceAction = { outputs: [], recordNow: false };
const recordNow: DeviceAction = { outputs: [], recordNow: true };

function switching(output: number, on: boolean): DeviceAction {
  return { outputs: [{ output, on }], recordNow: false };
}

const rules: readonly Rule[] = [
  // Teltonika: one digit an output, `?` leaves it; optional times follow. Source: wiki.teltonika-gps.com, SMS/GPRS commands, setdigout.
  [
    /^setdigout\s+([01?]+)\b/i,
    (match) => ({
      outputs: [...(match[1] as string)].flatMap((digit, i) =>
        digit === '?' ? [] : [{ output: i + 1, on: digit === '1' }],
      ),
      recordNow: false,
    }),
  ],
  // Concox and kin: the relay; DYD cuts, HFYD restores. Source: GT06N and JM-VL03 command lists.
  [/^RELAY,([01])\b/i, (match) => switching(1, match[1] === '1')],
  [/^DYD\b/i, () => switching(1, true)],
  [/^HFYD\b/i, () => switching(1, false)],
  // Wialon IPS units: `L1=1`. Source: Traccar, WialonProtocolEncoder.
  [/^L(\d)=([01])\b/i, (match) => switching(Number(match[1]), match[2] === '1')],
  [
    /^(set)?output[\s,]+(\d)[\s,=]+(1|0|on|off)\b/i,
    (match) => switching(Number(match[2]), /^(1|on)$/i.test(match[3] as string)),
  ],
  [/^(getrecord|where|position|dwxx|getposition)\b/i, () => recordNow],
];

/** What `text` asks for; nothing for a text that only wants an answer. */
export function actionOf(text: string): DeviceAction {
  const trimmed = text.trim();
  for (const [pattern, action] of rules) {
    const match = pattern.exec(trimmed);
    if (match !== null) return action(match);
  }
  return nothing;
}
