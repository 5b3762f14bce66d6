/** How well the inquisitor ranks designs that it has not seen, against a predictor that sees sizes only. */
import { useMemo } from 'react';

import { LineChart } from '@/shared/charts/lazy';
import { plain } from '@/shared/format/numbers';
import { Panel } from '@/shared/ui/Panel';

import type { Cycle } from '../model/events';

const cycleName = (k: number) => (Number.isInteger(k) ? String(k) : '');

export function RankChart({ cycles }: { cycles: readonly Cycle[] }) {
  // The first cycles have no fresh designs to be judged on.
  const judged = useMemo(
    () => cycles.filter((c) => c.rank_correlation !== null || c.rank_correlation_sizes !== null),
    [cycles],
  );
  const x = useMemo(() => judged.map(({ k }) => k), [judged]);
  const lines = useMemo(
    () => [
      { name: 'inquisitor', values: judged.map((c) => c.rank_correlation), color: 'accent' },
      {
        name: 'sizes only',
        values: judged.map((c) => c.rank_correlation_sizes),
        color: 'cool',
        dashed: true,
      },
    ],
    [judged],
  );
  if (judged.length === 0) return null;
  return (
    <Panel title="Inquisitor’s foresight" note="Rank correlation on designs that it has not seen.">
      <LineChart
        label="The inquisitor's rank correlation on unseen designs by cycle, against a predictor that sees sizes only"
        x={x}
        lines={lines}
        xFormat={cycleName}
        yFormat={(v) => plain(v)}
      />
    </Panel>
  );
}
