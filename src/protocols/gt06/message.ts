/**
 * What GT06 frames say, as plain values. `Content` is the vocabulary: a layout is an ordered choice of its keys, and the mapping has
 * one entry a key, so that a layout can name nothing that the mapping does not know.
 */
import type { Message } from '../protocol.js';

/** How a frame is wrapped: `7878` with one length byte, `7979` with two, or `7878` without serial number and checksum. */
export type Form = 'short' | 'long' | 'bare';

export type MessageType =
  | 'login'
  | 'location'
  | 'heartbeat'
  | 'alarm'
  | 'information'
  | 'lbs'
  | 'wifi'
  | 'obd'
  | 'media_event'
  | 'modular'
  | 'serial_data'
  | 'raw'
  | 'time_request'
  | 'address_request'
  | 'command_reply'
  | 'ack'
  | 'time_reply'
  | 'address_reply'
  | 'command';

export interface Gt06Message extends Message {
  readonly type: MessageType;
  readonly form: Form;
  /** Protocol number of the frame. */
  readonly protocol: number;
  /** Serial number, 0 in frames without one. */
  readonly serial: number;
  /** Name of the layout row that reads and writes the content. */
  readonly layout: string;
  readonly content: Content;
}

/** Ms since 1970 as if the unit's clock were UTC; hex of the six bytes when they are no time of the calendar. */
export type Clock = number | string;
/** A number, or decimal text where it has more than 53 bits. */
export type WideNumber = number | string;

/** Course word of the GPS block. Latitude and longitude are absolute: the hemisphere is here. */
export interface CourseFlags {
  readonly headingDeg: number;
  readonly isNorth: boolean;
  readonly isWest: boolean;
  readonly isFixed: boolean;
  readonly isDifferential: boolean;
  /** Bit 15 carries ACC. */
  readonly hasAcc: boolean;
  readonly isAccOn: boolean;
}

/** A fix in any of its forms; `latDeg` and `lngDeg` without sign. */
export interface Gps {
  readonly head?: { readonly satellites: number; readonly infoLength: number };
  readonly satellites?: number;
  readonly latDeg: number;
  readonly lngDeg: number;
  readonly speedKmh?: number;
  readonly altitudeM?: number;
  readonly course: CourseFlags;
}

export interface NetworkCode {
  readonly mcc: number;
  readonly mnc: number;
  /** The MNC has two bytes because bit 15 of the MCC says so. */
  readonly isWide: boolean;
}

export interface Cell extends NetworkCode {
  readonly lac: number;
  readonly cid: WideNumber;
  /** The CID has eight bytes although its layout usually has four. */
  readonly isLong?: boolean;
}

/** `rssi` is the magnitude of dBm. */
export interface Neighbour {
  readonly lac: number;
  readonly cid: WideNumber;
  readonly rssi: number;
}

export interface AccessPoint {
  readonly mac: string;
  readonly rssi?: number;
  /** Two bytes of unknown meaning in one layout. */
  readonly kind?: number;
}

export interface StatusBits {
  readonly isArmed: boolean;
  readonly isAccOn: boolean;
  readonly isCharging: boolean;
  /** 0 none, 1 vibration, 2 power cut, 3 low battery, 4 SOS, 6 geofence, 7 removed. */
  readonly alarmClass: number;
  readonly isGpsOn: boolean;
  readonly isRelayCut: boolean;
}

export interface Alarm {
  readonly code: number;
  /** 0 no reply required, 1 Chinese, 2 English. */
  readonly language: number;
}

/** Zone word of the login: `hhmm` is a decimal number, 530 for 5:30. */
export interface Zone {
  readonly hhmm: number;
  readonly isWest: boolean;
  readonly spare: boolean;
  readonly language: number;
}

/** An element of a list of tagged values: read with the layout of its id, or kept as hex. */
export interface Element {
  readonly id: number;
  readonly content?: Content;
  readonly raw?: string;
  /** The length stands behind a zero byte. */
  readonly isEscaped?: boolean;
}

export interface BleTag {
  readonly mac: string;
  readonly voltageV: number;
  readonly batteryPercent: number;
  readonly temperatureC: number;
  readonly humidityPercent: number;
  readonly flags: number;
}

/** One cell behind its type byte: type 3 and above are LTE with wider numbers. */
export interface TypedCell extends Cell {
  readonly kind: number;
  readonly rssi: number;
}

/** Length-prefixed GPS and LBS parts of the AZ735; undefined parts were announced with length 0. */
export interface FixedPart<T> {
  readonly value: T | undefined;
  /** What the part holds beyond the known, hex. */
  readonly extra: string | undefined;
}

/** Fields of the content, by name. Units last; absent keys are not in the layout, undefined ones not in the frame. */
export interface Content {
  // Who and when
  loginId?: string | undefined;
  imei?: string | undefined;
  deviceType?: string | undefined;
  zone?: Zone | undefined;
  clock?: Clock | undefined;
  deviceClock?: Clock | undefined;
  epochS?: number | undefined;

