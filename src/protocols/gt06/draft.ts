/**
 * One record while it is made out of content, and the view of a record from which content is made: what both directions of the mapping
 * have in common.
 */
import type { FieldEntry, FieldValue, Position, StateUpdate } from '../../domain/update.js';
import { UpdateBuilder } from '../../domain/update.js';
import type { Cell, Content, Gps, Neighbour, NetworkCode, WideNumber } from './message.js';
import type { Row } from './row.js';
import { alarmClasses, alarmClassOverrides, alarmOverrides, alarms, type ModelAlarms } from './spec.js';

/** MCCs whose MNC has three digits. Source: ITU-T E.212, annex (list of MCC/MNC). */
const threeDigitMccs = [302, 310, 311, 312, 313, 314, 315, 316, 334, 338, 342, 344, 346, 348, 708, 722, 732, 750];
/** Fewer satellites do not make a position at 0/0 believable. */
const minSatellites = 4;

/** What reading a message depends on besides its content. */
export type DraftFacts = Pick<Draft, 'zoneMs' | 'model' | 'elements'>;

/** Collects what the fields of a message mean. */
export class Draft {
  readonly builder = new UpdateBuilder();
  /** Offset of the unit's clock from UTC, ms. */
  readonly zoneMs: number;
  readonly model: string;
  /** Layouts of the elements that the message may hold. */
  readonly elements: Row['elements'];
  at: number;
  isTimed = false;
  isBacklog = false;
  position: Position | null = null;
  network: NetworkCode | undefined = undefined;
  /** The event told last. */
  modularEvent: Content['modularEvent'] = undefined;
  raw = '';

  constructor(receivedAt: number, facts: DraftFacts) {
    this.at = receivedAt;
    this.zoneMs = facts.zoneMs;
    this.model = facts.model;
    this.elements = facts.elements;
  }

  set(name: string, value: FieldValue | undefined): void {
    this.builder.set(name, value);
  }

  has(name: string): boolean {
    return this.builder.names.includes(name);
  }

  /** Text without padding; nothing when it is empty. */
  setText(name: string, text: string): void {
    const clean = cleanText(text);
    if (clean !== '') this.set(name, clean);
  }

  acc(isOn: boolean): void {
    this.set('ignition', isOn);
    this.set('input_1', isOn);
  }

  alarm(code: number): void {
    this.event(code, 2, nameOf(alarms, alarmOverrides, code, this.model));
  }

  alarmClass(code: number): void {
    if (code !== 0) this.raise(nameOf(alarmClasses, alarmClassOverrides, code, this.model) ?? 'unknown');
  }

  /** Status byte and alarm byte may tell of two alarms: both are said, but once where one is only the plainer word for the other. */
  raise(name: string): void {
    const at = this.builder.names.indexOf('alarm');
    const earlier = at < 0 ? undefined : this.builder.values[at];
    const isMore = typeof earlier === 'string' && earlier !== 'unknown' && !name.startsWith(earlier);
    this.set('alarm', isMore && name !== 'unknown' ? `${earlier},${name}` : name);
  }

  /** An event by its number; 0 is "normal" and has no name. */
  event(code: number, digits: number, name: string | undefined): void {
    this.set('event_code', code);
    this.set('alarm_code', `0x${code.toString(16).toUpperCase().padStart(digits, '0')}`);
    if (code !== 0) this.raise(name ?? 'unknown');
  }

  gps(gps: Gps): void {
    this.position = positionOf(gps);
    const { isFixed, isDifferential, hasAcc, isAccOn } = gps.course;
    if (isFixed) this.set('gnss_status', isDifferential ? 'differential' : 'real-time');
    if (hasAcc) this.acc(isAccOn);
  }

  altitude(altitudeM: number): void {
    const sane = saneAltitude(altitudeM);
    if (this.position !== null && sane !== undefined) this.position = { ...this.position, altitudeM: sane };
  }

  cell(cell: Cell): void {
    this.network = cell;
    this.plmn(cell);
    const { lac, cid } = cell;
    if (lac !== 0 && lac !== 0xffff) this.set('gsm_lac', lac);
    if (typeof cid !== 'number') this.set('gsm_cells', [cellEntry({ lac, cid, rssi: 0 }, cell)]);
    else if (cid !== 0) this.set('gsm_cell_id', cid);
  }

  plmn({ mcc, mnc }: NetworkCode): void {
    if (mcc === 0) return;
    if (mcc > 999 || mnc > 999) {
      this.raw += plainHex(mcc, 4) + plainHex(mnc, 4);
      return;
    }
    this.set('gsm_mcc', mcc);
    this.set('gsm_mnc', mnc);
    this.set('gsm_network_code', networkCodeText(mcc, mnc));
  }

