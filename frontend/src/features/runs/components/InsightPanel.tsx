/** What the inquisitor learned: how much information each group of channels keeps. */
import { percent, plain } from '@/shared/format/numbers';
import { Panel } from '@/shared/ui/Panel';
import { Empty } from '@/shared/ui/states';

import type { Insight } from '../model/events';
import css from './run.module.css';

export function InsightPanel({ insight }: { insight: Insight | null }) {
  return (
    <Panel
      title="Insight"
      note={
        insight
          ? `Information that each group of channels keeps at its width, by the inquisitor’s responses in cycle ${String(insight.k)}.`
          : undefined
      }
    >
      {insight ? (
        <ul className={css.groups}>
          {insight.groups.map((group) => (
            <li key={group.name}>
              <div className={css.groupHead}>
                <code>{group.name}</code>
                <b>{percent(group.information_kept, 0)}</b>
              </div>
              <div className={css.groupBar} aria-hidden>
                <span style={{ width: percent(group.information_kept).replace(' ', '') }} />
              </div>
              <small>
                {plain(group.width, Number.isInteger(group.width) ? 0 : 1)} channels · rank {plain(group.effective_rank, 1)} · entropy{' '}
                {plain(group.entropy_bits, 1)} bits · {plain(group.label_information_bits, 1)} bits about the labels
              </small>
            </li>
          ))}
        </ul>
      ) : (
        <Empty title="Nothing learned yet">The inquisitor reports after the first cycles.</Empty>
      )}
    </Panel>
  );
}
