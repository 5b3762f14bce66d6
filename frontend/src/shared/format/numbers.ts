/** Numbers as people read them. A missing number is a dash, never a zero. */

export const MISSING = '–';

/** Keeps a value and its unit on one line. */
const NBSP = '\u00a0';

type Maybe = number | null | undefined;

const known = (value: Maybe): value is number => typeof value === 'number' && Number.isFinite(value);

const STEPS: [number, string][] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'K'],
];

function significant(value: number, digits: number): string {
  const size = Math.abs(Number(value.toPrecision(digits)));
  const decimals = size === 0 ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(decimals, 4));
}

/** 77 800 → `77.8 K`; 12 → `12`. */
export function count(value: Maybe, digits = 3): string {
  if (!known(value)) return MISSING;
  for (const [step, unit] of STEPS) {
    // 999 950 would round to `1000 K`; it belongs to the next unit.
    if (Math.abs(value) >= step * 0.9995) return `${significant(value / step, digits)}${NBSP}${unit}`;
  }
  return Number.isInteger(value) ? String(value) : significant(value, digits);
}

/** Multiply-accumulates, in millions up to a billion: 760 000 → `0.76 M`. */
export function macs(value: Maybe): string {
  if (!known(value)) return MISSING;
  if (value >= 0.9995e9) return `${significant(value / 1e9, 3)}${NBSP}G`;
  if (value >= 1e4) return `${significant(value / 1e6, value < 1e6 ? 2 : 3)}${NBSP}M`;
  return count(value);
}

/** 0.9743 → `97.4 %`. */
export function percent(value: Maybe, decimals = 1): string {
  return known(value) ? `${(value * 100).toFixed(decimals)}${NBSP}%` : MISSING;
}

export function decibels(value: Maybe): string {
  return known(value) ? `${value.toFixed(1)}${NBSP}dB` : MISSING;
}

export function signedDecibels(value: Maybe): string {
  return known(value) ? `${signed(value, 1)}${NBSP}dB` : MISSING;
}

export function signed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  if (Number(text) === 0) return text;
  return `${value < 0 ? '−' : '+'}${text}`;
}

/** How many times smaller: 78 000 → 9 000 is `8.7×`. */
export function times(from: Maybe, to: Maybe): string {
  if (!known(from) || !known(to) || to <= 0) return MISSING;
  const ratio = from / to;
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(1)}×`;
}

export function plain(value: Maybe, decimals = 2): string {
  return known(value) ? value.toFixed(decimals).replace('-', '−') : MISSING;
}

export function bytes(value: Maybe): string {
  if (!known(value)) return MISSING;
  if (value < 1000) return `${String(value)}${NBSP}B`;
  for (const [step, unit] of STEPS) {
    if (value >= step) return `${significant(value / step, 3)}${NBSP}${unit === 'K' ? 'k' : unit}B`;
  }
  return MISSING;
}

export function megabytes(value: Maybe): string {
  return known(value) ? bytes(Math.round(value * 1e6)) : MISSING;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}