  /** Cells seen, the serving one first. */
  cells(cells: readonly Neighbour[]): void {
    const serving = cells.find(isCell);
    const network = this.network;
    if (serving !== undefined && network !== undefined) this.cell({ ...network, lac: serving.lac, cid: serving.cid });
    else if (network !== undefined) this.plmn(network);
    this.neighbours(cells);
  }

  /** Cells of the network told before; empty places are left out. */
  neighbours(cells: readonly Neighbour[]): void {
    const seen = cells.filter(isCell);
    if (seen.length === 0) return;
    this.set(
      'gsm_cells',
      seen.map((each) => cellEntry(each, this.network)),
    );
  }

  build(): StateUpdate {
    if (this.raw !== '') this.set('raw_data', this.raw);
    const { at, isTimed: timed, isBacklog: backlog, position } = this;
    return this.builder.build(at, { timed, backlog, position });
  }
}

/** Name of a code in `table`, with what the unit's model changes. */
function nameOf(
  table: ReadonlyMap<number, string>,
  overrides: readonly ModelAlarms[],
  code: number,
  model: string,
): string | undefined {
  const override = model === '' ? undefined : overrides.find((each) => each.model.test(model) && each.alarms.has(code));
  return (override?.alarms ?? table).get(code);
}

/** Printable text without the padding around it. */
export function cleanText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: padding of fixed-width texts is NUL or 0xFF
  return text.replace(/^[\x00-\x20\xff]+|[\x00-\x20\xff]+$/g, '');
}

/** Texts made before, by MCC and MNC: a fleet meets few networks, and every message names one. */
const networkCodes = new Map<number, string>();
const mostNetworkCodes = 4096;

/** `24602`; the MNC has three digits where its country uses three. */
export function networkCodeText(mcc: number, mnc: number): string {
  const key = mcc * 1000 + mnc;
  const known = networkCodes.get(key);
  if (known !== undefined) return known;
  const digits = mnc > 99 || threeDigitMccs.includes(mcc) ? 3 : 2;
  const text = `${mcc}${String(mnc).padStart(digits, '0')}`;
  if (networkCodes.size < mostNetworkCodes) networkCodes.set(key, text);
  return text;
}

/** Bytes of a number, as `raw_data` has them. */
export function plainHex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** Strength byte to dBm: a magnitude, or two's complement from 128 on. */
export function dbmOf(rssi: number): number {
  return rssi > 127 && rssi < 256 ? rssi - 256 : -rssi;
}

function isCell({ lac, cid }: Neighbour): boolean {
  return lac !== 0 || cid !== 0;
}

function cellEntry({ lac, cid, rssi }: Neighbour, network: NetworkCode | undefined): FieldEntry {
  const entry: Record<string, WideNumber> = network === undefined ? {} : { mcc: network.mcc, mnc: network.mnc };
  entry.lac = lac;
  entry.cid = cid;
  if (rssi !== 0) entry.signal = dbmOf(rssi);
  return entry;
}

export function saneAltitude(altitudeM: number | undefined): number | undefined {
  return altitudeM === undefined || altitudeM < -1000 || altitudeM > 20_000 ? undefined : altitudeM;
}

function positionOf(gps: Gps): Position {
  const { headingDeg, isNorth, isWest, isFixed } = gps.course;
  const satellites = gps.head?.satellites ?? gps.satellites;
  const isNowhere = gps.latDeg === 0 && gps.lngDeg === 0 && !(isFixed && (satellites ?? 0) >= minSatellites);
  const isOnEarth = gps.latDeg <= 90 && gps.lngDeg <= 180;
  const isKnown = !isNowhere && isOnEarth;
  return {
    lat: isKnown ? signed(gps.latDeg, !isNorth) : null,
    lng: isKnown ? signed(gps.lngDeg, isWest) : null,
    valid: isFixed && isKnown,
    speedKmh: gps.speedKmh,
    headingDeg: headingDeg > 360 ? undefined : headingDeg % 360,
    altitudeM: saneAltitude(gps.altitudeM),
    satellites,
  };
}

function signed(degrees: number, isNegative: boolean): number {
  return isNegative && degrees !== 0 ? -degrees : degrees;
}

/** The named values of one record, for making content. */
export class RecordView {
  readonly update: StateUpdate;

  constructor(update: StateUpdate) {
    this.update = update;
  }

  value(name: string): FieldValue | undefined {
    const at = this.update.names.indexOf(name);
    return at < 0 ? undefined : this.update.values[at];
  }

  number(name: string): number | undefined {
    const value = this.value(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name);
    if (typeof value === 'number') return value !== 0;
    return typeof value === 'boolean' ? value : undefined;
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    return typeof value === 'string' ? value : undefined;
  }

  list(name: string): readonly FieldEntry[] {
    const value = this.value(name);
    return Array.isArray(value) ? (value as readonly FieldEntry[]) : [];
  }
}
