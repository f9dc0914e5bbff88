export { sftpChannel } from './channel.ts';
export { exportsLifecycle, sealedExportColumns } from './lifecycle.ts';
export { sweepExports } from './sweep.ts';
