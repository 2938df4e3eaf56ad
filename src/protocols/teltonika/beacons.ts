/**
 * Lists of Bluetooth beacons in elements of variable length: the simple list (385) and the list of parameters (548, 10828 and others).
 * Reading and writing walk the same parameter table. Distances of signal in dBm, temperature °C, voltage V, angles in degrees.
 *
 * Source: Teltonika wiki, "FMB120 Teltonika Data Sending Parameters ID", 385 and 548; scales of 385 as in public parsers.
 */
import type { FieldEntry } from '../../domain/update.js';
import { CodecError } from '../../errors.js';
import { Reader } from '../../wire/reader.js';
import { type Field, i8, i16, u8, u16 } from '../../wire/struct.js';
import { Writer } from '../../wire/writer.js';

type Entry = Record<string, number | string | boolean>;

const iBeaconFlags = 0x21;
const eddystoneFlags = 0x01;
const familyMask = 0xf0;
const hasVoltage = 0x02;
const hasTemperature = 0x04;
const hex = (reader: Reader, count: number) => reader.hex(count).toUpperCase();
const millivolts = u16({ div: 1000 });
const unscaled = i16();

/** Beacons of element 385. Undefined when the bytes are no such list. */
export function readSimpleBeacons(bytes: Buffer): FieldEntry[] | undefined {
  return reading(bytes, (reader, entries) => {
    const head = reader.u8();
    const part = head >>> 4;
    const parts = head & 0x0f;
    while (reader.left > 0) {
      const entry = readSimple(reader);
      if (parts > 1) Object.assign(entry, { part, parts });
      entries.push(entry);
    }
  });
}

function readSimple(reader: Reader): Entry {
  const flags = reader.u8();
  const entry: Entry =
    flags & familyMask
      ? { uuid: hex(reader, 16), major: reader.u16(), minor: reader.u16() }
      : { namespace: hex(reader, 10), instance: hex(reader, 6) };
  entry.rssi = reader.i8();
  if (flags & hasVoltage) entry.battery_voltage = millivolts.read(reader);
  if (flags & hasTemperature) entry.temperature_raw = unscaled.read(reader);
  return entry;
}

/** Beacons of an element that lists parameters. Undefined when the bytes are no such list. */
export function readBeacons(bytes: Buffer): FieldEntry[] | undefined {
  return reading(bytes, (reader, entries) => {
    reader.u8();
    while (reader.left > 0) {
      const end = reader.u8();
      const start = reader.take(end);
      entries.push(readParameters(new Reader(bytes, start, start + end)));
    }
  });
}

