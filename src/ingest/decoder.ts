/**
 * Decodes kept frames again, for recovery and for whoever reads the journal.
 */
import { ownRecords } from '../domain/ownership.js';
import { stateVersion } from '../domain/state.js';
import { telemetryVersion, updatesFromJson } from '../domain/telemetry.js';
import type { StateUpdate } from '../domain/update.js';
import { MilepostError } from '../errors.js';
import type { DecodeContext } from '../protocols/protocol.js';
import { protocolByName, protocols } from '../protocols/registry.js';
import { httpProtocol } from '../store/claims/claims.js';
import type { FrameEntry } from '../store/entries.js';

/** The records of a kept frame, those of an earlier owner left out; undefined when its protocol is gone or cannot read it. */
export function decodeKept(entry: FrameEntry): readonly StateUpdate[] | undefined {
  const { protocol, notBefore } = entry.context;
  const updates = protocol === httpProtocol ? updatesFromJson(entry.frame, notBefore) : decodeFrame(entry);
  return updates === undefined ? undefined : ownRecords(updates, entry.receivedAt, notBefore);
}

function decodeFrame(entry: FrameEntry): readonly StateUpdate[] | undefined {
  const { protocol: name, transport, deviceId, model, session } = entry.context;
  const protocol = protocolByName(name);
  if (protocol === undefined) return undefined;
  const context: DecodeContext = { transport, receivedAt: entry.receivedAt, deviceId, model, session };
  try {
    return protocol.toUpdates(protocol.decode(entry.frame, context), context);
  } catch (error) {
    if (error instanceof MilepostError) return undefined;
    throw error;
  }
}

/** The version of each protocol's decoder, and under a name of no protocol that of the fold. */
export const decoderVersions: Readonly<Record<string, number>> = {
  ...Object.fromEntries(protocols.map((protocol) => [protocol.name, protocol.decoderVersion])),
  [httpProtocol]: telemetryVersion,
  '(state)': stateVersion,
};
