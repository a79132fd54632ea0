import { createHash } from "node:crypto";
import { boundedMap } from "./bounded-map.js";
import { type Colour, createPng } from "./png.js";

const CELLS = 5;
const MARGIN = 1 / 6;
const KEPT_PICTURES = 256;

/** Dark enough for a light pattern. */
const GROUNDS: readonly Colour[] = [
  [88, 101, 242],
  [36, 128, 70],
  [176, 82, 14],
  [196, 44, 92],
  [10, 116, 132],
  [112, 62, 178],
];
const PATTERN: Colour = [246, 247, 255];

const pictures = boundedMap<Buffer>(KEPT_PICTURES);

/** Draws an image as PNG: always the same one for the same name, and different ones for different names. */
export function drawPicture(name: string, size: number): Buffer {
  const key = `${size} ${name}`;
  const drawn = pictures.get(key) ?? draw(name, size);
  pictures.set(key, drawn);
  return drawn;
}

function draw(name: string, size: number): Buffer {
  const digest = createHash("sha256").update(name).digest();
  const ground = GROUNDS[(digest[31] ?? 0) % GROUNDS.length] ?? PATTERN;
  const cell = (position: number) => Math.floor(((position / size - MARGIN) / (1 - 2 * MARGIN)) * CELLS);
  return createPng(size, [ground, PATTERN], (x, y) => {
    const [column, row] = [cell(x + 0.5), cell(y + 0.5)];
    if (Math.min(column, row) < 0 || Math.max(column, row) >= CELLS) return 0;
    const mirrored = Math.min(column, CELLS - 1 - column);
    return (digest[row * 3 + mirrored] ?? 0) % 2;
  });
}
