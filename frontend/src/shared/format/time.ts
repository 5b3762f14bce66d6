import { MISSING } from './numbers';

/** 83 → `1 min 23 s`. */
export function duration(seconds: number | null | undefined): string {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return MISSING;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${String(whole)} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return rest(`${String(minutes)} min`, whole % 60, 's');
  const hours = Math.floor(minutes / 60);
  return rest(`${String(hours)} h`, minutes % 60, 'min');
}

function rest(head: string, amount: number, unit: string): string {
  return amount === 0 ? head : `${head} ${String(amount)} ${unit}`;
}

/** 83 → `1:23`, for clocks that tick. */
export function clock(seconds: number | null | undefined): string {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return MISSING;
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const two = (n: number) => String(n).padStart(2, '0');
  return hours > 0
    ? `${String(hours)}:${two(minutes)}:${two(whole % 60)}`
    : `${String(minutes)}:${two(whole % 60)}`;
}

const RELATIVE: [number, Intl.RelativeTimeFormatUnit][] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
];

/** `3 hours ago`; the exact moment belongs in the element's title. */
export function ago(iso: string | null | undefined, now = Date.now()): string {
  if (!iso) return MISSING;
  const seconds = (Date.parse(iso) - now) / 1000;
  const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  for (const [step, unit] of RELATIVE) {
    if (Math.abs(seconds) >= step) return format.format(Math.round(seconds / step), unit);
  }
  return 'just now';
}

export function moment(iso: string | null | undefined): string {
  return iso ? new Date(iso).toLocaleString() : MISSING;
}
