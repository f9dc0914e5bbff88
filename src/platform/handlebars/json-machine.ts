/**
 * A JSON parser as a machine of small steps, for text that is known and for text of which parts are not known yet.
 * A state is a string: the open brackets, then what is expected: `v` a value, `i` an item or the end of the list,
 * `k` a name or the end of the object, `K` a name, `:`, `,` a comma or an end, and within a string `S` (a value)
 * or `T` (a name).
 */
export type JsonState = string;

/** The whole text is expected. */
export const startState: JsonState = 'v';
/** The text may end here. */
export const endState: JsonState = ',';

/** One step: a sign, a quote that opens or closes a string, `w` a number or word, `?` what may be part of one. */
export interface JsonToken {
  sign: string;
  /** Index in the text. */
  at: number;
}

const literal = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
/** Beginnings and ends of those, which what is not known yet may complete. */
const fragment = /^[-+.\w]+$/;

/** Whether a number or word at an end of a text may go on beyond it. */
export interface OpenEnds {
  left: boolean;
  right: boolean;
}

/** The steps of a text. Blanks and what is within strings are none. */
export function jsonTokens(text: string, startsInString: boolean, open: OpenEnds): JsonToken[] {
  const tokens: JsonToken[] = [];
  let inString = startsInString;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] as string;
    if (inString) {
      if (char === '\\') i += 1;
      else if (char === '"') {
        tokens.push({ sign: '"', at: i });
        inString = false;
      }
    } else if (char === '"') {
      tokens.push({ sign: '"', at: i });
      inString = true;
    } else if ('{}[]:,'.includes(char)) tokens.push({ sign: char, at: i });
    else if (!' \n\r\t'.includes(char)) {
      let end = i + 1;
      while (end < text.length && !' \n\r\t{}[]:,"'.includes(text[end] as string)) end += 1;
      const word = text.slice(i, end);
      const isCut = ((open.left && i === 0) || (open.right && end === text.length)) && fragment.test(word);
      tokens.push({ sign: isCut ? '?' : literal.test(word) ? 'w' : '!', at: i });
      i = end - 1;
    }
  }
  return tokens;
}

const afterValue = (stack: string): JsonState => `${stack},`;

/** The state behind a sign; null where the sign cannot stand. */
export function stepJson(state: JsonState, sign: string): JsonState | null {
  const stack = state.slice(0, -1);
  const expected = state.slice(-1);
  const wantsValue = expected === 'v' || expected === 'i';
  const wantsName = expected === 'k' || expected === 'K';
  switch (sign) {
    case '"':
      if (expected === 'S') return afterValue(stack);
      if (expected === 'T') return `${stack}:`;
      if (wantsValue) return `${stack}S`;
      return wantsName ? `${stack}T` : null;
    case 'w':
      return wantsValue ? afterValue(stack) : null;
    case '{':
      return wantsValue ? `${stack}{k` : null;
    case '[':
      return wantsValue ? `${stack}[i` : null;
    case '}':
      return stack.endsWith('{') && (expected === 'k' || expected === ',')
        ? afterValue(stack.slice(0, -1))
        : null;
    case ']':
      return stack.endsWith('[') && (expected === 'i' || expected === ',')
        ? afterValue(stack.slice(0, -1))
        : null;
    case ':':
      return expected === ':' ? `${stack}v` : null;
    case ',':
      if (expected !== ',' || stack === '') return null;
      return stack.endsWith('{') ? `${stack}K` : `${stack}v`;
    default:
      return null;
  }
}

/** The state behind a value of the data: a whole value, a name, or text within a string. */
export function stepValue(state: JsonState): JsonState | null {
  const stack = state.slice(0, -1);
  switch (state.slice(-1)) {
    case 'S':
    case 'T':
      return state;
    case 'v':
    case 'i':
      return afterValue(stack);
    case 'k':
    case 'K':
      return `${stack}:`;
    default:
      return null;
  }
}

/** What could stand where none of the states allows what does. */
export function expectedIn(states: Iterable<JsonState>): string {
  const wanted = new Set<string>();
  for (const state of states) {
    const open = state.at(-2);
    switch (state.slice(-1)) {
      case 'v':
        wanted.add('a value');
        break;
      case 'i':
        wanted.add('a value').add(']');
        break;
      case 'k':
        wanted.add('a "name"').add('}');
        break;
      case 'K':
        wanted.add('a "name"');
        break;
      case ':':
        wanted.add(':');
        break;
      case ',':
        if (open === undefined) wanted.add('the end');
        else wanted.add('a comma').add(open === '{' ? '}' : ']');
        break;
      default:
        wanted.add('"');
    }
  }
  const list = [...wanted];
  return list.length > 1 ? `${list.slice(0, -1).join(', ')} or ${list.at(-1)}` : (list[0] ?? 'nothing');
}

/** The index at which a text stops being JSON, and what was expected there; null: it is JSON. */
export function findJsonFault(text: string): { at: number; expected: string } | null {
  let state = startState;
  for (const { sign, at } of jsonTokens(text, false, { left: false, right: false })) {
    const next = stepJson(state, sign);
    if (next === null) return { at, expected: expectedIn([state]) };
    state = next;
  }
  return state === endState ? null : { at: text.length, expected: expectedIn([state]) };
}
