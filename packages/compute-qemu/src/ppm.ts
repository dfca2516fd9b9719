export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Four bytes per pixel: red, green, blue, 255. */
  readonly data: Uint8Array;
}

/** Reads ppm(5)'s binary form as QEMU's `screendump` writes it: 8 bits a colour, no comments. */
export function parsePpm(bytes: Uint8Array): Picture {
  const head = Buffer.from(bytes.subarray(0, 40)).toString('latin1');
  const match = /^P6\s(\d{1,5})\s(\d{1,5})\s255\s/.exec(head);
  if (!match) throw new RangeError('not a binary PPM picture with 255 shades');
  const [width, height] = [Number(match[1]), Number(match[2])];
  const pixels = bytes.subarray(match[0].length);
  if (pixels.length !== width * height * 3) {
    throw new RangeError(
      `a picture of ${width} × ${height} pixels cannot have ${pixels.length} bytes of them`,
    );
  }
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at++) {
    data.set(pixels.subarray(at * 3, at * 3 + 3), at * 4);
  }
  return { width, height, data };
}
