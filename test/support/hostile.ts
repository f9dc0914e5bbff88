import { tagsOf } from './crawl.ts';

/** Strings that become something else wherever they are not printed as text. */
export const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "'><svg onload=alert(3)>",
  '</title><script>alert(4)</script>',
  '</textarea><script>alert(5)</script>',
  'javascript:alert(6)',
  '{{constructor.constructor("alert(7)")()}}',
  '<a href="data:text/html,<script>alert(8)</script>">x</a>',
  '<style>@import "https://evil.example/x.css";</style>',
  '<iframe srcdoc="<script>alert(9)</script>"></iframe>',
  '&lt;script&gt;alert(10)&lt;/script&gt;',
  '\u202egnp.exe\u2066 <img src="https://evil.example/p.gif">',
];

/** What of a page was made of a text that should have stayed one: elements, attributes, addresses. */
export function madeOfText(html: string): string[] {
  const faults: string[] = [];
  for (const tag of tagsOf(html)) {
    const [, name = '', rest = ''] = /^<([a-z0-9-]+)(.*)>$/is.exec(tag) ?? [];
    const attributes = [...rest.matchAll(/\s([^\s=>"]+)="[^"]*"|\s([^\s=>"/]+)/g)].map(
      ([, a, b]) => a ?? b ?? '',
    );
    if (/^(img|style|object|embed|base|iframe)$/.test(name)) faults.push(tag);
    if (attributes.some((one) => /^(on|style$|srcdoc$)/i.test(one))) faults.push(tag);
    // The tab's icon is the hub's own, and says a number.
    if (!isCountedIcon(tag) && /\s(href|src|action|formaction)="\s*(javascript|data):/i.test(tag))
      faults.push(tag);
  }
  if (/<script(?![^>]*\bsrc="\/assets\/)/.test(html)) faults.push('a script');
  if (html.includes('<!--')) faults.push('a comment');
  return faults;
}

const isCountedIcon = (tag: string) => {
  const icon = /^<link rel="icon" href="data:image\/svg\+xml,([^"]*)" type="image\/svg\+xml"\/?>$/.exec(
    tag,
  )?.[1];
  return (
    icon !== undefined &&
    /^<svg [^<]*><rect [^<]*\/><text [^<]*>\d\+?<\/text><\/svg>$/.test(decodeURIComponent(icon))
  );
};
