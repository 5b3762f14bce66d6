/** Made-up drawn networks, for tests and for looking at pages. */
import type { Network } from '@/shared/api/types';

import { GROUPS, netscore, PROTOTYPE, RUN_ID, sequence } from './runFixture';

export function network(seed: number, budget: number, changes: Partial<Network> = {}): Network {
  const random = sequence(seed * 7919 + Math.round(budget * 1000));
  const params = Math.round(1_400 * (PROTOTYPE.params / 1_400) ** (budget * 0.8) * (0.95 + 0.1 * random()));
  const macs = Math.round(31_000 * (PROTOTYPE.macs / 31_000) ** (budget * 0.85) * (0.95 + 0.1 * random()));
  const accuracy = 0.985 - 0.05 * Math.exp(-budget * 5) + (random() - 0.5) * 0.012;
  const widths = Object.fromEntries(
    GROUPS.map(({ name, width }) => [
      name,
      Math.max(2, Math.round(width * Math.min(1, budget * (0.35 + 1.1 * random())))),
    ]),
  );
  return {
    id: `n-${String(seed)}-${String(Math.round(budget * 1000))}`,
    run: RUN_ID,
    state: 'ready',
    seed,
    budget,
    polish_s: 0,
    fingerprint: Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
      .repeat(4),
    params,
    macs,
    metrics: {
      validation: { accuracy: accuracy + 0.003 },
      calibration: { accuracy: accuracy + 0.001 },
      test: { accuracy },
    },
    netscore: netscore(accuracy, params, macs),
    information_density: (accuracy * 100) / (params / 1000),
    requirements: [
      {
        metric: 'accuracy',
        op: '>=',
        value: 0.96,
        measured: accuracy + 0.001,
        verdict: accuracy + 0.001 >= 0.96,
        margin: accuracy + 0.001 - 0.96,
      },
      {
        metric: 'params',
        op: '<=',
        value: 20_000,
        measured: params,
        verdict: params <= 20_000,
        margin: 20_000 - params,
      },
    ],
    verified: accuracy + 0.001 >= 0.96 && params <= 20_000,
    attempts: 1,
    draw_s: 0.4 + random(),
    size_mb: (params * 4) / 1e6,
    activation_mb: 0.016,
    latency_ms: null,
    energy: { device: 'cpu', unavailable: 'Energy can’t be measured on this machine: it has no counter.' },
    estimates: {
      'jetson-tx2': { latency_ms: macs / 3e8, energy_mj: macs / 2e7, images_per_joule: 2e10 / macs },
    },
    design: { widths, blocks_removed: random() < 0.4 ? ['stage3.0'] : [] },
    formats: ['onnx', 'predictions', 'safetensors'],
    problem: null,
    created_at: new Date(Date.parse('2026-11-20T09:40:00Z') + seed * 1000).toISOString(),
    ...changes,
  };
}

export function drawing(seed: number, budget: number | null): Network {
  return {
    ...network(seed, budget ?? 0.3),
    id: `n-${String(seed)}-${String(Math.round((budget ?? 0.3) * 1000))}`,
    state: 'drawing',
    budget,
    params: null,
    macs: null,
    metrics: null,
    netscore: null,
    information_density: null,
    fingerprint: null,
    requirements: [],
    verified: null,
    attempts: null,
    draw_s: null,
    size_mb: null,
    activation_mb: null,
    energy: null,
    estimates: {},
    design: null,
    formats: [],
  };
}
