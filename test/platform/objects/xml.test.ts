import { describe, expect, it } from 'vitest';
import { elementsOf, escapeXml, textOf, unescapeXml } from '../../../src/platform/objects/xml.ts';

describe('the XML of S3', () => {
  it('gives the inside of each element in order', () => {
    const xml =
      '<?xml version="1.0"?><A xmlns="x">\n<Key>1</Key><KeyCount>9</KeyCount><Key/><Key a="b">2</Key></A>';
    expect(elementsOf(xml, 'Key')).toEqual(['1', '', '2']);
    expect(elementsOf(xml, 'None')).toEqual([]);
  });

  it('ends at an element that is not closed', () => {
    expect(elementsOf('<Key>1</Key><Key>2', 'Key')).toEqual(['1']);
  });

  it('reads names and character references, each once', () => {
    expect(textOf('<K>&lt;&amp;lt;&gt;&quot;&apos;&#252;&#xFC;&#x1F98A;</K>', 'K')).toBe('<&lt;>"\'üü🦊');
  });

  it('expands nothing else', () => {
    expect(unescapeXml('&file; &#x110000; &amp')).toBe('&file; &#x110000; &amp');
    expect(unescapeXml('&constructor; &toString;')).toBe('&constructor; &toString;');
  });

  it('tells a missing element from an empty one', () => {
    expect(textOf('<A><Key></Key></A>', 'Key')).toBe('');
    expect(textOf('<A></A>', 'Key')).toBeNull();
  });

  it('reads back what it wrote', () => {
    expect(unescapeXml(escapeXml('"a"<&>'))).toBe('"a"<&>');
    expect(escapeXml('</Part>')).not.toContain('<');
  });

  it('takes a long hostile document in one walk', () => {
    expect(elementsOf('<Key'.repeat(200_000), 'Key')).toEqual([]);
    expect(elementsOf('<Key>'.repeat(200_000), 'Key')).toEqual([]);
  });
});
