/** A made-up run and its log, for tests and for looking at pages; nothing of it is shipped. */
import type { Certified, Run, RunEvent, TriedDesign } from '@/shared/api/types';

export const RUN_ID = '6f0f2f1e-8f3c-4f0e-9d4a-2b6f5d0c1a11';
const START = Date.parse('2026-11-20T09:30:00Z');

/** A small linear congruential sequence, so that fixtures are the same each time. */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const netscore = (accuracy: number, params: number, macs: number): number =>
  20 * Math.log10((accuracy * 100) ** 2 / ((params / 1e6) ** 0.5 * (macs / 1e9) ** 0.5));

export const PROTOTYPE = { params: 77_850, macs: 12_501_632 / 16, value: 0.983 };
const prototypePoint = {
  ...PROTOTYPE,
  netscore: netscore(PROTOTYPE.value, PROTOTYPE.params, PROTOTYPE.macs),
  information_density: (PROTOTYPE.value * 100) / (PROTOTYPE.params / 1000),
};

const groupNames = ['stem', 'stage1.0.conv1', 'stage2.0.conv1', 'stage2.out', 'stage3.0.conv1', 'stage3.out'];
export const GROUPS = groupNames.map((name, i) => ({ name, width: [16, 16, 32, 32, 64, 64][i] ?? 16 }));

export function queuedRun(): Run {
  return {
    id: RUN_ID,
    name: 'resnet8 on digits',
    state: 'QUEUED',
    desired_state: 'RUNNING',
    attempt: 1,
    prototype: { id: 'p-resnet8', name: 'resnet8' },
    dataset: { id: 'd-digits', name: 'Handwritten digits' },
    task: 'classification',
    metric: 'accuracy',
    requirements: [{ metric: 'accuracy', op: '>=', value: 0.96 }],
    objective: { name: 'netscore', alpha: 2, beta: 0.5, gamma: 0.5 },
    time_budget_s: 120,
    max_cycles: null,
    seed: 0,
    target_yield: 0.95,
    confidence: 0.95,
    device: null,
    failure: null,
    summary: {
      phase: 'waiting',
      fraction: 0,
      remaining_s: null,
      cycle: 0,
      t: 0,
      prototype: null,
      best: null,
      yield_estimate: null,
      certified: null,
      outcome: null,
    },
    last_seq: 0,
    created_at: new Date(START).toISOString(),
    started_at: null,
    finished_at: null,
    elapsed_s: 0,
    actions: ['cancel'],
  };
}

const device = { kind: 'cpu' as const, name: 'AMD EPYC 7B13', threads: 2 };

function certified(): Certified {
  const budgets = [0.1, 0.18, 0.26, 0.34, 0.5, 0.66, 0.82, 1];
  return {
    yield: {
      raw: { passed: 189, n: 200, value: 0.945, low: 0.904, high: 0.972 },
      accepted: { passed: 198, n: 200, value: 0.99, low: 0.964, high: 0.999 },
    },
    budget_range: [0.26, 1],
    margin: 0.006,
    target_yield: 0.95,
    confidence: 0.95,
    distinct: 0.985,
    mean_distance: 0.212,
    scan: budgets.map((budget) => ({
      budget,
      raw_yield: Math.min(0.995, 1 / (1 + Math.exp(-(budget - 0.17) * 30))),
      mean_accuracy: 0.985 - 0.05 * Math.exp(-budget * 5),
      params: Math.round(1_400 * (PROTOTYPE.params / 1_400) ** (budget * 0.8)),
      macs: Math.round(31_000 * (PROTOTYPE.macs / 31_000) ** (budget * 0.85)),
    })),
  };
}

type Draft = Pick<RunEvent, 'type' | 'payload'> & { t: number };

function moved(t: number, from: string, to: string, run: Partial<Run>): Draft {
  return { type: 'state', t, payload: { from, to, reason: null, run: { state: to, ...run } } };
}

