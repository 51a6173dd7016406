/**
 * Checks the rules that docs/design.md explains: which room may import which, no import cycles between files or rooms,
 * platform APIs only in listed files, names and lengths of files. Over 300 lines, because one table lists the permitted
 * imports of all rooms.
 */
import { describe, expect, test } from 'vitest';
import { secretsIn } from './support/secret-patterns.ts';
import { headerOf, importsOf, roomOf, sourceFiles, withoutComments } from './architecture/source-files.ts';

const src = sourceFiles('src');
const tests = sourceFiles('test');
const byPath = new Map(src.map((file) => [file.path, file]));

/**
 * The rooms that each room may import besides itself (docs/design.md, "Layout"). A room is a directory of
 * src/, a directory inside one, or a file in src/ itself. A new room needs an entry here and in that layout.
 * An entry with a file's path allows only that file. No permission may be unused, and rooms must not import
 * each other in a circle.
 */
const mayImport: Record<string, readonly string[]> = {
  core: [],
  config: ['core', 'sources/aws', 'sources/step-functions'],
  objects: ['core'],
  messages: ['core'],
  storage: ['core'],
  sources: ['core', 'messages'],
  'sources/aws': ['core'],
  'sources/things-graph': ['core', 'messages', 'sources', 'sources/aws'],
  'sources/step-functions': ['core', 'messages', 'sources', 'sources/aws'],
  'sources/call-budget': ['core', 'sources'],
  archive: ['core', 'messages', 'storage'],
  imports: ['core', 'messages', 'archive'],
  executions: ['core', 'messages', 'sources', 'archive', 'imports'],
  'executions/upstream': ['core', 'messages', 'sources', 'executions'],
  'executions/following': ['core', 'objects', 'messages', 'sources', 'executions', 'executions/upstream'],
  'executions/settling': ['core', 'messages', 'archive', 'imports', 'executions', 'executions/upstream'],
  'executions/serving': [
    'core',
    'objects',
    'messages',
    'sources',
    'archive',
    'imports',
    'executions',
    'executions/upstream',
    'executions/following',
    'executions/settling',
  ],
  'executions/runtimes': [
    'core',
    'objects',
    'archive',
    'imports',
    'executions',
    'executions/serving',
    'lists',
    'lists/runtimes',
  ],
  lists: ['core', 'messages', 'sources', 'archive', 'executions', 'executions/upstream', 'access/keys'],
  'lists/live': ['core', 'objects', 'messages', 'sources', 'archive', 'executions/following', 'lists'],
  'lists/runtimes': [
    'core',
    'objects',
    'sources',
    'executions',
    'executions/following',
    'lists',
    'lists/live',
  ],
  access: ['core', 'messages', 'storage', 'access/keys', 'access/limits'],
  'access/keys': ['core', 'messages', 'storage', 'access/limits'],
  'access/limits': ['core'],
  problems: ['core', 'access/limits'],
  http: ['core', 'messages', 'executions', 'lists', 'access', 'access/keys', 'problems'],
  'http/aws': ['core', 'messages', 'lists', 'access', 'problems', 'http'],
  'http/aws/things-graph': ['core', 'messages', 'access', 'problems', 'http', 'http/aws'],
  'http/aws/step-functions': [
    'core',
    'messages',
    'executions',
    'lists',
    'access',
    'problems',
    'http',
    'http/aws',
  ],
  'http/routes': [
    'core',
    'messages',
    'archive',
    'imports',
    'executions',
    'lists',
    'access',
    'access/keys',
    'access/limits',
    'http',
    'http/aws',
    'http/aws/things-graph',
    'http/aws/step-functions',
  ],
  app: ['core', 'messages', 'archive', 'executions', 'lists', 'access', 'http', 'http/aws', 'http/routes'],
  'compose-sources': [
    'core',
    'config',
    'messages',
    'sources',
    'sources/aws',
    'sources/things-graph',
    'sources/step-functions',
    'sources/call-budget',
    'archive',
    'executions/serving',
  ],
  compose: [
    'core',
    'config',
    'messages',
    'storage',
    'sources',
    'sources/aws',
    'sources/step-functions',
    'sources/call-budget',
    'archive',
    'executions',
    'executions/upstream',
    'executions/following',
    'executions/serving',
    'executions/runtimes',
    'lists',
    'lists/runtimes',
    'access',
    'access/limits',
    'http',
    'http/routes',
    'app',
    'compose-sources',
  ],
  worker: [
    'core',
    'config',
    'objects',
    'storage',
    'sources/call-budget',
    'archive',
    'executions/runtimes',
    'lists',
    'lists/runtimes',
    'access',
    'access/limits',
    'http',
    'http/routes',
    'app',
    'compose',
  ],
  deno: [
    'core',
    'config',
    'storage',
    'sources/call-budget',
    'executions',
    'executions/settling',
    'executions/runtimes',
    'lists/runtimes',
    'access',
    'access/keys',
    'access/limits',
    'http',
    'compose',
  ],
  emulator: [],
  'emulator/scenarios': ['messages', 'emulator'],
  'emulator/operations': ['emulator', 'emulator/scenarios'],
  'emulator/server': ['core', 'emulator', 'emulator/scenarios', 'emulator/operations'],
  local: [
    'core',
    'config',
    'storage',
    'access',
    'access/keys',
    'deno',
    'emulator/scenarios',
    'emulator/server',
  ],
  site: [
    'core',
    'messages',
    'imports',
    'access',
    'access/keys',
    'problems',
    'http',
    'http/aws/things-graph',
    'http/aws/step-functions',
    'http/routes',
  ],
  // Of the service, the published client imports only core, messages and the problem codes.
  'client/wire': ['messages', 'problems/problem-codes'],
  'client/steps': ['messages', 'client/wire'],
  client: ['core', 'messages', 'client/wire', 'client/steps'],
  react: ['client', 'viewer/store'],
  cli: ['core', 'messages', 'client/wire', 'client'],
  // Code that runs in browsers: the element that pages embed, and the pages that show executions.
  'viewer/grid': [],
  'viewer/format': ['core', 'messages', 'client'],
  'viewer/timeline': ['core', 'client', 'viewer/grid', 'viewer/format'],
  'viewer/store': ['core', 'messages', 'client'],
  'viewer/steps': ['core', 'client', 'viewer/grid', 'viewer/format', 'viewer/timeline', 'viewer/store'],
  'viewer/messages': ['messages', 'client', 'viewer/grid', 'viewer/format', 'viewer/store'],
  'viewer/element/styles': [],
  'viewer/element': [
    'core',
    'client',
    'viewer/format',
    'viewer/store',
    'viewer/steps',
    'viewer/messages',
    'viewer/element/styles',
  ],
  'viewer/watch': ['core', 'messages', 'client', 'viewer/format', 'viewer/store', 'viewer/element'],
  viewer: ['viewer/element'],
};

