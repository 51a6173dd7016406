/**
 * Files that still have phrases which phrases.ts rejects. Remove a file from here once it has been rewritten; add none. Delete
 * this list when it is empty.
 */
export const PHRASES_LEFT: readonly string[] = [];
