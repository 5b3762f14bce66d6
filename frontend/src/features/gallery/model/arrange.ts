/** Sorting and filtering what the gallery holds. */
import type { Network, TaskMetric } from '@/shared/api/types';
import { metricName } from '@/shared/format/metrics';

export type Order = '-netscore' | 'params' | 'macs' | '-value' | '-created_at';

export interface Filter {
  accepted: boolean;
  /** The least value of the run's metric on test, from 0 to 1. */
  least: number | null;
}

export const orders = (metric: TaskMetric): { value: Order; label: string }[] => [
  { value: '-created_at', label: 'Newest first' },
  { value: '-netscore', label: 'Highest NetScore' },
  { value: 'params', label: 'Fewest parameters' },
  { value: 'macs', label: 'Fewest MACs' },
  { value: '-value', label: `Highest ${metricName(metric)}` },
];

function measure(network: Network, order: Order, metric: TaskMetric): number {
  switch (order) {
    case '-netscore':
      return -(network.netscore ?? -Infinity);
    case 'params':
      return network.params ?? Infinity;
    case 'macs':
      return network.macs ?? Infinity;
    case '-value':
      return -(network.metrics?.test?.[metric] ?? -Infinity);
    case '-created_at':
      return -Date.parse(network.created_at);
  }
}

function passes(network: Network, { accepted, least }: Filter, metric: TaskMetric): boolean {
  if (network.state === 'drawing') return true;
  if (accepted && network.verified !== true) return false;
  return least === null || (network.metrics?.test?.[metric] ?? -Infinity) >= least;
}

/** What is still being drawn stays first, whatever the order; equal ones go by seed. */
export function arrange(
  networks: readonly Network[],
  order: Order,
  filter: Filter,
  metric: TaskMetric,
): Network[] {
  const rank = (network: Network) => (network.state === 'drawing' ? 0 : 1);
  return networks
    .filter((network) => passes(network, filter, metric))
    .map((network) => ({ network, key: measure(network, order, metric) }))
    .sort((a, b) => {
      const states = rank(a.network) - rank(b.network);
      if (states !== 0) return states;
      // Infinity minus Infinity is no number.
      if (a.key !== b.key) return a.key < b.key ? -1 : 1;
      return a.network.seed - b.network.seed;
    })
    .map(({ network }) => network);
}

/** Puts a network in place of its earlier standing, or at the front. */
export function withNetwork(networks: readonly Network[], network: Network): Network[] {
  const index = networks.findIndex(({ id }) => id === network.id);
  return index < 0 ? [network, ...networks] : networks.with(index, network);
}
