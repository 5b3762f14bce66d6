/** What each requirement's metric is called, and how its values read. */
import type { Metric, Requirement, Verdict } from '@/shared/api/types';

import { count, macs, megabytes, MISSING, percent, plain, signed } from './numbers';

const NAMES: Record<Metric, string> = {
  accuracy: 'accuracy',
  miou: 'mIoU',
  pixel_accuracy: 'pixel accuracy',
  map50: 'mAP50',
  map: 'mAP',
  params: 'parameters',
  macs: 'MACs',
  latency_ms: 'latency',
  size_mb: 'file size',
  energy_mj: 'energy',
};

const SHARES: ReadonlySet<string> = new Set(['accuracy', 'miou', 'pixel_accuracy', 'map50', 'map']);

export const isShare = (metric: string): boolean => SHARES.has(metric);

export function metricName(metric: string): string {
  return metric in NAMES ? NAMES[metric as Metric] : metric;
}

export function metricValue(metric: string, value: number | null | undefined): string {
  if (typeof value !== 'number') return MISSING;
  if (isShare(metric)) return percent(value);
  if (metric === 'params') return count(value);
  if (metric === 'macs') return macs(value);
  if (metric === 'latency_ms') return `${plain(value)} ms`;
  if (metric === 'size_mb') return megabytes(value);
  if (metric === 'energy_mj') return `${plain(value)} mJ`;
  return plain(value);
}

export const sign = (op: Requirement['op']): string => (op === '>=' ? '≥' : '≤');

export function requirementText({ metric, op, value }: Requirement): string {
  return `${metricName(metric)} ${sign(op)} ${metricValue(metric, value)}`;
}

/** How far the measured value is on the good side of the limit, in the metric's own unit. */
export function marginText({ metric, op, value, measured }: Verdict): string {
  if (typeof measured !== 'number') return 'not measured';
  const distance = op === '>=' ? measured - value : value - measured;
  if (isShare(metric)) return `${signed(distance * 100, 1)} pts`;
  if (value === 0) return signed(distance, 2);
  return `${signed((distance / value) * 100, 0)} %`;
}
