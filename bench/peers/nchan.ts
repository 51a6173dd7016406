/**
 * Starts nginx with the module nchan (Debian's libnginx-mod-nchan). It has one channel: clients read it as event
 * streams, and a POST publishes a message.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dieWithParent } from '../../src/local/die-with-parent.ts';
import type { ServerProcess } from '../served/process.ts';

const NGINX = '/usr/sbin/nginx';
const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

export const hasNchan = (): boolean => existsSync(NGINX) && existsSync(MODULE);

/** Runs nginx as a single process, so that the measurement covers all its work. */
export async function startNchan(): Promise<ServerProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'flowtap-bench-'));
  const port = await freePort();
  const configuration = join(directory, 'nginx.conf');
  await writeFile(
    configuration,
    `load_module ${MODULE};
daemon off; master_process off; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory};
  uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  server {
    listen 127.0.0.1:${port};
    location = /publish { nchan_publisher; nchan_channel_id all; nchan_message_timeout 5s; }
    location / { nchan_subscriber eventsource; nchan_channel_id all; nchan_subscriber_first_message newest; }
  }
}
`,
  );
  const child = spawn(NGINX, ['-p', directory, '-c', configuration], { stdio: 'ignore' });
  const exited = once(child, 'close');
  const { pid } = child;
  if (pid === undefined) throw new Error(`Cannot start ${NGINX}`);
  const release = dieWithParent(pid);
  const url = new URL(`http://127.0.0.1:${port}/`);
  while (!(await answers(url))) {
    if (child.exitCode !== null)
      throw new Error('nginx exited. Check that libnginx-mod-nchan has the version of nginx.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    release();
    await rm(directory, { recursive: true, force: true });
  };
  return { url, pid, stop };
}

async function answers(url: URL): Promise<boolean> {
  try {
    await fetch(new URL('/publish', url));
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Safety: a server that listens on a host has an address of this shape.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
