/** A process that starts workerd, says its process id, and then waits to be killed by workerd.test.ts. */
import { startWorkerd } from '../../src/local/workerd.ts';

const [persistTo, script] = process.argv.slice(2);
if (persistTo === undefined || script === undefined)
  throw new Error('usage: workerd-parent.ts <state> <script>');
const workerd = await startWorkerd({ vars: {}, persistTo, script });
console.log(workerd.pid);
process.stdin.resume();
