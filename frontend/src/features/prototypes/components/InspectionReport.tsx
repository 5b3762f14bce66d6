/** What can shrink in a network, and what can't and why. */
import type { Inspection } from '@/shared/api/types';
import { count, macs, plain, plural } from '@/shared/format/numbers';
import { DataTable } from '@/shared/ui/DataTable';
import { Figure, Figures } from '@/shared/ui/Figure';
import lists from '@/shared/ui/lists.module.css';
import { Panel } from '@/shared/ui/Panel';

export function InspectionReport({ report }: { report: Inspection }) {
  const { groups, blocks, frozen, space } = report;
  return (
    <>
      <Panel title="Size">
        <Figures>
          <Figure name="Parameters">{count(report.params)}</Figure>
          <Figure name="MACs" note={`at ${report.input.join(' × ')}`}>
            {macs(report.macs)}
          </Figure>
          {report.outputs !== null && report.task !== 'detection' && (
            <Figure name="Classes">{report.outputs}</Figure>
          )}
          <Figure name="Designs" note="different networks in it">
            ≈ 10<sup>{plain(space.log10_size, 0)}</sup>
          </Figure>
        </Figures>
      </Panel>
      <div className={lists.split}>
        <Panel
          title="What can shrink"
          note={`${plural(groups.length, 'group')} of coupled channels, each with one width, and ${plural(blocks.length, 'removable block')}.`}
        >
          <DataTable
            caption="Channel groups"
            rows={groups}
            rowKey={({ name }) => name}
            columns={[
              { head: 'Group', cell: ({ name }) => <code>{name}</code> },
              { head: 'Width', number: true, cell: ({ width }) => width },
              { head: 'At least', number: true, cell: ({ min_width }) => min_width },
              {
                head: 'Layers',
                number: true,
                cell: ({ layers }) => <span title={layers.join(', ')}>{layers.length}</span>,
              },
            ]}
          />
        </Panel>
        <div className={lists.stack}>
          {blocks.length > 0 && (
            <Panel title="Removable blocks">
              <DataTable
                caption="Removable blocks"
                rows={blocks}
                rowKey={({ name }) => name}
                columns={[
                  { head: 'Block', cell: ({ name }) => <code>{name}</code> },
                  { head: 'Parameters', number: true, cell: ({ params }) => count(params) },
                ]}
              />
            </Panel>
          )}
          <Panel title="What can’t shrink">
            {frozen.length === 0 ? (
              <p>Everything in this network can shrink.</p>
            ) : (
              <DataTable
                caption="Layers that stay as they are"
                rows={frozen}
                rowKey={({ name }, index) => `${name}${String(index)}`}
                columns={[
                  { head: 'Layer', cell: ({ name }) => <code>{name}</code> },
                  { head: 'Why', cell: ({ reason }) => reason },
                ]}
              />
            )}
          </Panel>
        </div>
      </div>
    </>
  );
}
