/** If the element is narrower than this, the style sheet gives each row a second line. */
export const NARROW_PX = 640;
