/**
 * The line types: each is one entry that parses a checked line and formats it back with the same table of `spec.ts`.
 * Source: Wialon IPS 1.1, 2.0 and 2.1, message types.
 */
import { CodecError, FrameError, hexExcerpt } from '../../errors.js';
import type { CheckedLine } from './lines.js';
import {
  type AnswerMessage,
  type BareMessage,
  type BlackBoxMessage,
  type DataMessage,
  type ImageMessage,
  isFull,
  isSample,
  type LineMessage,
  type LoginMessage,
  type OtherMessage,
  type RejectedMessage,
  type Sample,
  type TachoBlockMessage,
  type TachoInfoMessage,
  type TachoQueryMessage,
  type TextMessage,
  type UploadMessage,
} from './messages.js';
import {
  answerCodes,
  blockHeader,
  columnTitles,
  fullData,
  imageHeader,
  oldLogin,
  shortData,
  tachoHeader,
  tachoInfo,
  versionedLogin,
} from './spec.js';

/** One line type: `parse` reads a checked line, `format` gives code, body and block back. */
export interface LineFormat<M extends LineMessage> {
  parse(line: CheckedLine): M;
  format(message: M): { readonly code: string; readonly body: string; readonly block?: Buffer };
}

const login: LineFormat<LoginMessage> = {
  parse(line) {
    const fields = line.body.split(';');
    const { version, deviceId, password } = line.checksum
      ? versionedLogin.parseFields(fields)
      : { version: '1.1', ...oldLogin.parseFields(fields) };
    if (version === undefined || deviceId === undefined) throw unreadable(line, 'an identity');
    return { type: 'login', from: line.from, checksum: line.checksum, version, deviceId, password };
  },
  format: (message) => ({
    code: 'L',
    body: message.checksum ? versionedLogin.format(message) : oldLogin.format(message),
  }),
};

function data(type: DataMessage['type'], code: string): LineFormat<DataMessage> {
  return {
    parse: (line) => ({ type, from: line.from, checksum: line.checksum, sample: sampleOf(line.body) }),
    format: (message) => ({ code, body: formatSample(message.sample) }),
  };
}

const blackBox: LineFormat<BlackBoxMessage> = {
  parse(line) {
    const bodies = line.body
      .split('|')
      .filter((body) => body.trim() !== '')
      .map(bodyOf);
    if (!bodies.some(isSample))
      throw new CodecError('count_mismatch', { at: 'B', expected: 'a body', got: bodies.length });
    return { type: 'black_box', from: line.from, checksum: line.checksum, bodies };
  },
  format: ({ bodies }) => ({
    code: 'B',
    body: bodies.map((body) => (isSample(body) ? formatSample(body) : body.raw)).join('|'),
  }),
};

function bodyOf(raw: string): BlackBoxMessage['bodies'][number] {
  const count = raw.split(';').length;
  return count === shortData.width || count === fullData.width ? sampleOf(raw) : { raw };
}

/** A body of 10 fields is that of `SD`, one of 16 that of `D`, whatever the line's type. */
function sampleOf(body: string): Sample {
  const fields = body.split(';');
  const faults: CodecError[] = [];
  const values =
    fields.length > shortData.width
      ? fullData.parseFields(fields, 0, faults)
      : shortData.parseFields(fields, 0, faults);
  const items = isFull(values) ? values.parameters.unread.map((item) => `parameter ${item}`) : [];
  if (faults.length === 0) return { data: values, unread: items };
  return { data: values, unread: [...faults.map(faultText), ...items] };
}

/** Column and text of what could not be read: `speed fast`. */
function faultText({ facts }: CodecError): string {
  const column = String(facts.at).replace(/^.*\./, '');
  return `${columnTitles.get(column) ?? column} ${String(facts.got ?? '')}`.trim();
}

function formatSample({ data: values }: Sample): string {
  return isFull(values) ? fullData.format(values) : shortData.format(values);
}

const driverMessage: LineFormat<TextMessage> = {
  parse: (line) => ({ type: 'driver_message', from: line.from, checksum: line.checksum, text: line.body }),
  format: ({ text }) => ({ code: 'M', body: text }),
};

const image: LineFormat<ImageMessage> = {
  parse(line) {
    const { index, last, at, fileName, sizeBytes } = imageHeader.parseFields(line.body.split(';'));
    return {
      type: 'image',
      from: line.from,
      checksum: line.checksum,
      index: counter(line, index),
      last,
      at,
      fileName,
      content: block(line, sizeBytes),
    };
  },
  format: (message) => ({
    code: 'I',
    body: imageHeader.format({ ...message, sizeBytes: message.content.length }),
    block: message.content,
  }),
};

