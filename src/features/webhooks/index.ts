export {
  createSigningSecret,
  notificationPurpose,
  signingSecretsOf,
  sealedSigningSecrets,
  webhooksLifecycle,
} from './secrets.ts';
