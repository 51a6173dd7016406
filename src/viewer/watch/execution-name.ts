/** Short names for people, out of ids that are long. */

export interface ExecutionName {
  /** Absent: the id belongs to no flow. */
  readonly flow?: string;
  readonly name: string;
}

const ARN = /^arn:[^:]+:states:[^:]*:[^:]*:(?:execution|express):([^:]+):(.+)$/;
/** `urn:tdm:…:Workflow:<flow>_<start time>_<trigger>_<uuid>` */
const WORKFLOW = /:Workflow:([^_]+)_(.+)$/;

export function executionName(id: string): ExecutionName {
  const [, flow, name] = ARN.exec(id) ?? WORKFLOW.exec(id) ?? [];
  return flow === undefined || name === undefined ? { name: id } : { flow, name };
}
