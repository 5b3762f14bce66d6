/** A small stand-in for the REST API over the fixtures: method, path and body in, status and JSON out. */
import type { DrawRequest, Network, Run, RunCreate, RunEvent, Task } from '@/shared/api/types';

import { datasets, devices, prototypes, session } from './assetFixture';
import { drawing, network } from './networkFixture';
import { predictions } from './predictionsFixture';
import { finishedRun, queuedRun, RUN_ID, runEvents } from './runFixture';

export interface Reply {
  status: number;
  body: unknown;
}

export interface MockOptions {
  /** Which task's predictions the networks have. */
  predicted?: Task;
  empty?: boolean;
  signedOut?: boolean;
  /** How many of the running run's events are known now. */
  known?: () => number;
}

export const LIVE_ID = '1d0c5f3a-5a55-4a67-8b55-0d4c6f6c2b22';

const page = (results: unknown[]) => ({ next: null, previous: null, results });
const ok = (body: unknown, status = 200): Reply => ({ status, body });
const notFound: Reply = { status: 404, body: { title: 'Not found', status: 404, code: 'not_found' } };

export class MockApi {
  readonly networks: Network[] = [12, 4, 9, 7, 3, 21].map((seed, i) => network(seed, 0.28 + 0.08 * i));
  readonly created: Run[] = [];
  private readonly options: MockOptions;
  private readonly tokens = [
    {
      id: 't-1',
      name: 'ci',
      prefix: 'ff_3kd9',
      scopes: ['read', 'write'],
      created_at: '2026-11-18T10:00:00Z',
    },
  ];
  private signedIn: boolean;

  constructor(options: MockOptions = {}) {
    this.options = options;
    this.signedIn = !options.signedOut;
  }

  readonly events = (id: string): RunEvent[] => {
    if (id === RUN_ID) return runEvents();
    if (id === LIVE_ID) return runEvents().slice(0, this.options.known?.() ?? 40);
    return [];
  };

  runs(): Run[] {
    if (this.options.empty) return this.created;
    const done = finishedRun();
    const failed: Run = {
      ...queuedRun(),
      id: 'r-failed',
      name: 'resnet18 on leaf photographs',
      state: 'FAILED',
      failure: {
        kind: 'out-of-memory',
        code: 'out_of_memory',
        message: 'The engine needed more memory than the 4 GB this worker has: choose a smaller prototype.',
      },
      actions: [],
    };
    const live: Run = { ...this.live(), id: LIVE_ID, name: 'resnet8, at most 20 K parameters' };
    return [...this.created, live, done, failed];
  }

  /** The running run's snapshot, from the last event known. */
  private live(): Run {
    const known = this.events(LIVE_ID);
    const last = known.at(-1);
    const base = queuedRun();
    const cycle = known.findLast((event) => event.type === 'cycle')?.payload as
      Record<string, number> | undefined;
    const state = last && last.t !== null && last.t > 0.8 ? 'RUNNING' : 'STARTING';
    return {
      ...base,
      state: known.length === runEvents().length ? 'COMPLETED' : state,
      device: finishedRun().device,
      summary: {
        ...base.summary,
        prototype: known.some((e) => e.type === 'prototype_ready') ? finishedRun().summary.prototype : null,
        phase: cycle ? 'cycles' : 'prototype',
        fraction: cycle?.fraction ?? 0,
        remaining_s: cycle?.remaining_s ?? null,
        cycle: cycle?.k ?? 0,
        t: last?.t ?? 0,
        best: cycle ? finishedRun().summary.best : null,
      },
      started_at: new Date(Date.now() - (last?.t ?? 0) * 1000).toISOString(),
      created_at: new Date(Date.now() - 130_000).toISOString(),
      elapsed_s: last?.t ?? 0,
      last_seq: known.length,
      actions: ['pause', 'cancel'],
    };
  }