function cycleDrafts(k: number, cycles: number, t: number): Draft[] {
  const random = sequence(100 + k);
  const progress = k / cycles;
  const designs = Array.from({ length: 8 }, (_, i) => {
    const budget = Math.max(0.05, Math.min(1, 0.62 - 0.35 * progress + (random() - 0.5) * 0.5));
    const params = Math.round(1_400 * (PROTOTYPE.params / 1_400) ** (budget * 0.85) * (0.9 + 0.2 * random()));
    const macs = Math.round(31_000 * (PROTOTYPE.macs / 31_000) ** (budget * 0.88) * (0.85 + 0.3 * random()));
    const ceiling = 0.86 + 0.125 * (1 - Math.exp(-3 * progress));
    const accuracy = Math.min(
      0.99,
      ceiling - 0.16 * Math.exp(-budget * 7) * (1.2 - progress) + (random() - 0.5) * 0.012,
    );
    const score = netscore(accuracy, params, macs);
    return { seed: k * 100 + i, budget, params, macs, accuracy, netscore: score, meets: accuracy >= 0.96 };
  });
  const mean = (of: (design: (typeof designs)[number]) => number) =>
    designs.reduce((sum, design) => sum + of(design), 0) / designs.length;
  const insight = GROUPS.map(({ name, width }, i) => ({
    name,
    width,
    information_kept: Math.min(1, 0.35 + 0.09 * i + 0.3 * progress * random()),
    entropy_bits: 2.1 + 0.4 * i,
    effective_rank: width * (0.3 + 0.05 * i),
    label_information_bits: 0.6 + 0.35 * i,
  }));
  return [
    {
      type: 'cycle',
      t,
      payload: {
        k,
        fraction: 0.2 + 0.78 * progress,
        remaining_s: Math.round(100 * (1 - progress)),
        budget: mean((d) => d.budget),
        loss: 1.2 - 0.9 * progress,
        designs,
        metrics: { validation: { accuracy: mean((d) => d.accuracy) } },
        params: mean((d) => d.params),
        macs: mean((d) => d.macs),
        netscore: mean((d) => d.netscore),
        yield_estimate: designs.filter((d) => d.meets).length / designs.length,
        delta_theta_norm: 0.4 * (1 - progress) + 0.02,
        rank_correlation: k < 3 ? null : 0.55 + 0.35 * progress + (random() - 0.5) * 0.1,
        rank_correlation_sizes: k < 3 ? null : 0.5 + 0.12 * progress + (random() - 0.5) * 0.1,
      },
    },
    { type: 'insight', t, payload: { k, groups: insight } },
    ...(k % 5 === 0 ? [{ type: 'checkpoint', t, payload: { k } }] : []),
  ];
}

function drafts(cycles: number): Draft[] {
  const { value, ...sizes } = PROTOTYPE;
  return [
    moved(0, 'QUEUED', 'STARTING', { actions: ['cancel'] }),
    {
      type: 'log',
      t: 0.2,
      payload: { level: 'info', lines: ['reading digits', '1797 images in 10 classes'] },
    },
    moved(0.9, 'STARTING', 'RUNNING', { actions: ['pause', 'cancel'] }),
    {
      type: 'run_started',
      t: 1,
      payload: {
        prototype: { name: 'resnet8' },
        dataset: {
          name: 'digits',
          classes: [...'0123456789'],
          image: [1, 8, 8],
          splits: { train: 1077, search: 240, calibration: 240, test: 240 },
        },
        task: 'classification',
        device,
        requirements: queuedRun().requirements,
        objective: queuedRun().objective,
        time_budget_s: 120,
        max_cycles: null,
        seed: 0,
        target_yield: 0.95,
        resumed: false,
      },
    },
    ...[0.25, 0.5, 0.75, 1].map((fraction) => ({
      type: 'prototype_progress',
      t: 1 + 20 * fraction,
      payload: {
        fraction,
        step: Math.round(400 * fraction),
        loss: 2 * (1.1 - fraction),
        metrics: { validation: { accuracy: 0.5 + 0.47 * fraction } },
        remaining_s: 20 * (1 - fraction),
      },
    })),
    {
      type: 'prototype_ready',
      t: 21,
      payload: {
        ...sizes,
        metrics: { validation: { accuracy: 0.985 }, test: { accuracy: value } },
        netscore: prototypePoint.netscore,
        information_density: prototypePoint.information_density,
        space: { groups: 6, blocks: 3, log10_size: 9.4 },
      },
    },
    ...Array.from({ length: cycles }, (_, i) =>
      cycleDrafts(i + 1, cycles, 22 + (95 * (i + 1)) / cycles),
    ).flat(),
    { type: 'certified', t: 119, payload: certified() },
    { type: 'finished', t: 120, payload: { status: 'certified', cycles, wall_s: 120 } },
    moved(120.4, 'RUNNING', 'COMPLETED', { actions: [] }),
  ];
}

export function runEvents(cycles = 24): RunEvent[] {
  return drafts(cycles).map(({ type, t, payload }, i) => ({
    seq: i + 1,
    type,
    t,
    payload,
    created_at: new Date(START + t * 1000).toISOString(),
  }));
}

type CyclePayload = { k: number; designs: TriedDesign[]; yield_estimate: number };

/** What the server's snapshot of the finished run says, worked out from the log in another way than the fold. */
export function finishedRun(cycles = 24): Run {
  const events = runEvents(cycles);
  const told = events.filter((event) => event.type === 'cycle').map((event) => event.payload as CyclePayload);
  const [best] = told
    .flatMap(({ k, designs }) =>
      designs.map(({ accuracy = null, ...design }) => ({ ...design, k, value: accuracy })),
    )
    .filter((design) => design.meets)
    .sort((a, b) => b.netscore - a.netscore);
  return {
    ...queuedRun(),
    state: 'COMPLETED',
    device,
    summary: {
      phase: 'finished',
      phase_fraction: 1,
      fraction: 1,
      remaining_s: 0,
      cycle: cycles,
      t: 120,
      prototype: prototypePoint,
      best: best ?? null,
      yield_estimate: told.at(-1)?.yield_estimate ?? null,
      certified: certified(),
      outcome: { status: 'certified', cycles, wall_s: 120, nearest: [] },
    },
    last_seq: events.length,
    started_at: new Date(START).toISOString(),
    finished_at: new Date(START + 120_400).toISOString(),
    elapsed_s: 120.4,
    actions: [],
  };
}
