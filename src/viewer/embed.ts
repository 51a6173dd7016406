/** The module at /embed/v1.js: defines <flowtap-execution>. */
import { FlowtapExecution } from './element/flowtap-execution.ts';

// A page might load the module twice, from two addresses. Defining the element twice would throw.
if (!customElements.get('flowtap-execution')) customElements.define('flowtap-execution', FlowtapExecution);

export { FlowtapExecution };
