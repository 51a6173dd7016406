import { createHash } from 'node:crypto';
import { DurableObject } from 'cloudflare:workers';
export class ExecutionObject extends DurableObject { hi() { return createHash('sha256').update('x').digest('hex'); } }
export default { async fetch(_r: Request, env: { EXECUTIONS: DurableObjectNamespace<ExecutionObject>; STORE: KVNamespace }) { 
  const s = env.EXECUTIONS.get(env.EXECUTIONS.idFromName('a')); return new Response(await s.hi()); } };
