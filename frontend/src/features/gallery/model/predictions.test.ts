import { describe, expect, it } from 'vitest';

import { predictions } from '@/test/mock/predictionsFixture';

import { bothSides, countText, type Boxed, sharesOf, shareText, sureOf } from './predictions';

const { classes, images } = predictions.detection;
const [cells] = images as [Boxed];
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('boxes in words', () => {
  it('are counted by class, in the classes’ order', () => {
    expect(countText(cells.truth, classes)).toBe('1 platelet, 2 red cells');
    expect(countText([], classes)).toBe('nothing');
  });

  it('are those that the network is sure of; labels always count', () => {
    expect(countText(sureOf(cells.prediction, 0.5), classes)).toBe('2 red cells');
    expect(countText(sureOf(cells.prediction, 0.6), classes)).toBe('1 red cell');
    expect(sureOf(cells.truth, 1)).toHaveLength(3);
  });
});

describe('masks in words', () => {
  it('tell each class’s share of the pixels that count', () => {
    const red = [255, 0, 0, 255];
    const blue = [0, 0, 255, 255];
    const ignored = [255, 0, 0, 0];
    const unknown = [1, 2, 3, 255];
    const pixels = [red, red, red, blue, ignored, unknown].flat();
    expect(sharesOf(pixels, ['#ff0000', '#0000ff', '#00ff00'])).toEqual([0.75, 0.25, 0]);
    expect(sharesOf(ignored, ['#ff0000'])).toEqual([0]);
  });

  it('name the largest first and leave out what is hardly there', () => {
    expect(plain(shareText([0.2, 0.797, 0.003], ['cell', 'background', 'dust']))).toBe(
      'background 80 %, cell 20 %',
    );
    expect(shareText([0, 0], ['cell', 'background'])).toBe('nothing');
  });
});

it('both sides make a sentence', () => {
  expect(bothSides('1 platelet', 'nothing')).toBe('Predicted: 1 platelet. Truth: nothing.');
});
