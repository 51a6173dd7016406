import { describe, expect, test } from 'vitest';

import { readSettings, type Settings } from '../src/config.ts';
import { readServerSettings } from '../src/deno/server-settings.ts';
import { ADMIN_TOKEN, SIGNING_SECRET } from './support/secret-patterns.ts';

const GOOD = {
  AWS_REGION: 'us-west-2',
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'the secret of the upstream',
  SIGNING_SECRET,
};

/** Returns the settings, or the log line that names the invalid setting. */
function read(variables: Record<string, unknown>): Settings | string {
  const settings = readSettings({ ...GOOD, ...variables });
  if (settings.ok) return settings.value;
  return settings.failure.type === 'not-configured' ? settings.failure.internal : settings.failure.type;
}

describe('AWS_REGION', () => {
  test.each(['us-west-2', 'eusc-de-east-1', 'us-isof-south-1', 'eu-isoe-west-1', 'cn-north-1'])(
    'may be %s',
    (region) => expect(read({ AWS_REGION: region })).toMatchObject({ region }),
  );

  test.each(['', 'us-west-0', 'us-west', 'local', 'US-WEST-2'])(
    "'%s' is refused without an exception",
    (region) => expect(read({ AWS_REGION: region })).toMatch(/^settings: AWS_REGION must be an AWS region/),
  );
});

describe('SFN_ALLOWED', () => {
  test('accepts accounts in the regions of every AWS partition', () => {
    const allowed = 'eusc-de-east-1:123456789012, us-iso-east-1:123456789012';
    expect(read({ SFN_ALLOWED: allowed })).toMatchObject({
      stepFunctionsAllowed: new Set(allowed.split(', ')),
    });
  });

  test.each(['us-west-0:123456789012', 'local:123456789012', 'us-west-2:0123456789', 'us-west-2'])(
    "'%s' can match no execution of AWS, so it is refused, and the log line names it",
    (entry) => {
      const line = read({ SFN_ALLOWED: `us-west-2:123456789012, ${entry}` });
      expect(line).toMatch(/^settings: SFN_ALLOWED must be region:account pairs of AWS/);
      expect(line).toContain(`'${entry}'`);
    },
  );

  test('accepts a region that is unknown to AWS if AWS_ENDPOINT_URL_SFN names another server', () => {
    const server = { AWS_ENDPOINT_URL_SFN: 'http://127.0.0.1:8083', SFN_ALLOWED: 'local:123456789012' };
    expect(read(server)).toMatchObject({ stepFunctionsAllowed: new Set(['local:123456789012']) });
    expect(read({ ...server, SFN_ALLOWED: 'local' })).toMatch(/SFN_ALLOWED must be region:account pairs,/);
  });
});

describe('white space around a value', () => {
  test('is removed, because files and Kubernetes secrets end with a newline', () => {
    const optional = {
      AWS_SESSION_TOKEN: 'a session token',
      SIGNING_SECRET_PREVIOUS: SIGNING_SECRET,
      ADMIN_TOKEN,
      AWS_ROLE_ARN: 'arn:aws:iam::*:role/reader',
      AWS_EXTERNAL_ID: 'an-external-id',
      CORS_ORIGINS: 'https://app.example.com',
    };
    const all = { ...GOOD, ...optional, STORE_PATH: 'flowtap.sqlite3', HOST: '127.0.0.1', PORT: '8787' };
    const padded = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, ` ${value}\r\n`]));
    const settings = readServerSettings(padded);
    expect(settings.ok).toBe(true);
    expect(settings).toEqual(readServerSettings(all));
  });

  test('does not count towards the length of a secret, and alone counts as unset', () => {
    expect(read({ ADMIN_TOKEN: 'short'.padEnd(40) })).toMatch(/ADMIN_TOKEN must have at least 32/);
    expect(read({ ADMIN_TOKEN: '\n' })).not.toHaveProperty('adminToken');
  });
});

describe('REQUEST_LOG', () => {
  test.each([
    [undefined, 1],
    ['', 1],
    ['all', 1],
    ['errors', Infinity],
    ['sample:1', 1],
    ['sample:100', 100],
  ])('%j logs one of %d requests', (REQUEST_LOG, logEveryNth) => {
    expect(read({ REQUEST_LOG })).toMatchObject({ logEveryNth });
  });

  test.each(['none', 'ALL', 'sample', 'sample:', 'sample:0', 'sample:1.5', 'sample:1000000', 'error'])(
    '%j is refused, and the log line lists the allowed values',
    (REQUEST_LOG) => {
      expect(read({ REQUEST_LOG })).toMatch(/^settings: REQUEST_LOG must be all, errors, or sample:<n>/);
    },
  );
});

