/** Reading, uploading and deleting prototypes. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { api, unwrap } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import type { Prototype, Page } from '@/shared/api/types';
import { upload } from '@/shared/api/upload';

const CHECKING_MS = 1500;

export const prototypesQuery = queryOptions({
  queryKey: ['prototypes'],
  queryFn: ({ signal }) =>
    allPages((cursor) =>
      unwrap<Page<Prototype>>(
        api.GET('/api/v1/prototypes/', {
          params: { query: { page_size: 200, ...(cursor ? { cursor } : {}) } },
          signal,
        }),
      ),
    ),
  refetchInterval: ({ state }) => (state.data?.some((p) => p.state === 'checking') ? CHECKING_MS : false),
});

export const prototypeQuery = (id: string) =>
  queryOptions({
    queryKey: ['prototypes', id],
    queryFn: ({ signal }) =>
      unwrap<Prototype>(api.GET('/api/v1/prototypes/{id}/', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.state === 'checking' ? CHECKING_MS : false),
  });

export function useUploadPrototype(onProgress: (fraction: number) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ file, signal }: { file: File; signal: AbortSignal }) =>
      upload<Prototype>({ url: '/api/v1/prototypes/', file, onProgress, signal }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['prototypes'] }),
  });
}

export function useDeletePrototype() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap<unknown>(api.DELETE('/api/v1/prototypes/{id}/', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['prototypes'], exact: true }),
  });
}
