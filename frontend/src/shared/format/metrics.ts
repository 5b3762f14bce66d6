/** What each metric is called, how its values read, and which of them each task has. */
import type { Metric, Requirement, Task, TaskMetric, Verdict } from '@/shared/api/types';

import { count, macs, megabytes, MISSING, percent, plain, signed } from './numbers';

interface Reading {
  name: string;
  value: (value: number) => string;
  /** A share of what could be right, from 0 to 1. */
  share?: boolean;
  /** It depends on the device that it holds for. */
  onDevice?: boolean;
}

const share = (name: string): Reading => ({ name, value: (v) => percent(v), share: true });

const METRICS: Record<Metric, Reading> = {
  accuracy: share('accuracy'),
  pixel_accuracy: share('pixel accuracy'),
  miou: share('mIoU'),
  map50: share('mAP@0.5'),
  map: share('mAP@[.5:.95]'),
  params: { name: 'parameters', value: (v) => count(v) },
  macs: { name: 'MACs', value: macs },
  size_mb: { name: 'file size', value: megabytes },
  activation_mb: { name: 'activation memory', value: megabytes },
  latency_ms: { name: 'latency', value: milliseconds, onDevice: true },
  energy_mj: { name: 'energy', value: millijoules, onDevice: true },
};

/** The first is what a run is about where none is required, as for the engine. */
export const TASK_METRICS: Record<Task, readonly [TaskMetric, ...TaskMetric[]]> = {
  classification: ['accuracy'],
  segmentation: ['pixel_accuracy', 'miou'],
  detection: ['map50', 'map'],
};

const reading = (metric: string): Reading | undefined => METRICS[metric as Metric];

export const isShare = (metric: string): boolean => reading(metric)?.share ?? false;

export const metricName = (metric: string): string => reading(metric)?.name ?? metric;

/** The name at the start of a line: a word gets a capital, a symbol such as mIoU stays. */
export function metricTitle(metric: string): string {
  const name = metricName(metric);
  return /^[a-z]+( |$)/.test(name) ? name.charAt(0).toUpperCase() + name.slice(1) : name;
}

export function metricValue(metric: string, value: number | null | undefined): string {
  if (typeof value !== 'number') return MISSING;
  return (reading(metric)?.value ?? plain)(value);
}

/** Small ones keep three digits: a tiny network takes microseconds. */
export function milliseconds(value: number | null | undefined): string {
  return small(value, 'ms');
}

export function millijoules(value: number | null | undefined): string {
  return small(value, 'mJ');
}

function small(value: number | null | undefined, unit: string): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return MISSING;
  return `${value < 1 ? String(Number(value.toPrecision(3))) : plain(value)}\u00a0${unit}`;
}

export const sign = (op: Requirement['op']): string => (op === '>=' ? '≥' : '≤');

/** Where a metric holds: nothing for most of them. */
export function place(metric: string, device: string | undefined): string {
  if (!reading(metric)?.onDevice) return '';
  if (device === undefined || device === 'cpu') return ' on this machine';
  if (device === 'cuda') return ' on this machine’s GPU';
  return ` on ${device} (estimate)`;
}

export function requirementText({ metric, op, value, device }: Requirement): string {
  return `${metricName(metric)}${place(metric, device)} ${sign(op)} ${metricValue(metric, value)}`;
}

/** How far the measured value is on the good side of the limit, in the metric's own unit. */
export function marginText({ metric, op, value, measured }: Verdict): string {
  if (typeof measured !== 'number') return 'not measured';
  const distance = op === '>=' ? measured - value : value - measured;
  if (isShare(metric)) return `${signed(distance * 100, 1)} pts`;
  if (value === 0) return signed(distance, 2);
  return `${signed((distance / value) * 100, 0)} %`;
}
