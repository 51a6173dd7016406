/**
 * The options of `npm start`: flags and environment, checked before anything runs. Each mistake is reported
 * in one line. No I/O.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { cannotStart, readSettings } from '../config.ts';

export const USAGE = `npm start [-- --upstream aws]
npm run dev [-- --upstream aws]

Starts Flowtap on this machine, with an upstream to read from, and prints how to use it. \`dev\` reloads it on change.

  --upstream aws   reads from the real AWS, with AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (and
                   AWS_SESSION_TOKEN) of the environment. The emulator ignores them.
  --help           this text

Environment:
  PORT             Flowtap's port, 8787; 0 for any that is free
  EMULATOR_PORT    the emulator's port, 8788; 0 for any that is free
  AWS_ENDPOINT_URL_IOTTHINGSGRAPH
                   another upstream instead of the emulator, read with the AWS credentials and region of the environment
  SFN_ALLOWED, AWS_ENDPOINT_URL_SFN, AWS_ROLE_ARN, AWS_EXTERNAL_ID, AWS_ENDPOINT_URL_STS
                   with another upstream: Step Functions, see docs/operations.md
  THINGS_GRAPH_CALLS_PER_SECOND
                   calls a second to Things Graph, 30
  SFN_LIST_CALLS_PER_SECOND
                   calls a second that list executions of Step Functions, 2 (1 in most regions)
  STATE_DIR        where keys and archived histories are kept, .wrangler/state
  SIGNING_SECRET, ADMIN_TOKEN
                   at least 32 characters each. If unset, SIGNING_SECRET is generated once and kept in STATE_DIR, so
                   that cursors stay valid; ADMIN_TOKEN is generated for each run
`;

/** Where histories come from. */
export type Upstream =
  | { readonly type: 'emulator'; readonly port: number }
  | { readonly type: 'endpoint'; readonly endpoint: string }
  | { readonly type: 'aws' };

export interface StartOptions {
  readonly port: number;
  readonly upstream: Upstream;
  /** Default: .wrangler/state of this repository. */
  readonly stateDir?: string;
  /** Reload the Worker when its source changes. */
  readonly watch: boolean;
  readonly region: string;
  /** PUBLIC_URL. Printed links begin with it. */
  readonly publicUrl?: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Generated for this run and printed. Absent if ADMIN_TOKEN is set. */
  readonly adminTokenMade?: string;
  /**
   * True if SIGNING_SECRET in `vars` was generated. Then kept-secret.ts prefers the secret of an earlier run.
   */
  readonly signingSecretMade: boolean;
  /** The Worker's settings. The address of the emulator is added later (`emulatorVars`). */
  readonly vars: Readonly<Record<string, string>>;
}

export type StartRequest =
  | { readonly type: 'start'; readonly options: StartOptions }
  | { readonly type: 'help' }
  /** One line, and the exit status: 2 for a wrong command line, 1 for a wrong setting. */
  | { readonly type: 'mistake'; readonly line: string; readonly status: 1 | 2 };

type Environment = Readonly<Record<string, string | undefined>>;

const PORT_DEFAULT = 8787;
const EMULATOR_PORT_DEFAULT = 8788;

/**
 * The only credentials that the emulator accepts. They protect nothing: the emulator listens on loopback, and
 * its data is invented.
 */
const EMULATOR_ACCOUNT = {
  AWS_REGION: 'us-west-2',
  AWS_ACCESS_KEY_ID: 'FLOWTAPEMULATOR',
  AWS_SECRET_ACCESS_KEY: 'flowtap-emulator-secret',
};

/** Settings that make the service read everything from the emulator's one account. */
export const emulatorVars = (url: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL_IOTTHINGSGRAPH: url,
  AWS_ENDPOINT_URL_SFN: url,
  AWS_ENDPOINT_URL_STS: url,
  SFN_ALLOWED: 'us-west-2:123456789012',
});

/** Settings for AWS that do not apply to the emulator. */
const AWS_OPTIONAL = [
  'AWS_ENDPOINT_URL_SFN',
  'AWS_ENDPOINT_URL_STS',
  'SFN_ALLOWED',
  'AWS_ROLE_ARN',
  'AWS_EXTERNAL_ID',
];

/** Variables that the Worker gets from the environment, in addition to those for AWS and the secrets. */
const PASSED_ON = [
  'SIGNING_SECRET_PREVIOUS',
  'PUBLIC_URL',
  'CORS_ORIGINS',
  'ARCHIVE_TTL_DAYS',
  'REQUEST_LOG',
  'THINGS_GRAPH_CALLS_PER_SECOND',
  'SFN_LIST_CALLS_PER_SECOND',
];

