/** Describes the machine and the versions that the numbers were measured with. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { hasNchan } from '../peers/nchan.ts';
import { loadGenerator } from '../measure/load.ts';

export function machine(): string {
  const gib = Math.round(totalmem() / 2 ** 30);
  const packages = ['workerd', 'miniflare', 'hono', 'deno', 'express', '@aws-sdk/client-iotthingsgraph'];
  const versions = packages.map((name) => `${name} ${versionOf(name)}`);
  const nginx = hasNchan() ? 'nginx with nchan' : 'no nginx with nchan';
  return `${new Date().toISOString().slice(0, 10)}, commit ${commit()}. ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${gib} GiB; Node ${process.versions.node}, ${versions.join(', ')}; load: ${loadGenerator()}; ${nginx}.`;
}

function versionOf(name: string): string {
  const manifest = readFileSync(join(PROJECT_ROOT, 'node_modules', name, 'package.json'), 'utf8');
  return String(JSON.parse(manifest).version);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: PROJECT_ROOT,
      encoding: 'utf8',
    }).trim();
  } catch {
    return 'unknown';
  }
}
