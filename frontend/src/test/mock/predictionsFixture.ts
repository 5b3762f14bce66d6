/** Made-up predictions for each task, over images of a few pixels. */
import type { Predictions } from '@/features/gallery/model/predictions';
import type { Task } from '@/shared/api/types';

/** A grey pixel, and a red one. */
const IMAGE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';
const MASK =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

const common = {
  classes: ['platelet', 'red cell', 'white cell'],
  colours: ['#e0a020', '#ff0000', '#3060d0'],
  width: 64,
  height: 48,
};

export const predictions: Record<Task, Predictions> = {
  classification: {
    ...common,
    task: 'classification',
    images: [
      {
        image: IMAGE,
        truth: 1,
        prediction: {
          class: 1,
          scores: [
            { class: 1, score: 0.94 },
            { class: 0, score: 0.05 },
            { class: 2, score: 0.01 },
          ],
        },
      },
      { image: IMAGE, truth: 0, prediction: { class: 2, scores: [{ class: 2, score: 0.6 }] } },
    ],
  },
  segmentation: {
    ...common,
    task: 'segmentation',
    images: [{ image: IMAGE, truth: { mask: MASK }, prediction: { mask: MASK } }],
  },
  detection: {
    ...common,
    task: 'detection',
    images: [
      {
        image: IMAGE,
        truth: [
          { class: 0, box: [2, 2, 8, 8] },
          { class: 1, box: [10, 10, 30, 30] },
          { class: 1, box: [40, 10, 60, 30] },
        ],
        prediction: [
          { class: 1, box: [11, 10, 31, 30], score: 0.91 },
          { class: 1, box: [40, 12, 60, 31], score: 0.55 },
          { class: 0, box: [2, 3, 8, 9], score: 0.2 },
        ],
      },
    ],
  },
};
