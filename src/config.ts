/**
 * The settings: wrangler.toml's vars and secrets on Workers, the environment on Deno. Parsed once with zod; what is
 * missing or wrong is named in one line for the operator, while callers learn only that the service is not configured.
 * Every setting is listed in docs/operations.md and .dev.vars.example.
 */
import * as z from 'zod/mini';

import { fail, ok, type Result } from './core/errors.ts';
import { type AllowedAccounts, parseAllowedAccounts } from './sources/step-functions/step-functions-arn.ts';
import { isExternalId, isRoleArn } from './sources/aws/sts.ts';

/** Shorter secrets could be guessed offline from one signed cursor or ticket. */
export const SECRET_CHARACTERS_MIN = 32;

const secret = z.string().check(
  z.minLength(SECRET_CHARACTERS_MIN, {
    error: `must have at least ${SECRET_CHARACTERS_MIN} characters (openssl rand -base64 48 makes one)`,
  }),
);

/** An empty variable is an unset one, as shells and CI systems write it. */
const optional = <T extends z.ZodMiniType>(schema: T) =>
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

const settingsSchema = z.object({
  AWS_REGION: z
    .string({ error: 'is missing: the AWS region of the executions, us-west-2 for instance' })
    .check(
      z.regex(/^[a-z]{2}(-[a-z]{1,16}){1,3}-\d{1,2}$/, { error: 'must be an AWS region such as us-west-2' }),
    ),
  AWS_ACCESS_KEY_ID: z
    .string({ error: 'is missing: the key id of the AWS user that may read executions' })
    .check(z.regex(/^\w{4,128}$/, { error: 'must be an AWS access key id' })),
  AWS_SECRET_ACCESS_KEY: z
    .string({ error: 'is missing: the secret of AWS_ACCESS_KEY_ID' })
    .check(z.minLength(1, { error: 'must not be empty' })),
  AWS_SESSION_TOKEN: optional(z.string()),
  AWS_ENDPOINT_URL_IOTTHINGSGRAPH: optional(endpoint),
  AWS_ENDPOINT_URL_SFN: optional(endpoint),
  AWS_ENDPOINT_URL_STS: optional(endpoint),
  SFN_ALLOWED: optional(
    z.string().check(
      z.refine((text) => parseAllowedAccounts(text) !== undefined, {
        error: 'must be region:account pairs, separated by commas, such as us-west-2:123456789012',
      }),
    ),
  ),
  AWS_ROLE_ARN: optional(
    z.string().check(
      z.refine(isRoleArn, {
        error:
          'must be the ARN of a role, with twelve digits or a * for the account: arn:aws:iam::*:role/flowtap',
      }),
    ),
  ),
  AWS_EXTERNAL_ID: optional(
    z.string().check(z.refine(isExternalId, { error: 'must be an external id as STS takes it' })),
  ),
  SIGNING_SECRET: z.pipe(
    z.transform((value) => value ?? ''),
    secret,
  ),
  SIGNING_SECRET_PREVIOUS: optional(secret),
  ADMIN_TOKEN: optional(secret),
  CORS_ORIGINS: optional(z.string()),
  ARCHIVE_TTL_DAYS: optional(
    z.pipe(
      z.string().check(z.regex(/^[1-9]\d{0,4}$/, { error: 'must be a whole number of days, 1 to 99999' })),
      z.transform((text) => Number(text)),
    ),
  ),
});

export interface Settings {
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Where Things Graph is, when it is not AWS itself. */
  readonly thingsGraphEndpoint?: string;
  /** Whose executions are read from Step Functions. */
  readonly stepFunctionsAllowed: AllowedAccounts;
  /** Where Step Functions and STS are, when they are not AWS itself. */
  readonly stepFunctionsEndpoint?: string;
  readonly stsEndpoint?: string;
  /** Assumed to read Step Functions; a `*` stands for the account that is read. */
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly signingSecret: string;
  readonly signingSecretPrevious?: string;
  /** Absent: the admin API is off. */
  readonly adminToken?: string;
  /** Origins that browsers may call from; `*` is any. */
  readonly corsOrigins: readonly string[];
  /** How long archived histories are kept. Absent: for good. */
  readonly archiveTtlSeconds?: number;
}

const SECONDS_PER_DAY = 86_400;

/** What a process of our own needs besides: where it listens, and where its store is. */
export interface ServerSettings extends Settings {
  readonly hostname: string;
  readonly port: number;
  /** The file of the embedded store; `:memory:` keeps nothing. */
  readonly storePath: string;
  /** Addresses or blocks of proxies whose X-Forwarded-For counts, as written. */
  readonly trustedProxy: string;
}

const PORT_MAX = 65_535;

const serverSettingsSchema = z.object({
  HOST: optional(z.string()),
  PORT: optional(
    z.pipe(
      z.string().check(
        z.refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX, {
          error: `must be a port number, 0 to ${PORT_MAX}`,
        }),
      ),
      z.transform(Number),
    ),
  ),
  STORE_PATH: optional(z.string()),
  TRUSTED_PROXY: optional(z.string()),
});

/** `readSettings`, and what a process of our own needs besides. */
export function readServerSettings(variables: Record<string, unknown>): Result<ServerSettings> {
  const settings = readSettings(variables);
  if (!settings.ok) return settings;
  const parsed = z.safeParse(serverSettingsSchema, variables);
  if (!parsed.success) return notConfigured(parsed.error);
  const { HOST = '127.0.0.1', PORT = 8787, STORE_PATH = 'flowtap.sqlite3', TRUSTED_PROXY = '' } = parsed.data;
  return ok({
    ...settings.value,
    hostname: HOST,
    port: PORT,
    storePath: STORE_PATH,
    trustedProxy: TRUSTED_PROXY,
  });
}

function notConfigured(error: z.core.$ZodError): Result<never> {
  const problems = error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  return fail({ type: 'not-configured', internal: `settings: ${problems.join('; ')}` });
}

/** Reads the settings from bindings or environment. The failure's `internal` names every wrong variable, never a value. */
export function readSettings(variables: Record<string, unknown>): Result<Settings> {
  const parsed = z.safeParse(settingsSchema, variables);
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
    stepFunctionsAllowed: parseAllowedAccounts(s.SFN_ALLOWED ?? '') ?? new Set(),
    ...(s.AWS_ENDPOINT_URL_SFN !== undefined && { stepFunctionsEndpoint: s.AWS_ENDPOINT_URL_SFN }),
    ...(s.AWS_ENDPOINT_URL_STS !== undefined && { stsEndpoint: s.AWS_ENDPOINT_URL_STS }),
    ...(s.AWS_ROLE_ARN !== undefined && { roleArn: s.AWS_ROLE_ARN }),
    ...(s.AWS_EXTERNAL_ID !== undefined && { externalId: s.AWS_EXTERNAL_ID }),
    signingSecret: s.SIGNING_SECRET,
    ...(s.SIGNING_SECRET_PREVIOUS !== undefined && { signingSecretPrevious: s.SIGNING_SECRET_PREVIOUS }),
    ...(s.ADMIN_TOKEN !== undefined && { adminToken: s.ADMIN_TOKEN }),
    corsOrigins: (s.CORS_ORIGINS ?? '*')
      .split(',')
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ''),
    ...(s.ARCHIVE_TTL_DAYS !== undefined && { archiveTtlSeconds: s.ARCHIVE_TTL_DAYS * SECONDS_PER_DAY }),
  });
}
