/** Reading runs. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, unwrap } from '@/shared/api/client';
import { cursorOf } from '@/shared/api/pages';
import type { EventPage, Page, Run, RunState } from '@/shared/api/types';

const ACTIVE: ReadonlySet<RunState> = new Set(['QUEUED', 'STARTING', 'RUNNING', 'PAUSING', 'CANCELLING']);

export const isActive = (state: RunState): boolean => ACTIVE.has(state);

const OVER: ReadonlySet<RunState> = new Set(['CANCELLED', 'COMPLETED', 'FAILED']);

export const isOver = (state: RunState): boolean => OVER.has(state);

export const runsQuery = infiniteQueryOptions({
  queryKey: ['runs'],
  queryFn: ({ pageParam, signal }) =>
    unwrap<Page<Run>>(
      api.GET('/api/v1/runs/', { params: { query: pageParam ? { cursor: pageParam } : {} }, signal }),
    ),
  initialPageParam: '',
  getNextPageParam: (last) => cursorOf(last.next) ?? undefined,
  // While something runs, the list is looked at again; each run's own page is live.
  refetchInterval: ({ state }) =>
    state.data?.pages.some((page) => page.results.some((run) => isActive(run.state))) ? 4000 : false,
});

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id],
    queryFn: ({ signal }) => unwrap<Run>(api.GET('/api/v1/runs/{id}/', { params: { path: { id } }, signal })),
  });

export function fetchEvents(id: string, after: number, signal: AbortSignal): Promise<EventPage> {
  return unwrap<EventPage>(
    api.GET('/api/v1/runs/{id}/events/', { params: { path: { id }, query: { after, limit: 500 } }, signal }),
  );
}

export function openSocket(id: string, after: number): WebSocket {
  const url = new URL(`/ws/runs/${id}/`, window.location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  url.searchParams.set('after', String(after));
  return new WebSocket(url);
}
