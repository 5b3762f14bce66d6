/** The prototype beside the best design so far. */
import type { Run } from '@/shared/api/types';
import { metricName, metricTitle, metricValue } from '@/shared/format/metrics';
import { count, decibels, macs, percent, plain, signedDecibels, times } from '@/shared/format/numbers';
import { Panel } from '@/shared/ui/Panel';

import type { History } from '../model/history';
import css from './run.module.css';

export function ResultFigures({ run, history }: { run: Run; history: History }) {
  const { metric } = run;
  const { prototype, best } = run.summary;
  const ready = history.prototype;
  const progress = history.progress;
  // What falls short of the requirements has won nothing.
  const meets = best?.meets ?? false;
  const gain = best && meets && prototype?.netscore !== undefined ? best.netscore - prototype.netscore : null;
  return (
    <Panel
      title={run.state === 'COMPLETED' ? 'Best design of the search' : 'Best design so far'}
      note={
        best && !best.meets
          ? `No design meets every requirement yet: this is the one with the highest ${metricName(metric)}.`
          : undefined
      }
    >
      <table className={css.compare}>
        <thead>
          <tr>
            <td />
            <th scope="col">Prototype</th>
            <th scope="col">Best design</th>
            <th scope="col">Gain</th>
          </tr>
        </thead>
        <tbody>
          <Row
            name="Parameters"
            from={count(prototype?.params)}
            to={count(best?.params)}
            gain={meets ? times(prototype?.params, best?.params) : ''}
          />
          <Row
            name="MACs"
            from={macs(prototype?.macs)}
            to={macs(best?.macs)}
            gain={meets ? times(prototype?.macs, best?.macs) : ''}
          />
          <Row
            name={metricTitle(metric)}
            note="prototype: test; design: search"
            from={metricValue(metric, prototype?.value)}
            to={metricValue(metric, best?.value)}
          />
          <Row
            name="NetScore"
            from={decibels(prototype?.netscore)}
            to={decibels(best?.netscore)}
            gain={gain === null ? '' : signedDecibels(gain)}
          />
          <Row
            name="Density"
            note="% per K params"
            from={plain(prototype?.information_density)}
            to={typeof best?.value === 'number' ? plain((best.value * 100) / (best.params / 1000)) : '–'}
          />
        </tbody>
      </table>
      <p className={css.quiet}>
        {ready
          ? `The prototype can shrink in ${String(ready.space.groups)} channel groups and ${String(ready.space.blocks)} blocks: about 10${superscript(ready.space.log10_size)} designs.`
          : progress
            ? `Training the prototype: ${percent(progress.fraction, 0)}, validation ${metricName(metric)} ${metricValue(metric, progress.metrics.validation?.[metric])}.`
            : 'The prototype has not been trained yet.'}{' '}
        NetScore in dB counts parameters in M and MACs in G.
      </p>
    </Panel>
  );
}

const DIGITS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function superscript(value: number): string {
  return [...String(Math.max(0, Math.round(value)))].map((digit) => DIGITS[Number(digit)] ?? '').join('');
}

function Row({
  name,
  note,
  from,
  to,
  gain = '',
}: {
  name: string;
  note?: string;
  from: string;
  to: string;
  gain?: string;
}) {
  return (
    <tr>
      <th scope="row">
        {name}
        {note && <small>{note}</small>}
      </th>
      <td>{from}</td>
      <td>{to}</td>
      <td>{gain}</td>
    </tr>
  );
}
