import { Synthesis } from '@/features/runs/components/Synthesis';

import { useLive } from './liveRun';

export function SynthesisPage() {
  return <Synthesis live={useLive()} />;
}
