/** What the layouts of a dataset are called, and which of them are read for each task. */
const NAMES: Record<string, string> = {
  builtin: 'built in',
  class_folders: 'one folder a class',
  masks: 'images and masks',
  voc_masks: 'Pascal VOC, masks',
  coco: 'COCO',
  voc: 'Pascal VOC',
  yolo: 'YOLO',
};

export const layoutName = (layout: string): string => NAMES[layout] ?? layout;

export const READ: readonly { task: string; layouts: string }[] = [
  { task: 'classification', layouts: 'one folder of images for each class' },
  { task: 'segmentation', layouts: 'images and masks of the same names, Pascal VOC' },
  { task: 'detection', layouts: 'COCO json, Pascal VOC or YOLO' },
];
