/** The module at /watch/app.js: defines the elements of the page at /watch. */
import { FlowtapExecution } from '../element/flowtap-execution.ts';
import { WatchExecution } from './execution-view.ts';
import { WatchExecutionList } from './execution-list.ts';
import { WatchFlowNav } from './flow-nav.ts';
import { WatchKeyForm } from './key-form.ts';
import { WatchPage } from './watch-page.ts';

customElements.define('flowtap-execution', FlowtapExecution);
customElements.define('watch-key-form', WatchKeyForm);
customElements.define('watch-flow-nav', WatchFlowNav);
customElements.define('watch-execution-list', WatchExecutionList);
customElements.define('watch-execution', WatchExecution);
customElements.define('watch-page', WatchPage);
