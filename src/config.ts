/**
 * Parses the settings, which are wrangler.toml's vars and secrets on Workers, and the environment on Deno. If
 * any are missing or wrong, the operator gets one log line that names them all. Callers learn only that the
 * service is not configured.
 *
 * Spaces and newlines around a value are removed, because files and Kubernetes secrets often end in a
 * newline.
 *
 * docs/operations.md and .dev.vars.example list all settings.
 */
import * as z from 'zod/mini';

import { fail, ok, type Result } from './core/errors.ts';
import { SECRET_CHARACTERS_MIN } from './core/secret-length.ts';
import { isAwsRegion } from './core/aws-region.ts';
import { commaSeparated } from './core/comma-separated.ts';
import { isExternalId, isRoleArn } from './sources/aws/sts.ts';
import {
  type AllowedAccounts,
  parseAllowedAccounts,
  wrongAllowedAccount,
} from './sources/step-functions/allowed-accounts.ts';

const secret = z.string().check(
  z.minLength(SECRET_CHARACTERS_MIN, {
    error: `must have at least ${SECRET_CHARACTERS_MIN} characters (openssl rand -base64 48 makes one)`,
  }),
);

/**
 * Treats an empty text as absent. Shells and CI systems often set a variable to the empty text to unset it.
 */
export const optional = <T extends z.ZodMiniType>(schema: T) =>
  z.pipe(
    z.transform((value) => (value === '' ? undefined : value)),
    z.optional(schema),
  );

const endpoint = z.string().check(
  z.refine(
    (text) => {
      if (!URL.canParse(text)) return false;
      const url = new URL(text);
      return /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.search && !url.hash;
    },
    { error: 'must be an http(s) URL without user, password, query or fragment' },
  ),
);

/**
 * Whether a browser could send this text as `Origin`: a scheme and a host in lower case, no default port, no
 * path.
 */
const isOrigin = (text: string): boolean =>
  /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;

/**
 * Describes the first wrong entry, and suggests a correction if possible. Removes a user and password from
 * the entry, because the text is logged.
 */
function originsProblem(list: string): string | undefined {
  const wrong = commaSeparated(list).find((entry) => entry !== '*' && !isOrigin(entry));
  if (wrong === undefined) return undefined;
  const entry = wrong.replace(/^(.*\/\/)?.*@/s, '$1');
  const rule = `must be * or origins such as https://app.example.com, separated by commas: '${entry}' is not an origin`;
  const origin = URL.canParse(entry) ? new URL(entry).origin : '';
  return isOrigin(origin) ? `${rule}, but '${origin}' is` : rule;
}

/** Creates a check from a function that returns what is wrong with a value, or undefined. */
const checked = <T>(problemOf: (value: T) => string | undefined, path: string[] = []) =>
  z.refine<T>((value) => problemOf(value) === undefined, {
    path,
    // Safety: `input` is the value that the check refused.
    error: ({ input }) => problemOf(input as T),
  });

/**
 * The default budget. This is our choice, because AWS documented no limit for Things Graph. A caller's
 * request needs one or a few calls.
 */
export const THINGS_GRAPH_CALLS_PER_SECOND = 30;
const CALLS_PER_SECOND_MAX = 10_000;

const callsPerSecond = z.pipe(
  z.string().check(
    z.refine((text) => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= CALLS_PER_SECOND_MAX, {
      error: `must be a whole number of calls a second, 1 to ${CALLS_PER_SECOND_MAX}`,
    }),
  ),
  z.transform(Number),
);

