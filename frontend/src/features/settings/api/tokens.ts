/** API tokens of the signed-in person. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { api, unwrap } from '@/shared/api/client';
import { allPages } from '@/shared/api/pages';
import type { Page, Token } from '@/shared/api/types';

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: ({ signal }) =>
    allPages((cursor) =>
      unwrap<Page<Token>>(
        api.GET('/api/v1/tokens/', { params: { query: cursor ? { cursor } : {} }, signal }),
      ),
    ),
});

export function useCreateToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => unwrap<Token>(api.POST('/api/v1/tokens/', { body: { name } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['tokens'] }),
  });
}

export function useRevokeToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap<unknown>(api.DELETE('/api/v1/tokens/{id}/', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['tokens'] }),
  });
}
