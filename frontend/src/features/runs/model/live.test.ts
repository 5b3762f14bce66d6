import { describe, expect, it } from 'vitest';

import type { RunEvent } from '@/shared/api/types';
import { finishedRun, queuedRun, runEvents } from '@/test/mock/runFixture';

import { fromSnapshot, missingFrom, takeEvents, takeSnapshot } from './live';

const events = runEvents();
const fold = (list: readonly RunEvent[]) => takeEvents(fromSnapshot(queuedRun()), list);

describe('the live run', () => {
  it('folds an old snapshot and its events into the fresh snapshot', () => {
    const { run } = fold(events);
    const fresh = finishedRun();
    expect(run.state).toBe('COMPLETED');
    expect(run.summary).toEqual(fresh.summary);
    expect(run.device).toEqual(fresh.device);
    expect(run.last_seq).toBe(fresh.last_seq);
  });

  it('gives the same from a snapshot taken in the middle', () => {
    const whole = fold(events);
    for (const cut of [1, 9, 17, events.length - 2]) {
      const middle = { ...takeEvents(fromSnapshot(queuedRun()), events.slice(0, cut)).run };
      const reloaded = takeEvents(fromSnapshot(middle), events);
      expect(reloaded.run).toEqual(whole.run);
      expect(reloaded.history).toEqual(whole.history);
    }
  });

  it('follows the metric that the run is about', () => {
    const design = { seed: 1, budget: 0.3, params: 10, macs: 100, netscore: 90, meets: false };
    const cycle = (seq: number, pixel_accuracy: number, miou: number): RunEvent => ({
      seq,
      type: 'cycle',
      t: seq,
      payload: { k: seq, fraction: 0.5, designs: [{ ...design, pixel_accuracy, miou }] },
      created_at: '',
    });
    const about = (metric: 'miou' | 'pixel_accuracy') => {
      const run = { ...queuedRun(), task: 'segmentation' as const, metric };
      return takeEvents(fromSnapshot(run), [cycle(1, 0.9, 0.4), cycle(2, 0.8, 0.6)]).run.summary.best;
    };
    expect(about('miou')).toEqual({ ...design, k: 2, value: 0.6 });
    expect(about('pixel_accuracy')).toEqual({ ...design, k: 1, value: 0.9 });
  });

  it('drops duplicates', () => {
    const doubled = events.flatMap((event) => [event, event]);
    expect(fold(doubled)).toEqual(fold(events));
    expect(takeEvents(fold(events), events)).toEqual(fold(events));
  });

  it('puts events that come out of order in order', () => {
    expect(fold([...events].reverse())).toEqual(fold(events));
  });

  it('holds back what follows a gap and says where to fetch from', () => {
    const gap = fold([...events.slice(0, 5), ...events.slice(7)]);
    expect(gap.seq).toBe(5);
    expect(missingFrom(gap)).toBe(5);
    expect(gap.run.state).toBe(fold(events.slice(0, 5)).run.state);

    const filled = takeEvents(gap, events.slice(5, 7));
    expect(missingFrom(filled)).toBeNull();
    expect(filled).toEqual(fold(events));
  });

  it('knows from the log’s length that its end is missing', () => {
    expect(missingFrom(fold(events.slice(0, 5)), events.length)).toBe(5);
    expect(missingFrom(fold(events), events.length)).toBeNull();
  });

  it('takes a newer snapshot and refuses an older one', () => {
    const live = fold(events);
    expect(takeSnapshot(live, queuedRun()).run).toBe(live.run);
    expect(takeSnapshot(fromSnapshot(queuedRun()), finishedRun()).run.state).toBe('COMPLETED');
  });

  it('counts cycles told again after a resume once', () => {
    const lastCycle = events.findLast((event) => event.type === 'cycle')!;
    const live = fold(events);
    const again = takeEvents(live, [{ ...lastCycle, seq: live.seq + 1 }]);
    expect(again.history.cycles).toHaveLength(live.history.cycles.length);
  });
});
