import { describe, expect, it } from 'vitest';

import { datasets, prototypes } from '@/test/mock/assetFixture';

import { defaultDraft, draftErrors, draftRequest } from './draft';

const draft = defaultDraft(datasets, prototypes);

describe('the form for a new run', () => {
  it('is filled with a sound first run', () => {
    expect(draftRequest(draft, 'accuracy')).toEqual({
      dataset: 'd-digits',
      prototype: 'p-resnet8',
      requirements: [{ metric: 'accuracy', op: '>=', value: 0.96 }],
      objective: { name: 'netscore', alpha: 2, beta: 0.5, gamma: 0.5 },
      time_budget_s: 120,
      max_cycles: null,
      seed: 0,
      target_yield: 0.95,
    });
  });

  it('writes percentages as exact shares', () => {
    expect(draftRequest({ ...draft, floor: 95.7 }, 'accuracy').requirements[0]?.value).toBe(0.957);
  });

  it('lets cycles alone end a run', () => {
    expect(draftRequest({ ...draft, minutes: '', maxCycles: 5 }, 'accuracy')).toMatchObject({
      time_budget_s: null,
      max_cycles: 5,
    });
  });

  it('shows each refusal at its field', () => {
    const limited = { ...draft, floor: '' as const, maxMacs: 5 };
    const low = { 'requirements/0/value': 'requirements/0/value is too low.' };
    expect(draftErrors(low, limited, 'accuracy')).toEqual({ maxMacs: 'This is too low.' });
    expect(draftErrors({ requirements: 'needs an entry' }, draft, 'accuracy')).toEqual({
      floor: 'needs an entry',
    });
    expect(draftErrors({ time_budget_s: 'too short', dataset: 'unknown' }, draft, 'accuracy')).toEqual({
      minutes: 'too short',
      dataset: 'unknown',
    });
  });
});
