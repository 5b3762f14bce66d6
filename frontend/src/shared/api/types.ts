/** The shapes that the REST API and the socket exchange; free-form JSON fields of the schema get their meaning here. */

export type Role = 'viewer' | 'editor' | 'admin';

export interface Workspace {
  id: string;
  name: string;
  role: Role;
}

export interface Session {
  user: { id: string | number; username: string; email: string } | null;
  workspaces: Workspace[];
  workspace: string | null;
  embedded: boolean;
  csrf_token: string;
  limits: { upload_bytes?: number; workspace_bytes?: number };
}

export interface Page<T> {
  next: string | null;
  previous: string | null;
  results: T[];
}

export type CheckState = 'checking' | 'ready' | 'rejected';

export interface CheckProblem {
  code: string;
  severity: 'error' | 'warning';
  message: string;
  files?: string[];
}

export type SplitName = 'train' | 'search' | 'calibration' | 'test';

export interface HealthReport {
  ok: boolean;
  task: string;
  layout: string;
  name: string;
  classes: { name: string; counts: Partial<Record<SplitName, number>> }[];
  images: number;
  /** Null when not one image can be read. */
  image_sizes: { min: [number, number]; max: [number, number]; common: [number, number] } | null;
  channels: number | null;
  splits_given: boolean;
  problems: CheckProblem[];
}

export interface Dataset {
  id: string;
  name: string;
  state: CheckState;
  builtin: 'digits' | null;
  task: string | null;
  size_bytes: number | null;
  sha256: string | null;
  report: HealthReport | null;
  problems: CheckProblem[];
  created_at: string;
}

export interface Inspection {
  name: string;
  params: number;
  macs: number;
  input: [number, number, number];
  outputs: number | null;
  groups: { name: string; width: number; min_width: number; layers: string[] }[];
  blocks: { name: string; params: number }[];
  frozen: { name: string; reason: string }[];
  space: { groups: number; blocks: number; log10_size: number };
}

export interface Prototype {
  id: string;
  name: string;
  state: CheckState;
  source: 'zoo' | 'onnx';
  zoo: string | null;
  params: number | null;
  macs: number | null;
  input: number[] | null;
  classes: number | null;
  report: Inspection | null;
  problems: CheckProblem[];
  created_at: string;
}

export type Metric =
  | 'accuracy'
  | 'miou'
  | 'pixel_accuracy'
  | 'map50'
  | 'map'
  | 'params'
  | 'macs'
  | 'latency_ms'
  | 'size_mb'
  | 'energy_mj';

export interface Requirement {
  metric: Metric;
  op: '>=' | '<=';
  value: number;
}

export interface Verdict extends Requirement {
  measured: number | null;
  verdict: boolean | null;
  margin: number | null;
}

export interface Objective {
  name: string;
  alpha?: number;
  beta?: number;
  gamma?: number;
}

export interface Device {
  kind: 'cpu' | 'cuda';
  name: string;
  threads?: number | null;
}

export type RunState =
  | 'DRAFT'
  | 'QUEUED'
  | 'STARTING'
  | 'RUNNING'
  | 'PAUSING'
  | 'PAUSED'
  | 'CANCELLING'
  | 'CANCELLED'
  | 'COMPLETED'
  | 'FAILED';

export type RunAction = 'pause' | 'resume' | 'cancel' | 'draw';

export interface Failure {
  kind: string;
  code: string;
  message: string;
}

/** The prototype's measures; all but the accuracy are unknown until it is trained. */
export interface PrototypePoint {
  params?: number;
  macs?: number;
  accuracy: number | null;
  netscore?: number;
  information_density?: number;
}

/** A design that a cycle tried. */
export interface Design {
  seed: number;
  budget: number;
  params: number;
  macs: number;
  accuracy: number;
  netscore: number;
  meets: boolean;
}

export type BestDesign = Design & { k: number };

export interface YieldBound {
  passed: number;
  n: number;
  value: number;
  low: number;
  high: number;
}

export interface ScanPoint {
  budget: number;
  raw_yield: number;
  mean_accuracy: number;
  params: number;
  macs: number;
}

export interface Certified {
  yield: { raw: YieldBound; accepted: YieldBound };
  budget_range: [number, number];
  margin: number;
  target_yield: number;
  confidence: number;
  distinct: number;
  mean_distance: number;
  scan: ScanPoint[];
}

export type Phase =
  'waiting' | 'started' | 'resumed' | 'prototype' | 'cycles' | 'certified' | 'finished' | 'stopped';

export interface Outcome {
  status: 'certified' | 'requirements_not_reached' | 'stopped';
  cycles: number;
  wall_s: number;
  nearest?: Partial<Network>[];
}

export interface RunSummary {
  phase: Phase;
  phase_fraction?: number;
  fraction: number;
  remaining_s: number | null;
  cycle: number;
  /** Seconds of synthesis at the last report. */
  t: number;
  prototype: PrototypePoint | null;
  /** The best design so far; it may not meet the requirements yet. */
  best: BestDesign | null;
  yield_estimate: number | null;
  certified: Certified | null;
  outcome: Outcome | null;
}

export interface Run {
  id: string;
  name: string;
  state: RunState;
  desired_state: string | null;
  attempt: number;
  /** The id is null once it was deleted. */
  prototype: { id: string | null; name: string };
  dataset: { id: string | null; name: string };
  requirements: Requirement[];
  objective: Objective | null;
  time_budget_s: number | null;
  max_cycles: number | null;
  seed: number;
  target_yield: number;
  device: Device | null;
  failure: Failure | null;
  summary: RunSummary;
  last_seq: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  elapsed_s: number | null;
  actions: RunAction[];
}

export interface RunCreate {
  name?: string;
  prototype: string;
  dataset: string;
  requirements: Requirement[];
  objective?: Objective;
  time_budget_s?: number | null;
  max_cycles?: number | null;
  seed?: number;
  target_yield?: number;
}

export interface RunEvent {
  seq: number;
  type: string;
  t: number | null;
  payload: unknown;
  created_at: string;
}

export interface EventPage {
  results: RunEvent[];
  last_seq: number;
  next_after: number | null;
}

export type NetworkState = 'drawing' | 'ready' | 'failed';

export interface Metrics {
  validation?: { accuracy?: number };
  calibration?: { accuracy?: number };
  test?: { accuracy?: number };
}

export interface Network {
  id: string;
  run: string;
  state: NetworkState;
  seed: number;
  budget: number | null;
  polish_s: number;
  fingerprint: string | null;
  params: number | null;
  macs: number | null;
  metrics: Metrics | null;
  netscore: number | null;
  information_density: number | null;
  requirements: Verdict[];
  verified: boolean | null;
  attempts: number | null;
  draw_s: number | null;
  size_mb: number | null;
  design: { widths: Record<string, number>; blocks_removed: string[] } | null;
  formats: string[];
  problem: { code: string; message: string } | null;
  created_at: string;
}

export interface DrawRequest {
  seed?: number;
  budget?: number;
  count?: number;
  polish_s?: number;
}

export interface Token {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  created_at: string;
  last_used_at?: string | null;
  /** Only in the answer that creates it. */
  token?: string;
}
