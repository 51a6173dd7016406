/** Empty versions of the Durable Object classes that wrangler.toml binds, for peers that use no Durable Objects. */
import { DurableObject } from 'cloudflare:workers';

export class ExecutionObject extends DurableObject {}
export class CallBudgetObject extends DurableObject {}
