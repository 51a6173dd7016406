/**
 * Rules of the code base: which room may import which, no import cycles, platform APIs only in their own files, names and lengths of
 * files. docs/design.md explains them. Over 300 lines, because the imports of all rooms are one table.
 */
import { describe, expect, test } from 'vitest';
import { secretsIn } from './support/secret-patterns.ts';
import { headerOf, importsOf, roomOf, sourceFiles, withoutComments } from './architecture/source-files.ts';

const src = sourceFiles('src');
const tests = sourceFiles('test');
const byPath = new Map(src.map((file) => [file.path, file]));

/** A room with the rooms inside it. */
const within = (room: string, ...parts: string[]) => [room, ...parts.map((part) => `${room}/${part}`)];
const allAccess = within('access', 'keys', 'limits');
const allSources = within('sources', 'aws', 'things-graph', 'step-functions', 'call-budget');
const allExecutions = within('executions', 'upstream', 'following', 'settling', 'runtimes');
const allLists = within('lists', 'live', 'runtimes');
const allHttp = within('http', 'routes', 'aws', 'aws/things-graph', 'aws/step-functions');

/** The rooms that http/, AWS's protocols and the entries use. */
const behindHttp = ['core', 'messages', 'imports', 'storage', 'archive', 'config'];
const behindAws = ['core', 'messages', 'problems', 'executions', 'http', 'http/aws', ...allAccess];
const service = [...behindHttp, ...allLists, ...allAccess, ...allSources, ...allExecutions];

/**
 * The rooms that each room may import besides itself (docs/design.md, "Layout"). A room is a directory of src/, a directory inside one,
 * or a file in src/ itself. A new room needs an entry here and in that layout. An entry with a file's path allows only that file.
 */
const mayImport: Record<string, readonly string[]> = {
  core: [],
  config: ['core', 'sources/aws', 'sources/step-functions'],
  messages: ['core'],
  storage: ['core'],
  sources: ['core', 'messages'],
  'sources/aws': ['core'],
  'sources/things-graph': ['core', 'messages', 'sources', 'sources/aws'],
  'sources/step-functions': ['core', 'messages', 'sources', 'sources/aws'],
  'sources/call-budget': ['core', 'sources'],
  archive: ['core', 'messages', 'storage'],
  imports: ['core', 'messages', 'archive'],
  executions: ['core', 'messages', 'sources', 'archive', 'imports', ...allExecutions],
  'executions/upstream': ['core', 'messages', 'sources', 'executions'],
  'executions/following': ['core', 'messages', 'sources', 'executions', 'executions/upstream'],
  'executions/settling': [
    'core',
    'messages',
    'sources',
    'archive',
    'imports',
    'executions',
    'executions/upstream',
  ],
  'executions/runtimes': [
    'core',
    'archive',
    'imports',
    'executions',
    'executions/following',
    'lists',
    'lists/runtimes',
  ],
  'lists/live': ['core', 'messages', 'archive', 'sources', 'executions/following', 'lists'],
  'lists/runtimes': [
    'core',
    'sources',
    'executions',
    'executions/following',
    'executions/runtimes',
    'lists',
    'lists/live',
  ],
  lists: [
    'core',
    'messages',
    'sources',
    'archive',
    'access/keys',
    'executions',
    'executions/following',
    'executions/upstream',
  ],
  access: ['core', 'messages', 'storage', 'access/keys', 'access/limits'],
  'access/keys': ['core', 'messages', 'storage', 'access/limits'],
  'access/limits': ['core'],
  problems: ['core', 'access/limits'],
  http: ['core', 'messages', 'problems', 'imports', 'archive', 'executions', 'lists', ...allAccess],
  'http/routes': ['core', 'messages', 'imports', 'archive', 'executions', 'lists', 'http', ...allAccess],
  'http/aws': [
    'core',
    'lists',
    'messages',
    'problems',
    'http',
    'http/aws/things-graph',
    'http/aws/step-functions',
    ...allAccess,
  ],
  'http/aws/things-graph': behindAws,
  'http/aws/step-functions': [...behindAws, 'lists'],
  app: ['core', 'messages', 'archive', 'executions', 'lists', 'access', ...allHttp],
  'compose-sources': service,
  compose: [...service, 'http', 'http/routes', 'app', 'compose-sources'],
  worker: [...service, ...allHttp, 'app', 'compose'],
  deno: [...service, 'http', 'compose'],
  emulator: ['core', 'messages', 'emulator/operations', 'emulator/scenarios'],
  'emulator/operations': ['core', 'messages', 'emulator'],
  'emulator/scenarios': ['core', 'messages', 'emulator'],
  local: [
    'core',
    'config',
    'messages',
    'storage',
    'access',
    'access/keys',
    'emulator',
    'emulator/scenarios',
    'deno',
  ],
  site: ['messages', 'problems', 'imports', 'access', 'access/keys', ...allHttp],
  // The published client takes nothing of the service but the codes.
  client: ['client/steps', 'messages', 'core', 'problems/problem-codes'],
  // Also for front ends alone: types of the wire, no requests.
  'client/steps': ['client/wire', 'messages'],
  react: ['client', 'viewer/store'],
  cli: ['messages', 'client', 'core'],
  // What runs in browsers: the element that pages embed, and what else shows executions.
  viewer: ['viewer/element'],
  'viewer/store': ['client', 'core', 'messages'],
  'viewer/format': ['client', 'core'],
  'viewer/grid': [],
  'viewer/timeline': ['client', 'core', 'viewer/format', 'viewer/grid'],
  'viewer/steps': ['client', 'core', 'viewer/format', 'viewer/grid', 'viewer/store', 'viewer/timeline'],
  'viewer/messages': ['client', 'viewer/format', 'viewer/grid', 'viewer/store'],
  'viewer/element': [
    'client',
    'core',
    'viewer/element/styles',
    'viewer/format',
    'viewer/messages',
    'viewer/steps',
    'viewer/store',
  ],
  'viewer/element/styles': [],
  'viewer/watch': ['client', 'core', 'viewer/element', 'viewer/format', 'viewer/store'],
};

