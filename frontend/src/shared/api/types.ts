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

export type Task = 'classification' | 'segmentation' | 'detection';

type BySplit = Partial<Record<SplitName, number>>;

export interface HealthReport {
  ok: boolean;
  task: Task;
  layout: string;
  name: string;
  /** Images of each class; of masks its pixels too, of boxes how many there are. */
  classes: { name: string; counts: BySplit; pixels?: BySplit; boxes?: BySplit }[];
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
  /** Empty until it is known. */
  task: Task | '';
  size_bytes: number | null;
  sha256: string | null;
  report: HealthReport | null;
  problems: CheckProblem[];
  created_at: string;
}

export interface Inspection {
  name: string;
  /** Null for a file, which may be for any. */
  task: Task | null;
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
  /** Empty for any, as an uploaded network. */
  task: Task | '';
  params: number | null;
  macs: number | null;
  input: number[] | null;
  classes: number | null;
  report: Inspection | null;
  problems: CheckProblem[];
  created_at: string;
}

export type TaskMetric = 'accuracy' | 'pixel_accuracy' | 'miou' | 'map50' | 'map';

export type Metric =
  TaskMetric | 'params' | 'macs' | 'size_mb' | 'activation_mb' | 'latency_ms' | 'energy_mj';

export interface Requirement {
  metric: Metric;
  op: '>=' | '<=';
  value: number;
  /** Where latency and energy hold; this machine's processor without it. */
  device?: string;
}

/** Whether a metric can be had on a device. */
export type Availability = 'measured' | 'estimated' | 'unavailable';

/** A device that latency or energy can be required on. */
export interface TargetDevice {
  name: string;
  title: string;
  latency_ms: Availability;
  energy_mj: Availability;
  /** Why energy can't be measured, else empty. */
  reason: string;
}

export interface Verdict extends Requirement {
  estimated?: boolean;
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

/** The prototype's measures; all but the run's metric are unknown until it is trained. */
export interface PrototypePoint {
  params?: number;
  macs?: number;
  /** Of the run's metric. */
  value: number | null;
  netscore?: number;
  information_density?: number;
}

interface Design {
  seed: number;
  budget: number;
  params: number;
  macs: number;
  netscore: number;
  meets: boolean;
}

/** A design that a cycle tried, with the metrics of its task. */
export type TriedDesign = Design & Partial<Record<TaskMetric, number>>;

/** The best of them, with the value of the run's metric. */
export type BestDesign = Design & { k: number; value: number | null };

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
  /** Of the run's metric, whichever it is. */
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
  task: Task;
  /** The task metric that it is about. */
  metric: TaskMetric;
  requirements: Requirement[];
  objective: Objective | null;
  time_budget_s: number | null;
  max_cycles: number | null;
  seed: number;
  target_yield: number;
  confidence: number;
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
  confidence?: number;
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

export type Metrics = Partial<
  Record<'validation' | 'calibration' | 'test', Partial<Record<TaskMetric, number>>>
>;

/** Measured energy on the device that drew the network, or why there is none. */
export interface Energy {
  device: string;
  energy_mj?: number;
  images_per_joule?: number;
  unavailable?: string;
}

export interface DeviceFigures {
  latency_ms: number;
  energy_mj: number;
  images_per_joule: number;
}

/** What a network would take on a device: in float32, and in int8 where that is published. */
export type Estimate = DeviceFigures & { int8?: DeviceFigures };

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
  activation_mb: number | null;
  latency_ms: number | null;
  energy: Energy | null;
  estimates: Record<string, Estimate>;
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
