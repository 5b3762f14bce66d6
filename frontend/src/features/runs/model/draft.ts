/** What the form for a new run holds, and the request that it becomes. */
import type {
  Dataset,
  Metric,
  Prototype,
  Requirement,
  RunCreate,
  TargetDevice,
  Task,
  TaskMetric,
} from '@/shared/api/types';
import { TASK_METRICS } from '@/shared/format/metrics';

import { deviceFor } from './devices';

type Field = number | '';

export interface Draft {
  dataset: string;
  prototype: string;
  /** The task metric that is required, and its floor in percent. */
  metric: TaskMetric;
  floor: Field;
  maxParams: Field;
  maxMacs: Field;
  /** In MB. */
  maxSize: Field;
  maxActivation: Field;
  /** In ms, on a device; without one, on the first that it can be had on. */
  maxLatency: Field;
  latencyDevice: string;
  /** In mJ. */
  maxEnergy: Field;
  energyDevice: string;
  minutes: Field;
  maxCycles: Field;
  seed: Field;
  /** In percent. */
  targetYield: Field;
  /** In percent. */
  confidence: Field;
  alpha: Field;
  beta: Field;
  gamma: Field;
  name: string;
}

/** For each task the smallest prototype, and the minutes that it takes to see something. */
const FIRST_RUN: Record<Task, { zoo: string; minutes: number }> = {
  classification: { zoo: 'resnet8', minutes: 2 },
  segmentation: { zoo: 'refinenet-small', minutes: 10 },
  detection: { zoo: 'detectnet-small', minutes: 10 },
};

/** A floor, in percent, that a small network can be expected to reach. */
export const FLOORS: Record<TaskMetric, number> = {
  accuracy: 96,
  pixel_accuracy: 90,
  miou: 60,
  map50: 60,
  map: 40,
};

export const taskOf = (dataset: Dataset | undefined): Task => dataset?.task || 'classification';

/** Those for the task, and those of one's own, which are for any. */
export const suiting = (prototypes: readonly Prototype[], task: Task): Prototype[] =>
  prototypes.filter((prototype) => prototype.task === '' || prototype.task === task);

/** What follows from the dataset's task. */
export function draftFor(
  dataset: Dataset | undefined,
  prototypes: readonly Prototype[],
): Pick<Draft, 'dataset' | 'prototype' | 'metric' | 'floor' | 'minutes'> {
  const task = taskOf(dataset);
  const { zoo, minutes } = FIRST_RUN[task];
  const offered = suiting(prototypes, task);
  const prototype = offered.find((p) => p.zoo === zoo) ?? offered[0];
  const [metric] = TASK_METRICS[task];
  return {
    dataset: dataset?.id ?? '',
    prototype: prototype?.id ?? '',
    metric,
    floor: FLOORS[metric],
    minutes,
  };
}

/** Defaults that lead to a good first run: the built-in digits, the smallest prototype, 96 %, two minutes. */
export function defaultDraft(datasets: readonly Dataset[], prototypes: readonly Prototype[]): Draft {
  const dataset = datasets.find((d) => d.builtin === 'digits') ?? datasets[0];
  return {
    ...draftFor(dataset, prototypes),
    maxParams: '',
    maxMacs: '',
    maxSize: '',
    maxActivation: '',
    maxLatency: '',
    latencyDevice: '',
    maxEnergy: '',
    energyDevice: '',
    maxCycles: '',
    seed: 0,
    targetYield: 95,
    confidence: 95,
    alpha: 2,
    beta: 0.5,
    gamma: 0.5,
    name: '',
  };
}

/** Percent and minutes as the API's shares and seconds, free of binary noise such as 0.9570000000000001. */
const tidy = (value: number) => Number(value.toPrecision(12));

/** The requirements in the order that the API's pointers count them. */
export function draftRequirements(
  draft: Draft,
  devices: readonly TargetDevice[],
): { field: keyof Draft; requirement: Requirement }[] {
  const found: { field: keyof Draft; requirement: Requirement }[] = [];
  if (draft.floor !== '') {
    const value = tidy(draft.floor / 100);
    found.push({ field: 'floor', requirement: { metric: draft.metric, op: '>=', value } });
  }
  const limit = (field: LimitField, metric: Metric, device?: string) => {
    const value = draft[field];
    if (value === '') return;
    found.push({ field, requirement: { metric, op: '<=', value, ...(device ? { device } : {}) } });
  };
  limit('maxParams', 'params');
  limit('maxMacs', 'macs');
  limit('maxSize', 'size_mb');
  limit('maxActivation', 'activation_mb');
  limit('maxLatency', 'latency_ms', deviceFor('latency_ms', draft.latencyDevice, devices));
  limit('maxEnergy', 'energy_mj', deviceFor('energy_mj', draft.energyDevice, devices));
  return found;
}

type LimitField = 'maxParams' | 'maxMacs' | 'maxSize' | 'maxActivation' | 'maxLatency' | 'maxEnergy';

const orNull = (value: Field): number | null => (value === '' ? null : value);

export function draftRequest(draft: Draft, devices: readonly TargetDevice[]): RunCreate {
  const { name, dataset, prototype, seed, targetYield, confidence, alpha, beta, gamma, minutes } = draft;
  return {
    ...(name.trim() ? { name: name.trim() } : {}),
    dataset,
    prototype,
    requirements: draftRequirements(draft, devices).map(({ requirement }) => requirement),
    objective: {
      name: 'netscore',
      alpha: orNull(alpha) ?? 2,
      beta: orNull(beta) ?? 0.5,
      gamma: orNull(gamma) ?? 0.5,
    },
    time_budget_s: minutes === '' ? null : Math.round(minutes * 60),
    max_cycles: orNull(draft.maxCycles),
    seed: orNull(seed) ?? 0,
    target_yield: targetYield === '' ? 0.95 : tidy(targetYield / 100),
    confidence: confidence === '' ? 0.95 : tidy(confidence / 100),
  };
}

const FIELDS: Record<string, keyof Draft> = {
  name: 'name',
  dataset: 'dataset',
  prototype: 'prototype',
  time_budget_s: 'minutes',
  max_cycles: 'maxCycles',
  seed: 'seed',
  target_yield: 'targetYield',
  confidence: 'confidence',
  'objective/alpha': 'alpha',
  'objective/beta': 'beta',
  'objective/gamma': 'gamma',
  objective: 'alpha',
};

export const ADVANCED: ReadonlySet<keyof Draft> = new Set([
  'name',
  'maxParams',
  'maxMacs',
  'maxSize',
  'maxActivation',
  'maxLatency',
  'maxEnergy',
  'minutes',
  'maxCycles',
  'seed',
  'targetYield',
  'confidence',
  'alpha',
  'beta',
  'gamma',
] as const);

/** The API's errors by the form's field. */
export function draftErrors(
  errors: Record<string, string>,
  draft: Draft,
  devices: readonly TargetDevice[],
): Partial<Record<keyof Draft, string>> {
  const order = draftRequirements(draft, devices);
  const found: Partial<Record<keyof Draft, string>> = {};
  for (const [pointer, detail] of Object.entries(errors)) {
    const [head, index] = pointer.split('/');
    const field = head === 'requirements' ? (order[Number(index ?? 0)]?.field ?? 'floor') : FIELDS[pointer];
    // At its field, the sentence need not name the path again.
    if (field) found[field] ??= detail.replace(/^\/?requirements\/\d+\/\w+ /, 'This ');
  }
  return found;
}
