import { queryOptions } from '@tanstack/react-query';

import { api, unwrap } from '@/shared/api/client';

import type { Predictions } from '../model/predictions';

/** A drawn network never changes, and neither does what it says. */
export const predictionsQuery = (id: string) =>
  queryOptions({
    queryKey: ['predictions', id],
    queryFn: ({ signal }) =>
      unwrap<Predictions>(
        api.GET('/api/v1/networks/{id}/predictions/', { params: { path: { id } }, signal }),
      ),
    staleTime: Infinity,
  });
