/**
 * Keeps a run's events coming: first the log by pages, then the socket, and the log again wherever the
 * socket left a gap. Knows nothing of React; `onEvents` gets whatever arrives, in any order.
 */
import type { EventPage, RunEvent } from '@/shared/api/types';

export type Link = 'loading' | 'live' | 'reconnecting' | 'closed';

export interface ConnectionOptions {
  /** The last event that is here already. */
  after: number;
  fetchEvents: (after: number, signal: AbortSignal) => Promise<EventPage>;
  openSocket: (after: number) => WebSocket;
  /** Takes events; answers with the last seq folded and whether some before the newest are missing. */
  onEvents: (events: RunEvent[], lastSeq: number) => { seq: number; missing: boolean };
  onLink: (link: Link) => void;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
/** Socket frames are gathered this long, so that a burst is one repaint. */
const GATHER_MS = 60;

interface Frame {
  type: string;
  last_seq?: number;
  event?: RunEvent;
}

export class RunConnection {
  private readonly options: ConnectionOptions;
  private readonly stop = new AbortController();
  private socket: WebSocket | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private gather: ReturnType<typeof setTimeout> | undefined;
  private gathered: RunEvent[] = [];
  private failures = 0;
  private seq: number;
  private fetching = false;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.seq = options.after;
  }

  start(): void {
    this.options.onLink('loading');
    void this.connect();
    window.addEventListener('online', this.hurry);
  }

  close(): void {
    this.stop.abort();
    clearTimeout(this.retry);
    clearTimeout(this.gather);
    window.removeEventListener('online', this.hurry);
    this.socket?.close();
  }

  private readonly hurry = () => {
    if (this.socket) return;
    clearTimeout(this.retry);
    void this.connect();
  };

  private async connect(): Promise<void> {
    try {
      await this.catchUp();
    } catch {
      this.later();
      return;
    }
    if (this.stop.signal.aborted) return;
    const socket = this.options.openSocket(this.seq);
    this.socket = socket;
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      this.receive(JSON.parse(data) as Frame);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.socket = null;
      this.later();
    };
  }

  private later(): void {
    if (this.stop.signal.aborted) return;
    this.options.onLink('reconnecting');
    // Half of the delay is random, so that many pages don't return in one moment.
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.failures) * (0.5 + Math.random() / 2);
    this.failures += 1;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), delay);
  }

  private receive(frame: Frame): void {
    if (frame.type === 'hello') {
      this.failures = 0;
      this.options.onLink('live');
    } else if (frame.type === 'event' && frame.event) {
      this.gathered.push(frame.event);
      this.gather ??= setTimeout(() => {
        this.flush();
      }, GATHER_MS);
    }
  }

  private flush(): void {
    this.gather = undefined;
    const events = this.gathered;
    this.gathered = [];
    const { seq, missing } = this.options.onEvents(events, 0);
    this.seq = seq;
    // On failure the socket's next frame or reconnection asks again.
    if (missing) void this.catchUp().catch(() => undefined);
  }

  /** Reads the log from the last folded event to its end. */
  private async catchUp(): Promise<void> {
    if (this.fetching) return;
    this.fetching = true;
    try {
      let after = this.seq;
      for (;;) {
        const page = await this.options.fetchEvents(after, this.stop.signal);
        if (this.stop.signal.aborted) return;
        this.seq = this.options.onEvents(page.results, page.last_seq).seq;
        const newest = page.results.at(-1)?.seq ?? after;
        if (newest <= after || newest >= page.last_seq) return;
        after = newest;
      }
    } finally {
      this.fetching = false;
    }
  }
}