const settingsShape = z.object({
  AWS_REGION: z
    .string({ error: 'is missing: the AWS region of the executions, us-west-2 for instance' })
    .check(z.refine(isAwsRegion, { error: 'must be an AWS region such as us-west-2' })),
  AWS_ACCESS_KEY_ID: z
    .string({ error: 'is missing: the key id of the AWS user that may read executions' })
    .check(z.regex(/^\w{4,128}$/, { error: 'must be an AWS access key id' })),
  AWS_SECRET_ACCESS_KEY: z
    .string({ error: 'is missing: the secret of AWS_ACCESS_KEY_ID' })
    .check(z.minLength(1, { error: 'must not be empty' })),
  AWS_SESSION_TOKEN: optional(z.string()),
  AWS_ENDPOINT_URL_IOTTHINGSGRAPH: optional(endpoint),
  THINGS_GRAPH_CALLS_PER_SECOND: optional(callsPerSecond),
  AWS_ENDPOINT_URL_SFN: optional(endpoint),
  AWS_ENDPOINT_URL_STS: optional(endpoint),
  SFN_ALLOWED: optional(z.string()),
  SFN_LIST_CALLS_PER_SECOND: optional(callsPerSecond),
  AWS_ROLE_ARN: optional(
    z.string().check(
      z.refine(isRoleArn, {
        error:
          'must be the ARN of a role, with twelve digits or a * for the account: arn:aws:iam::*:role/flowtap',
      }),
    ),
  ),
  AWS_EXTERNAL_ID: optional(
    z.string().check(z.refine(isExternalId, { error: 'must be a valid external id for STS' })),
  ),
  SIGNING_SECRET: z.pipe(
    z.transform((value) => value ?? ''),
    secret,
  ),
  SIGNING_SECRET_PREVIOUS: optional(secret),
  ADMIN_TOKEN: optional(secret),
  PUBLIC_URL: optional(
    z.pipe(
      endpoint,
      z.transform((text) => new URL(text).href.replace(/\/+$/, '')),
    ),
  ),
  CORS_ORIGINS: optional(z.string().check(checked(originsProblem))),
  ARCHIVE_TTL_DAYS: optional(
    z.pipe(
      z.string().check(z.regex(/^[1-9]\d{0,4}$/, { error: 'must be a whole number of days, 1 to 99999' })),
      z.transform((text) => Number(text)),
    ),
  ),
  REQUEST_LOG: optional(
    z.pipe(
      z.string().check(
        z.regex(/^(all|errors|sample:[1-9]\d{0,5})$/, {
          error: 'must be all, errors, or sample:<n> for every n-th request, 1 to 999999',
        }),
      ),
      z.transform((text) => (text === 'errors' ? Infinity : Number(text.replace('sample:', '')) || 1)),
    ),
  ),
});

type Variables = z.infer<typeof settingsShape>;

/** If AWS_ENDPOINT_URL_SFN is set, SFN_ALLOWED may contain regions and accounts that AWS does not have. */
const allowedOn = (vars: Variables) => (vars.AWS_ENDPOINT_URL_SFN === undefined ? 'aws' : 'other-server');

function allowedProblem(vars: Variables): string | undefined {
  const on = allowedOn(vars);
  const wrong = wrongAllowedAccount(vars.SFN_ALLOWED ?? '', on);
  if (wrong === undefined) return undefined;
  const what = on === 'aws' ? 'region:account pairs of AWS' : 'region:account pairs';
  return `must be ${what}, separated by commas, such as us-west-2:123456789012: '${wrong}' is not one`;
}

const settingsSchema = settingsShape.check(checked(allowedProblem, ['SFN_ALLOWED']));

export interface Settings {
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** The address to use for Things Graph instead of AWS's own. */
  readonly thingsGraphEndpoint?: string;
  /** The budget of calls to Things Graph, shared by all callers. */
  readonly thingsGraphCallsPerSecond: number;
  /** The accounts and regions whose executions may be read from Step Functions. */
  readonly stepFunctionsAllowed: AllowedAccounts;
  /**
   * The budget for ListExecutions and ListStateMachines, per account and region. If absent, AWS's quota for
   * the region decides.
   */
  readonly listCallsPerSecond?: number;
  /** The addresses to use for Step Functions and STS instead of AWS's own. */
  readonly stepFunctionsEndpoint?: string;
  readonly stsEndpoint?: string;
  /** The role to assume for reading Step Functions. A `*` in it stands for the account that is read. */
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly signingSecret: string;
  readonly signingSecretPrevious?: string;
  /** If absent, the admin API is off. */
  readonly adminToken?: string;
  /**
   * The address at which callers reach this service, without a trailing slash. If absent, it is taken from
   * each request.
   */
  readonly publicUrl?: string;
  /** Origins from which browsers may call. `*` allows any. */
  readonly corsOrigins: readonly string[];
  /** Logs every nth successful request. 1 logs all of them. Infinity logs only errors. */
  readonly logEveryNth: number;
  /** How long archived histories are kept. If absent, they are kept forever. */
  readonly archiveTtlSeconds?: number;
}

