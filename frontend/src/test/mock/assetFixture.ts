/** Made-up datasets, prototypes and session, for tests and for looking at pages. */
import type { Dataset, Prototype, Session, TargetDevice, Task } from '@/shared/api/types';

import { GROUPS, PROTOTYPE } from './runFixture';

export const session: Session = {
  user: { id: 'u-1', username: 'demo', email: 'demo@example.org' },
  workspaces: [{ id: 'w-1', name: 'Demo workspace', role: 'admin' }],
  workspace: 'w-1',
  embedded: true,
  csrf_token: 'csrf',
  limits: { upload_bytes: 2_000_000_000 },
};

const created_at = '2026-11-20T08:00:00Z';

export const devices: TargetDevice[] = [
  {
    name: 'cpu',
    title: 'AMD EPYC 7B13',
    latency_ms: 'measured',
    energy_mj: 'unavailable',
    reason: 'Energy can’t be measured on this machine: it has no counter.',
  },
  {
    name: 'jetson-tx2',
    title: 'NVIDIA Jetson TX2, 8 GB',
    latency_ms: 'estimated',
    energy_mj: 'estimated',
    reason: '',
  },
];

export const datasets: Dataset[] = [
  {
    id: 'd-digits',
    name: 'Handwritten digits',
    state: 'ready',
    builtin: 'digits',
    task: 'classification',
    size_bytes: null,
    sha256: null,
    report: {
      ok: true,
      task: 'classification',
      layout: 'builtin',
      name: 'digits',
      classes: [...'0123456789'].map((name, i) => ({
        name,
        counts: { train: 104 + (i % 4), search: 24, calibration: 24, test: 23 + (i % 2) },
      })),
      images: 1797,
      image_sizes: { min: [8, 8], max: [8, 8], common: [8, 8] },
      channels: 1,
      splits_given: false,
      problems: [],
    },
    problems: [],
    created_at,
  },
  {
    id: 'd-leaves',
    name: 'Leaf photographs',
    state: 'ready',
    builtin: null,
    task: 'classification',
    size_bytes: 48_300_000,
    sha256: '9f2c5e1a7b3d4c6e8f0a1b2c3d4e5f60718293a4b5c6d7e8f9010203a4b5c6d7',
    report: {
      ok: true,
      task: 'classification',
      layout: 'class_folders',
      name: 'leaves',
      classes: ['ash', 'beech', 'birch', 'maple', 'oak'].map((name, i) => ({
        name,
        counts: { train: [610, 580, 92, 640, 602][i] ?? 0, search: 120, calibration: 120, test: 120 },
      })),
      images: 4924,
      image_sizes: { min: [96, 96], max: [1024, 768], common: [512, 384] },
      channels: 3,
      splits_given: false,
      problems: [
        {
          code: 'imbalanced',
          severity: 'warning',
          message: 'Class birch has 92 training images while the others have about 600: add images of birch.',
          files: [],
        },
        {
          code: 'unreadable_image',
          severity: 'warning',
          message: '2 files are not readable as images and are left out: replace or remove them.',
          files: ['oak/IMG_0031.jpg', 'maple/IMG_2207.jpg'],
        },
      ],
    },
    problems: [],
    created_at,
  },
  {
    id: 'd-blood',
    name: 'Blood cells',
    state: 'ready',
    builtin: null,
    task: 'detection',
    size_bytes: 7_300_000,
    sha256: '1f2c5e1a7b3d4c6e8f0a1b2c3d4e5f60718293a4b5c6d7e8f9010203a4b5c6d7',
    report: {
      ok: true,
      task: 'detection',
      layout: 'voc',
      name: 'blood',
      classes: ['platelet', 'red cell', 'white cell'].map((name, i) => ({
        name,
        counts: { train: [110, 180, 178][i] ?? 0, search: 40, calibration: 70, test: 72 },
        boxes: { train: [180, 2050, 190][i] ?? 0, search: 440, calibration: 700, test: 720 },
      })),
      images: 364,
      image_sizes: { min: [640, 480], max: [640, 480], common: [640, 480] },
      channels: 3,
      splits_given: true,
      problems: [],
    },
    problems: [],
    created_at,
  },
  {
    id: 'd-checking',
    name: 'Parts on a belt',
    state: 'checking',
    builtin: null,
    task: '',
    size_bytes: 912_000_000,
    sha256: null,
    report: null,
    problems: [],
    created_at,
  },
  {
    id: 'd-broken',
    name: 'broken.zip',
    state: 'rejected',
    builtin: null,
    task: '',
    size_bytes: 1_204,
    sha256: null,
    report: {
      ok: false,
      task: 'classification',
      layout: 'class_folders',
      name: 'broken',
      classes: [],
      images: 0,
      image_sizes: null,
      channels: null,
      splits_given: false,
      problems: [],
    },
    problems: [
      {
        code: 'no_classes',
        severity: 'error',
        message:
          'The archive holds images but no class folders: put the images of each class in a folder of its own.',
        files: ['a.png', 'b.png'],
      },
    ],
    created_at,
  },
];

const inspection = (name: string, params: number, macs: number, task: Task) => ({
  name,
  task,
  params,
  macs,
  input: [1, 8, 8] as [number, number, number],
  outputs: 10,
  groups: GROUPS.map(({ name, width }) => ({
    name,
    width,
    min_width: 2,
    layers: [`${name}.conv`, `${name}.bn`],
  })),
  blocks: [
    { name: 'stage1.0', params: 4_672 },
    { name: 'stage2.0', params: 14_528 },
  ],
  frozen: [{ name: 'fc', reason: 'Its width is the number of classes.' }],
  space: { groups: GROUPS.length, blocks: 2, log10_size: 9.4 },
});

const zoo = (name: string, params: number, macs: number, task: Task = 'classification'): Prototype => ({
  id: `p-${name}`,
  name,
  state: 'ready',
  source: 'zoo',
  zoo: name,
  task,
  params,
  macs,
  input: [3, 32, 32],
  classes: 10,
  report: inspection(name, params, macs, task),
  problems: [],
  created_at,
});

export const prototypes: Prototype[] = [
  zoo('resnet8', PROTOTYPE.params, PROTOTYPE.macs),
  zoo('resnet20', 272_474, 40_813_184),
  zoo('resnet18', 11_181_642, 555_422_720),
  zoo('mobilenet_v2', 2_236_682, 6_124_736),
  zoo('refinenet-small', 1_790_000, 310_000_000, 'segmentation'),
  zoo('detectnet-small', 372_000, 61_000_000, 'detection'),
  {
    ...zoo('resnet8', 0, 0),
    id: 'p-upload',
    name: 'sorter-v3.onnx',
    source: 'onnx',
    zoo: null,
    task: '',
    state: 'rejected',
    report: null,
    params: null,
    macs: null,
    input: null,
    classes: null,
    problems: [
      {
        code: 'unsupported_operator',
        severity: 'error',
        message:
          'The file uses the operator Loop, which can’t be made elastic: export the network without it.',
        files: [],
      },
    ],
  },
];
