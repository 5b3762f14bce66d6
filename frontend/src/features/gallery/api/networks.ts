/** The networks drawn from a run's generator. */
import { type QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { api, unwrap } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import type { DrawRequest, Network, Page } from '@/shared/api/types';

import { withNetwork } from '../model/arrange';

const DRAWING_MS = 3000;

export const networksQuery = (runId: string) =>
  queryOptions({
    queryKey: ['networks', runId],
    queryFn: ({ signal }) =>
      allPages((cursor) =>
        unwrap<Page<Network>>(
          api.GET('/api/v1/runs/{run_id}/networks/', {
            params: { path: { run_id: runId }, query: { page_size: 200, ...(cursor ? { cursor } : {}) } },
            signal,
          }),
        ),
      ),
    // Draws arrive as events of the run; asking again covers a socket that is down.
    refetchInterval: ({ state }) => (state.data?.some((n) => n.state === 'drawing') ? DRAWING_MS : false),
  });

export const networkQuery = (id: string) =>
  queryOptions({
    queryKey: ['network', id],
    queryFn: ({ signal }) =>
      unwrap<Network>(api.GET('/api/v1/networks/{id}/', { params: { path: { id } }, signal })),
  });

export function takeNetwork(client: QueryClient, network: Network): void {
  client.setQueryData(networkQuery(network.id).queryKey, network);
  client.setQueryData(networksQuery(network.run).queryKey, (old) => (old ? withNetwork(old, network) : old));
}

export function useDraw(runId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: DrawRequest) =>
      unwrap<{ results: Network[] }>(
        api.POST('/api/v1/runs/{run_id}/networks/', {
          params: { path: { run_id: runId } },
          body: { count: 1, polish_s: 0, ...body },
        }),
      ),
    onSuccess: ({ results }) => {
      for (const network of results) takeNetwork(client, network);
    },
  });
}

export const downloadUrl = (id: string, format: string): string =>
  `/api/v1/networks/${id}/download/?format=${encodeURIComponent(format)}`;