export function readStartRequest(argv: readonly string[], environment: Environment): StartRequest {
  const flags = readFlags(argv);
  if (typeof flags === 'string') return { type: 'mistake', line: flags, status: 2 };
  if (flags.help) return { type: 'help' };
  // An empty variable counts as unset: shells and CI systems often pass unset variables as empty ones.
  const env: Environment = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== ''),
  );
  const options = readOptions(flags, env);
  return typeof options === 'string'
    ? { type: 'mistake', line: options, status: 1 }
    : { type: 'start', options };
}

interface Flags {
  readonly upstream: string | undefined;
  readonly watch: boolean;
  readonly help: boolean;
}

function readFlags(argv: readonly string[]): Flags | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        upstream: { type: 'string' },
        watch: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { upstream, watch = false, help = false } = values;
    return upstream === undefined || upstream === 'aws'
      ? { upstream, watch, help }
      : `Cannot use '${upstream}' as --upstream: the only other upstream is aws (see npm start -- --help)`;
  } catch (error) {
    // The first sentence of parseArgs names the mistake; the rest is advice that does not fit here.
    const [sentence] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\n/);
    return `${sentence} (see npm start -- --help)`;
  }
}

function readOptions(flags: Flags, env: Environment): StartOptions | string {
  const port = readPort(env, 'PORT', PORT_DEFAULT);
  if (typeof port === 'string') return port;
  const upstream = readUpstream(flags, env);
  if (typeof upstream === 'string') return upstream;
  if (upstream.type === 'emulator' && upstream.port === port && port !== 0) {
    return `Cannot start: PORT and EMULATOR_PORT are both ${port}`;
  }
  const adminTokenMade = env['ADMIN_TOKEN'] === undefined ? randomSecret() : undefined;
  const vars: Record<string, string> = {
    ...defined(PASSED_ON, env),
    ...accountOf(upstream, env),
    SIGNING_SECRET: env['SIGNING_SECRET'] ?? randomSecret(),
    ADMIN_TOKEN: adminTokenMade ?? env['ADMIN_TOKEN'] ?? '',
  };
  // These are the Worker's own checks. Running them here reports wrong settings by name, before anything
  // starts.
  const settings = readSettings(vars);
  if (!settings.ok) {
    return settings.failure.type === 'not-configured'
      ? cannotStart(settings.failure.internal)
      : 'Cannot start: the settings are wrong';
  }
  const { region, credentials, publicUrl } = settings.value;
  const { accessKeyId, secretAccessKey } = credentials;
  return {
    port,
    upstream,
    watch: flags.watch,
    ...(env['STATE_DIR'] !== undefined && { stateDir: env['STATE_DIR'] }),
    region,
    ...(publicUrl !== undefined && { publicUrl }),
    accessKeyId,
    secretAccessKey,
    ...(adminTokenMade !== undefined && { adminTokenMade }),
    signingSecretMade: env['SIGNING_SECRET'] === undefined,
    vars,
  };
}

function readUpstream(flags: Flags, env: Environment): Upstream | string {
  // Flags take precedence over the environment.
  if (flags.upstream === 'aws') return { type: 'aws' };
  const endpoint = env['AWS_ENDPOINT_URL_IOTTHINGSGRAPH'];
  if (endpoint !== undefined) return { type: 'endpoint', endpoint };
  const port = readPort(env, 'EMULATOR_PORT', EMULATOR_PORT_DEFAULT);
  return typeof port === 'string' ? port : { type: 'emulator', port };
}

function accountOf(upstream: Upstream, env: Environment): Record<string, string> {
  if (upstream.type === 'emulator') return EMULATOR_ACCOUNT;
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  return {
    ...defined(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', ...AWS_OPTIONAL], env),
    ...(region !== undefined && { AWS_REGION: region }),
    ...(upstream.type === 'endpoint' && { AWS_ENDPOINT_URL_IOTTHINGSGRAPH: upstream.endpoint }),
  };
}

const defined = (names: readonly string[], env: Environment): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));

/**
 * Strict, because `8787 `, `+1`, `0x1F` and `8e3` are typing mistakes, and users would notice a wrong port
 * late.
 */
function readPort(env: Environment, name: string, fallback: number): number | string {
  const text = env[name] ?? String(fallback);
  if (/^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535) return Number(text);
  return `Cannot use '${text}' as ${name}: it must be a whole number from 0 to 65535`;
}

/** 256 bits, 43 characters. */
const randomSecret = () => randomBytes(32).toString('base64url');
