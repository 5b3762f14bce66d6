import { describe, expect, it } from 'vitest';

import { drawing, network } from '@/test/mock/networkFixture';

import { arrange, withNetwork } from './arrange';
import { predict } from './predict';

const scan = [
  { budget: 0.2, raw_yield: 0.9, mean_accuracy: 0.96, params: 1000, macs: 10_000 },
  { budget: 0.4, raw_yield: 1, mean_accuracy: 0.98, params: 4000, macs: 90_000 },
];

describe('the prediction at a budget', () => {
  it('is what was measured at the scanned budgets', () => {
    expect(predict(scan, 0.2)).toEqual({ params: 1000, macs: 10_000, value: 0.96 });
    expect(predict(scan, 0.4)).toMatchObject({ params: 4000, macs: 90_000, value: 0.98 });
  });

  it('lies between them elsewhere', () => {
    const middle = predict(scan, 0.3);
    expect(middle?.params).toBeCloseTo(2000);
    expect(middle?.macs).toBeCloseTo(30_000);
    expect(middle?.value).toBeCloseTo(0.97);
  });

  it('says nothing outside of the scan', () => {
    expect(predict(scan, 0.1)).toBeNull();
    expect(predict(scan, 0.5)).toBeNull();
    expect(predict([], 0.5)).toBeNull();
  });
});

describe('the gallery’s order', () => {
  const small = network(1, 0.2);
  const large = network(2, 0.9);
  const waiting = drawing(3, 0.5);
  const all = { accepted: false, least: null };

  it('keeps what is being drawn first', () => {
    expect(arrange([large, small, waiting], 'params', all, 'accuracy').map((n) => n.seed)).toEqual([3, 1, 2]);
  });

  it('filters by the verdict', () => {
    const failed = { ...small, verified: false };
    const both = [failed, { ...large, verified: true }];
    const shown = arrange(both, 'params', { accepted: true, least: null }, 'accuracy');
    expect(shown.map((n) => n.seed)).toEqual([2]);
  });

  it('goes by the run’s metric, among those that reach enough of it', () => {
    const one = { ...small, metrics: { test: { pixel_accuracy: 0.9, miou: 0.5 } } };
    const other = { ...large, metrics: { test: { pixel_accuracy: 0.8, miou: 0.7 } } };
    const seeds = (metric: 'miou' | 'pixel_accuracy', least: number | null) =>
      arrange([one, other], '-value', { accepted: false, least }, metric).map((n) => n.seed);
    expect(seeds('miou', null)).toEqual([2, 1]);
    expect(seeds('pixel_accuracy', null)).toEqual([1, 2]);
    expect(seeds('miou', 0.6)).toEqual([2]);
  });

  it('replaces a network that changed and adds one that is new', () => {
    const ready = { ...waiting, state: 'ready' as const };
    expect(withNetwork([waiting, small], ready)).toEqual([ready, small]);
    expect(withNetwork([small], waiting)).toEqual([waiting, small]);
  });
});
