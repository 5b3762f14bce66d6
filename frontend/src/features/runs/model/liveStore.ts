/** Holds one live run for React to subscribe to, and joins the fold with the connection. */
import type { EventPage, Run, RunEvent } from '@/shared/api/types';

import { type Link, RunConnection } from './connection';
import { foldedEvents, fromSnapshot, type LiveRun, missingFrom, takeEvents, takeSnapshot } from './live';

export interface LiveRunView extends LiveRun {
  link: Link;
  /** The log so far has been read, so charts are whole. */
  loaded: boolean;
}

export interface LiveStoreOptions {
  snapshot: Run;
  fetchEvents: (after: number, signal: AbortSignal) => Promise<EventPage>;
  openSocket: (after: number) => WebSocket;
}

export class LiveStore {
  private view: LiveRunView;
  private readonly options: LiveStoreOptions;
  private readonly listeners = new Set<() => void>();
  private tell: (event: RunEvent) => void = () => undefined;

  constructor(options: LiveStoreOptions) {
    this.options = options;
    this.view = { ...fromSnapshot(options.snapshot), link: 'loading', loaded: false };
  }

  readonly getView = (): LiveRunView => this.view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** `tell` is called once with each event, in order. */
  onEvent(tell: (event: RunEvent) => void): void {
    this.tell = tell;
  }

  takeSnapshot(snapshot: Run): void {
    this.change(takeSnapshot(this.view, snapshot));
  }

  /** Starts following the run; the answer stops it. */
  follow(): () => void {
    const connection = new RunConnection({
      after: this.view.seq,
      fetchEvents: this.options.fetchEvents,
      openSocket: this.options.openSocket,
      onLink: (link) => {
        this.change({ link });
      },
      onEvents: (events, lastSeq) => {
        const before = this.view;
        const live = takeEvents(before, events);
        this.change({ ...live, loaded: this.view.loaded || live.seq >= lastSeq });
        for (const event of foldedEvents(before, live, events)) this.tell(event);
        return { seq: live.seq, missing: missingFrom(live, lastSeq) !== null };
      },
    });
    connection.start();
    return () => {
      connection.close();
    };
  }

  private change(part: Partial<LiveRunView>): void {
    this.view = { ...this.view, ...part };
    for (const listener of this.listeners) listener();
  }
}
