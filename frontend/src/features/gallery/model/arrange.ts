/** Sorting and filtering what the gallery holds. */
import type { Network } from '@/shared/api/types';

export type Order = '-netscore' | 'params' | 'macs' | '-accuracy' | '-created_at';
export type Filter = 'all' | 'verified';

export const ORDERS: { value: Order; label: string }[] = [
  { value: '-created_at', label: 'Newest first' },
  { value: '-netscore', label: 'Highest NetScore' },
  { value: 'params', label: 'Fewest parameters' },
  { value: 'macs', label: 'Fewest MACs' },
  { value: '-accuracy', label: 'Highest accuracy' },
];

function measure(network: Network, order: Order): number {
  switch (order) {
    case '-netscore':
      return -(network.netscore ?? -Infinity);
    case 'params':
      return network.params ?? Infinity;
    case 'macs':
      return network.macs ?? Infinity;
    case '-accuracy':
      return -(network.metrics?.test?.accuracy ?? -Infinity);
    case '-created_at':
      return -Date.parse(network.created_at);
  }
}

/** What is still being drawn stays first, whatever the order; equal ones go by seed. */
export function arrange(networks: readonly Network[], order: Order, filter: Filter): Network[] {
  const rank = (network: Network) => (network.state === 'drawing' ? 0 : 1);
  return networks
    .filter((network) => filter === 'all' || network.verified === true || network.state === 'drawing')
    .map((network) => ({ network, key: measure(network, order) }))
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