/** Adapters: only the entries know which one is used. `local` reaches the local store with the Worker's own. */
const adapters = [
  /^src\/lists\/runtimes\/durable-object-lists\.ts/,
  /^src\/storage\/(?:workers-kv|deno-kv)\.ts/,
  /^src\/executions\/runtimes\/durable-object\.ts/,
  /^src\/sources\/call-budget\/budget-object\.ts/,
  /^src\/access\/limits\/(?:workers|in-process)-rate-limit\.ts/,
];
const mayImportAdapters = ['worker', 'deno', 'local'];

describe('imports', () => {
  test.each(src.map((file) => [file.path, file] as const))(
    '%s imports only what its room may',
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

  test('every import of our own names a file that is there', () => {
    const dangling = src.flatMap((file) =>
      file.imports
        .filter((target) => target.startsWith('src/') && !byPath.has(target))
        .map((to) => `${file.path} → ${to}`),
    );
    expect(dangling).toEqual([]);
  });

  test('go in no circle', () => {
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (trail.includes(path) || done.has(path)) return;
      for (const target of byPath.get(path)?.imports ?? [])
        if (byPath.has(target)) walk(target, [...trail, path]);
      done.add(path);
    };
    for (const { path } of src) walk(path, []);
    expect(circles).toEqual([]);
  });

  test("zod comes as `import * as z from 'zod/mini'`: any other form takes all of it along", () => {
    const heavy = src.filter(({ code }) =>
      /import\b[^;]*['"]zod(?!\/mini['"])|import\s*(?:type\s*)?\{[^}]*\}\s*from\s*['"]zod/.test(code),
    );
    expect(heavy.map(({ path }) => path)).toEqual([]);
  });
});

