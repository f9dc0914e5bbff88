import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';

// What DESIGN 3 promises of the layout, proved on the text of `src/`.

const root = fileURLToPath(new URL('..', import.meta.url));

/** The slices in their order: each imports only from those before it. */
const sliceOrder = [
  ...['audit', 'programs', 'activity', 'attention', 'webhooks', 'deliveries', 'alerts', 'monitors'],
  ...['keys', 'drops', 'files', 'subscriptions', 'events'],
  ...['tasks', 'records', 'jobs', 'syncs', 'exports', 'flows', 'traces'],
];

interface Import {
  /** Path under `src/`, or the package's name. */
  target: string;
  names: string;
  typeOnly: boolean;
}

interface SourceFile {
  path: string;
  text: string;
  imports: Import[];
}

function filesIn(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('node_modules'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, folder, path), 'utf8');
      return { path, text, imports: importsOf(path, text) };
    });
}

const files = filesIn('src');
/** A program of its own, held to the same rules of form. */
const relayFiles = filesIn('relay').map((file) => ({ ...file, path: `relay/${file.path}` }));

function importsOf(path: string, text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?([^;'"]*?)from\s+['"]([^'"]+)['"]/gm);
  const bare = text.matchAll(/(?:^import|\bimport\()\s*['"]([^'"]+)['"]/gm);
  const resolve = (target: string) =>
    target.startsWith('.') ? normalize(join(dirname(path), target)) : target;
  return [
    ...[...statements].map(([, type, names = '', target = '']) => ({
      target: resolve(target),
      names,
      typeOnly: type !== undefined,
    })),
    ...[...bare].map(([, target = '']) => ({ target: resolve(target), names: '', typeOnly: false })),
  ];
}

const sliceOf = (path: string): string | null => /^features\/([^/]+)\//.exec(path)?.[1] ?? null;
const isOurs = (target: string) => files.some((file) => file.path === target);
const isDoor = (path: string) => !path.startsWith('features/') && !path.startsWith('platform/');

/** `file → target` for each import that `breaks`. */
function breaches(breaks: (file: SourceFile, imported: Import) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((imported) => breaks(file, imported))
      .map((imported) => `${file.path} → ${imported.target}`),
  );
}

describe('the files of src', () => {
  it('were read, with what they import', () => {
    expect(files.length).toBeGreaterThan(100);
    const ours = files.flatMap((file) => file.imports).filter(({ target }) => isOurs(target));
    expect(ours.length).toBeGreaterThan(300);
    expect(breaches((_, { target }) => /\.tsx?$/.test(target) && !isOurs(target))).toEqual([]);
  });
});

describe('imports', () => {
  it('go from a slice only to slices before it', () => {
    const unknown = files
      .map(({ path }) => sliceOf(path))
      .filter((slice) => slice !== null && !sliceOrder.includes(slice));
    expect(unknown).toEqual([]);
    const upward = breaches(({ path }, { target }) => {
      const [from, to] = [sliceOf(path), sliceOf(target)];
      return from !== null && to !== null && from !== to && sliceOrder.indexOf(to) > sliceOrder.indexOf(from);
    });
    expect(upward).toEqual([]);
  });

  it("reach another slice through its index.ts alone, a type's table through its schema.ts", () => {
    const throughTheWindow = breaches((file, { target, typeOnly }) => {
      const [from, to] = [sliceOf(file.path), sliceOf(target)];
      if (from === null || to === null || from === to) return false;
      // drizzle-kit loads table.ts by itself: it may name types of another slice, and load nothing of it.
      const namesType = typeOnly && file.path.endsWith('/table.ts') && target.endsWith('/schema.ts');
      return !target.endsWith('/index.ts') && !namesType;
    });
    expect(throughTheWindow).toEqual([]);
  });

  it('reach a slice from the doors through index.ts, routes.ts, consumer.ts, pages or its *.system.ts', () => {
    const sideways = breaches(
      ({ path }, { target }) =>
        isDoor(path) &&
        sliceOf(target) !== null &&
        !/\/(index|routes|consumer|pages|[a-z]+\.system)\.tsx?$/.test(target),
    );
    expect(sideways).toEqual([]);
  });

  it('never lead from a slice to a door', () => {
    const shared = ['context.ts', 'http.ts', 'env.ts'];
    const upward = breaches(
      ({ path }, { target }) =>
        sliceOf(path) !== null && isOurs(target) && isDoor(target) && !shared.includes(target),
    );
    expect(upward).toEqual([]);
  });

  it('never lead out of platform to anything of ours', () => {
    const upward = breaches(
      ({ path }, { target }) =>
        path.startsWith('platform/') && isOurs(target) && !target.startsWith('platform/'),
    );
    expect(upward).toEqual([]);
  });

  it('run in no circle', () => {
    expect(circleIn(new Map(files.map((file) => [file.path, ownRuntimeImports(file)])))).toBeNull();
  });

  it('would be seen to run in a circle', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a']],
    ]);
    expect(circleIn(graph)).toEqual(['a', 'b', 'c', 'a']);
  });
});

