/** For workerd.test.ts: starts workerd, prints its process id, and waits until the test kills this process. */
import { startWorkerd } from '../../src/local/workerd.ts';

const [persistTo, script] = process.argv.slice(2);
if (persistTo === undefined || script === undefined)
  throw new Error('usage: workerd-parent.ts <state> <script>');
const workerd = await startWorkerd({ vars: {}, persistTo, script });
console.log(workerd.pid);
process.stdin.resume();
