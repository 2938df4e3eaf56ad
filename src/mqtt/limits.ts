/**
 * What the state topic may cost the gateway. Limits of live events hold here too where they mean the same.
 */
import type { LiveLimits } from '../http/navixy/live/limits.js';

export interface StateTopicLimits
  extends Pick<LiveLimits, 'liveMaxSockets' | 'liveSendBufferMaxBytes' | 'liveStallTimeoutMs'> {
  /** Most topic filters of one connection. */
  readonly mqttMaxSubscriptions: number;
  /** A connection must send its CONNECT within this time, ms. */
  readonly mqttConnectTimeoutMs: number;
  /** Largest packet of a client without its header, bytes. */
  readonly mqttPacketMaxBytes: number;
}

/** Why a client is not let in. */
export type Refusal =
  | 'connection_limit'
  | 'rate_limit'
  | 'protocol_version'
  | 'client_id'
  | 'no_credential'
  | 'wrong_credential'
  | 'throttled'
  | 'blocked';

/** Why the gateway ends a connection. */
export type CutReason =
  | 'connect_timeout'
  | 'packet_too_large'
  | 'publish'
  | 'malformed'
  | 'keep_alive'
  | 'slow_reader'
  | 'credential_ended'
  | 'shutdown';
