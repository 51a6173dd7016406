// Prints an execution's steps as they change, from its messages. Needs no payloads: a key with `payloads: names` is enough.
//
//   npm run build
//   FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... node examples/client/steps.mjs <flowExecutionId>
import { createFlowtapClient, stepsReducer } from 'flowtap';

const { FLOWTAP_URL, FLOWTAP_API_KEY } = process.env;
const [flowExecutionId] = process.argv.slice(2);
if (!FLOWTAP_URL || !FLOWTAP_API_KEY || !flowExecutionId) {
  console.error('FLOWTAP_URL=… FLOWTAP_API_KEY=… node examples/client/steps.mjs <flowExecutionId>');
  process.exit(2);
}
const client = createFlowtapClient({ url: FLOWTAP_URL, apiKey: FLOWTAP_API_KEY });

function print(step, before, indent = '') {
  // A step that did not change is the same object as before.
  if (step === before) return;
  const { name, kind, status, attempts, error = '' } = step;
  console.log(`${indent}${kind} ${name} ${status} attempts=${attempts} ${error}`.trimEnd());
  for (const [index, child] of step.children.entries()) print(child, before?.children[index], `${indent}  `);
}

let state;
for await (const event of client.followEvents(flowExecutionId)) {
  if (event.type === 'reset') state = undefined;
  if (event.type !== 'message') continue;
  const before = state?.execution;
  state = stepsReducer(state, event.message);
  print(state.execution, before);
}
