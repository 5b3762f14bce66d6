/** Who is signed in, signing in and out. */
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { api, setIdentity, unwrap } from '@/shared/api/client';
import type { Session } from '@/shared/api/types';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => {
    const session = await unwrap<Session>(api.GET('/api/v1/session/', { signal }));
    setIdentity({ csrf: session.csrf_token });
    return session;
  },
  staleTime: Infinity,
});

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: { username: string; password: string }) =>
      unwrap<unknown>(api.POST('/api/v1/session/', { body: credentials })),
    // The token against forged requests changes with the session: read it anew.
    onSuccess: () => client.invalidateQueries({ queryKey: ['session'] }),
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap<unknown>(api.DELETE('/api/v1/session/')),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['session'] });
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
    },
  });
}
