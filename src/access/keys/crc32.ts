/**
 * CRC-32 (ISO-HDLC, the one of zlib and PNG). It finds every change of up to 32 neighbouring bits, so every single wrong
 * character. A checksum against typing errors and junk, no protection against anyone.
 */

/** Of ASCII text, as an unsigned number. */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index++) {
    crc = (TABLE[(crc ^ text.charCodeAt(index)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
