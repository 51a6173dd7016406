/**
 * The manifest of the package that users install: the typed client, the React hook and the `flowtap` command.
 * They are bundled, so the package has no dependencies. Only the hook has a peer dependency, React. Name,
 * version and licence are those of the repository's own package.json. Used at build time (build.ts).
 */
import repository from '../../package.json' with { type: 'json' };

const { name, version, description, license, type, engines } = repository;

export const clientManifest = {
  name,
  version,
  description,
  license,
  type,
  engines,
  bin: { flowtap: 'dist/cli.js' },
  // For resolvers that do not read `exports`.
  types: './dist/types/client/client.d.ts',
  main: './dist/client.js',
  exports: {
    '.': { types: './dist/types/client/client.d.ts', default: './dist/client.js' },
    './react': { types: './dist/types/react/use-execution.d.ts', default: './dist/react.js' },
    './package.json': './package.json',
  },
  peerDependencies: { react: '>=18' },
  peerDependenciesMeta: { react: { optional: true } },
} as const;

/** Files of the repository that are packed unchanged, as the documentation of the package. */
export const packedDocuments = [
  'README.md',
  'LICENSE',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'docs',
  'examples',
] as const;
