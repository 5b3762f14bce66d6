import { useParams } from '@tanstack/react-router';

import { NetworkDetail } from '@/features/gallery/components/NetworkDetail';

import { useLive } from './liveRun';

export function NetworkPage() {
  const { networkId } = useParams({ from: '/runs/$runId/networks/$networkId' });
  return <NetworkDetail id={networkId} run={useLive().run} key={networkId} />;
}
