/** The classes that wrangler.toml binds, for peers that have no objects of their own. */
import { DurableObject } from 'cloudflare:workers';

export class ExecutionObject extends DurableObject {}
export class CallBudgetObject extends DurableObject {}
