/**
 * Finds the proxy variable that applies to an address, and whether Node uses it. Node ignores all proxy
 * variables unless NODE_USE_ENV_PROXY=1 is set (https://nodejs.org/api/cli.html#node_use_env_proxy1). Their
 * values are never printed, because they might contain a password.
 */
import type { Environment } from './output.ts';

export interface ProxySetting {
  readonly variable: string;
  readonly isUsed: boolean;
}

/** Undefined if no variable is set for this address. */
export function proxySetting({ protocol, host, hostname }: URL, env: Environment): ProxySetting | undefined {
  const scheme = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const names = [scheme.toLowerCase(), scheme, 'all_proxy', 'ALL_PROXY'];
  const variable = names.find((name) => env[name]?.trim());
  if (variable === undefined || isExcluded(host, hostname, env['no_proxy'] ?? env['NO_PROXY'] ?? '')) {
    return undefined;
  }
  const isEnabled =
    env['NODE_USE_ENV_PROXY'] === '1' || /(?:^|\s)--use-env-proxy(?:\s|$)/.test(env['NODE_OPTIONS'] ?? '');
  return { variable, isUsed: isEnabled && !/^all_proxy$/i.test(variable) };
}

export function proxyRemedy({ variable, isUsed }: ProxySetting): string {
  if (isUsed)
    return `Requests go through the proxy in ${variable}: check that it is up and lets this address through.`;
  const value = /^all_proxy$/i.test(variable) ? 'HTTPS_PROXY to the value of ' + variable + ', and ' : '';
  const cause = `${variable} is set, but Node ignores it.`;
  return `${cause} Set ${value}NODE_USE_ENV_PROXY=1 (Node 24, or 22.21 and newer).`;
}

/**
 * Whether NO_PROXY lists the host. It contains hosts, with or without a port, separated by commas or spaces.
 * A host also stands for its subdomains, and `*` for every host.
 */
function isExcluded(host: string, hostname: string, noProxy: string): boolean {
  const entries = noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
  return entries.some((entry) => {
    const name = entry.replace(/^\*?\./, '');
    return entry === '*' || [host, hostname].some((own) => own === name || own.endsWith(`.${name}`));
  });
}
