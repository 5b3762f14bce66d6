/** What a network says of some test images, as the file beside its weights tells it, and in words. */
import { percent, plural } from '@/shared/format/numbers';

export interface Scored {
  class: number;
  score: number;
}

/** x1, y1, x2, y2 in pixels of the image. */
export type Box = [number, number, number, number];

export interface Found {
  class: number;
  box: Box;
  /** Only what a network says has one. */
  score?: number;
}

export interface Mask {
  /** A PNG in the classes' colours, transparent where nothing counts. */
  mask: string;
}

export type Labelled = { image: string; truth: number; prediction: { class: number; scores: Scored[] } };
export type Masked = { image: string; truth: Mask; prediction: Mask };
export type Boxed = { image: string; truth: Found[]; prediction: Found[] };

interface Common {
  classes: string[];
  /** One for each class, as #rrggbb. */
  colours: string[];
  width: number;
  height: number;
}

export type Predictions = Common &
  (
    | { task: 'classification'; images: Labelled[] }
    | { task: 'segmentation'; images: Masked[] }
    | { task: 'detection'; images: Boxed[] }
  );

export type Side = 'truth' | 'prediction';

export const className = (classes: readonly string[], index: number): string =>
  classes[index] ?? `class ${String(index)}`;

/** Those that the network is sure enough of; labels have no score and stay. */
export const sureOf = (found: readonly Found[], least: number): Found[] =>
  found.filter(({ score }) => score === undefined || score >= least);

/** `3 red cells, 1 platelet`; `nothing` where there is nothing. */
export function countText(found: readonly Found[], classes: readonly string[]): string {
  const counts = new Map<number, number>();
  for (const each of found) counts.set(each.class, (counts.get(each.class) ?? 0) + 1);
  const parts = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([index, n]) => plural(n, className(classes, index)));
  return parts.join(', ') || 'nothing';
}

/** `cell 34 %, background 66 %`, the largest first; classes below half a percent are left out. */
export function shareText(shares: readonly number[], classes: readonly string[]): string {
  const parts = shares
    .map((share, index) => ({ share, name: className(classes, index) }))
    .filter(({ share }) => share >= 0.005)
    .sort((a, b) => b.share - a.share)
    .map(({ share, name }) => `${name} ${percent(share, 0)}`);
  return parts.join(', ') || 'nothing';
}

/**
 * Each class's share of the pixels that count.
 *
 * `pixels` are RGBA, four numbers a pixel; transparent ones don't count, nor do colours that are no class's.
 */
export function sharesOf(pixels: ArrayLike<number>, colours: readonly string[]): number[] {
  const index = new Map(colours.map((colour, i) => [Number.parseInt(colour.slice(1), 16), i]));
  const counts = colours.map(() => 0);
  let all = 0;
  for (let at = 0; at + 3 < pixels.length; at += 4) {
    if (pixels[at + 3] === 0) continue;
    const rgb = ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
    const found = index.get(rgb);
    if (found === undefined) continue;
    counts[found] = (counts[found] ?? 0) + 1;
    all += 1;
  }
  return counts.map((count) => (all === 0 ? 0 : count / all));
}

/** Both sides of an image in one sentence, for those who don't see it. */
export const bothSides = (prediction: string, truth: string): string =>
  `Predicted: ${prediction}. Truth: ${truth}.`;
