/** Dial a budget, draw a network. */
import { Button, Slider } from '@mantine/core';
import { type FormEvent, useState } from 'react';

import { errorSentence, fieldErrors } from '@/shared/api/problem';
import type { Certified, DrawRequest, TaskMetric } from '@/shared/api/types';
import { metricName, metricValue } from '@/shared/format/metrics';
import { count, macs, plain } from '@/shared/format/numbers';
import { Callout } from '@/shared/ui/Callout';
import { NumberField } from '@/shared/ui/NumberField';
import { Panel } from '@/shared/ui/Panel';

import { useDraw } from '../api/networks';
import { predict } from '../model/predict';
import css from './DrawPanel.module.css';

interface DrawPanelProps {
  runId: string;
  certified: Certified | null;
  metric: TaskMetric;
}

const COUNT_MAX = 50;
const STEP = 0.01;

type Field = number | '';

export function DrawPanel({ runId, certified, metric }: DrawPanelProps) {
  const [low, high] = certified?.budget_range ?? [0, 1];
  const [budget, setBudget] = useState(certified ? low : high);
  const [seed, setSeed] = useState<Field>('');
  const [amount, setCount] = useState<Field>(1);
  const [polish, setPolish] = useState<Field>(0);
  const draw = useDraw(runId);
  const errors = fieldErrors(draw.error);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body: DrawRequest = {
      budget: Number(budget.toPrecision(12)),
      count: amount === '' ? 1 : amount,
      polish_s: polish === '' ? 0 : polish,
    };
    if (seed !== '') body.seed = seed;
    draw.mutate(body, {
      // The next press goes on from there: the same seed would only find the same network.
      onSuccess: ({ results }) => {
        if (seed !== '') setSeed(seed + results.length);
      },
    });
  };

  return (
    <Panel
      title="Draw networks"
      note={
        certified
          ? 'Any budget within the calibrated range meets the requirements at the certified yield. A draw takes about a second.'
          : 'This generator has no certified range: any budget can be tried, and each network is measured.'
      }
    >
      <form className={css.form} onSubmit={submit} aria-label="Draw networks">
        <div className={css.dial}>
          <div className={css.dialHead}>
            <span>Budget</span>
            <output>{plain(budget)}</output>
          </div>
          <Slider
            thumbLabel="Budget"
            value={budget}
            onChange={setBudget}
            min={low}
            max={high}
            step={STEP}
            label={null}
            disabled={high - low < STEP}
            color="ember"
          />
          <div className={css.ends} aria-hidden>
            <span>{plain(low)} leanest certified</span>
            <span>{plain(high)}</span>
          </div>
          <PredictionLine certified={certified} metric={metric} budget={budget} />
          {errors.budget && <p className={css.error}>{errors.budget}</p>}
        </div>
        <div className={css.fields}>
          <NumberField
            label="Seed"
            placeholder="next unused"
            min={0}
            allowDecimal={false}
            value={seed}
            onChange={setSeed}
            error={errors.seed}
          />
          <NumberField
            label="Count"
            min={1}
            max={COUNT_MAX}
            clampBehavior="strict"
            allowDecimal={false}
            value={amount}
            onChange={setCount}
            error={errors.count}
          />
          <NumberField
            label="Polish"
            suffix=" s"
            min={0}
            max={600}
            value={polish}
            onChange={setPolish}
            error={errors.polish_s}
          />
          <Button type="submit" loading={draw.isPending} size="sm">
            Draw
          </Button>
        </div>
        {draw.isError && Object.keys(errors).length === 0 && (
          <Callout tone="bad" role="alert">
            {errorSentence(draw.error)}
          </Callout>
        )}
      </form>
    </Panel>
  );
}

function PredictionLine({ certified, metric, budget }: Omit<DrawPanelProps, 'runId'> & { budget: number }) {
  const found = certified && predict(certified.scan, budget);
  if (!found) return null;
  return (
    <p className={css.predicted}>
      <b>Predicted:</b> {count(found.params)} parameters · {macs(found.macs)} MACs · mean {metricName(metric)}{' '}
      {metricValue(metric, found.value)}{' '}
      <small>of first decodings, read between the points of the certified scan</small>
    </p>
  );
}