describe('THINGS_GRAPH_CALLS_PER_SECOND', () => {
  test.each([
    [undefined, 30],
    ['', 30],
    ['1', 1],
    ['10000', 10_000],
  ])('%j allows %d calls a second', (THINGS_GRAPH_CALLS_PER_SECOND, thingsGraphCallsPerSecond) => {
    expect(read({ THINGS_GRAPH_CALLS_PER_SECOND })).toMatchObject({ thingsGraphCallsPerSecond });
  });
});

describe('SFN_LIST_CALLS_PER_SECOND', () => {
  test('sets the call budget of lists; if it is absent, the region determines the budget', () => {
    expect(read({ SFN_LIST_CALLS_PER_SECOND: '4' })).toMatchObject({ listCallsPerSecond: 4 });
    expect(read({})).not.toHaveProperty('listCallsPerSecond');
  });
});

describe.each(['THINGS_GRAPH_CALLS_PER_SECOND', 'SFN_LIST_CALLS_PER_SECOND'])('%s', (name) => {
  test.each(['0', '-1', '1.5', '1e3', '010', '10001', 'none'])(
    '%j is refused, and the log line lists the allowed values',
    (value) => {
      expect(read({ [name]: value })).toMatch(
        new RegExp(`^settings: ${name} must be a whole number of calls a second, 1 to 10000`),
      );
    },
  );
});

describe('CORS_ORIGINS', () => {
  test.each([
    ['*', ['*']],
    ['https://app.example.com, http://localhost:3000', ['https://app.example.com', 'http://localhost:3000']],
    ['http://[::1]:8080', ['http://[::1]:8080']],
  ])("'%s' is accepted", (list, corsOrigins) =>
    expect(read({ CORS_ORIGINS: list })).toMatchObject({ corsOrigins }),
  );

  test.each([
    ['https://app.example.com/', 'https://app.example.com'],
    ['https://app.example.com/path', 'https://app.example.com'],
    ['https://App.example.com', 'https://app.example.com'],
    ['HTTPS://app.example.com', 'https://app.example.com'],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['http://app.example.com:80', 'http://app.example.com'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://*.example.org', undefined],
    ['app.example.com', undefined],
    ['localhost:3000', undefined],
    ['null', undefined],
    ['ftp://app.example.com', undefined],
    ['file:///app', undefined],
  ])("'%s' would match no Origin header, so it is refused, and the log line names it", (entry, instead) => {
    const line = read({ CORS_ORIGINS: `https://good.example.com, ${entry}` });
    expect(line).toMatch(/^settings: CORS_ORIGINS must be \*/);
    expect(line).toContain(`'${entry}' is not an origin`);
    if (instead === undefined) expect(line).toMatch(/an origin$/);
    else expect(line).toContain(`'${instead}' is`);
  });

  test('is refused without showing the password of an entry', () => {
    const line = read({ CORS_ORIGINS: 'https://me:password@app.example.com' });
    expect(line).toContain("'https://app.example.com'");
    expect(line).not.toContain('password');
  });
});

describe('PUBLIC_URL', () => {
  test.each([
    ['https://api.example.com', 'https://api.example.com'],
    ['https://api.example.com/', 'https://api.example.com'],
    ['https://API.example.com:443/flowtap//', 'https://api.example.com/flowtap'],
    ['http://127.0.0.1:8080/a/b', 'http://127.0.0.1:8080/a/b'],
  ])("'%s' is accepted, and trailing slashes are removed", (text, publicUrl) =>
    expect(read({ PUBLIC_URL: text })).toMatchObject({ publicUrl }),
  );

  test.each(['api.example.com', '/flowtap', 'ftp://x', 'https://me:pw@x', 'https://x/?a=b', 'https://x/#a'])(
    "'%s' is refused, and the log line names the setting",
    (text) => expect(read({ PUBLIC_URL: text })).toMatch(/^settings: PUBLIC_URL must be an http\(s\) URL/),
  );
});