function reading(bytes: Buffer, read: (reader: Reader, entries: Entry[]) => void): FieldEntry[] | undefined {
  const entries: Entry[] = [];
  try {
    read(new Reader(bytes), entries);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
  return entries;
}

/** Parameters with one number. */
const numbers: ReadonlyMap<number, readonly [name: string, field: Field<number>]> = new Map([
  [0, ['rssi', i8()]],
  [6, ['temperature', i16({ div: 100 })]],
  [7, ['humidity', u8()]],
  [8, ['magnet', u8()]],
  [9, ['movement', u8()]],
  [10, ['movement_count', u16()]],
  [11, ['pitch', i8()]],
  [12, ['roll', i16()]],
  [13, ['low_battery', u8()]],
  [14, ['battery_voltage', millivolts]],
]);
const idParameter = 1;
const dataParameter = 2;
const nameParameter = 5;
const macParameter = 15;

function readParameters(reader: Reader): Entry {
  const entry: Entry = {};
  while (reader.left > 0) {
    const id = reader.u8();
    const length = reader.u8();
    const end = reader.offset + length;
    if (length > reader.left) reader.take(length);
    readParameter(entry, id, new Reader(reader.bytes, reader.offset, end));
    reader.take(end - reader.offset);
  }
  return entry;
}

function readParameter(entry: Entry, id: number, value: Reader): void {
  const number = numbers.get(id);
  if (number !== undefined && number[1].width === value.left) entry[number[0]] = number[1].read(value);
  else if (id === idParameter) readBeaconId(entry, value);
  else if (id === dataParameter) readEyeData(entry, value);
  else if (id === nameParameter) entry.name = value.utf8(value.left);
  else if (id === macParameter && value.left === 6) entry.mac = macOf(value);
  else entry[`parameter_${id}`] = hex(value, value.left);
}

/** The length tells which kind of id it is. */
function readBeaconId(entry: Entry, value: Reader): void {
  if (value.left === 6) entry.mac = macOf(value);
  else if (value.left === 16) Object.assign(entry, { namespace: hex(value, 10), instance: hex(value, 6) });
  else if (value.left === 20) Object.assign(entry, { uuid: hex(value, 16), major: value.u16(), minor: value.u16() });
  else entry.id = hex(value, value.left);
}

/** EYE sensors: the first byte holds flags; bit 6 battery low, bit 7 the last byte is the voltage from 2 V on in 10 mV. */
function readEyeData(entry: Entry, value: Reader): void {
  const bytes = value.copy(value.left);
  entry.data = bytes.toString('hex').toUpperCase();
  const flags = bytes[0] ?? 0;
  const last = bytes[bytes.length - 1] ?? 0;
  if (bytes.length < 2) return;
  entry.data_low_battery = (flags & 0x40) !== 0;
  if (flags & 0x80) entry.data_battery_voltage = (200 + last) / 100;
}

function macOf(value: Reader): string {
  return (value.hex(6).match(/../g) ?? []).join(':');
}

const simpleKeys = new Set([
  'uuid',
  'major',
  'minor',
  'namespace',
  'instance',
  'rssi',
  'battery_voltage',
  'temperature_raw',
]);

/** Whether element 385 can carry all that `entries` say. */
export function areSimpleBeacons(entries: readonly FieldEntry[]): boolean {
  return entries.every(
    (entry) => Object.keys(entry).every((key) => simpleKeys.has(key)) && ('uuid' in entry || 'namespace' in entry),
  );
}

/** The bytes of element 385. Throws `CodecError` `encode_range`. */
export function writeSimpleBeacons(entries: readonly FieldEntry[]): Buffer {
  const writer = new Writer().u8(0x11);
  for (const entry of entries) {
    const flags = 'uuid' in entry ? iBeaconFlags : eddystoneFlags;
    const voltage = entry.battery_voltage === undefined ? 0 : hasVoltage;
    const temperature = entry.temperature_raw === undefined ? 0 : hasTemperature;
    writer
      .u8(flags | voltage | temperature)
      .append(idBytes(entry))
      .i8(Number(entry.rssi ?? 0));
    if (voltage !== 0) millivolts.write(writer, Number(entry.battery_voltage));
    if (temperature !== 0) unscaled.write(writer, Number(entry.temperature_raw));
  }
  return writer.finish();
}

function idBytes(entry: FieldEntry): Buffer {
  if ('uuid' in entry) {
    const writer = new Writer(20).append(Buffer.from(String(entry.uuid), 'hex'));
    return writer
      .u16(Number(entry.major ?? 0))
      .u16(Number(entry.minor ?? 0))
      .finish();
  }
  return Buffer.from(`${entry.namespace ?? ''}${entry.instance ?? ''}`, 'hex');
}

/** The bytes of an element that lists parameters. Throws `CodecError` `encode_range`. */
export function writeBeacons(entries: readonly FieldEntry[]): Buffer {
  const list = new Writer().u8(1);
  for (const entry of entries) {
    const one = new Writer();
    for (const [id, [name, field]] of numbers) {
      if (entry[name] === undefined || field.width === undefined) continue;
      field.write(one.u8(id).u8(field.width), Number(entry[name]));
    }
    if ('uuid' in entry || 'namespace' in entry) writeParameter(one, idParameter, idBytes(entry));
    if (entry.data !== undefined) writeParameter(one, dataParameter, Buffer.from(String(entry.data), 'hex'));
    if (entry.name !== undefined) writeParameter(one, nameParameter, Buffer.from(String(entry.name), 'utf8'));
    const mac = Buffer.from(String(entry.mac ?? '').replaceAll(':', ''), 'hex');
    if (mac.length > 0) writeParameter(one, macParameter, mac);
    list.u8(one.length).append(one.finish());
  }
  return list.finish();
}

function writeParameter(writer: Writer, id: number, bytes: Buffer): void {
  writer.u8(id).u8(bytes.length).append(bytes);
}
