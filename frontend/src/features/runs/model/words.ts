/** A run's state in plain words. */
import type { Run, RunState } from '@/shared/api/types';
import { percent, plural } from '@/shared/format/numbers';
import { duration } from '@/shared/format/time';
import type { Tone } from '@/shared/ui/Badge';

import type { History } from './history';

interface Standing {
  name: string;
  tone: Tone;
  moving?: boolean;
}

export const STANDINGS: Record<RunState, Standing> = {
  DRAFT: { name: 'Draft', tone: 'neutral' },
  QUEUED: { name: 'Queued', tone: 'neutral', moving: true },
  STARTING: { name: 'Starting', tone: 'active', moving: true },
  RUNNING: { name: 'Running', tone: 'active', moving: true },
  PAUSING: { name: 'Pausing', tone: 'warn', moving: true },
  PAUSED: { name: 'Paused', tone: 'warn' },
  CANCELLING: { name: 'Cancelling', tone: 'neutral', moving: true },
  CANCELLED: { name: 'Cancelled', tone: 'neutral' },
  COMPLETED: { name: 'Completed', tone: 'good' },
  FAILED: { name: 'Failed', tone: 'bad' },
};

/** A completed run that fell short of its requirements is no plain success. */
export function standing(run: Run): Standing {
  if (run.state === 'COMPLETED' && run.summary.outcome?.status === 'requirements_not_reached') {
    return { name: 'Not reached', tone: 'warn' };
  }
  return STANDINGS[run.state];
}

/** What is happening now, in a sentence or two. */
export function happening(run: Run, history: History): string {
  switch (run.state) {
    case 'DRAFT':
      return 'This run has not been queued.';
    case 'QUEUED':
      return run.attempt > 0
        ? 'Waiting for a worker to go on from the last checkpoint.'
        : 'Waiting for a worker: it starts as soon as one is free.';
    case 'STARTING':
      return 'A worker has taken the run: the engine starts and reads the dataset.';
    case 'PAUSING':
      return 'The engine finishes its step and saves a checkpoint; then the run is paused.';
    case 'PAUSED':
      return 'Paused at a checkpoint. Resume it whenever you like: nothing is lost.';
    case 'CANCELLING':
      return 'The engine is being stopped.';
    case 'CANCELLED':
      return 'Cancelled. What it told until then stays here.';
    case 'FAILED':
      return run.failure?.message ?? 'The run failed; the log says more.';
    case 'COMPLETED':
      return completed(run);
    case 'RUNNING':
      return running(run, history);
  }
}

function completed({ summary }: Run): string {
  const { outcome, certified } = summary;
  if (outcome?.status === 'requirements_not_reached') {
    return 'The requirements were not reached in the time given. The nearest designs are kept: give the run more time, or ask for less.';
  }
  if (certified) {
    const { accepted } = certified.yield;
    return `The generator is ready: at least ${percent(accepted.low)} of its seeds give an accepted network. Draw some from the gallery.`;
  }
  return 'The generator is ready: draw networks from the gallery.';
}

function running({ summary, prototype, dataset }: Run, { checkpoint }: History): string {
  const { phase, cycle, yield_estimate } = summary;
  switch (phase) {
    case 'waiting':
      return 'The engine starts.';
    case 'started':
    case 'resumed':
      return phase === 'resumed'
        ? `Going on from the checkpoint of cycle ${String(checkpoint ?? cycle)}.`
        : `The dataset ${dataset.name} is read; the prototype ${prototype.name} is next.`;
    case 'prototype':
      return `Training the prototype ${prototype.name} on ${dataset.name}: it teaches the small networks later.`;
    case 'cycles': {
      if (cycle === 0)
        return 'The prototype is ready and made elastic. The first cycle generates designs from it.';
      const hope =
        yield_estimate === null
          ? ''
          : yield_estimate === 0
            ? ' None of the networks probed at its budget has the margin that acceptance needs.'
            : ` ${percent(yield_estimate, 0)} of the networks probed at its budget have the margin that acceptance needs.`;
      return `Cycle ${String(cycle)}: the generator draws designs, they train briefly, the inquisitor probes them and moves the generator.${hope}`;
    }
    case 'certified':
      return 'Certified. The engine saves the generator.';
    case 'finished':
    case 'stopped':
      return 'The engine is done; the run closes.';
  }
}

/** How long the run has been worked on, and how long it will take. */
export function timing(run: Run, elapsed: number, remaining: number | null): string {
  const { phase, phase_fraction } = run.summary;
  const parts = [`${duration(elapsed)} elapsed`];
  if (run.state === 'RUNNING' && phase === 'prototype' && phase_fraction !== undefined) {
    parts.unshift(`prototype ${percent(phase_fraction, 0)}`);
  }
  if (remaining !== null && remaining > 0) parts.push(`about ${duration(remaining)} left`);
  else if (run.time_budget_s !== null) parts.push(`budget ${duration(run.time_budget_s)}`);
  else if (run.max_cycles !== null) parts.push(`at most ${plural(run.max_cycles, 'cycle')}`);
  return parts.join(' · ');
}