const tachoInformation: LineFormat<TachoInfoMessage> = {
  parse: (line) => ({
    type: 'tacho_info',
    from: line.from,
    checksum: line.checksum,
    ...tachoInfo.parseFields(line.body.split(';')),
  }),
  format: (message) => ({ code: 'IT', body: tachoInfo.format(message) }),
};

const tachoBlock: LineFormat<TachoBlockMessage> = {
  parse(line) {
    const { code, index, sizeBytes } = tachoHeader.parseFields(line.body.split(';'));
    return {
      type: 'tacho_block',
      from: line.from,
      checksum: line.checksum,
      code,
      index: counter(line, index),
      content: block(line, sizeBytes),
    };
  },
  format: (message) => ({
    code: 'T',
    body: tachoHeader.format({ ...message, sizeBytes: message.content.length }),
    block: message.content,
  }),
};

function upload(type: UploadMessage['type'], code: string): LineFormat<UploadMessage> {
  return {
    parse: (line) => ({
      type,
      from: line.from,
      checksum: line.checksum,
      content: block(line, blockHeader.parseFields(line.body.split(';')).sizeBytes),
    }),
    format: ({ content }) => ({ code, body: blockHeader.format({ sizeBytes: content.length }), block: content }),
  };
}

function bare(type: BareMessage['type'], code: string): LineFormat<BareMessage> {
  return { parse: (line) => ({ type, from: line.from, checksum: line.checksum }), format: () => ({ code, body: '' }) };
}

const tachoQuery: LineFormat<TachoQueryMessage> = {
  parse: (line) => ({ type: 'tacho_query', from: line.from, checksum: line.checksum, driverId: line.body }),
  format: ({ driverId }) => ({ code: 'QT', body: driverId }),
};

const answer: LineFormat<AnswerMessage> = {
  parse: (line) => ({
    type: 'answer',
    from: line.from,
    checksum: line.checksum,
    code: line.parts.code,
    value: line.body,
  }),
  format: ({ code, value }) => ({ code, body: value }),
};

const other: LineFormat<OtherMessage> = {
  parse: (line) => ({
    type: 'other',
    from: line.from,
    checksum: line.checksum,
    code: line.parts.code,
    body: line.body,
  }),
  format: ({ code, body }) => ({ code, body }),
};

const formats = {
  L: login,
  SD: data('short_data', 'SD'),
  D: data('data', 'D'),
  B: blackBox,
  P: bare('ping', 'P'),
  M: driverMessage,
  I: image,
  IT: tachoInformation,
  T: tachoBlock,
  US: upload('firmware', 'US'),
  UC: upload('configuration', 'UC'),
  QI: bare('image_query', 'QI'),
  QT: tachoQuery,
};

const byType = {
  login,
  short_data: formats.SD,
  data: formats.D,
  black_box: blackBox,
  ping: formats.P,
  driver_message: driverMessage,
  image,
  tacho_info: tachoInformation,
  tacho_block: tachoBlock,
  firmware: formats.US,
  configuration: formats.UC,
  image_query: formats.QI,
  tacho_query: tachoQuery,
  answer,
  other,
};

/** How lines of `code` are read. */
export function formatOf(code: string): LineFormat<LineMessage> {
  const known = (formats as Record<string, unknown>)[code] ?? (answerCodes.has(code) ? answer : other);
  return known as LineFormat<LineMessage>;
}

/** How `message` is written. */
export function formatFor(message: Exclude<LineMessage, RejectedMessage>): LineFormat<LineMessage> {
  return byType[message.type] as unknown as LineFormat<LineMessage>;
}

/** The block behind a header line, copied. Throws `FrameError` when the frame does not hold exactly what the header announces. */
function block(line: CheckedLine, sizeBytes: number | undefined): Buffer {
  const got = line.parts.frame.length - line.parts.blockStart;
  if (sizeBytes !== got) {
    throw new FrameError('frame_length', { at: line.parts.code, expected: sizeBytes ?? 'a size', got });
  }
  return Buffer.from(line.parts.frame.subarray(line.parts.blockStart));
}

function counter(line: CheckedLine, value: number | undefined): number {
  if (value === undefined || !Number.isInteger(value) || value < 0) throw unreadable(line, 'a block number');
  return value;
}

function unreadable(line: CheckedLine, expected: string): CodecError {
  return new CodecError('field_format', { at: line.parts.code, expected, hex: hexExcerpt(line.parts.frame) });
}
