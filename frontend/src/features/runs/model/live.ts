/**
 * The live run: a pure fold of one snapshot and the events from the first on.
 *
 * Events are folded strictly in order of `seq`. One that was folded already is dropped; one that comes too
 * early waits until those before it are here, and `missingFrom` says what to ask the server for.
 */
import type { Run, RunEvent } from '@/shared/api/types';

import { foldRun } from './foldRun';
import { emptyHistory, foldHistory, type History } from './history';

export interface LiveRun {
  run: Run;
  history: History;
  /** The last event folded into `history`. */
  seq: number;
  /** Events that came before their predecessors, in order. */
  waiting: RunEvent[];
}

export function fromSnapshot(run: Run): LiveRun {
  return { run, history: emptyHistory, seq: 0, waiting: [] };
}

/** A fresh snapshot replaces the run unless events have already carried it further. */
export function takeSnapshot(live: LiveRun, run: Run): LiveRun {
  return run.last_seq >= live.run.last_seq ? { ...live, run } : live;
}

/** Folds events in whatever order they came. */
export function takeEvents(live: LiveRun, events: readonly RunEvent[]): LiveRun {
  const queue = [...live.waiting, ...events].sort((a, b) => a.seq - b.seq);
  let { run, history, seq } = live;
  const waiting: RunEvent[] = [];
  for (const event of queue) {
    if (event.seq <= seq) continue;
    if (event.seq === seq + 1) {
      run = foldRun(run, event);
      history = foldHistory(history, event);
      seq = event.seq;
    } else if (waiting.at(-1)?.seq !== event.seq) {
      waiting.push(event);
    }
  }
  return { run, history, seq, waiting };
}

/** Those events that a fold from `before` to `after` took in, each once and in order. */
export function foldedEvents(before: LiveRun, after: LiveRun, events: readonly RunEvent[]): RunEvent[] {
  const bySeq = new Map([...before.waiting, ...events].map((event) => [event.seq, event]));
  return [...bySeq.values()]
    .filter(({ seq }) => seq > before.seq && seq <= after.seq)
    .sort((a, b) => a.seq - b.seq);
}

/** The `after` to fetch from when events are missing, else null. */
export function missingFrom(live: LiveRun, lastSeq = 0): number | null {
  return live.waiting.length > 0 || lastSeq > live.seq ? live.seq : null;
}