  // Where
  gps?: Gps | undefined;
  sizedGps?: FixedPart<Gps> | undefined;
  altitudeM?: number | undefined;
  accuracyM?: number | undefined;
  hdop?: number | undefined;
  locationSource?: number | undefined;
  cell?: Cell | undefined;
  lbsLength?: number | undefined;
  lengthCell?: { readonly length: number; readonly cell: Cell; readonly extra: string | undefined } | undefined;
  sizedCell?: FixedPart<{ readonly cell: Cell; readonly gsmLevel: number | undefined }> | undefined;
  typedCell?: TypedCell | undefined;
  network?: NetworkCode | undefined;
  cells?: readonly Neighbour[] | undefined;
  cellGroup?: { readonly network: NetworkCode; readonly cells: readonly Neighbour[] } | undefined;
  neighbourBytes?: string | undefined;
  timingAdvance?: number | undefined;
  accessPoints?: readonly AccessPoint[] | undefined;
  accessPointBytes?: string | undefined;
  networkKind?: number | undefined;
  isLte?: boolean | undefined;

  // State
  status?: StatusBits | undefined;
  voltageLevel?: number | undefined;
  gsmLevel?: number | undefined;
  signalWord?:
    | { readonly csq: number; readonly satellitesA: number; readonly satellitesB: number; readonly spare: boolean }
    | undefined;
  satellitesVisible?: number | undefined;
  supply?: { readonly decivolts: number; readonly rest: number } | undefined;
  isAccOn?: boolean | undefined;
  isArmed?: boolean | undefined;
  isMoving?: boolean | undefined;
  isCharging?: boolean | undefined;
  uploadMode?: number | undefined;
  isStored?: boolean | undefined;
  workMode?: number | undefined;
  inputMask?: { readonly isAccOn: boolean; readonly isInput2On: boolean; readonly rest: number } | undefined;
  inputs?: number | undefined;
  inputWord?: number | undefined;
  outputs?: number | undefined;
  portWord?: number | undefined;
  infoWord?: number | undefined;
  statusByte?: number | undefined;
  deviceStatus?: number | undefined;

  // Alarms
  alarm?: Alarm | undefined;
  alarmCode?: number | undefined;
  alarmNumber?: number | undefined;
  cardAlarm?: number | undefined;
  language?: number | undefined;
  fence?: number | undefined;
  marker?: number | undefined;
  formatVersion?: number | undefined;
  mediaEvent?: number | undefined;
  modularEvent?: { readonly code: number; readonly atS: number; readonly detail: string } | undefined;
  eventValue?: number | undefined;
  fileNames?: string | undefined;

  // Measured
  odometerKm?: number | undefined;
  boardVoltageV?: number | undefined;
  batteryVoltageV?: number | undefined;
  batteryPercent?: number | undefined;
  temperatureC?: number | undefined;
  humidityPercent?: number | undefined;
  fuelLevel?: number | undefined;
  runTimeS?: number | undefined;
  engineHours?: number | undefined;
  driveTime?: number | undefined;
  steps?: number | undefined;
  adcV?: readonly number[] | undefined;
  bleTags?: readonly BleTag[] | undefined;

  // Keys and cards
  card?: string | undefined;
  cardStatus?: number | undefined;
  isCardSwiped?: boolean | undefined;
  rfid?: string | undefined;
  isKeyAllowed?: boolean | undefined;
  driverNumber?: number | undefined;
  driver?: { readonly kind: number | undefined; readonly id: string } | undefined;
  keyText?: string | undefined;
  keyBytes?:
    | { readonly header: number; readonly kind: number; readonly id: string; readonly check: number }
    | undefined;
  terminalId?: string | undefined;

  // Information
  sub?: number | undefined;
  doorFlags?:
    | { readonly isOpen: boolean; readonly spare: boolean; readonly isIoOn: boolean; readonly rest: number }
    | undefined;
  parameters?: string | undefined;
  selfTest?: string | undefined;
  fixMode?: number | undefined;
  signals?: readonly number[] | undefined;
  imsi?: string | undefined;
  iccid?: string | undefined;
  fuelSentence?: string | undefined;
  obdValues?: string | undefined;
  pidValues?: string | undefined;
  faultCodes?: string | undefined;
  serialPort?: { readonly port: number; readonly bytes: string } | undefined;
  elements?: readonly Element[] | undefined;
  phone?: string | undefined;

  // Commands and their replies
  command?: { readonly flag: number; readonly text: string } | undefined;
  commandReply?: { readonly flag: number; readonly text: string } | undefined;
  encodedReply?: { readonly flag: number; readonly encoding: number; readonly text: string } | undefined;

  /** Bytes whose meaning is not known, hex. */
  raw?: string | undefined;
  moreRaw?: string | undefined;
  rawAtEnd?: string | undefined;
  rawBeforeStatus?: string | undefined;
}
