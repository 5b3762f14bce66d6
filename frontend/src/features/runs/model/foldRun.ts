/**
 * One event folded into a run's snapshot. The server keeps its snapshots by the same rules
 * (webapp/runs/summary.py), so that an old snapshot and the events since then give what a fresh one would.
 */
import type {
  BestDesign,
  Metrics,
  Run,
  RunEvent,
  RunSummary,
  TaskMetric,
  TriedDesign,
} from '@/shared/api/types';

import type { Payloads } from './events';

type Step<K extends keyof Payloads> = (
  summary: RunSummary,
  payload: Payloads[K],
  metric: TaskMetric,
) => Partial<RunSummary>;

const STATE_FIELDS = [
  'state',
  'desired_state',
  'attempt',
  'actions',
  'failure',
  'started_at',
  'finished_at',
] as const;

/** The metric on the first of the splits that was measured. */
function measured(
  metrics: Metrics | undefined,
  metric: TaskMetric,
  ...splits: (keyof Metrics)[]
): number | null {
  const split = splits.find((name) => Object.keys(metrics?.[name] ?? {}).length > 0);
  return (split && metrics?.[split]?.[metric]) ?? null;
}

/** What a summary keeps of a design. */
function kept(design: TriedDesign, k: number, metric: TaskMetric): BestDesign {
  const { seed, budget, params, macs, netscore, meets } = design;
  return { seed, budget, params, macs, netscore, meets, k, value: design[metric] ?? null };
}

/** Whether `a` ranks above `b`: one that meets the requirements, by NetScore; until then by the run's metric. */
function better(a: BestDesign, b: BestDesign): boolean {
  if (a.meets !== b.meets) return a.meets;
  return a.meets ? a.netscore > b.netscore : (a.value ?? -Infinity) > (b.value ?? -Infinity);
}

const steps: { [K in keyof Payloads]?: Step<K> } = {
  run_started: (_, { resumed }) => ({ phase: resumed ? 'resumed' : 'started', outcome: null }),
  prototype_progress: (summary, { fraction, remaining_s, metrics }, metric) => ({
    phase: 'prototype',
    phase_fraction: fraction,
    remaining_s,
    prototype: { ...summary.prototype, value: measured(metrics, metric, 'validation') },
  }),
  prototype_ready: (_, { params, macs, metrics, netscore, information_density }, metric) => ({
    phase: 'cycles',
    prototype: {
      params,
      macs,
      value: measured(metrics, metric, 'test', 'validation'),
      netscore,
      information_density,
    },
  }),
  cycle: (summary, { k, fraction, remaining_s, yield_estimate, designs }, metric) => ({
    phase: 'cycles',
    fraction: fraction || summary.fraction,
    remaining_s,
    cycle: k,
    best: designs
      .map((design) => kept(design, k, metric))
      .reduce(
        (best: BestDesign | null, design) => (best && !better(design, best) ? best : design),
        summary.best,
      ),
    yield_estimate,
  }),
  certified: (_, certified) => ({ phase: 'certified', certified }),
  finished: (_, { status, cycles, wall_s, nearest }) =>
    status === 'stopped'
      ? { phase: 'stopped', remaining_s: null, outcome: { status, cycles, wall_s } }
      : {
          phase: 'finished',
          fraction: 1,
          remaining_s: 0,
          outcome: { status, cycles, wall_s, nearest: nearest ?? [] },
        },
};

function picked(changed: Partial<Run>): Partial<Run> {
  return Object.fromEntries(STATE_FIELDS.filter((key) => key in changed).map((key) => [key, changed[key]]));
}

export function foldRun(run: Run, event: RunEvent): Run {
  if (event.seq <= run.last_seq) return run;
  const after = { ...run, last_seq: event.seq };
  if (event.type === 'state') return { ...after, ...picked((event.payload as Payloads['state']).run) };
  if (event.type === 'run_started') after.device = (event.payload as Payloads['run_started']).device;
  const step = steps[event.type as keyof Payloads] as
    ((summary: RunSummary, payload: unknown, metric: TaskMetric) => Partial<RunSummary>) | undefined;
  if (!step) return after;
  const summary = { ...run.summary, ...step(run.summary, event.payload, run.metric) };
  summary.t = Math.max(event.t ?? 0, summary.t);
  return { ...after, summary };
}
