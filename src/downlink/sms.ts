/**
 * Short messages to units: the interface an operator's SMS service is connected through, a stand-in that writes to a file, and the texts
 * that ask a unit for its position. What a unit answers comes back as a record or not at all; nothing is received here.
 */
import { appendFile } from 'node:fs/promises';
import type { Clock } from '../clock.js';

/** Sends short messages. An implementation for a real service is the only thing needed to connect it. */
export interface SmsGateway {
  /**
   * Resolves when the service has taken the message over, which is no proof of delivery. `phone` is international, digits only.
   * Rejects when it was not taken; the message is then tried again.
   */
  send(phone: string, text: string): Promise<void>;
}

/** Appends each message to a file, a line of JSON each: `{"at": ISO 8601, "phone", "text"}`. */
export class FileSmsGateway implements SmsGateway {
  readonly #path: string;
  readonly #clock: Clock;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  async send(phone: string, text: string): Promise<void> {
    const line = JSON.stringify({ at: new Date(this.#clock.now()).toISOString(), phone, text });
    await appendFile(this.#path, `${line}\n`, { mode: 0o600 });
  }
}

/**
 * What asks a unit for its position by SMS, by protocol. Units with a login and password for SMS take these only where none is set.
 * Source: Teltonika wiki, "FMB SMS/GPRS Commands" (two spaces stand for an empty login and password); Concox, GT06N command list
 * (`WHERE#`); Wondex, VT-300 protocol, `GETLOCATION` with the password that units are sold with.
 */
const positionTexts: ReadonlyMap<string, string> = new Map([
  ['teltonika', '  ggps'],
  ['gt06', 'WHERE#'],
  ['wondex', '$WP+GETLOCATION=0000'],
]);

/** The text for units of a protocol, or undefined where none is known. */
export function positionSmsOf(protocol: string): string | undefined {
  return positionTexts.get(protocol);
}
