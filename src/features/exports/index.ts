export { sftpChannel } from './channel.ts';
export { exportsLifecycle, sealedExportColumns, watchedExport } from './lifecycle.ts';
export { sweepExports } from './sweep.ts';
