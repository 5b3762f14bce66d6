/**
 * One event folded into a run's snapshot. The server keeps its snapshot by the same rules, so that an old
 * snapshot and the events since then give what a fresh snapshot would.
 */
import type { Point, Run, RunEvent } from '@/shared/api/types';

import type { Cycle, Payloads } from './events';

type Step<K extends keyof Payloads> = (run: Run, payload: Payloads[K]) => Run;

const withSummary = (run: Run, summary: Partial<Run['summary']>): Run => ({
  ...run,
  summary: { ...run.summary, ...summary },
});

/** The design of highest NetScore that meets every requirement, over all cycles so far. */
function bestOf(best: Run['summary']['best'], designs: Cycle['designs']): Run['summary']['best'] {
  let found = best;
  for (const design of designs) {
    if (!design.meets || (found && design.netscore <= found.netscore)) continue;
    const { seed, budget, params, macs, accuracy, netscore } = design;
    found = { seed, budget, params, macs, accuracy, netscore };
  }
  return found;
}

const steps: { [K in keyof Payloads]?: Step<K> } = {
  state: (run, { to, run: changed }) => ({ ...run, state: to as Run['state'], ...changed }),
  run_started: (run, { device }) => ({ ...run, device }),
  prototype_progress: (run, { remaining_s }) => withSummary(run, { remaining_s }),
  prototype_ready: (run, { params, macs, metrics, netscore }) => {
    const prototype: Point = { params, macs, accuracy: metrics.test.accuracy, netscore };
    return withSummary(run, { prototype });
  },
  cycle: (run, { k, fraction, remaining_s, yield_estimate, designs }) =>
    withSummary(run, {
      cycle: k,
      fraction,
      remaining_s,
      yield_estimate,
      best: bestOf(run.summary.best, designs),
    }),
  certified: (run, certified) => withSummary(run, { certified }),
  finished: (run) => withSummary(run, { fraction: 1, remaining_s: 0 }),
};

export function foldRun(run: Run, event: RunEvent): Run {
  if (event.seq <= run.last_seq) return run;
  const step = steps[event.type as keyof Payloads] as ((run: Run, payload: unknown) => Run) | undefined;
  const next = step ? step(run, event.payload) : run;
  return { ...next, last_seq: event.seq };
}
