// Runs every benchmark, one after the other: each prints its own table of ratios.
await import('./csv.ts');
await import('./damage.ts');
await import('./templates.ts');
await import('./relay.ts');
await import('./syncs.ts');
await import('./jobs.ts');
await import('./exports.ts');
await import('./s3.ts');
await import('./fanout.ts');
await import('./pages.ts');

export {};
