export { sealedEndpointHeaders } from './endpoints.ts';
export type { MessageType } from './schema.ts';
export {
  createSigningSecret,
  notificationPurpose,
  sealedSigningSecrets,
  signingSecretsOf,
  webhooksLifecycle,
} from './secrets.ts';
export { listProgramsWithEndpoints } from './store.ts';
