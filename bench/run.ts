/**
 * `npm run bench`: reads the options, then measures. The measuring code is imported after that, so that `--help`
 * answers immediately.
 */
import { HELP, readOptions } from './options.ts';

let options: ReturnType<typeof readOptions>;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  process.exit(2);
}
if (options === 'help') console.log(HELP);
else await (await import('./measure-all.ts')).measureAll(options);