  answer(method: string, url: URL, body: unknown): Reply {
    const parts = url.pathname.replace('/api/v1/', '').split('/').filter(Boolean);
    const [collection, id, action] = parts;
    if (collection === 'session') return this.sessionReply(method);
    if (!this.signedIn) return { status: 403, body: { code: 'not_authenticated', detail: 'Sign in first.' } };
    if (collection === 'datasets') return this.asset(datasets, method, id);
    if (collection === 'prototypes') return this.asset(prototypes, method, id);
    if (collection === 'tokens') return this.tokenReply(method, body as { name: string });
    if (collection === 'devices') return ok(page(devices));
    if (collection === 'networks') return this.networkReply(id, action);
    if (collection === 'runs') return this.runReply(method, url, id, action, body);
    return notFound;
  }

  private sessionReply(method: string): Reply {
    if (method !== 'GET') this.signedIn = method === 'POST';
    return ok(
      this.signedIn ? session : { ...session, user: null, workspaces: [], workspace: null, embedded: false },
    );
  }

  private asset(list: { id: string }[], method: string, id?: string): Reply {
    if (!id) return method === 'GET' ? ok(page(list)) : ok(list[2], 201);
    const found = list.find((item) => item.id === id);
    return found ? ok(found) : notFound;
  }

  private networkReply(id: string | undefined, action: string | undefined): Reply {
    const found = this.networks.find((each) => each.id === id);
    if (!found) return notFound;
    return ok(action === 'predictions' ? predictions[this.options.predicted ?? 'classification'] : found);
  }

  private tokenReply(method: string, body: { name: string }): Reply {
    if (method === 'GET') return ok(page(this.tokens));
    if (method === 'DELETE') return { status: 204, body: null };
    const token = {
      id: `t-${String(this.tokens.length + 1)}`,
      name: body.name,
      prefix: 'ff_9xy2',
      scopes: [],
      created_at: new Date().toISOString(),
    };
    this.tokens.push(token);
    return ok({ ...token, token: 'ff_9xy2Lw0sT3stT0ken' }, 201);
  }

  private runReply(
    method: string,
    url: URL,
    id: string | undefined,
    action: string | undefined,
    body: unknown,
  ): Reply {
    if (!id) return method === 'GET' ? ok(page(this.runs())) : this.create(body as RunCreate);
    const run = this.runs().find((item) => item.id === id);
    if (!run) return notFound;
    if (!action) return ok(run);
    if (action === 'events') {
      const after = Number(url.searchParams.get('after') ?? 0);
      const all = this.events(id);
      const results = all.slice(after, after + Number(url.searchParams.get('limit') ?? 100));
      return ok({ results, last_seq: all.length, next_after: after + results.length });
    }
    if (action === 'networks')
      return method === 'GET' ? ok(page(this.networks)) : this.draw(body as DrawRequest);
    if (action === 'pause')
      return ok({ ...run, state: 'PAUSING', desired_state: 'PAUSED', actions: ['cancel'] });
    return ok(run);
  }

  private create(body: RunCreate): Reply {
    const accuracy = body.requirements.find((r) => r.metric === 'accuracy');
    if (accuracy && accuracy.value > 1) {
      const detail = 'Accuracy is a share: use a value from 0 to 1.';
      return {
        status: 400,
        body: {
          code: 'invalid',
          detail,
          errors: [{ code: 'invalid', detail, pointer: '/requirements/0/value' }],
        },
      };
    }
    const run: Run = {
      ...queuedRun(),
      id: `r-${String(this.created.length + 1)}`,
      requirements: body.requirements,
    };
    this.created.unshift(run);
    return ok(run, 201);
  }

  private draw({ seed = 30, count = 1, budget }: DrawRequest): Reply {
    const results = Array.from({ length: count }, (_, i) => drawing(seed + i, budget ?? 0.3));
    this.networks.unshift(...results);
    return ok({ results }, 202);
  }
}
