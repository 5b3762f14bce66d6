/** What the form for a new run holds, and the request that it becomes. */
import type { Dataset, Metric, Prototype, Requirement, RunCreate } from '@/shared/api/types';

type Field = number | '';

export interface Draft {
  dataset: string;
  prototype: string;
  /** The task metric's floor, in percent. */
  floor: Field;
  maxParams: Field;
  maxMacs: Field;
  minutes: Field;
  maxCycles: Field;
  seed: Field;
  /** In percent. */
  targetYield: Field;
  alpha: Field;
  beta: Field;
  gamma: Field;
  name: string;
}

const DEFAULT_PROTOTYPE = 'resnet8';

/** The one metric that a task is asked for here. */
export function taskMetric(task: string | null | undefined): Metric {
  if (task === 'segmentation') return 'miou';
  if (task === 'detection') return 'map50';
  return 'accuracy';
}

/** Defaults that lead to a good first run: the built-in digits, the smallest prototype, 96 %, two minutes. */
export function defaultDraft(datasets: readonly Dataset[], prototypes: readonly Prototype[]): Draft {
  const dataset = datasets.find((d) => d.builtin === 'digits') ?? datasets[0];
  const prototype = prototypes.find((p) => p.zoo === DEFAULT_PROTOTYPE) ?? prototypes[0];
  return {
    dataset: dataset?.id ?? '',
    prototype: prototype?.id ?? '',
    floor: 96,
    maxParams: '',
    maxMacs: '',
    minutes: 2,
    maxCycles: '',
    seed: 0,
    targetYield: 95,
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
  metric: Metric,
): { field: keyof Draft; requirement: Requirement }[] {
  const found: { field: keyof Draft; requirement: Requirement }[] = [];
  if (draft.floor !== '')
    found.push({ field: 'floor', requirement: { metric, op: '>=', value: tidy(draft.floor / 100) } });
  if (draft.maxParams !== '')
    found.push({ field: 'maxParams', requirement: { metric: 'params', op: '<=', value: draft.maxParams } });
  if (draft.maxMacs !== '')
    found.push({ field: 'maxMacs', requirement: { metric: 'macs', op: '<=', value: draft.maxMacs } });
  return found;
}

const orNull = (value: Field): number | null => (value === '' ? null : value);

export function draftRequest(draft: Draft, metric: Metric): RunCreate {
  const { name, dataset, prototype, seed, targetYield, alpha, beta, gamma, minutes } = draft;
  return {
    ...(name.trim() ? { name: name.trim() } : {}),
    dataset,
    prototype,
    requirements: draftRequirements(draft, metric).map(({ requirement }) => requirement),
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
  'objective/alpha': 'alpha',
  'objective/beta': 'beta',
  'objective/gamma': 'gamma',
  objective: 'alpha',
};

export const ADVANCED: ReadonlySet<keyof Draft> = new Set([
  'name',
  'maxParams',
  'maxMacs',
  'minutes',
  'maxCycles',
  'seed',
  'targetYield',
  'alpha',
  'beta',
  'gamma',
] as const);

/** The API's errors by the form's field. */
export function draftErrors(
  errors: Record<string, string>,
  draft: Draft,
  metric: Metric,
): Partial<Record<keyof Draft, string>> {
  const order = draftRequirements(draft, metric);
  const found: Partial<Record<keyof Draft, string>> = {};
  for (const [pointer, detail] of Object.entries(errors)) {
    const [head, index] = pointer.split('/');
    const field = head === 'requirements' ? (order[Number(index ?? 0)]?.field ?? 'floor') : FIELDS[pointer];
    // At its field, the sentence need not name the path again.
    if (field) found[field] ??= detail.replace(/^\/?requirements\/\d+\/\w+ /, 'This ');
  }
  return found;
}
