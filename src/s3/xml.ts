import { escapeXml, unescapeXml } from '../platform/objects/xml.ts';
import { S3Error } from './errors.ts';

export interface XmlElement {
  name: string;
  /** The text right inside, without its children's. */
  text: string;
  children: XmlElement[];
}

const maxDepth = 5;

/**
 * Reads the little XML that S3 clients send: elements and text. No document type, no entity but the five
 * names and character references, no comment, no CDATA: so that a document can neither grow nor name
 * anything. `maxElements` bounds the work. Throws `MalformedXML`.
 */
export function parseXml(text: string, maxElements: number): XmlElement {
  const root: XmlElement = { name: '', text: '', children: [] };
  const open: XmlElement[] = [root];
  let elements = 0;
  let at = text.startsWith('\ufeff') ? 1 : 0;
  if (text.startsWith('<?xml', at)) at = endOf(text, '?>', at);
  while (at < text.length) {
    const tag = text.indexOf('<', at);
    const inside = open.at(-1) as XmlElement;
    inside.text += unescapeXml(text.slice(at, tag < 0 ? text.length : tag));
    if (tag < 0) break;
    at = endOf(text, '>', tag);
    const body = text.slice(tag + 1, at - 1);
    const match = /^(\/)?([A-Za-z_][\w.-]{0,99})((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/)?$/.exec(
      body,
    );
    if (!match || body.length > maxTagLength)
      throw malformed('it holds something other than elements and text');
    const [, closing, name = '', attributes, empty] = match;
    if (closing) {
      if (attributes || empty || open.length < 2 || inside.name !== name)
        throw malformed('its elements do not match');
      open.pop();
      continue;
    }
    if (++elements > maxElements) throw malformed('it has too many elements');
    const element: XmlElement = { name, text: '', children: [] };
    inside.children.push(element);
    if (empty) continue;
    if (open.length > maxDepth) throw malformed('its elements are nested too deeply');
    open.push(element);
  }
  const [only] = root.children;
  if (open.length > 1 || !only || root.children.length > 1 || root.text.trim() !== '') {
    throw malformed('it is not one element');
  }
  return only;
}

const maxTagLength = 1_000;

function endOf(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  if (at < 0) throw malformed('it breaks off');
  return at + end.length;
}

function malformed(why: string): S3Error {
  return new S3Error('MalformedXML', `The body is not the XML that S3 describes here: ${why}.`);
}

/** The text of a child, or null. */
export function childText(element: XmlElement, name: string): string | null {
  return element.children.find((child) => child.name === name)?.text ?? null;
}

/** What to write: an element's text, or its children in order; null leaves it out, a list repeats it. */
export type XmlContent = string | number | boolean | null | XmlMembers | (string | XmlMembers)[];
export interface XmlMembers {
  [name: string]: XmlContent;
}

/** A document with S3's namespace on its root. */
export function writeXml(root: string, members: XmlMembers | string): string {
  const inside = typeof members === 'string' ? escapeXml(members) : writeMembers(members);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</${root}>`;
}

export function writeMembers(members: XmlMembers): string {
  return Object.entries(members)
    .flatMap(([name, content]) => {
      const list = Array.isArray(content) ? content : content === null ? [] : [content];
      return list.map(
        (one) => `<${name}>${typeof one === 'object' ? writeMembers(one) : escapeXml(String(one))}</${name}>`,
      );
    })
    .join('');
}
