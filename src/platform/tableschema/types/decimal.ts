/**
 * Exact decimals without a big-number library. A canonical decimal is a JSON number where a double holds
 * it exactly as written, else the text that JavaScript would print if its numbers were exact:
 * `12345678901234567890`, `0.1234567890123456789`, `1.2345678901234567890123e+25`.
 */

/** sign · digits without outer zeros · the power of ten of the first digit. Zero has no digits, and 0. */
interface Parts {
  negative: boolean;
  digits: string;
  magnitude: number;
}

const form = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/;

function partsOf(text: string): Parts | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const whole = match[2] ?? '';
  const all = whole + (match[3] ?? '');
  if (all === '') return undefined;
  let first = 0;
  while (all.charCodeAt(first) === 48) first++;
  let end = all.length;
  while (end > first && all.charCodeAt(end - 1) === 48) end--;
  if (end === first) return { negative: false, digits: '', magnitude: 0 };
  const magnitude = whole.length - first - 1 + Number(match[4] ?? 0);
  return { negative: match[1] === '-', digits: all.slice(first, end), magnitude };
}

function print({ negative, digits, magnitude }: Parts): string {
  const sign = negative ? '-' : '';
  if (digits === '') return '0';
  if (magnitude < -7 || magnitude > 20) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits.charAt(0)}${fraction}e${magnitude < 0 ? '-' : '+'}${Math.abs(magnitude)}`;
  }
  if (magnitude < 0) return `${sign}0.${'0'.repeat(-magnitude - 1)}${digits}`;
  if (digits.length <= magnitude + 1) return sign + digits.padEnd(magnitude + 1, '0');
  return `${sign}${digits.slice(0, magnitude + 1)}.${digits.slice(magnitude + 1)}`;
}

/** A decimal as XSD writes it, with an optional exponent of at most six digits, in its canonical form. */
export function readDecimal(text: string): number | string | undefined {
  const parts = partsOf(text);
  if (parts === undefined) return undefined;
  const exact = print(parts);
  const nearest = Number(exact);
  if (parts.digits.length <= 15 && Math.abs(parts.magnitude) < 300) return nearest;
  return Number.isFinite(nearest) && sameDecimal(String(nearest), parts) ? nearest : exact;
}

function sameDecimal(text: string, parts: Parts): boolean {
  const other = partsOf(text);
  return (
    other !== undefined &&
    other.digits === parts.digits &&
    other.magnitude === parts.magnitude &&
    other.negative === parts.negative
  );
}

/** Orders canonical numbers, `INF` and `-INF` among them; NaN with `NaN`, which no bound admits. */
export function compareNumbers(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const left = rank(a);
  const right = rank(b);
  if (left !== 0 || right !== 0) return left === right ? 0 : left - right;
  const x = partsOf(String(a));
  const y = partsOf(String(b));
  if (x === undefined || y === undefined) return Number.NaN;
  if (x.negative !== y.negative) return x.negative ? -1 : 1;
  return x.negative ? -compareAbsolute(x, y) : compareAbsolute(x, y);
}

function rank(value: number | string): number {
  if (value === 'NaN') return Number.NaN;
  return value === 'INF' ? 1 : value === '-INF' ? -1 : 0;
}

function compareAbsolute(x: Parts, y: Parts): number {
  if (x.digits === '' || y.digits === '') return x.digits.length - y.digits.length;
  if (x.magnitude !== y.magnitude) return x.magnitude - y.magnitude;
  return x.digits < y.digits ? -1 : x.digits > y.digits ? 1 : 0;
}
