export {
  createSigningSecret,
  notificationPurpose,
  sealedSigningSecrets,
  signingSecretsOf,
  webhooksLifecycle,
} from './secrets.ts';
