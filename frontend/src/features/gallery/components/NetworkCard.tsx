/** One drawn network: what it costs, what it reaches, what it won, and how to have it again. */
import { Button, Loader } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import type { Network, Run, Verdict } from '@/shared/api/types';
import { marginText, metricName, metricValue, place, sign } from '@/shared/format/metrics';
import { count, decibels, macs, megabytes, plain, signedDecibels, times } from '@/shared/format/numbers';
import { duration } from '@/shared/format/time';
import { Badge } from '@/shared/ui/Badge';
import { CopyButton } from '@/shared/ui/CopyButton';
import { IconCheck, IconCross, IconDownload } from '@/shared/ui/icons';

import { downloadUrl } from '../api/networks';
import css from './NetworkCard.module.css';
import { WidthGlyph } from './WidthGlyph';

interface NetworkCardProps {
  network: Network;
  run: Run;
  full: Record<string, number>;
}

const FORMATS: Record<string, string> = {
  onnx: 'ONNX',
  safetensors: 'safetensors',
  'onnx-int8': 'ONNX int8',
  pt2: 'PT2',
};

export function NetworkCard({ network, run, full }: NetworkCardProps) {
  const { seed, budget, state } = network;
  const name = `Network of seed ${String(seed)}${budget === null ? '' : `, budget ${plain(budget)}`}`;
  return (
    <article className={css.card} aria-label={name} data-state={state}>
      <header className={css.head}>
        <div>
          <h3>Seed {seed}</h3>
          <span>
            {budget === null ? 'best budget' : `budget ${plain(budget)}`}
            {network.polish_s > 0 && ` · polished ${duration(network.polish_s)}`}
          </span>
        </div>
        <Standing network={network} />
      </header>
      {state === 'drawing' && (
        <div className={css.waiting} role="status">
          <Loader size="xs" color="var(--ff-muted)" aria-hidden /> Decoding the seed, calibrating and
          measuring…
        </div>
      )}
      {state === 'failed' && (
        <p className={css.problem}>
          {network.problem?.message ?? 'The draw failed.'}{' '}
          {network.problem && <code>{network.problem.code}</code>}
        </p>
      )}
      {state === 'ready' && <Ready network={network} run={run} full={full} />}
    </article>
  );
}

/** Accepted means that the calibration images say so, with a margin; the verdicts below are the test images'. */
function Standing({ network: { state, verified, requirements } }: { network: Network }) {
  if (state === 'drawing')
    return (
      <Badge tone="active" moving>
        Drawing
      </Badge>
    );
  if (state === 'failed') return <Badge tone="bad">Failed</Badge>;
  if (!verified) return <Badge tone="warn">Falls short</Badge>;
  return requirements?.every((each) => each.verdict) ? (
    <Badge tone="good">Meets all</Badge>
  ) : (
    <Badge tone="warn">Accepted, misses on test</Badge>
  );
}

function Ready({ network, run, full }: NetworkCardProps) {
  const { params, macs: cost, metrics, netscore, design } = network;
  const { metric } = run;
  const { prototype } = run.summary;
  const gain = netscore !== null && prototype?.netscore !== undefined ? netscore - prototype.netscore : null;
  return (
    <>
      <div className={css.lead}>
        {design && <WidthGlyph design={design} full={full} />}
        <div className={css.score}>
          <strong>{metricValue(metric, metrics?.test?.[metric])}</strong>
          <span>
            test {metricName(metric)}
            <br />
            validation {metricValue(metric, metrics?.validation?.[metric])}
          </span>
        </div>
      </div>
      <dl className={css.figures}>
        <Item name="Parameters" value={count(params)} gain={times(prototype?.params, params)} of="fewer" />
        <Item name="MACs" value={macs(cost)} gain={times(prototype?.macs, cost)} of="fewer" />
        <Item name="NetScore" value={decibels(netscore)} gain={signedDecibels(gain)} />
        <Item
          name="Density"
          value={`${plain(network.information_density)} %/K`}
          title={`% of test ${metricName(metric)} per thousand parameters`}
        />
      </dl>
      <ul className={css.verdicts} aria-label="Requirements">
        {network.requirements.map((verdict) => (
          <VerdictChip key={`${verdict.metric}@${verdict.device ?? ''}`} verdict={verdict} />
        ))}
      </ul>
      <div className={css.facts}>
        {network.size_mb !== null && <span>{megabytes(network.size_mb)}</span>}
        {network.attempts !== null && network.attempts > 1 && <span>decoding {network.attempts}</span>}
        {network.draw_s !== null && <span>drawn in {plain(network.draw_s, 1)} s</span>}
        {network.fingerprint && (
          <span title={network.fingerprint}>
            <code>{network.fingerprint.slice(0, 8)}</code>
          </span>
        )}
      </div>
      <footer className={css.actions}>
        {network.formats
          .filter((format) => format in FORMATS)
          .map((format) => (
            <Button
              key={format}
              size="compact-sm"
              variant="default"
              leftSection={<IconDownload />}
              aria-label={`Download ${FORMATS[format] ?? format}`}
              onClick={() => {
                download(network.id, format);
              }}
            >
              {FORMATS[format]}
            </Button>
          ))}
        <Button
          renderRoot={(props) => (
            <Link
              {...props}
              to="/runs/$runId/networks/$networkId"
              params={{ runId: run.id, networkId: network.id }}
            />
          )}
          size="compact-sm"
          variant="default"
          aria-label={`Details of seed ${String(network.seed)}`}
        >
          Details
        </Button>
        <CopyButton label="Copy recipe" text={recipe(network, run)} />
      </footer>
    </>
  );
}

function Item({
  name,
  value,
  gain,
  of,
  title,
}: {
  name: string;
  value: string;
  gain?: string;
  of?: string;
  title?: string;
}) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>
        {value} {gain && gain !== '–' && <small>{of ? `${gain} ${of}` : gain}</small>}
      </dd>
    </div>
  );
}

function VerdictChip({ verdict: item }: { verdict: Verdict }) {
  const { metric, op, value, measured, verdict, device } = item;
  return (
    <li data-verdict={verdict === null ? 'unknown' : verdict}>
      {verdict ? <IconCheck width={13} height={13} /> : <IconCross width={13} height={13} />}
      <span className="visually-hidden">{verdict ? 'Met:' : 'Not met:'}</span>
      {metricName(metric)}
      {place(metric, device)} {metricValue(metric, measured)} {sign(op)} {metricValue(metric, value)}
      <b>{marginText(item)}</b>
    </li>
  );
}

/** What draws this very network again, bit for bit. */
function recipe({ seed, budget, polish_s, fingerprint }: Network, run: Run): string {
  return JSON.stringify({ generator: run.id, seed, budget, polish_s, fingerprint });
}

/** A click on a passing link: the browser then saves the file as it streams. */
function download(id: string, format: string): void {
  const link = document.createElement('a');
  link.href = downloadUrl(id, format);
  link.download = '';
  document.body.append(link);
  link.click();
  link.remove();
}
