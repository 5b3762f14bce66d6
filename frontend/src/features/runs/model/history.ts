/** What a run has told since its first event: everything that the charts and the log show. */
import type { Certified, Outcome, RunEvent } from '@/shared/api/types';

import type { Cycle, Insight, Payloads, PrototypeProgress, PrototypeReady, RunStarted } from './events';

export interface LogEntry {
  seq: number;
  level: string;
  text: string;
}

export interface History {
  started: RunStarted | null;
  progress: PrototypeProgress | null;
  prototype: PrototypeReady | null;
  cycles: Cycle[];
  insight: Insight | null;
  certified: Certified | null;
  finished: Outcome | null;
  checkpoint: number | null;
  log: LogEntry[];
}

export const emptyHistory: History = {
  started: null,
  progress: null,
  prototype: null,
  cycles: [],
  insight: null,
  certified: null,
  finished: null,
  checkpoint: null,
  log: [],
};

const LOG_LIMIT = 2000;

type Step<K extends keyof Payloads> = (history: History, payload: Payloads[K], event: RunEvent) => History;

function note(history: History, entries: LogEntry[]): History {
  return { ...history, log: [...history.log, ...entries].slice(-LOG_LIMIT) };
}

const steps: { [K in keyof Payloads]?: Step<K> } = {
  run_started: (history, started) => ({ ...history, started, finished: null }),
  prototype_progress: (history, progress) => ({ ...history, progress }),
  prototype_ready: (history, prototype) => ({ ...history, prototype }),
  // A resumed engine may tell again the cycles after its last checkpoint: the later telling holds.
  cycle: (history, cycle) => ({
    ...history,
    cycles: [...history.cycles.filter((earlier) => earlier.k < cycle.k), cycle],
  }),
  insight: (history, insight) => ({ ...history, insight }),
  checkpoint: (history, { k }) => ({ ...history, checkpoint: k }),
  certified: (history, certified) => ({ ...history, certified }),
  finished: (history, finished) => ({ ...history, finished }),
  failed: (history, { code, message }, { seq }) =>
    note(history, [{ seq, level: 'error', text: `${code}: ${message}` }]),
  state: (history, { to, reason }, { seq }) =>
    note(history, [{ seq, level: 'state', text: reason ? `${to}: ${reason}` : to }]),
  log: (history, { level, lines }, { seq }) =>
    note(
      history,
      lines.map((text) => ({ seq, level, text })),
    ),
};

export function foldHistory(history: History, event: RunEvent): History {
  const step = steps[event.type as keyof Payloads] as
    ((history: History, payload: unknown, event: RunEvent) => History) | undefined;
  return step ? step(history, event.payload, event) : history;
}
