/** Below this width the style sheet gives each row a second line. */
export const NARROW_PX = 640;
