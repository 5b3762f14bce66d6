/** What a network at some budget will be like, read between the points of the certified scan. */
import type { ScanPoint } from '@/shared/api/types';

export interface Prediction {
  params: number;
  macs: number;
  /** Of the run's metric. */
  value: number;
}

/** Linear in the metric, geometric in the costs, which grow by factors. Null outside of the scan. */
export function predict(scan: readonly ScanPoint[], budget: number): Prediction | null {
  const points = [...scan].sort((a, b) => a.budget - b.budget);
  const above = points.findIndex((point) => point.budget >= budget - 1e-9);
  const right = points[above];
  if (!right) return null;
  const left = points[above - 1];
  if (!left) return Math.abs(right.budget - budget) < 1e-6 ? exact(right) : null;
  const part = (budget - left.budget) / (right.budget - left.budget);
  const between = (a: number, b: number) => a + (b - a) * part;
  const geometric = (a: number, b: number) => a * (b / a) ** part;
  return {
    params: geometric(left.params, right.params),
    macs: geometric(left.macs, right.macs),
    value: between(left.mean_accuracy, right.mean_accuracy),
  };
}

const exact = ({ params, macs, mean_accuracy }: ScanPoint): Prediction => ({
  params,
  macs,
  value: mean_accuracy,
});
