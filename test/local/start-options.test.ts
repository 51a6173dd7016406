import { describe, expect, test } from 'vitest';
import { readStartRequest, type StartOptions } from '../../src/local/start-options.ts';

const aws = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIAREAL', AWS_SECRET_ACCESS_KEY: 'real secret' };
const secret = 'x'.repeat(32);

function options(argv: readonly string[], env: Record<string, string>): StartOptions {
  const request = readStartRequest(argv, env);
  if (request.type !== 'start') throw new Error(JSON.stringify(request));
  return request.options;
}

const mistake = (argv: readonly string[], env: Record<string, string>) => {
  const request = readStartRequest(argv, env);
  return request.type === 'mistake' ? [request.status, request.line] : request;
};

describe('without flags', () => {
  test('the emulator is the upstream, and AWS credentials in the shell are ignored', () => {
    const { port, upstream, vars } = options([], { ...aws, AWS_SESSION_TOKEN: 'real token' });
    expect({ port, upstream }).toEqual({ port: 8787, upstream: { type: 'emulator', port: 8788 } });
    expect(JSON.stringify(vars)).not.toMatch(/real|eu-west-1/i);
  });

  test('SIGNING_SECRET and ADMIN_TOKEN are generated at each start', () => {
    const [one, other] = [options([], {}), options([], {})];
    expect(one.adminTokenMade).toBe(one.vars['ADMIN_TOKEN']);
    expect(one.signingSecretMade).toBe(true);
    for (const name of ['SIGNING_SECRET', 'ADMIN_TOKEN']) {
      expect(one.vars[name]?.length).toBeGreaterThanOrEqual(43);
      expect(one.vars[name]).not.toBe(other.vars[name]);
    }
    expect(one.vars['SIGNING_SECRET']).not.toBe(one.vars['ADMIN_TOKEN']);
  });

  test("ports, secrets and the Worker's other settings come from the environment; an empty variable counts as unset", () => {
    const { port, upstream, vars, adminTokenMade, signingSecretMade } = options([], {
      PORT: '9000',
      EMULATOR_PORT: '',
      SIGNING_SECRET: secret,
      ADMIN_TOKEN: secret,
      CORS_ORIGINS: 'https://example.com',
      PUBLIC_URL: 'https://example.com/flowtap/',
      THINGS_GRAPH_CALLS_PER_SECOND: '5',
      UNRELATED: 'x',
    });
    expect({ port, upstream, adminTokenMade, signingSecretMade }).toEqual({
      signingSecretMade: false,
      port: 9000,
      upstream: { type: 'emulator', port: 8788 },
    });
    expect(vars).toMatchObject({
      SIGNING_SECRET: secret,
      ADMIN_TOKEN: secret,
      CORS_ORIGINS: 'https://example.com',
      PUBLIC_URL: 'https://example.com/flowtap/',
      THINGS_GRAPH_CALLS_PER_SECOND: '5',
    });
    expect(vars).not.toHaveProperty('UNRELATED');
  });
});

describe('another upstream', () => {
  const endpoint = 'http://127.0.0.1:4000';

  test('AWS_ENDPOINT_URL_IOTTHINGSGRAPH is called with the credentials and the region of the environment', () => {
    const { upstream, vars, region, accessKeyId } = options([], {
      ...aws,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: endpoint,
    });
    expect(upstream).toEqual({ type: 'endpoint', endpoint });
    expect(vars).toMatchObject({ ...aws, AWS_ENDPOINT_URL_IOTTHINGSGRAPH: endpoint });
    expect([region, accessKeyId]).toEqual(['eu-west-1', 'AKIAREAL']);
  });

  test('--upstream aws takes precedence over AWS_ENDPOINT_URL_IOTTHINGSGRAPH', () => {
    const { upstream, vars } = options(['--upstream', 'aws'], {
      ...aws,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: endpoint,
    });
    expect(upstream).toEqual({ type: 'aws' });
    expect(vars).toMatchObject(aws);
    expect(vars).not.toHaveProperty('AWS_ENDPOINT_URL_IOTTHINGSGRAPH');
  });

  test('AWS_DEFAULT_REGION and a session token are used, as in the AWS CLI', () => {
    const { AWS_REGION, ...keys } = aws;
    const { vars } = options(['--upstream=aws'], {
      ...keys,
      AWS_DEFAULT_REGION: AWS_REGION,
      AWS_SESSION_TOKEN: 't',
    });
    expect(vars).toMatchObject({ ...aws, AWS_SESSION_TOKEN: 't' });
  });

  test('one line names all missing credentials', () => {
    const [status, line] = mistake(['--upstream', 'aws'], { AWS_ACCESS_KEY_ID: 'AKIAREAL' }) as [
      number,
      string,
    ];
    expect(status).toBe(1);
    expect(line).toMatch(/^Cannot start: AWS_REGION is missing.*; AWS_SECRET_ACCESS_KEY is missing/);
    expect(line).not.toMatch(/AWS_ACCESS_KEY_ID is|AKIAREAL|\n/);
  });
});

describe('an invalid setting or option is reported in one line:', () => {
  test.each(['abc', '1e3', '+1', '-1', ' 80', '80 ', '0x50', '80.0', '080', '65536', '123456', '８０'])(
    'PORT=%j',
    (text) => {
      expect(mistake([], { PORT: text })).toEqual([
        1,
        `Cannot use '${text}' as PORT: it must be a whole number from 0 to 65535`,
      ]);
      expect(mistake([], { EMULATOR_PORT: text })).toEqual([1, expect.stringContaining('as EMULATOR_PORT')]);
    },
  );

  test.each([['SIGNING_SECRET'], ['ADMIN_TOKEN']])(
    '%s with fewer than 32 characters, without showing the value',
    (name) => {
      const [status, line] = mistake([], { [name]: 'short-secret' }) as [number, string];
      expect([status, line]).toEqual([
        1,
        expect.stringMatching(`^Cannot start: ${name} must have at least 32 characters`),
      ]);
      expect(line).not.toContain('short-secret');
    },
  );

  test('an upstream that is not a URL', () => {
    expect(mistake([], { ...aws, AWS_ENDPOINT_URL_IOTTHINGSGRAPH: 'localhost:4000' })).toEqual([
      1,
      expect.stringContaining('AWS_ENDPOINT_URL_IOTTHINGSGRAPH must be an http(s) URL'),
    ]);
  });

  test('two equal ports', () => {
    expect(mistake([], { PORT: '8788' })).toEqual([1, 'Cannot start: PORT and EMULATOR_PORT are both 8788']);
  });

  test.each([[['--bogus']], [['extra']], [['--upstream']], [['--upstream', 'azure']], [['--watch=yes']]])(
    'the command line %j, with status 2',
    (argv) => {
      const [status, line] = mistake(argv, {}) as [number, string];
      expect(status).toBe(2);
      expect(line).toMatch(/^[^\n]+\(see npm start -- --help\)$/);
    },
  );
});

test('--help works even if the environment is invalid', () => {
  expect(readStartRequest(['--help'], { PORT: 'abc' })).toEqual({ type: 'help' });
});
