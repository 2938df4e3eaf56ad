/**
 * A client of the state topic over a real socket, by the `mqtt` package that other programs use. Messages are kept until a test asks for
 * them, in the order in which they came.
 */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { settle, until } from './until.js';

export interface TopicMessage {
  readonly topic: string;
  /** Empty where there is no state to be seen any more. */
  readonly text: string;
  readonly retain: boolean;
}

export type TopicClientOptions = Partial<IClientOptions>;

export class TopicClient {
  readonly mqtt: MqttClient;
  readonly messages: TopicMessage[] = [];
  readonly sessionPresent: boolean;

  private constructor(mqtt: MqttClient, messages: TopicMessage[], sessionPresent: boolean) {
    this.mqtt = mqtt;
    this.messages = messages;
    this.sessionPresent = sessionPresent;
  }

  /** Connects; rejects with `refused N` for the CONNACK code, or `closed`. */
  static connect(port: number, options: TopicClientOptions = {}): Promise<TopicClient> {
    const mqtt = connect({ host: '127.0.0.1', port, reconnectPeriod: 0, ...options });
    const messages: TopicMessage[] = [];
    mqtt.on('message', (topic, payload, { retain, qos }) => {
      if (qos !== 0) throw new Error(`a message with QoS ${qos}`);
      messages.push({ topic, text: payload.toString(), retain });
    });
    return new Promise((resolve, reject) => {
      mqtt.once('connect', ({ sessionPresent }) => resolve(new TopicClient(mqtt, messages, sessionPresent)));
      mqtt.on('error', (error) => reject(new Error(`refused ${(error as { code?: number }).code}`)));
      mqtt.once('close', () => reject(new Error('closed')));
    });
  }

  get isOpen(): boolean {
    return this.mqtt.connected;
  }

  /** What each filter was granted: 0, or 128 for a refusal. */
  async subscribe(filters: string | readonly string[], qos: 0 | 1 | 2 = 0): Promise<number[]> {
    const suback = new Promise<number[]>((resolve) => {
      const listen = (packet: { readonly cmd: string; readonly granted?: unknown }) => {
        if (packet.cmd !== 'suback') return;
        this.mqtt.off('packetreceive', listen);
        resolve(packet.granted as number[]);
      };
      this.mqtt.on('packetreceive', listen);
    });
    this.mqtt.subscribe(filters as string[], { qos }, () => {});
    return suback;
  }

  async next(): Promise<TopicMessage> {
    await until(() => this.messages.length > 0, 'a message');
    return this.messages.shift() as TopicMessage;
  }

  async take(count: number): Promise<TopicMessage[]> {
    const taken: TopicMessage[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** Everything that the server has to tell by now: a last request is answered after all of it. */
  async rest(): Promise<TopicMessage[]> {
    await settle();
    await this.mqtt.unsubscribeAsync('fence');
    return this.messages.splice(0);
  }

  /** The connection has ended. */
  async ended(): Promise<void> {
    await until(() => !this.mqtt.connected, 'the end of the connection');
  }

  end(): void {
    this.mqtt.end(true);
  }
}
