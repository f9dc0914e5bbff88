/**
 * The little XML that S3 answers with: elements without meaning in their attributes, never nested in
 * themselves, no comments, no CDATA. Nothing is expanded but the five names and character references
 * (XML 1.0, 4.1 and 4.6), so that a document cannot make work or name files.
 */

/** The raw inside of each `<name>` in document order; an empty element gives an empty string. */
export function elementsOf(xml: string, name: string): string[] {
  const elements: string[] = [];
  const opening = new RegExp(`<${name}(?:\\s[^<>]*)?/?>`, 'g');
  const closing = `</${name}>`;
  for (let match = opening.exec(xml); match; match = opening.exec(xml)) {
    if (match[0].endsWith('/>')) {
      elements.push('');
      continue;
    }
    const end = xml.indexOf(closing, opening.lastIndex);
    if (end === -1) break;
    elements.push(xml.slice(opening.lastIndex, end));
    opening.lastIndex = end + closing.length;
  }
  return elements;
}

/** The text of the first `<name>`, or `null`. */
export function textOf(xml: string, name: string): string | null {
  const raw = elementsOf(xml, name)[0];
  return raw === undefined ? null : unescapeXml(raw);
}

const namedEntities = new Map(Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }));

export function unescapeXml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return namedEntities.get(name) ?? whole;
    const code = hex === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