const SECONDS_PER_DAY = 86_400;

/** Removes spaces around the values. */
export const trimmed = (variables: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.trim() : value,
    ]),
  );

export const notConfigured = (error: z.core.$ZodError): Result<never> =>
  wrongSettings(error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '));

const WRONG_SETTINGS = 'settings: ';

/** The failure for settings with which the service cannot run. */
export const wrongSettings = (problem: string) =>
  fail({ type: 'not-configured', internal: `${WRONG_SETTINGS}${problem}` });

/** The message for people who start the service on a command line. `internal` is the text of the failure. */
export const cannotStart = (internal: string): string =>
  `Cannot start: ${internal.startsWith(WRONG_SETTINGS) ? internal.slice(WRONG_SETTINGS.length) : internal}`;

/** Reads only PUBLIC_URL. Used for error responses if other settings are wrong. */
export const readPublicUrl = ({ PUBLIC_URL }: Record<string, unknown>): string | undefined =>
  z.safeParse(settingsShape.shape.PUBLIC_URL, trimmed({ PUBLIC_URL })['PUBLIC_URL']).data;

/**
 * Reads the settings from bindings or the environment. The failure's `internal` names every wrong variable.
 * It shows no values, except wrong entries of CORS_ORIGINS and SFN_ALLOWED, which are not secrets.
 */
export function readSettings(variables: Record<string, unknown>): Result<Settings> {
  const parsed = z.safeParse(settingsSchema, trimmed(variables));
  if (!parsed.success) return notConfigured(parsed.error);
  const s = parsed.data;
  return ok({
    region: s.AWS_REGION,
    credentials: {
      accessKeyId: s.AWS_ACCESS_KEY_ID,
      secretAccessKey: s.AWS_SECRET_ACCESS_KEY,
      ...(s.AWS_SESSION_TOKEN !== undefined && { sessionToken: s.AWS_SESSION_TOKEN }),
    },
    ...(s.AWS_ENDPOINT_URL_IOTTHINGSGRAPH !== undefined && {
      thingsGraphEndpoint: s.AWS_ENDPOINT_URL_IOTTHINGSGRAPH,
    }),
    thingsGraphCallsPerSecond: s.THINGS_GRAPH_CALLS_PER_SECOND ?? THINGS_GRAPH_CALLS_PER_SECOND,
    stepFunctionsAllowed: parseAllowedAccounts(s.SFN_ALLOWED ?? '', allowedOn(s)) ?? new Set(),
    ...(s.SFN_LIST_CALLS_PER_SECOND !== undefined && { listCallsPerSecond: s.SFN_LIST_CALLS_PER_SECOND }),
    ...(s.AWS_ENDPOINT_URL_SFN !== undefined && { stepFunctionsEndpoint: s.AWS_ENDPOINT_URL_SFN }),
    ...(s.AWS_ENDPOINT_URL_STS !== undefined && { stsEndpoint: s.AWS_ENDPOINT_URL_STS }),
    ...(s.AWS_ROLE_ARN !== undefined && { roleArn: s.AWS_ROLE_ARN }),
    ...(s.AWS_EXTERNAL_ID !== undefined && { externalId: s.AWS_EXTERNAL_ID }),
    signingSecret: s.SIGNING_SECRET,
    ...(s.SIGNING_SECRET_PREVIOUS !== undefined && { signingSecretPrevious: s.SIGNING_SECRET_PREVIOUS }),
    ...(s.ADMIN_TOKEN !== undefined && { adminToken: s.ADMIN_TOKEN }),
    ...(s.PUBLIC_URL !== undefined && { publicUrl: s.PUBLIC_URL }),
    corsOrigins: commaSeparated(s.CORS_ORIGINS ?? '*'),
    logEveryNth: s.REQUEST_LOG ?? 1,
    ...(s.ARCHIVE_TTL_DAYS !== undefined && { archiveTtlSeconds: s.ARCHIVE_TTL_DAYS * SECONDS_PER_DAY }),
  });
}
