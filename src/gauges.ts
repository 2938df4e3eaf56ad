/**
 * Figures about what the gateway is made of, read when somebody asks for them.
 */
import type { HttpServer } from './http/server.js';
import type { Sessions } from './ingest/sessions.js';
import type { Metrics } from './metrics.js';
import type { StateTopic } from './mqtt/state-topic.js';
import type { Store } from './store/store.js';

export function addGauges(metrics: Metrics, store: Store, sessions: Sessions): void {
  metrics.gauge('milepost_sessions', 'Open tracker connections', () => sessions.count);
  metrics.gauge('milepost_units', 'Units with state', () => store.units.size);
  metrics.gauge('milepost_trackers', 'Registered trackers', () => store.registry.size('tracker'));
  metrics.gauge('milepost_claims', 'Devices that are claimed', () => store.registry.claims.openCount);
  metrics.gauge('milepost_journal_pending_bytes', 'Bytes waiting for the disk', () => store.pendingBytes);
  metrics.gauge('milepost_ready', '1 when the gateway can keep what it is sent', () => (store.health.ready ? 1 : 0));
}

export function addLiveGauges(metrics: Metrics, { hub }: HttpServer): void {
  metrics.gauge('milepost_live_sockets', 'Open connections for live events', () => hub.socketCount);
  metrics.gauge('milepost_live_buffered_bytes', 'Bytes that wait for subscribers', () => hub.bufferedBytes);
  metrics.gauge('milepost_live_subscriptions', 'Subscriptions to live events', () => hub.subscriptionCount);
}

export function addStateTopicGauges(metrics: Metrics, topic: StateTopic): void {
  const { figures } = topic;
  metrics.gauge('milepost_mqtt_connections', 'Open connections to the state topic', () => topic.connectionCount);
  metrics.gauge('milepost_mqtt_subscriptions', 'Topic filters subscribed', () => topic.subscriptionCount);
  metrics.gauge('milepost_mqtt_buffered_bytes', 'Bytes that wait for its clients', () => topic.bufferedBytes);
  metrics.counter('milepost_mqtt_messages_total', 'Messages sent to its clients', () => figures.sentMessages);
  metrics.counterByReason('milepost_mqtt_refused_total', 'Clients not let in, by reason', () => figures.refused);
  metrics.counterByReason('milepost_mqtt_cut_total', 'Connections ended by the gateway', () => figures.cut);
}
