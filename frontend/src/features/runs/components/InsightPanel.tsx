/** What the inquisitor learned: how much information each group of channels keeps. */
import { percent, plain } from '@/shared/format/numbers';
import { DataTable } from '@/shared/ui/DataTable';
import { Panel } from '@/shared/ui/Panel';
import { Empty } from '@/shared/ui/states';

import type { Insight } from '../model/events';
import css from './run.module.css';

export function InsightPanel({ insight, over }: { insight: Insight | null; over: boolean }) {
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
        <>
          <ul className={css.groups} aria-hidden>
            {insight.groups.map(({ name, information_kept }) => (
              <li key={name}>
                <code title={name}>{name}</code>
                <span className={css.groupBar}>
                  <i style={{ width: percent(information_kept).replace(/\s/, '') }} />
                </span>
                <b>{percent(information_kept, 0)}</b>
              </li>
            ))}
          </ul>
          <details className={css.details}>
            <summary>Widths, entropy and rank as a table</summary>
            <DataTable
              caption="Insight by channel group"
              rows={insight.groups}
              rowKey={({ name }) => name}
              columns={[
                { head: 'Group', cell: ({ name }) => <code>{name}</code> },
                { head: 'Kept', number: true, cell: (group) => percent(group.information_kept) },
                {
                  head: 'Width',
                  number: true,
                  cell: ({ width, of }) =>
                    `${plain(width, Number.isInteger(width) ? 0 : 1)}${of ? ` of ${String(of)}` : ''}`,
                },
                { head: 'Rank', number: true, cell: (group) => plain(group.effective_rank, 1) },
                { head: 'Entropy, bits', number: true, cell: (group) => plain(group.entropy_bits) },
                {
                  head: 'Label info, bits',
                  number: true,
                  cell: (group) => plain(group.label_information_bits),
                },
              ]}
            />
          </details>
        </>
      ) : (
        <Empty title={over ? 'Nothing learned' : 'Nothing learned yet'}>
          {over
            ? 'The run ended before the inquisitor’s first report.'
            : 'The inquisitor reports after the first cycles.'}
        </Empty>
      )}
    </Panel>
  );
}
