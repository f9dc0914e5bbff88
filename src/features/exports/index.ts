export { sftpChannel } from './channel.ts';
export { checkRelay } from './contacts/check.ts';
export { exportsLifecycle, sealedExportColumns, watchedExport } from './lifecycle.ts';
export { sweepExports } from './sweep.ts';
