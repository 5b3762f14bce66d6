/** What part of the plane a chart shows, and how zooming and panning move it. */

export type Span = readonly [number, number];

export interface View {
  x: Span;
  y: Span;
}

export interface Axis {
  log: boolean;
}

const forward = (value: number, { log }: Axis) => (log ? Math.log10(value) : value);
const backward = (value: number, { log }: Axis) => (log ? 10 ** value : value);

/** The span of some values with a margin; a single value gets room around it. */
export function padded(values: readonly number[], axis: Axis, margin = 0.06): Span {
  const usable = values.filter((value) => Number.isFinite(value) && (!axis.log || value > 0));
  if (usable.length === 0) return axis.log ? [1, 10] : [0, 1];
  // A loop: spreading thousands of values into Math.min can exhaust the stack.
  let low = Infinity;
  let high = -Infinity;
  for (const value of usable) {
    low = Math.min(low, forward(value, axis));
    high = Math.max(high, forward(value, axis));
  }
  const least = axis.log ? 0.3 : Math.max(1e-3, Math.abs(high) * 0.02);
  const room = Math.max((high - low) * margin, (least - (high - low)) / 2);
  return [backward(low - room, axis), backward(high + room, axis)];
}

/** Scales a span by `factor` about the fraction `at` of its length. */
export function zoomed([low, high]: Span, factor: number, at: number, axis: Axis): Span {
  const a = forward(low, axis);
  const b = forward(high, axis);
  const centre = a + (b - a) * at;
  return [backward(centre - (centre - a) * factor, axis), backward(centre + (b - centre) * factor, axis)];
}

/** Moves a span by a fraction of its length. */
export function panned([low, high]: Span, fraction: number, axis: Axis): Span {
  const a = forward(low, axis);
  const b = forward(high, axis);
  const step = (b - a) * fraction;
  return [backward(a + step, axis), backward(b + step, axis)];
}

/** Ticks at round values: 1, 2 and 5 times powers of ten, or evenly where the span is short. */
export function ticks([low, high]: Span, axis: Axis, wanted: number): number[] {
  if (axis.log && high / low > 6) return logTicks(low, high, wanted);
  const raw = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw;
  const found: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high * (1 + 1e-12); i += 1)
    found.push(Number((i * step).toPrecision(12)));
  return found;
}

function logTicks(low: number, high: number, wanted: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  for (const multiples of [[1, 2, 5], [1, 3], [1]]) {
    const found: number[] = [];
    for (let power = first; power <= last; power += 1) {
      for (const multiple of multiples) {
        const value = multiple * 10 ** power;
        if (value >= low && value <= high) found.push(value);
      }
    }
    if (found.length <= wanted + 1 || multiples.length === 1) return found;
  }
  return [];
}
