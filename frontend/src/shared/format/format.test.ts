import { describe, expect, it } from 'vitest';

import { marginText, metricTitle, metricValue, requirementText } from './metrics';
import { bytes, count, decibels, macs, percent, signedDecibels, times } from './numbers';
import { ago, clock, duration } from './time';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('numbers', () => {
  it('are short and keep three digits', () => {
    expect(plain(count(77_850))).toBe('77.8 K');
    expect(plain(count(11_181_642))).toBe('11.2 M');
    expect(plain(count(999_950))).toBe('1.00 M');
    expect(count(12)).toBe('12');
  });

  it('count MACs in millions', () => {
    expect(plain(macs(760_000))).toBe('0.76 M');
    expect(plain(macs(40_813_184))).toBe('40.8 M');
    expect(plain(macs(1_814_000_000))).toBe('1.81 G');
  });

  it('print a dash where nothing is known, never a zero', () => {
    for (const format of [count, macs, percent, decibels, signedDecibels, bytes]) {
      expect(format(null)).toBe('–');
      expect(format(undefined)).toBe('–');
      expect(format(Number.NaN)).toBe('–');
    }
    expect(times(100, 0)).toBe('–');
  });

  it('carry their units', () => {
    expect(plain(percent(0.9743))).toBe('97.4 %');
    expect(plain(decibels(107.93))).toBe('107.9 dB');
    expect(plain(signedDecibels(-0.26))).toBe('−0.3 dB');
    expect(times(77_850, 9_000)).toBe('8.7×');
    expect(plain(bytes(48_300_000))).toBe('48.3 MB');
  });
});

describe('requirements', () => {
  it('read in the metric’s own unit', () => {
    expect(plain(requirementText({ metric: 'accuracy', op: '>=', value: 0.96 }))).toBe('accuracy ≥ 96.0 %');
    expect(plain(requirementText({ metric: 'params', op: '<=', value: 20_000 }))).toBe('parameters ≤ 20.0 K');
  });

  it('name the device where it matters, and call an estimate one', () => {
    const energy = { metric: 'energy_mj', op: '<=', value: 0.0312 } as const;
    expect(plain(requirementText(energy))).toBe('energy on this machine ≤ 0.0312 mJ');
    expect(plain(requirementText({ ...energy, value: 2, device: 'jetson-tx2' }))).toBe(
      'energy on jetson-tx2 (estimate) ≤ 2.00 mJ',
    );
    expect(plain(requirementText({ metric: 'miou', op: '>=', value: 0.6 }))).toBe('mIoU ≥ 60.0 %');
  });

  it('begin a line with a capital where the name is a word', () => {
    expect(['pixel_accuracy', 'miou', 'map50', 'map', 'size_mb'].map(metricTitle)).toEqual([
      'Pixel accuracy',
      'mIoU',
      'mAP@0.5',
      'mAP@[.5:.95]',
      'File size',
    ]);
    expect(metricValue('map', null)).toBe('–');
  });

  it('tell the margin on the good side as positive', () => {
    const verdict = { verdict: true, margin: 0 };
    expect(marginText({ metric: 'accuracy', op: '>=', value: 0.96, measured: 0.972, ...verdict })).toBe(
      '+1.2 pts',
    );
    expect(marginText({ metric: 'params', op: '<=', value: 20_000, measured: 25_000, ...verdict })).toBe(
      '−25 %',
    );
    expect(marginText({ metric: 'latency_ms', op: '<=', value: 5, measured: null, ...verdict })).toBe(
      'not measured',
    );
  });
});

describe('time', () => {
  it('reads as people say it', () => {
    expect(duration(83)).toBe('1 min 23 s');
    expect(duration(7200)).toBe('2 h');
    expect(clock(3725)).toBe('1:02:05');
    expect(ago('2026-11-20T09:00:00Z', Date.parse('2026-11-20T12:00:00Z'))).toBe('3 hours ago');
  });
});
