/** All styles of the element, in the order in which they apply. */
import { BAR_STYLES } from './bar-styles.ts';
import { CONTROLS } from './controls.ts';
import { FRAME } from './frame.ts';
import { GRIDS } from './grids.ts';
import { MESSAGE_STYLES } from './message-styles.ts';
import { STEP_STYLES } from './step-styles.ts';
import { TOKENS } from './tokens.ts';

export const STYLES = [TOKENS, FRAME, CONTROLS, GRIDS, STEP_STYLES, BAR_STYLES, MESSAGE_STYLES];