function ownRuntimeImports(file: SourceFile): string[] {
  return file.imports
    .filter(({ target, typeOnly }) => !typeOnly && isOurs(target))
    .map(({ target }) => target);
}

function circleIn(graph: Map<string, string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (node: string, trail: string[]): string[] | null => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (done.has(node)) return null;
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next, [...trail, node]);
      if (circle) return circle;
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const circle = visit(node, []);
    if (circle) return circle;
  }
  return null;
}

describe('a verb', () => {
  it('takes no Hono context: only routes, pages, http.ts and the doors know the framework', () => {
    const aware = breaches(({ path }, { target, names }) => {
      if (!/^(hono|@hono)(\/|$)/.test(target)) return false;
      if (/\/(routes|pages)\.tsx?$/.test(path) || path === 'http.ts' || /^(api|s3|dashboard)\//.test(path))
        return false;
      // Schemas take zod from there, for it carries their OpenAPI names.
      return !(
        path.endsWith('/schema.ts') &&
        target === '@hono/zod-openapi' &&
        /^\{\s*z\s*\}\s*$/.test(names)
      );
    });
    expect(aware).toEqual([]);
  });

  it('takes no request: of http.ts only routes use more than the shapes that schemas share', () => {
    const aware = breaches(({ path }, { target, names }) => {
      if (target !== 'http.ts' || /\/(routes|pages)\.tsx?$/.test(path) || isDoor(path)) return false;
      return !(path.endsWith('/schema.ts') && /^\{\s*isoTime\s*\}\s*$/.test(names));
    });
    expect(aware).toEqual([]);
  });

  it('takes no binding: only the doors see Env', () => {
    const aware = breaches(
      ({ path }, { target, names }) => target === 'env.ts' && !isDoor(path) && /\bEnv\b/.test(names),
    );
    expect(aware).toEqual([]);
  });
});

/** A slice's index passes these on from its *.system.ts; who may take them, and why. */
const acrossTenants: Record<string, { name: string; users: string[] }[]> = {
  // The minute counts what all programs' events and deliveries came to.
  activity: [{ name: 'rollUpActivity', users: ['schedule.ts'] }],
  programs: [
    // The night makes all programs due, and the minutes after it see to them.
    { name: 'duePrograms', users: ['schedule.ts'] },
    { name: 'markPruneDue', users: ['schedule.ts'] },
    // The minute's step begins the nights of programs whose local time has come.
    { name: 'listNightlyPrograms', users: ['features/syncs/nightly.ts'] },
    { name: 'NightlyProgram', users: ['features/syncs/nightly.ts'] },
  ],
  attention: [
    // The alert step of the cron takes up whatever is untold.
    { name: 'takeUntold', users: ['features/alerts/send.ts'] },
    { name: 'UntoldProblems', users: ['features/alerts/send.ts'] },
  ],
};

describe('a query across tenants', () => {
  it('lives in a *.system.ts, which its own slice and the doors alone import', () => {
    const others = breaches(({ path }, { target }) => {
      if (!/\.system\.ts$/.test(target)) return false;
      return !isDoor(path) && sliceOf(path) !== sliceOf(target);
    });
    expect(others).toEqual([]);
  });

  it('is passed on by name, to the steps that are known to need it', () => {
    const passedOn = files
      .filter(({ path }) => path.endsWith('/index.ts') && sliceOf(path) !== null)
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ target }) => target.endsWith('.system.ts'))
          .flatMap(({ names }) => namesIn(names).map((name) => ({ slice: sliceOf(path) ?? '', name }))),
      );
    for (const { slice, name } of passedOn) {
      const known = acrossTenants[slice]?.find((one) => one.name === name);
      expect(known, `${slice} passes on ${name}: say in acrossTenants for whom`).toBeDefined();
      const users = files
        .filter(
          ({ path, imports }) =>
            sliceOf(path) !== slice &&
            imports.some(
              ({ target, names }) => target === `features/${slice}/index.ts` && namesIn(names).includes(name),
            ),
        )
        .map(({ path }) => path);
      expect(users, `${name} of ${slice}`).toEqual(known?.users);
    }
    const stale = Object.entries(acrossTenants).flatMap(([slice, list]) =>
      list.filter(({ name }) => !passedOn.some((one) => one.slice === slice && one.name === name)),
    );
    expect(stale).toEqual([]);
  });
});

