export {
  callOf,
  type EndpointCall,
  requireEndpoint,
  sealedEndpointHeaders,
  setEndpointState,
} from './endpoints.ts';
export type { EndpointState, MessageType } from './schema.ts';
export {
  createSigningSecret,
  notificationPurpose,
  sealedSigningSecrets,
  signersOf,
  signingSecretsOf,
  webhooksLifecycle,
} from './secrets.ts';
export { type Endpoint, findEndpoint } from './store.ts';
