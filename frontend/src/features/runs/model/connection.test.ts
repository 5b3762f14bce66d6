import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { EventPage, RunEvent } from '@/shared/api/types';
import { finishedRun, queuedRun, runEvents } from '@/test/mock/runFixture';

import { LiveStore } from './liveStore';

const events = runEvents();

class FakeSocket {
  readonly after: number;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(after: number) {
    this.after = after;
  }
  send(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  event(event: RunEvent) {
    this.send({ type: 'event', event });
  }
  close() {
    this.onclose?.();
  }
}

/** A server whose log holds the first `known` events. */
function server(known: number) {
  const sockets: FakeSocket[] = [];
  const state = { known, down: false };
  const store = new LiveStore({
    snapshot: queuedRun(),
    fetchEvents: vi.fn((after: number): Promise<EventPage> => {
      if (state.down) return Promise.reject(new Error('down'));
      const results = events.slice(after, Math.min(state.known, after + 10));
      return Promise.resolve({ results, last_seq: state.known, next_after: after + results.length });
    }),
    openSocket: (after) => {
      const socket = new FakeSocket(after);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  });
  return { store, sockets, state, latest: () => sockets.at(-1)! };
}

const settle = () => vi.advanceTimersByTimeAsync(100);

describe('the connection to a run', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('reads the whole log by pages, then follows the socket', async () => {
    const { store, latest } = server(25);
    const stop = store.follow();
    await settle();
    expect(store.getView()).toMatchObject({ seq: 25, loaded: true, link: 'loading' });
    expect(latest().after).toBe(25);

    latest().send({ type: 'hello', last_seq: 25 });
    expect(store.getView().link).toBe('live');
    for (const event of events.slice(25)) latest().event(event);
    await settle();
    expect(store.getView().run.summary).toEqual(finishedRun().summary);
    stop();
  });

  it('fetches what the socket left out', async () => {
    const { store, state, latest } = server(10);
    const stop = store.follow();
    await settle();
    state.known = events.length;
    const last = events.at(-1)!;
    latest().event(last);
    await settle();
    await settle();
    expect(store.getView().seq).toBe(last.seq);
    expect(store.getView().waiting).toEqual([]);
    stop();
  });

  it('comes back after a loss, from where it was', async () => {
    const { store, sockets, state, latest } = server(10);
    const stop = store.follow();
    await settle();
    latest().send({ type: 'hello', last_seq: 10 });
    state.down = true;
    latest().close();
    expect(store.getView().link).toBe('reconnecting');

    await vi.advanceTimersByTimeAsync(5_000);
    expect(sockets).toHaveLength(1);
    state.down = false;
    state.known = 14;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(latest().after).toBe(14);
    latest().send({ type: 'hello', last_seq: 14 });
    expect(store.getView()).toMatchObject({ link: 'live', seq: 14 });
    stop();
  });

  it('tells each event once, however often it comes', async () => {
    const { store, latest } = server(10);
    const told: number[] = [];
    store.onEvent(({ seq }) => told.push(seq));
    const stop = store.follow();
    await settle();
    latest().event(events[9]!);
    latest().event(events[10]!);
    latest().event(events[10]!);
    await settle();
    expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    stop();
  });

  it('stays closed once left', async () => {
    const { store, sockets, latest } = server(5);
    const stop = store.follow();
    await settle();
    stop();
    latest().close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
  });
});
