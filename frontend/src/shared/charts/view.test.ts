import { describe, expect, it } from 'vitest';

import { padded, panned, ticks, zoomed } from './view';

const log = { log: true };
const linear = { log: false };

describe('the chart’s view', () => {
  it('leaves room around one value', () => {
    const [low, high] = padded([1000], log);
    expect(low).toBeLessThan(1000);
    expect(high).toBeGreaterThan(1000);
  });

  it('takes thousands of values', () => {
    const values = Array.from({ length: 200_000 }, (_, i) => i + 1);
    expect(padded(values, linear, 0)).toEqual([1, 200_000]);
  });

  it('leaves out of a log axis what it can’t show', () => {
    expect(padded([0, -3, 10, 1000], log, 0)).toEqual([10, 1000]);
  });

  it('zooms out to where it zoomed in from', () => {
    const [low, high] = zoomed(zoomed([10, 1000], 0.5, 0.25, log), 2, 0.25, log);
    expect(low).toBeCloseTo(10);
    expect(high).toBeCloseTo(1000);
  });

  it('pans by decades on a log axis', () => {
    const [low, high] = panned([10, 1000], 0.5, log);
    expect(low).toBeCloseTo(100);
    expect(high).toBeCloseTo(10_000);
  });

  it('puts ticks at round values', () => {
    expect(ticks([900, 110_000], log, 7)).toEqual([1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]);
    expect(ticks([0.9, 1], linear, 5)).toEqual([0.9, 0.92, 0.94, 0.96, 0.98, 1]);
  });
});
