/** What a page may not hold, whatever the policy would do about it: empty for a page that is right. */
export function htmlFaults(html: string): string[] {
  const tags = [...html.matchAll(/<[a-z][^<>]*>/gi)].map(([tag]) => tag);
  const bare = (tag: string) => tag.replace(/"[^"]*"/g, '""');
  return [
    ...tags.filter((tag) => /^<script(?![^>]* src="\/assets\/)/i.test(tag)).map((tag) => `inline: ${tag}`),
    ...tags.filter((tag) => /\s(?:style|on[a-z]+)=/i.test(bare(tag))).map((tag) => `attribute: ${tag}`),
    ...tags
      .filter((tag) => /^<(?:link|script|img|iframe|form|source|video|object|embed)\b/i.test(tag))
      .filter((tag) => /\s(?:src|href|action|data)="\s*(?:[a-z]+:)?\/\//i.test(tag))
      .map((tag) => `foreign: ${tag}`),
    ...(/<style[\s>]/i.test(html) ? ['a style element'] : []),
  ];
}

/** Addresses of others in a style or a script; names of XML's own are none. */
export function foreignAddresses(text: string): string[] {
  return [...text.matchAll(/(?:https?:)?\/\/[\w-]+(?:\.[\w-]+)+[^\s"'`)]*/g)]
    .map(([address]) => address)
    .filter((address) => !/^http:\/\/www\.w3\.org\//.test(address));
}
