import { describe, expect, it } from 'vitest';

import { datasets, devices, prototypes } from '@/test/mock/assetFixture';

import { defaultDraft, draftErrors, draftFor, draftRequest, suiting } from './draft';

const draft = defaultDraft(datasets, prototypes);

describe('the form for a new run', () => {
  it('is filled with a sound first run', () => {
    expect(draftRequest(draft, devices)).toEqual({
      dataset: 'd-digits',
      prototype: 'p-resnet8',
      requirements: [{ metric: 'accuracy', op: '>=', value: 0.96 }],
      objective: { name: 'netscore', alpha: 2, beta: 0.5, gamma: 0.5 },
      time_budget_s: 120,
      max_cycles: null,
      seed: 0,
      target_yield: 0.95,
      confidence: 0.95,
    });
  });

  it('writes percentages as exact shares', () => {
    expect(draftRequest({ ...draft, floor: 95.7 }, devices).requirements[0]?.value).toBe(0.957);
  });

  it('lets cycles alone end a run', () => {
    expect(draftRequest({ ...draft, minutes: '', maxCycles: 5 }, devices)).toMatchObject({
      time_budget_s: null,
      max_cycles: 5,
    });
  });

  it('follows the task of its dataset', () => {
    const blood = datasets.find(({ id }) => id === 'd-blood');
    expect(draftFor(blood, prototypes)).toEqual({
      dataset: 'd-blood',
      prototype: 'p-detectnet-small',
      metric: 'map50',
      floor: 60,
      minutes: 10,
    });
  });

  it('offers the prototypes of a task, and one’s own for any', () => {
    const offered = suiting(prototypes, 'segmentation').map(({ id }) => id);
    expect(offered).toEqual(['p-refinenet-small', 'p-upload']);
  });

  it('limits latency and energy on the device chosen, else on the first that has them', () => {
    const limits = (change: object) => draftRequest({ ...draft, floor: '', ...change }, devices).requirements;
    const latency = { metric: 'latency_ms', op: '<=', value: 2 };
    expect(limits({ maxLatency: 2 })).toEqual([{ ...latency, device: 'cpu' }]);
    expect(limits({ maxLatency: 2, latencyDevice: 'jetson-tx2' })).toEqual([
      { ...latency, device: 'jetson-tx2' },
    ]);
    // Energy can't be measured here, so the first that has it is the Jetson.
    expect(limits({ maxEnergy: 0.5, energyDevice: 'cpu' })).toEqual([
      { metric: 'energy_mj', op: '<=', value: 0.5, device: 'jetson-tx2' },
    ]);
    expect(draftRequest({ ...draft, floor: '', maxLatency: 2 }, []).requirements).toEqual([latency]);
  });

  it('shows each refusal at its field', () => {
    const limited = { ...draft, floor: '' as const, maxMacs: 5 };
    const low = { 'requirements/0/value': 'requirements/0/value is too low.' };
    expect(draftErrors(low, limited, devices)).toEqual({ maxMacs: 'This is too low.' });
    const strange = { 'requirements/1/device': "requirements/1/device is 'toaster'." };
    expect(draftErrors(strange, { ...draft, maxLatency: 1 }, devices)).toEqual({
      maxLatency: "This is 'toaster'.",
    });
    expect(draftErrors({ requirements: 'needs an entry' }, draft, devices)).toEqual({
      floor: 'needs an entry',
    });
    expect(draftErrors({ time_budget_s: 'too short', dataset: 'unknown' }, draft, devices)).toEqual({
      minutes: 'too short',
      dataset: 'unknown',
    });
  });
});
