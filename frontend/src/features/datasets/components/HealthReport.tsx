/** What the check counted: images by class and split, sizes and layout. */
import type { HealthReport as Report, SplitName } from '@/shared/api/types';
import { count, plural } from '@/shared/format/numbers';
import { DataTable } from '@/shared/ui/DataTable';
import { Figure, Figures } from '@/shared/ui/Figure';
import lists from '@/shared/ui/lists.module.css';
import { Panel } from '@/shared/ui/Panel';

import { layoutName } from '../model/layouts';

const SPLITS: { name: SplitName; color: string; does: string }[] = [
  { name: 'train', color: 'var(--ff-cool)', does: 'trains the networks' },
  { name: 'search', color: 'var(--ff-accent)', does: 'guides the generator' },
  { name: 'calibration', color: 'var(--ff-warn)', does: 'certifies' },
  { name: 'test', color: 'var(--ff-good)', does: 'is only measured' },
];

const size = ([width, height]: [number, number]) => `${String(width)} × ${String(height)}`;

type ClassReport = Report['classes'][number];

/** What the labels of a task mark, beside whole images. */
const AMOUNTS = [
  { name: 'boxes', head: 'Boxes' },
  { name: 'pixels', head: 'Pixels' },
] as const;

export function HealthReport({ report, sha256 }: { report: Report; sha256: string | null }) {
  const { classes, image_sizes: sizes } = report;
  const sum = (counts: ClassReport['counts']) =>
    SPLITS.reduce((all, { name }) => all + (counts[name] ?? 0), 0);
  const most = Math.max(1, ...classes.map(({ counts }) => sum(counts)));
  const splits = SPLITS.filter(({ name }) => classes.some(({ counts }) => counts[name] !== undefined));
  return (
    <div className={lists.split}>
      <Panel
        title="Images by class and split"
        note={
          report.splits_given
            ? 'The splits are the dataset’s own.'
            : 'The splits are stratified and depend on the data alone.'
        }
      >
        <div className={lists.key}>
          {splits.map(({ name, color, does }) => (
            <span key={name}>
              <i style={{ background: color }} aria-hidden />
              {name}: {does}
            </span>
          ))}
        </div>
        <ul className={lists.bars} aria-hidden>
          {classes.map(({ name, counts }) => (
            <li key={name}>
              <span>{name}</span>
              <span className={lists.bar}>
                {splits.map((split) => (
                  <i
                    key={split.name}
                    style={{
                      width: `${String(((counts[split.name] ?? 0) / most) * 100)}%`,
                      background: split.color,
                    }}
                  />
                ))}
              </span>
              <b>{sum(counts)}</b>
            </li>
          ))}
        </ul>
        <details className={lists.files}>
          <summary>As a table</summary>
          <DataTable
            caption="Images by class and split"
            rows={classes}
            rowKey={({ name }) => name}
            columns={[
              { head: 'Class', cell: ({ name }) => name },
              ...splits.map((split) => ({
                head: split.name,
                number: true,
                cell: ({ counts }: ClassReport) => counts[split.name] ?? 0,
              })),
              ...AMOUNTS.filter(({ name }) => classes.some((each) => each[name])).map(({ name, head }) => ({
                head,
                number: true,
                cell: (each: ClassReport) => count(sum(each[name] ?? {})),
              })),
            ]}
          />
        </details>
      </Panel>
      <Panel title="About">
        <Figures width={110}>
          <Figure name="Images">{report.images.toLocaleString('en')}</Figure>
          <Figure name="Classes">{plural(classes.length, 'class', 'classes')}</Figure>
          <Figure name="Task">{report.task}</Figure>
          <Figure name="Layout">{layoutName(report.layout)}</Figure>
          {sizes && (
            <Figure name="Most common size" note={`from ${size(sizes.min)} to ${size(sizes.max)} pixels`}>
              {size(sizes.common)}
            </Figure>
          )}
          {report.channels !== null && (
            <Figure name="Channels">
              {report.channels === 1 ? '1, grey' : `${String(report.channels)}, colour`}
            </Figure>
          )}
          {sha256 && (
            <Figure name="SHA-256">
              <code title={sha256}>{sha256.slice(0, 12)}…</code>
            </Figure>
          )}
        </Figures>
      </Panel>
    </div>
  );
}
