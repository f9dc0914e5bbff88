export {
  callOf,
  type EndpointCall,
  requireEndpoint,
  sealedEndpointHeaders,
  setEndpointState,
} from './endpoints.ts';
export { presentEndpoint } from './present.ts';
export { type EndpointState, endpointOut, type MessageType } from './schema.ts';
export {
  createSigningSecret,
  notificationPurpose,
  sealedSigningSecrets,
  signersOf,
  signingSecretsOf,
  webhooksLifecycle,
} from './secrets.ts';
export { type Endpoint, findEndpoint, listProgramsWithEndpoints } from './store.ts';
