/** Three choices make a run; everything else has a sound default, folded away. */
import { Button, SegmentedControl, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';

import { errorSentence, fieldErrors } from '@/shared/api/problem';
import type { Dataset, Prototype, TaskMetric } from '@/shared/api/types';
import { metricName, TASK_METRICS } from '@/shared/format/metrics';
import { count, macs, plural } from '@/shared/format/numbers';
import { duration } from '@/shared/format/time';
import { Callout } from '@/shared/ui/Callout';
import { IconChevron } from '@/shared/ui/icons';
import { NumberField } from '@/shared/ui/NumberField';

import { useCreateRun } from '../api/createRun';
import { devicesQuery } from '../api/devices';
import {
  ADVANCED,
  defaultDraft,
  type Draft,
  draftErrors,
  draftFor,
  draftRequest,
  FLOORS,
  suiting,
  taskOf,
} from '../model/draft';
import { AdvancedFields } from './AdvancedFields';
import css from './NewRunForm.module.css';

interface NewRunFormProps {
  datasets: readonly Dataset[];
  prototypes: readonly Prototype[];
}

export function NewRunForm({ datasets, prototypes }: NewRunFormProps) {
  const [draft, setDraft] = useState(() => defaultDraft(datasets, prototypes));
  const [unfolded, setUnfolded] = useState(false);
  const create = useCreateRun();
  const navigate = useNavigate();

  const devices = useQuery(devicesQuery).data ?? [];

  const dataset = datasets.find(({ id }) => id === draft.dataset);
  const task = taskOf(dataset);
  const offered = suiting(prototypes, task);
  const prototype = offered.find(({ id }) => id === draft.prototype);
  const errors = draftErrors(fieldErrors(create.error), draft, devices);
  const hidden = Object.keys(errors).some((field) => ADVANCED.has(field as keyof Draft));
  const open = unfolded || hidden;
  const set = (change: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...change }));
  };
  // What was chosen for one task means nothing for another.
  const choose = (id: string) => {
    const chosen = datasets.find((each) => each.id === id);
    set(taskOf(chosen) === task ? { dataset: id } : draftFor(chosen, prototypes));
  };

  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(draftRequest(draft, devices), {
      onSuccess: (run) => void navigate({ to: '/runs/$runId', params: { runId: run.id } }),
    });
  };

  return (
    <form className={css.form} onSubmit={submit} aria-label="New synthesis" noValidate>
      <div className={css.choices}>
        <Choice step={1} hint={dataset ? aboutDataset(dataset) : undefined}>
          <Select
            label="Dataset"
            data={datasets.map(({ id, name }) => ({ value: id, label: name }))}
            value={draft.dataset}
            onChange={(value) => {
              choose(value ?? '');
            }}
            error={errors.dataset}
            searchable={datasets.length > 8}
          />
        </Choice>
        <Choice step={2} hint={prototype ? aboutPrototype(prototype) : undefined}>
          <Select
            label="Prototype"
            data={offered.map(({ id, name }) => ({ value: id, label: name }))}
            value={prototype?.id ?? null}
            placeholder={offered.length === 0 ? `None is for ${task}` : undefined}
            onChange={(value) => {
              set({ prototype: value ?? '' });
            }}
            error={errors.prototype}
            searchable={offered.length > 8}
          />
        </Choice>
        <Choice step={3} hint="Every network drawn later is held to it.">
          <NumberField
            label={`Requirement: ${metricName(draft.metric)} at least`}
            value={draft.floor}
            onChange={(floor) => {
              set({ floor });
            }}
            suffix=" %"
            min={1}
            max={100}
            clampBehavior="none"
            step={0.5}
            decimalScale={2}
            error={errors.floor}
          />
          {TASK_METRICS[task].length > 1 && (
            <SegmentedControl
              size="xs"
              aria-label="Metric that is required"
              data={TASK_METRICS[task].map((value) => ({ value, label: metricName(value) }))}
              value={draft.metric}
              onChange={(value) => {
                const metric = value as TaskMetric;
                set({ metric, floor: FLOORS[metric] });
              }}
            />
          )}
        </Choice>
      </div>

      <button
        type="button"
        className={css.fold}
        aria-expanded={open}
        aria-controls="advanced"
        onClick={() => {
          setUnfolded(!open);
        }}
      >
        <IconChevron data-open={open || undefined} />
        Limits, time and other settings
      </button>
      <div id="advanced" hidden={!open}>
        <AdvancedFields draft={draft} errors={errors} devices={devices} set={set} />
      </div>

      {create.isError && Object.keys(errors).length === 0 && (
        <Callout tone="bad" role="alert">
          {errorSentence(create.error)}
        </Callout>
      )}
      {create.isError && Object.keys(errors).length > 0 && (
        <p className="visually-hidden" role="alert">
          The run was not started: {Object.values(errors).join(' ')}
        </p>
      )}
      <div className={css.go}>
        <Button type="submit" size="md" loading={create.isPending}>
          Start synthesis
        </Button>
        <span>{ending(draft)}</span>
      </div>
    </form>
  );
}

function Choice({ step, hint, children }: { step: number; hint?: string; children: React.ReactNode }) {
  return (
    <div className={css.choice}>
      <span className={css.step} aria-hidden>
        {step}
      </span>
      {children}
      {hint && <p>{hint}</p>}
    </div>
  );
}

function aboutDataset({ report }: Dataset): string {
  if (!report?.image_sizes) return '';
  const [width, height] = report.image_sizes.common;
  return `${report.task}: ${plural(report.images, 'image')}, ${plural(report.classes.length, 'class', 'classes')}, ${String(width)} × ${String(height)} pixels`;
}

function aboutPrototype({ params, macs: cost, input }: Prototype): string {
  const size = input ? ` at ${input.slice(1).join(' × ')}` : '';
  return params === null ? '' : `${count(params)} parameters, ${macs(cost)} MACs${size}`;
}

function ending({ minutes, maxCycles }: Draft): string {
  const time = minutes === '' ? null : `about ${duration(minutes * 60)}`;
  const cycles = maxCycles === '' ? null : `at most ${plural(maxCycles, 'cycle')}`;
  return (
    ['Takes', [time, cycles].filter(Boolean).join(', ') || 'as long as it needs'].join(' ') +
    '. You can pause at any time.'
  );
}
