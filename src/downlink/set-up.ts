/**
 * The set-up commands of a unit as short messages: access point of its SIM card, and the address it is to report to. Protocols whose
 * units are set up otherwise have none, and for those nothing is sent.
 */
import { isIP } from 'node:net';
import type { SourceRow } from '../store/rows.js';

/** Where units reach the gateway. */
export interface ReportAddress {
  readonly host: string;
  /** The port a protocol is spoken on; undefined where it is not. */
  portOf(protocol: string): number | undefined;
}

interface SetUp {
  readonly apn: SourceRow['apn'];
  readonly host: string;
  readonly port: number;
}

/**
 * Texts in the order in which they are to be sent, by protocol. Units with a login and password for SMS take these only where none is set.
 * Source: Teltonika wiki, "FMB parameter list", GPRS (2001-2006; two spaces stand for an empty login and password); Concox, GT06N
 * command list, `APN` and `SERVER` (mode 0: IP address, 1: name).
 */
const textsOf: ReadonlyMap<string, (setUp: SetUp) => readonly string[]> = new Map([
  ['teltonika', teltonikaTexts],
  ['gt06', gt06Texts],
]);

function teltonikaTexts({ apn, host, port }: SetUp): string[] {
  const sim = apn === undefined ? [] : [`2001:${apn.name}`, `2002:${apn.user}`, `2003:${apn.password}`];
  return [`  setparam ${[...sim, `2004:${host}`, `2005:${port}`, '2006:0'].join(';')}`];
}

function gt06Texts({ apn, host, port }: SetUp): string[] {
  const sim =
    apn === undefined ? [] : [`APN,${[apn.name, apn.user, apn.password].filter((part) => part !== '').join(',')}#`];
  return [...sim, `SERVER,${isIP(host) === 0 ? 1 : 0},${host},${port},0#`];
}

/** What may stand between the separators of these commands. */
const harmless = /^[\x21-\x7e]*$/;
const separators = /[,;#:]/;

/** The texts for a unit; none where its protocol has none, is not spoken here, or the access point would break the command. */
export function setUpTexts(source: SourceRow, address: ReportAddress): readonly string[] {
  const port = address.portOf(source.protocol);
  const { apn } = source;
  const parts = apn === undefined ? [] : [apn.name, apn.user, apn.password];
  if (port === undefined || parts.some((part) => !harmless.test(part) || separators.test(part))) return [];
  return textsOf.get(source.protocol)?.({ apn, host: address.host, port }) ?? [];
}
