import type { PropsWithChildren } from 'hono/jsx';

declare module 'hono/jsx/jsx-runtime' {
  namespace JSX {
    interface IntrinsicElements {
      'hub-live': PropsWithChildren<{ id: string; 'data-every'?: number | undefined }>;
      'hub-time': PropsWithChildren;
      'hub-copy': PropsWithChildren;
      'hub-editor': PropsWithChildren<{ 'data-src': string; 'data-preview': string | undefined }>;
    }
  }
}