/**
 * Implementations for one platform. Only the entries choose between them. `local` also uses the Worker's adapter, to
 * reach the local store.
 */
const adapters = [
  /^src\/lists\/runtimes\/durable-object-lists\.ts/,
  /^src\/storage\/(?:workers-kv|deno-kv)\.ts/,
  /^src\/executions\/runtimes\/durable-object\.ts/,
  /^src\/sources\/call-budget\/budget-object\.ts/,
  /^src\/access\/limits\/(?:workers|in-process)-rate-limit\.ts/,
];
const mayImportAdapters = ['worker', 'deno', 'local'];

/** Maps each room to the other rooms that it imports. */
function importsOfRooms(): Map<string, string[]> {
  const rooms = Map.groupBy(src, ({ path }) => roomOf(path));
  return new Map(
    [...rooms].map(([room, files]) => {
      const targets = files.flatMap(({ imports }) => imports).filter((target) => target.startsWith('src/'));
      return [room, [...new Set(targets.map(roomOf))].filter((target) => target !== room)];
    }),
  );
}

/** Finds all import cycles and returns each as text. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (name: string, trail: readonly string[]): void => {
    if (trail.includes(name)) circles.push([...trail.slice(trail.indexOf(name)), name].join(' → '));
    if (trail.includes(name) || done.has(name)) return;
    for (const target of imports.get(name) ?? []) walk(target, [...trail, name]);
    done.add(name);
  };
  for (const name of imports.keys()) walk(name, []);
  return circles;
}

describe('imports', () => {
  test.each(src.map((file) => [file.path, file] as const))(
    '%s imports only what its room may import',
    (path, file) => {
      const room = roomOf(path);
      const forbidden = file.imports.filter((target) => {
        if (!target.startsWith('src/')) return target.includes('/') && /^(?:test|bench)\//.test(target);
        const targetRoom = roomOf(target);
        if (targetRoom === room) return false;
        if (adapters.some((adapter) => adapter.test(target)) && !mayImportAdapters.includes(room))
          return true;
        return ![targetRoom, target.replace(/^src\/|\.ts$/g, '')].some((allowed) =>
          (mayImport[room] ?? []).includes(allowed),
        );
      });
      expect(forbidden).toEqual([]);
    },
  );

  test('every import of a project file names an existing file', () => {
    const dangling = src.flatMap((file) =>
      file.imports
        .filter((target) => target.startsWith('src/') && !byPath.has(target))
        .map((to) => `${file.path} → ${to}`),
    );
    expect(dangling).toEqual([]);
  });

  test('between files form no cycle', () => {
    const files = src.map(
      ({ path, imports }) => [path, imports.filter((target) => byPath.has(target))] as const,
    );
    expect(circlesIn(new Map(files))).toEqual([]);
  });

  test('between rooms form no cycle, so a room can be understood and moved without the rooms that import it', () => {
    expect(circlesIn(importsOfRooms())).toEqual([]);
  });

  test('use every permission in the import table', () => {
    const used = importsOfRooms();
    const isUsed = (room: string, allowed: string) =>
      used.get(room)?.includes(allowed) ||
      src.some(({ path, imports }) => roomOf(path) === room && imports.includes(`src/${allowed}.ts`));
    const idle = Object.entries(mayImport).flatMap(([room, all]) =>
      all.filter((allowed) => !isUsed(room, allowed)).map((allowed) => `${room} → ${allowed}`),
    );
    expect(idle).toEqual([]);
  });

  test("use zod only as `import * as z from 'zod/mini'`: any other form bundles all of zod", () => {
    const heavy = src.filter(({ code }) =>
      /import\b[^;]*['"]zod(?!\/mini['"])|import\s*(?:type\s*)?\{[^}]*\}\s*from\s*['"]zod/.test(code),
    );
    expect(heavy.map(({ path }) => path)).toEqual([]);
  });
});

/**
 * Names that exist on only one platform. node:crypto (its synchronous part) and node:buffer are missing here, because
 * all three platforms have them.
 */
