/**
 * What a session has to remember: the version of the login, and how many inputs and outputs the unit has shown. Masks end at their
 * highest set bit, so without that an input which goes off would vanish instead of being told as off.
 * As text: `2.1`, or `2.1/3/1` with inputs and outputs, or `2.1/3/1/id` where lines name their senders, which may be several.
 */
import { isFull, isSample, type LineMessage, linesOf, type Sample, type WialonMessage } from './messages.js';

export interface Session {
  /** `''` before a login. */
  readonly version: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The sender that the counts are of, `''` for the unit that logged in. */
  readonly sender: string;
}

export function parseSession(text: string): Session {
  if (!text.includes('/')) return { version: text, inputs: 0, outputs: 0, sender: '' };
  const [version = '', inputs = '0', outputs = '0', sender = ''] = text.split('/');
  return { version, inputs: Number(inputs) || 0, outputs: Number(outputs) || 0, sender };
}

export function formatSession({ version, inputs, outputs, sender }: Session): string {
  if (inputs <= 1 && outputs <= 1) return version;
  return `${version}/${inputs}/${outputs}${sender === '' ? '' : `/${sender}`}`;
}

/** The session after `message`. */
export function advance(session: Session, message: WialonMessage): Session {
  return linesOf(message).reduce(afterLine, session);
}

function afterLine(session: Session, line: LineMessage): Session {
  if (line.type === 'login') return { version: line.version, inputs: 0, outputs: 0, sender: '' };
  const heard = ofSender(session, line);
  const version = line.from === undefined ? session.version : (line.from.version ?? '1.1');
  return samplesOf(line).reduce(widen, { ...heard, version });
}

/** The session as it concerns the sender of `line`: counts of another sender are forgotten. */
export function ofSender(session: Session, line: LineMessage): Session {
  const sender = line.from?.deviceId ?? '';
  return sender === session.sender ? session : { ...session, inputs: 0, outputs: 0, sender };
}

/** The session that has also seen the masks of `sample`. */
export function widen(session: Session, { data }: Sample): Session {
  if (!isFull(data)) return session;
  const inputs = Math.max(session.inputs, maskWidth(data.inputs));
  const outputs = Math.max(session.outputs, maskWidth(data.outputs));
  return { ...session, inputs, outputs };
}

/** Number of the highest bit that is set, at least 1; 0 without a mask. */
export function maskWidth(mask: number | undefined): number {
  if (mask === undefined) return 0;
  let width = 1;
  for (let rest = Math.floor(mask / 2); rest > 0; rest = Math.floor(rest / 2)) width++;
  return width;
}

/** The samples of a line that were read, in order. */
export function samplesOf(line: LineMessage): readonly Sample[] {
  if (line.type === 'short_data' || line.type === 'data') return [line.sample];
  return line.type === 'black_box' ? line.bodies.filter(isSample) : [];
}
