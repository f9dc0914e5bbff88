export { callOf, callsOf, type EndpointCall, signingNow } from './calls.ts';
export {
  requireEndpoint,
  sealedEndpointHeaders,
  setEndpointState,
} from './endpoints.ts';
export { presentEndpoint } from './present.ts';
export { type EndpointState, endpointOut, type MessageType, matchesPattern } from './schema.ts';
export {
  createSigningSecret,
  notificationPurpose,
  sealedSigningSecrets,
  signersOf,
  signingSecretsOf,
  webhooksLifecycle,
} from './secrets.ts';
export { type Endpoint, findEndpoint, findEndpointAt } from './store.ts';
