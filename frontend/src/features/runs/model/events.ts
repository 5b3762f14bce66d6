/** The payloads of a run's events, by type; see the engine's event contract. */
import type {
  Certified,
  Device,
  Failure,
  Metrics,
  Network,
  Outcome,
  Requirement,
  Run,
  TriedDesign,
} from '@/shared/api/types';

export interface RunStarted {
  prototype: { name: string };
  dataset: {
    name: string;
    classes: string[];
    image: [number, number, number];
    splits: Record<string, number>;
  };
  task: string;
  device: Device;
  requirements: Requirement[];
  time_budget_s: number | null;
  max_cycles: number | null;
  seed: number;
  target_yield: number;
  resumed: boolean;
}

export interface PrototypeProgress {
  fraction: number;
  step: number;
  loss: number | null;
  metrics: Metrics;
  remaining_s: number | null;
}

export interface PrototypeReady {
  params: number;
  macs: number;
  metrics: Metrics;
  netscore: number;
  information_density: number;
  space: { groups: number; blocks: number; log10_size: number };
}

export interface Cycle {
  k: number;
  fraction: number;
  remaining_s: number | null;
  budget: number;
  loss: number | null;
  designs: TriedDesign[];
  metrics: Metrics;
  params: number;
  macs: number;
  netscore: number;
  yield_estimate: number | null;
  delta_theta_norm: number | null;
  rank_correlation: number | null;
  rank_correlation_sizes: number | null;
}

export interface GroupInsight {
  name: string;
  width: number;
  /** The group's width in the prototype. */
  of?: number;
  information_kept: number;
  entropy_bits: number | null;
  effective_rank: number | null;
  label_information_bits: number | null;
}

export interface Insight {
  k: number;
  groups: GroupInsight[];
}

export interface StateChange {
  from: string;
  to: string;
  reason: string | null;
  run: Partial<Run>;
}

export interface LogLines {
  level: string;
  lines: string[];
}

/** A network event carries the drawn network whose state changed. */
export interface NetworkChange {
  network: Network;
}

export type Payloads = {
  run_started: RunStarted;
  prototype_progress: PrototypeProgress;
  prototype_ready: PrototypeReady;
  cycle: Cycle;
  insight: Insight;
  checkpoint: { k: number };
  certified: Certified;
  finished: Outcome;
  failed: Failure & { field?: string | null };
  state: StateChange;
  network: NetworkChange;
  log: LogLines;
};
