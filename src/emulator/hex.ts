/** Writes bytes as lower-case hexadecimal digits, as AWS does in signatures. */
export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
