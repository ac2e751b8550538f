// The bus: Cloud Foundry's NATS, embedded or foreign, with every message recorded and holdable.
export { type Broker, type BrokerOptions, startBroker } from './broker.ts';
export {
  type Bus,
  type BusOptions,
  connectBus,
  type Delivery,
  type Handler,
  type PublishOptions,
  type SubscribeOptions,
} from './connect.ts';
export type { Reply, RequestOptions } from './request.ts';
