declare module 'idiomorph/dist/idiomorph.esm.js' {
  export const Idiomorph: {
    morph(old: Element, fresh: Element, options: Record<string, unknown>): void;
  };
}
interface TrustedTypePolicyFactory {
  createPolicy(
    name: string,
    rules: { createHTML(text: string): string },
  ): { createHTML(text: string): string };
}
declare var trustedTypes: TrustedTypePolicyFactory | undefined;
