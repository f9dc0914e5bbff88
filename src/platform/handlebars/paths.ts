import type { PathNode } from './ast.ts';
import type { Evaluate } from './dialect.ts';
import { type Place, RenderFault } from './errors.ts';
import type { Scope } from './scope.ts';

const hasOwn = Object.prototype.hasOwnProperty;

/**
 * The own property of a value that is not null. Own only: `constructor`, `__proto__` and methods are no fields
 * unless the data has them as such.
 */
export function ownProperty(parent: unknown, name: string): unknown {
  const value = (parent as Record<string, unknown>)[name];
  return value == null || hasOwn.call(parent, name) ? value : undefined;
}

/** The block parameters at a place of a template: one entry for each scope that it will render in. */
export interface LexicalScope {
  readonly params: readonly string[] | undefined;
  readonly outer: LexicalScope | null;
}

/** How many scopes out a name is a block parameter, and which. */
export function findParam(lexical: LexicalScope | null, name: string): [hops: number, index: number] | null {
  let hops = 0;
  for (let at = lexical; at !== null; at = at.outer) {
    const index = at.params?.indexOf(name) ?? -1;
    if (index >= 0) return [hops, index];
    hops += 1;
  }
  return null;
}

export interface PathOptions {
  strict: boolean;
  assumeObjects: boolean;
  compat: boolean;
  /** Stops at any falsy value, not only at null: stock Handlebars does where a helper's name is looked up. */
  falsy: boolean;
  place: Place;
}

/** `this.x`, `./x` and `../x` name data for certain; `x` may name a helper. */
export const isScoped = (path: PathNode): boolean => /^\.|this\b/.test(path.original);

export const isSimple = (path: PathNode): boolean =>
  path.parts.length === 1 && !isScoped(path) && path.depth === 0;

function contextAt(depth: number): Evaluate {
  if (depth === 0) return (scope) => scope.context;
  if (depth === 1) return (scope) => scope.up?.context;
  return (scope) => {
    let at: Scope | null = scope;
    for (let i = 0; i < depth && at !== null; i += 1) at = at.up;
    return at?.context;
  };
}

/** The first context, from here upwards, that has the field (stock option `compat`). */
function nearest(name: string): Evaluate {
  return (scope) => {
    for (let at: Scope | null = scope; at !== null; at = at.up) {
      const value = at.context ? ownProperty(at.context, name) : at.context;
      if (value != null) return value;
    }
    return undefined;
  };
}

function paramAt(hops: number, index: number): Evaluate {
  return (scope) => {
    let at: Scope | null = scope;
    for (let i = 0; i < hops && at !== null; i += 1) at = at.outer;
    return at?.params?.[index];
  };
}

/** Follows `parts` from what `start` gives. */
function follow(start: Evaluate, parts: readonly string[], options: PathOptions): Evaluate {
  if (options.strict || options.assumeObjects) return followStrictly(start, parts, options);
  const [first, second] = parts;
  if (first === undefined) return start;
  if (options.falsy)
    return (scope) => {
      let value = start(scope);
      for (let i = 0; i < parts.length && value; i += 1) value = ownProperty(value, parts[i] as string);
      return value;
    };
  if (second === undefined)
    return (scope) => {
      const value = start(scope);
      return value == null ? value : ownProperty(value, first);
    };
  return (scope) => {
    let value = start(scope);
    for (let i = 0; i < parts.length && value != null; i += 1) value = ownProperty(value, parts[i] as string);
    return value;
  };
}

function followStrictly(start: Evaluate, parts: readonly string[], options: PathOptions): Evaluate {
  const { strict, place } = options;
  const last = parts.length - 1;
  return (scope) => {
    let value = start(scope);
    parts.forEach((part, index) => {
      const isMissing = strict && index === last && (typeof value !== 'object' || !(part in (value ?? {})));
      if (value == null || isMissing)
        throw new RenderFault('bad_value', `"${part}" not defined in ${String(value)}`, place);
      value = ownProperty(value, part);
    });
    return value;
  };
}

/** Compiles a path to what finds its value. */
export function compilePath(path: PathNode, lexical: LexicalScope, options: PathOptions): Evaluate {
  const { depth } = path;
  // Stock Handlebars takes {{""}} for {{this}}.
  const parts = path.parts[0] === '' ? [] : path.parts;
  const [name] = parts;
  if (path.data) return compileVariable(path, options);
  const param = depth === 0 && !isScoped(path) && name !== undefined ? findParam(lexical, name) : null;
  if (param !== null)
    return follow(paramAt(...param), parts.slice(1), { ...options, falsy: false, strict: false });
  if (options.compat && depth === 0 && name !== undefined && !isScoped(path))
    return follow(nearest(name), parts.slice(1), options);
  if (depth === 0 && parts.length === 1 && name !== undefined && !options.strict && !options.assumeObjects)
    return options.falsy
      ? (scope) => scope.context && ownProperty(scope.context, name)
      : (scope) => {
          const { context } = scope;
          return context == null ? context : ownProperty(context, name);
        };
  return follow(contextAt(depth), parts, options);
}

/** `@root`, `@index`, `@../index`, and what the caller gave. */
function compileVariable(path: PathNode, options: PathOptions): Evaluate {
  const { depth, parts } = path;
  const [name, ...rest] = parts;
  if (name === undefined) return () => undefined;
  if (name === 'partial-block' && rest.length === 0)
    return (scope) => (scope.block === null ? undefined : true);
  const { strict, assumeObjects, place } = options;
  const mustExist = strict || assumeObjects;
  const start: Evaluate = (scope) => {
    let frame: Scope['frame'] | null = scope.frame;
    for (let i = 0; i < depth && frame !== null; i += 1) frame = frame.parent;
    if (frame === null && mustExist)
      throw new RenderFault('bad_value', `"${name}" not defined in undefined`, place);
    return frame?.get(name);
  };
  if (strict && rest.length === 0)
    return (scope) => {
      const value = start(scope);
      if (value === undefined) throw new RenderFault('bad_value', `"${name}" not defined`, place);
      return value;
    };
  if (mustExist) return followStrictly(start, rest, options);
  return rest.length === 0 ? start : follow(start, rest, { ...options, falsy: true });
}
