/** The charts' colours, read from the page's palette so that both schemes are served. */

export type Scheme = 'light' | 'dark';

export function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--ff-${name}`).trim() || '#888';
}

type Rgb = readonly [number, number, number];

/** From cold iron to ember: early cycles to late ones. Lightness moves one way, so it reads without hue too. */
const RAMPS: Record<Scheme, readonly Rgb[]> = {
  light: [
    [150, 170, 196],
    [126, 112, 168],
    [170, 72, 120],
    [185, 60, 11],
  ],
  dark: [
    [70, 92, 124],
    [122, 92, 158],
    [212, 98, 128],
    [255, 160, 92],
  ],
};

/** The colour at `t` in [0, 1]. */
export function ramp(t: number, scheme: Scheme): string {
  const stops = RAMPS[scheme];
  const place = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const from = stops[index];
  const to = stops[index + 1];
  if (!from || !to) return '#888';
  const part = place - index;
  const mix = (a: number, b: number) => Math.round(a + (b - a) * part);
  return `rgb(${String(mix(from[0], to[0]))} ${String(mix(from[1], to[1]))} ${String(mix(from[2], to[2]))})`;
}

export function rampGradient(scheme: Scheme): string {
  return `linear-gradient(90deg, ${[0, 0.33, 0.67, 1].map((t) => ramp(t, scheme)).join(', ')})`;
}