/** What exists on one platform only. node:crypto (its synchronous part) and node:buffer are built into all three. */
const platformWords: Record<string, RegExp> = {
  'cloudflare:': /['"]cloudflare:/,
  'workers-types': /@cloudflare\/workers-types/,
  KVNamespace: /\bKVNamespace\b/,
  DurableObject: /\bDurableObject\w*/,
  Deno: /\bDeno\b/,
  process: /(?<![-\w])process\s*[.[]/,
  'node:': /['"]node:(?!(?:crypto|buffer)['"])/,
};

/** The files that may use them, each with the words it needs. */
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
  'src/emulator/node-server.ts': ['node:'],
  'src/site/browser-module.ts': ['node:'],
  'src/site/build-site.ts': ['node:', 'process'],
};
/** Rooms that are of one platform altogether. */
const nodeRooms = ['local', 'cli'];

describe('words of a platform', () => {
  test('stand only in the files that are for it', () => {
    const found = src
      .filter(({ path }) => !nodeRooms.includes(roomOf(path)))
      .flatMap(({ path, code }) =>
        Object.entries(platformWords)
          .filter(([word, pattern]) => pattern.test(code) && !(platformFiles[path] ?? []).includes(word))
          .map(([word]) => `${path}: ${word}`),
      );
    expect(found).toEqual([]);
  });

  test('the list of those files has no entry that is not needed', () => {
    const idle = Object.entries(platformFiles).flatMap(([path, words]) =>
      words
        .filter((word) => !platformWords[word]?.test(byPath.get(path)?.code ?? ''))
        .map((word) => `${path}: ${word}`),
    );
    expect(idle).toEqual([]);
  });
});

describe('files', () => {
  test('every room of src/ is in the plan, and has tests in the directory of its name', () => {
    const rooms = [
      ...new Set(src.filter(({ path }) => path.split('/').length > 2).map(({ path }) => roomOf(path))),
    ];
    expect(rooms.filter((room) => !(room in mayImport))).toEqual([]);
    const tested = new Set(
      tests.filter(({ path }) => path.endsWith('.test.ts')).map(({ path }) => path.split('/')[1]),
    );
    expect(rooms.filter((room) => !tested.has(room.split('/')[0]))).toEqual([]);
  });

  test('are named after their one concept: kebab-case, no drawer for odds and ends, no barrel', () => {
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

  test('of more than 300 lines say in their header why', () => {
    const unexplained = [...src, ...tests].filter(
      ({ text }) => text.split('\n').length > 300 && !/\blines\b/.test(headerOf(text)),
    );
    expect(unexplained.map(({ path }) => path)).toEqual([]);
  });

  test('of src/ say in a header what they are for', () => {
    expect(src.filter(({ text }) => headerOf(text) === '').map(({ path }) => path)).toEqual([]);
  });
});

/** Code that the search for secrets (test/support/secret-search.ts) would miss. It covers consoles and programs by itself. */
const unsearched: Record<string, RegExp> = {
  'a log that is not made by testLog()':
    /\blog(?:: Log)?(?:: | = )(?:async )?(?:\((?:[^()]|\([^()]*\))*\)|\w+)(?:: \w+)? =>/,
  'findings that its file should fail with': /\btakeFindings\b/,
};
const maySkipTheSearch: Record<string, readonly string[]> = {
  // The search, and its own tests.
  'test/support/secret-search.ts': ['findings that its file should fail with'],
  'test/security/secret-search.test.ts': ['findings that its file should fail with'],
  'test/security/secret-search.workers.test.ts': ['findings that its file should fail with'],
};

describe('tests', () => {
  test('log and store only where secrets are searched for', () => {
    const found = tests.flatMap(({ path, code }) =>
      Object.entries(unsearched)
        .filter(([what, pattern]) => pattern.test(code) && !(maySkipTheSearch[path] ?? []).includes(what))
        .map(([what]) => `${path}: ${what}`),
    );
    expect(found).toEqual([]);
  });

  test('give the service no secret that the search does not know', () => {
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

describe('the scanner behind these rules', () => {
  test('takes comments out, and nothing else', () => {
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
