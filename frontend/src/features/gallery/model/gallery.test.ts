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
    expect(predict(scan, 0.2)).toEqual({ params: 1000, macs: 10_000, accuracy: 0.96 });
    expect(predict(scan, 0.4)).toMatchObject({ params: 4000, macs: 90_000, accuracy: 0.98 });
  });

  it('lies between them elsewhere', () => {
    const middle = predict(scan, 0.3);
    expect(middle?.params).toBeCloseTo(2000);
    expect(middle?.macs).toBeCloseTo(30_000);
    expect(middle?.accuracy).toBeCloseTo(0.97);
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

  it('keeps what is being drawn first', () => {
    expect(arrange([large, small, waiting], 'params', 'all').map((n) => n.seed)).toEqual([3, 1, 2]);
  });

  it('filters by the verdict', () => {
    const failed = { ...small, verified: false };
    expect(arrange([failed, { ...large, verified: true }], 'params', 'verified').map((n) => n.seed)).toEqual([
      2,
    ]);
  });

  it('replaces a network that changed and adds one that is new', () => {
    const ready = { ...waiting, state: 'ready' as const };
    expect(withNetwork([waiting, small], ready)).toEqual([ready, small]);
    expect(withNetwork([small], waiting)).toEqual([waiting, small]);
  });
});
