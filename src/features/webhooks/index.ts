export {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  openHeaders,
  requireEndpoint,
  sealedEndpointHeaders,
  setEndpointState,
} from './endpoints.ts';
export {
  type EndpointState,
  type MessageType,
  matchesPattern,
  messageTypeNames,
  messageTypes,
} from './schema.ts';
export {
  createSigningSecret,
  notificationPurpose,
  sealedSigningSecrets,
  signingSecretsOf,
  webhooksLifecycle,
} from './secrets.ts';
export { type Endpoint, type EndpointChange, findEndpoint, findEndpointAt } from './store.ts';
