/** Reading, uploading and deleting datasets. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { api, unwrap } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import type { Dataset, Page } from '@/shared/api/types';
import { upload } from '@/shared/api/upload';

const CHECKING_MS = 1500;

export const datasetsQuery = queryOptions({
  queryKey: ['datasets'],
  queryFn: ({ signal }) =>
    allPages((cursor) =>
      unwrap<Page<Dataset>>(
        api.GET('/api/v1/datasets/', {
          params: { query: { page_size: 200, ...(cursor ? { cursor } : {}) } },
          signal,
        }),
      ),
    ),
  refetchInterval: ({ state }) => (state.data?.some((d) => d.state === 'checking') ? CHECKING_MS : false),
});

export const datasetQuery = (id: string) =>
  queryOptions({
    queryKey: ['datasets', id],
    queryFn: ({ signal }) =>
      unwrap<Dataset>(api.GET('/api/v1/datasets/{id}/', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.state === 'checking' ? CHECKING_MS : false),
  });

export function useUploadDataset(onProgress: (fraction: number) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ file, signal }: { file: File; signal: AbortSignal }) =>
      upload<Dataset>({ url: '/api/v1/datasets/', file, onProgress, signal }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['datasets'] }),
  });
}

export function useDeleteDataset() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap<unknown>(api.DELETE('/api/v1/datasets/{id}/', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['datasets'], exact: true }),
  });
}