function namesIn(names: string): string[] {
  return names
    .replace(/[{}]/g, ' ')
    .split(',')
    .map((name) =>
      name
        .trim()
        .replace(/^type\s+/, '')
        .replace(/\s+as\s+.*$/, ''),
    )
    .filter((name) => name !== '');
}

interface Table {
  sqlName: string;
  constant: string;
  slice: string;
}

const tables: Table[] = files
  .filter(({ path }) => path.endsWith('/table.ts'))
  .flatMap(({ path, text }) =>
    [...text.matchAll(/export const (\w+) = sqliteTable\(\s*'([a-z_]+)'/g)].map(
      ([, constant = '', sqlName = '']) => ({
        sqlName,
        constant,
        slice: sliceOf(path) ?? '',
      }),
    ),
  );

/** Written outside their slice, and why. */
const otherWriters: Record<string, string> = {
  // The faults and the clock that tests set, written by the door that production does not have.
  dev_switches: 'api/dev.ts',
};

function writes(text: string, table: Table): boolean {
  const builder = new RegExp(`\\.(insert|update|delete)\\(\\s*${table.constant}\\s*\\)`);
  const statement = new RegExp(
    `\\b(INSERT(\\s+OR\\s+\\w+)?\\s+INTO|REPLACE\\s+INTO|UPDATE(\\s+OR\\s+\\w+)?|DELETE\\s+FROM)\\s+["\`]?(${table.sqlName}\\b|\\$\\{${table.constant}\\})`,
    'i',
  );
  return builder.test(text) || statement.test(text);
}

describe('a table', () => {
  it('is known, and named once', () => {
    const declared = files.flatMap(({ text }) => [...text.matchAll(/\bsqliteTable\(/g)]);
    expect(tables.length).toBe(declared.length);
    expect(new Set(tables.map(({ sqlName }) => sqlName)).size).toBe(tables.length);
    const migrations = readdirSync(join(root, 'migrations')).filter((name) => name.endsWith('.sql'));
    const created = migrations.flatMap((name) =>
      [...readFileSync(join(root, 'migrations', name), 'utf8').matchAll(/CREATE TABLE [`"](\w+)[`"]/g)].map(
        ([, table = '']) => table,
      ),
    );
    for (const { sqlName } of tables) expect(created).toContain(sqlName);
  });

  it('is written by its own slice alone', () => {
    const foreign = tables.flatMap((table) =>
      files
        .filter(({ path, text }) => sliceOf(path) !== table.slice && writes(text, table))
        .filter(({ path }) => otherWriters[table.sqlName] !== path)
        .map(({ path }) => `${path} writes ${table.sqlName} of ${table.slice}`),
    );
    expect(foreign).toEqual([]);
  });

  it('has a writer, or it would be no use', () => {
    const unwritten = tables.filter((table) => !files.some(({ text }) => writes(text, table)));
    expect(unwritten).toEqual([]);
  });

  it.each([
    'ctx.db.insert(apiKeys).values(row)',
    'ctx.db\n    .update( apiKeys )',
    'sql`INSERT INTO api_keys (a) VALUES (1)`',
    'sql`insert or ignore into api_keys`',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a program.
    'sql`UPDATE ${apiKeys} SET a = 1`',
    'sql`DELETE\n FROM api_keys`',
  ])('would be seen to be written by %s', (text) => {
    expect(writes(text, { constant: 'apiKeys', sqlName: 'api_keys', slice: 'keys' })).toBe(true);
    expect(writes(text, { constant: 'apiKey', sqlName: 'api_key', slice: 'keys' })).toBe(false);
  });

  it('is never written in an interactive transaction, which D1 has not', () => {
    const users = files.filter(({ text }) => /\.transaction\(/.test(text)).map(({ path }) => path);
    expect(users).toEqual([]);
  });

  it('says what it is for', () => {
    const silent = tables.filter(({ constant, slice }) => {
      const text = files.find(({ path }) => path === `features/${slice}/table.ts`)?.text ?? '';
      return !new RegExp(`\\*/\\s*export const ${constant}\\b`).test(text);
    });
    expect(silent).toEqual([]);
  });
});

interface Wrangler {
  triggers: { crons: string[] };
  queues: {
    producers: { binding: string; queue: string }[];
    consumers: Record<string, string | number>[];
  };
  ratelimits: { name: string; simple: { limit: number; period: number } }[];
  compatibility_flags: string[];
  d1_databases: { binding: string }[];
  r2_buckets: { binding: string }[];
  send_email: { name: string }[];
  vars: Record<string, string>;
}

const wrangler = parse(readFileSync(join(root, 'wrangler.toml'), 'utf8')) as unknown as Wrangler;
const textOf = (path: string) => files.find((file) => file.path === path)?.text ?? '';

describe('wrangler.toml', () => {
  const { producers, consumers } = wrangler.queues;
  const dead = consumers.flatMap((one) => one.dead_letter_queue ?? []);
  const handled = [...textOf('queues.ts').matchAll(/^ {2}'([a-z-]+)': consumer\(/gm)].map(
    ([, name = '']) => name,
  );

  it('declares the queues that src/queues.ts consumes', () => {
    expect(handled.length).toBeGreaterThan(1);
    const live = consumers.map(({ queue }) => queue).filter((queue) => !dead.includes(String(queue)));
    expect(live.sort()).toEqual([...handled].sort());
    expect(producers.map(({ queue }) => queue).sort()).toEqual([...handled].sort());
  });

  it('gives each of them a dead-letter queue, which is consumed too', () => {
    for (const one of consumers) {
      const isDead = dead.includes(String(one.queue));
      expect(one.dead_letter_queue, String(one.queue)).toBe(isDead ? undefined : `${one.queue}-dead`);
    }
    const consumed = consumers.map(({ queue }) => queue);
    expect(dead.filter((queue) => !consumed.includes(String(queue)))).toEqual([]);
  });

  it('leaves no setting of a queue to defaults, which differ between here and there', () => {
    for (const one of consumers) {
      const settings = [
        'max_batch_size',
        'max_batch_timeout',
        'max_retries',
        'max_concurrency',
        'retry_delay',
      ];
      expect(Object.keys(one), String(one.queue)).toEqual(expect.arrayContaining(settings));
    }
  });

  it('fires the crons that src/schedule.ts has steps for', () => {
    const steps = [...textOf('schedule.ts').matchAll(/^ {2}'([^']+ [^']+)': \{/gm)].map(([, cron]) => cron);
    expect(steps.length).toBeGreaterThan(0);
    expect([...wrangler.triggers.crons].sort()).toEqual(steps.sort());
  });

  it('limits the rate as src/api/rate.ts tells callers', () => {
    const [limit] = wrangler.ratelimits;
    const guard = textOf('api/rate.ts');
    const quota = /export const rateQuota = ([\d_]+);/.exec(guard)?.[1]?.replaceAll('_', '');
    const period = /const ratePeriodSeconds = (\d+);/.exec(guard)?.[1];
    expect(wrangler.ratelimits).toHaveLength(1);
    expect(limit).toMatchObject({
      name: 'API_RATE',
      simple: { limit: Number(quota), period: Number(period) },
    });
  });

  it('binds what Env names, and nothing else', () => {
    const env = /export interface Env \{([^}]*)\}/.exec(textOf('env.ts'))?.[1] ?? '';
    const named = [...env.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name);
    const bound = [
      ...wrangler.d1_databases.map(({ binding }) => binding),
      ...wrangler.r2_buckets.map(({ binding }) => binding),
      ...producers.map(({ binding }) => binding),
      ...wrangler.send_email.map(({ name }) => name),
      ...wrangler.ratelimits.map(({ name }) => name),
      'RELAY',
    ];
    expect(named.sort()).toEqual(bound.sort());
  });

  it('is for production: no example, no test clock, no way behind its own front door', () => {
    expect(wrangler.compatibility_flags).toContain('global_fetch_strictly_public');
    // The benches' hub is the deployed one.
    const hub = readFileSync(`${root}bench/hub.ts`, 'utf8');
    for (const flag of wrangler.compatibility_flags) expect(hub).toContain(`'${flag}'`);
    expect(wrangler.vars.ENVIRONMENT).toBe('production');
    for (const name of ['SYSTEM_KEY', 'SEAL_KEYS', 'TEST_CLOCK', 'ALLOW_LOOPBACK', 'RATE_LIMIT']) {
      expect(wrangler.vars).not.toHaveProperty(name);
    }
  });
});

/** Who may call out, and whom: where tenants have no say in the address, the guard has nothing to judge. */
const callsOut: Record<string, string> = {
  'platform/outbound.ts': 'the guard itself',
  'platform/dns.ts': 'the resolver of the settings, which the guard asks',
  'platform/objects/s3.ts': 'the object store of the settings',
  'platform/access-token.ts': 'the keys of the team in the settings',
  'open.ts': 'the relay of the settings',
};

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

describe('a call out of the hub', () => {
  /** `fetch(…)` of the platform: neither a method of something else nor a name that ends so. */
  const fetches = /(?<![\w.#$])fetch\s*\(|globalThis\s*\.\s*fetch|\bself\s*\.\s*fetch/;
  const otherWays =
    /cloudflare:sockets|node:(net|tls|http|https|dgram|dns)\b|new\s+(WebSocket|EventSource)\b/;
  const server = files.filter(({ path }) => !path.startsWith('dashboard/client/'));

  it('goes through the one guard, but to what the settings name', () => {
    const found = server.filter(({ text }) => fetches.test(withoutComments(text))).map(({ path }) => path);
    // The door is a method called fetch, and calls nobody.
    expect(found.filter((path) => path !== 'index.ts').sort()).toEqual(Object.keys(callsOut).sort());
  });

  it('goes no other way than by fetch', () => {
    const found = server.filter(({ text }) => otherWays.test(withoutComments(text))).map(({ path }) => path);
    expect(found).toEqual([]);
  });

  it('by the guard has the rules of the settings alone, and a mail one way out', () => {
    const withText = (pattern: RegExp, but: string[]) =>
      server.filter(({ path, text }) => pattern.test(withoutComments(text)) && !but.includes(path));
    // The rules are made in one place, and whoever calls passes them on as they are.
    expect(withText(/allowLoopback\s*:/, ['open.ts', 'platform/outbound.ts'])).toEqual([]);
    for (const { path, text } of withText(/\b(sendGuarded|checkCallable|checkHost)\s*\(/, [
      'platform/outbound.ts',
    ])) {
      const calls = text.match(/\b(sendGuarded|checkCallable|checkHost)\s*\(/g) ?? [];
      const passed = text.match(/\bctx\.outbound\b/g) ?? [];
      expect([path, passed.length]).toEqual([path, calls.length]);
    }
    expect(withText(/\bEMAIL\s*\.\s*send/, ['open.ts'])).toEqual([]);
    expect(withText(/\.sendEmail\s*\(/, ['features/deliveries/channels.ts'])).toEqual([]);
    expect(withText(/\bRELAY\s*\.\s*get\b/, ['open.ts'])).toEqual([]);
  });

  it('is seen however it is written', () => {
    for (const text of ['await fetch(url)', 'return fetch (x)', '=> fetch(x)', 'globalThis.fetch(x)'])
      expect(fetches.test(text)).toBe(true);
    for (const text of ['app.fetch(x)', 'this.#fetch(x)', 'prefetch(x)', 'stub.fetch(x)'])
      expect(fetches.test(text)).toBe(false);
    expect(otherWays.test("import { connect } from 'cloudflare:sockets'")).toBe(true);
  });
});

describe('a file', () => {
  it('has at most 300 lines', () => {
    const all = [...files, ...relayFiles];
    const long = all.filter(({ text }) => text.split('\n').length - 1 > 300).map(({ path }) => path);
    expect(long).toEqual([]);
  });

  it('of the relay imports nothing of the hub, which may be of another day', () => {
    expect(relayFiles.length).toBeGreaterThan(30);
    const from = relayFiles.filter(({ path }) => path.startsWith('relay/src/'));
    const outside = from.flatMap(({ path, imports }) =>
      imports.filter(({ target }) => target.startsWith('..')).map(({ target }) => `${path} → ${target}`),
    );
    expect(outside).toEqual([]);
  });

  it('has a name that says what it is about', () => {
    const vague = [...files, ...relayFiles].filter(({ path }) =>
      /(^|\/)(utils?|helpers?|common|misc|manager|service)s?(\.|\/)/.test(path),
    );
    expect(vague).toEqual([]);
  });
});
