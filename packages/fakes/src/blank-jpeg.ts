/** One pixel as a progressive JPEG; the segments are named as in ITU T.81, table B.1. */
const segments = [
  'ffd8', // SOI
  'ffe000104a46494600010101004800480000', // APP0: JFIF 1.1, 72 dpi
  `ffdb004300${'ff'.repeat(64)}`, // DQT
  'ffc2000b080001000101011100', // SOF2: one component, 1 × 1
  'ffc40014100100000000000000000000000000000000', // DHT
  'ffda0008010100013f10', // SOS and its only bits
  'ffd9', // EOI
];

export function blankJpeg(): Uint8Array {
  return Uint8Array.from(Buffer.from(segments.join(''), 'hex'));
}