const platformWords: Record<string, RegExp> = {
  'cloudflare:': /['"]cloudflare:/,
  'workers-types': /@cloudflare\/workers-types/,
  KVNamespace: /\bKVNamespace\b/,
  DurableObject: /\bDurableObject\w*/,
  Deno: /\bDeno\b/,
  process: /(?<![-\w])process\s*[.[]/,
  'node:': /['"]node:(?!(?:crypto|buffer)['"])/,
};

/** The files that may use platform names, each with the names that it needs. */
const platformFiles: Record<string, readonly string[]> = {
  'src/worker.ts': ['KVNamespace', 'DurableObject'],
  'src/executions/runtimes/durable-object.ts': ['cloudflare:', 'DurableObject'],
  'src/executions/runtimes/index-build-alarms.ts': ['DurableObject'],
  'src/lists/runtimes/durable-object-lists.ts': ['DurableObject'],
  'src/sources/call-budget/budget-object.ts': ['cloudflare:', 'DurableObject'],
  'src/deno.ts': ['Deno'],
  'src/deno/reserve-file.ts': ['Deno'],
  'src/deno/server.ts': ['Deno'],
  'src/deno/static-site.ts': ['Deno'],
  'src/emulator/server/node-server.ts': ['node:'],
  'src/site/browser-module.ts': ['node:'],
  'src/site/build-site.ts': ['node:', 'process'],
};
/** Rooms that run only on Node. */
const nodeRooms = ['local', 'cli'];

describe('platform names', () => {
  test('occur only in the files that may use them', () => {
    const found = src
      .filter(({ path }) => !nodeRooms.includes(roomOf(path)))
      .flatMap(({ path, code }) =>
        Object.entries(platformWords)
          .filter(([word, pattern]) => pattern.test(code) && !(platformFiles[path] ?? []).includes(word))
          .map(([word]) => `${path}: ${word}`),
      );
    expect(found).toEqual([]);
  });

  test('are all used by the files that may use them', () => {
    const idle = Object.entries(platformFiles).flatMap(([path, words]) =>
      words
        .filter((word) => !platformWords[word]?.test(byPath.get(path)?.code ?? ''))
        .map((word) => `${path}: ${word}`),
    );
    expect(idle).toEqual([]);
  });
});

describe('files', () => {
  test('in src/ are in rooms that have an entry in the import table and a test directory of the same name', () => {
    const rooms = [
      ...new Set(src.filter(({ path }) => path.split('/').length > 2).map(({ path }) => roomOf(path))),
    ];
    expect(rooms.filter((room) => !(room in mayImport))).toEqual([]);
    const tested = new Set(
      tests.filter(({ path }) => path.endsWith('.test.ts')).map(({ path }) => path.split('/')[1]),
    );
    expect(rooms.filter((room) => !tested.has(room.split('/')[0]))).toEqual([]);
  });

  test('are named after one concept in kebab-case, and are neither catch-alls (utils, helpers, types) nor barrels', () => {
    const bad = [...src, ...tests].filter(
      ({ path, code }) =>
        !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*[a-z0-9]+(?:-[a-z0-9]+)*(?:\.workers|\.deno)?(?:\.test)?(?:\.d)?\.ts$/.test(
          path,
        ) ||
        /(?:^|\/)(?:utils?|helpers?|services?|types|common|misc|index)(?:\/|\.ts$)/.test(path) ||
        /^\s*export\s*\*/m.test(code),
    );
    expect(bad.map(({ path }) => path)).toEqual([]);
  });

  test('of more than 300 lines give the reason in their header', () => {
    const unexplained = [...src, ...tests].filter(
      ({ text }) => text.split('\n').length > 300 && !/\blines\b/.test(headerOf(text)),
    );
    expect(unexplained.map(({ path }) => path)).toEqual([]);
  });

  test('of src/ begin with a header comment', () => {
    expect(src.filter(({ text }) => headerOf(text) === '').map(({ path }) => path)).toEqual([]);
  });
});

/**
 * Code in tests that the search for secrets (test/support/secret-search.ts) would miss, or that discards its
 * findings. Consoles and child processes need no rule, because the search covers them by itself.
 */
const unsearched: Record<string, RegExp> = {
  'a log that is not made by testLog()':
    /\blog(?:: Log)?(?:: | = )(?:async )?(?:\((?:[^()]|\([^()]*\))*\)|\w+)(?:: \w+)? =>/,
  'a call that discards findings': /\btakeFindings\b/,
};
const maySkipTheSearch: Record<string, readonly string[]> = {
  // The search itself and its tests.
  'test/support/secret-search.ts': ['a call that discards findings'],
  'test/security/secret-search.test.ts': ['a call that discards findings'],
  'test/security/secret-search.workers.test.ts': ['a call that discards findings'],
};

describe('tests', () => {
  test('log only through testLog(), and never hide findings of the search for secrets', () => {
    const found = tests.flatMap(({ path, code }) =>
      Object.entries(unsearched)
        .filter(([what, pattern]) => pattern.test(code) && !(maySkipTheSearch[path] ?? []).includes(what))
        .map(([what]) => `${path}: ${what}`),
    );
    expect(found).toEqual([]);
  });

  test('take the number of runs of a property from runs(…) (test/support/seeded-random.ts), never from a literal', () => {
    expect(tests.filter(({ code }) => /\bnumRuns: \d/.test(code)).map(({ path }) => path)).toEqual([]);
  });

  test('use only secrets that the search for secrets recognises', () => {
    const setting =
      /\b(?:admin_?token|signing_?secret|secret_?access_?key|session_?token)['"]?\s*[:=]\s*(['"`])([^'"`$]{16,})\1/gi;
    const unknown = tests.flatMap(({ path, code }) =>
      [...code.matchAll(setting)]
        .map(([, , secret = '']) => secret)
        .filter((secret) => secretsIn(secret).length === 0)
        .map((secret) => `${path}: ${secret}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe('the source scanner', () => {
  test('finds cycles of any length, and names each once', () => {
    const imports = { a: ['b', 'c'], b: ['c'], c: ['d'], d: ['b'], e: ['e'] };
    expect(circlesIn(new Map(Object.entries(imports)))).toEqual(['b → c → d → b', 'e → e']);
  });

  test('removes comments, and keeps strings, templates and regular expressions', () => {
    expect(
      withoutComments("a('https://x'); // node:fs\nb /* Deno.x */ / 2 / 1; c(/['\"`/*]\\//, `//${'`'}`);"),
    ).toBe("a('https://x');  \nb   / 2 / 1; c(/['\"`/*]\\//, `//${'`'}`);");
  });

  test('sees every kind of import', () => {
    const code = `import a from 'a';\nimport type { B } from './b.ts';\nimport {\n  c,\n} from "../c/c.ts";\nimport './d.ts';
      export { e } from './e.ts';\nexport const from = 'no';\nconst f = await import('f');\nconst g = "import x";`;
    expect(importsOf('src/room/file.ts', code)).toEqual([
      'a',
      'src/room/b.ts',
      'src/c/c.ts',
      'src/room/d.ts',
      'src/room/e.ts',
      'f',
    ]);
  });
});
