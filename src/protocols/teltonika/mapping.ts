/**
 * Messages to records in domain units. Command frames give one record with their text, and with the place that the text
 * tells of.
 */
import { type StateUpdate, UpdateBuilder } from '../../domain/update.js';
import type { DecodeContext } from '../protocol.js';
import { avlUpdates } from './avl-mapping.js';
import { payloadText } from './command-frames.js';
import { ghUpdates } from './gh-mapping.js';
import type { CommandMessage, TeltonikaMessage } from './messages.js';
import { toldPosition } from './position-text.js';

/** Text of a refusal, which carries none. */
export const otherImeiText = 'refused: the IMEI is not that of the unit';

export function toUpdates(message: TeltonikaMessage, context: DecodeContext): StateUpdate[] {
  switch (message.type) {
    case 'avl':
      return avlUpdates(message, context);
    case 'gh-avl':
      return ghUpdates(message, context);
    case 'command':
    case 'response':
    case 'refusal':
    case 'serial':
    case 'camera':
      return [commandUpdate(message, context)];
    default:
      return [];
  }
}

const textNames = { command: 'command_text', response: 'command_result', serial: 'rs232_1' } as const;

function commandUpdate(message: CommandMessage, context: DecodeContext): StateUpdate {
  const builder = new UpdateBuilder();
  if (message.imeiBcd !== undefined) builder.set('imei', message.imeiBcd.replace(/^0/, ''));
  if (message.type === 'camera') setPhoto(builder, message.payload);
  else if (message.type === 'refusal') builder.set('command_result', otherImeiText);
  else builder.set(textNames[message.type], payloadText(message.payload));
  const told = message.type === 'response' ? toldPosition(payloadText(message.payload)) : undefined;
  if (told !== undefined) return builder.build(told.at, { timed: true, position: told.position });
  const { seconds } = message;
  return builder.build(seconds === undefined ? context.receivedAt : seconds * 1000, { timed: seconds !== undefined });
}

const photoAnnounced = 1;
const photoPart = 2;

function setPhoto(builder: UpdateBuilder, payload: Buffer): void {
  const kind = payload[0];
  if (kind === photoAnnounced && (payload.length === 5 || payload.length === 9)) {
    builder.set('photo_id', payload.readUInt32BE(1));
    if (payload.length === 9) builder.set('photo_size', payload.readUInt32BE(5));
  } else if (kind === photoPart && payload.length >= 11) {
    builder.set('photo_id', payload.readUInt32BE(1)).set('photo_offset', payload.readUInt32BE(5));
    builder.set('photo_data', payload.toString('hex', 11).toUpperCase());
  } else {
    builder.set('photo_data', payload.toString('hex').toUpperCase());
  }
}
