import { type NumberInputProps, Select, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';

import type { TargetDevice } from '@/shared/api/types';
import { metricName } from '@/shared/format/metrics';
import { NumberField } from '@/shared/ui/NumberField';

import { deviceFor, deviceLabel, type DeviceMetric, usable, whyNotHere } from '../model/devices';
import type { Draft } from '../model/draft';
import css from './NewRunForm.module.css';

interface AdvancedFieldsProps {
  draft: Draft;
  errors: Partial<Record<keyof Draft, string>>;
  devices: readonly TargetDevice[];
  set: (change: Partial<Draft>) => void;
}

type NumericField = { [K in keyof Draft]: Draft[K] extends number | '' ? K : never }[keyof Draft];

export function AdvancedFields({ draft, errors, devices, set }: AdvancedFieldsProps) {
  const number = (field: NumericField, label: string, props: Partial<NumberInputProps> = {}) => (
    <NumberField
      label={label}
      error={errors[field]}
      min={0}
      clampBehavior="none"
      thousandSeparator=" "
      {...props}
      value={draft[field]}
      onChange={(value) => {
        set({ [field]: value });
      }}
    />
  );
  const on = (metric: DeviceMetric, field: 'latencyDevice' | 'energyDevice', label: string) => (
    <Select
      label={label}
      data={usable(metric, devices).map((each) => ({ value: each.name, label: deviceLabel(metric, each) }))}
      value={deviceFor(metric, draft[field], devices) ?? null}
      onChange={(value) => {
        set({ [field]: value ?? '' });
      }}
      placeholder="This machine"
      allowDeselect={false}
    />
  );
  const unmeasured = whyNotHere(devices);
  return (
    <div className={css.advanced}>
      <Group
        wide
        legend="Limits"
        note="Parameters and MACs hold by construction; file and memory are measured on each network."
      >
        {number('maxParams', 'Parameters at most', {
          placeholder: 'no limit',
          allowDecimal: false,
          step: 1000,
        })}
        {number('maxMacs', 'MACs at most', { placeholder: 'no limit', allowDecimal: false, step: 10_000 })}
        {number('maxSize', 'File size at most', { placeholder: 'no limit', suffix: ' MB', step: 0.01 })}
        {number('maxActivation', 'Activation memory at most', {
          placeholder: 'no limit',
          suffix: ' MB',
          step: 0.01,
        })}
      </Group>
      <Group
        wide
        legend="Latency and energy"
        note={`For one image: measured on this machine, or estimated from a device’s published figures. ${unmeasured}`.trim()}
      >
        {number('maxLatency', 'Latency at most', { placeholder: 'no limit', suffix: ' ms', step: 0.1 })}
        {on('latency_ms', 'latencyDevice', 'Latency on')}
        {number('maxEnergy', 'Energy at most', { placeholder: 'no limit', suffix: ' mJ', step: 0.1 })}
        {on('energy_mj', 'energyDevice', 'Energy on')}
      </Group>
      <Group
        legend="Time"
        note="Without a time budget, cycles alone end the run, and the same seed gives the same generator."
      >
        {number('minutes', 'Time budget', { suffix: ' min', placeholder: 'none', step: 1 })}
        {number('maxCycles', 'Cycles at most', { placeholder: 'no limit', allowDecimal: false })}
      </Group>
      <Group
        legend="Generator"
        note="The target yield is the share of seeds whose network must meet the requirements. With the confidence, a network that is accepted meets its metric on new data too: 50 % means no safety margin."
      >
        {number('targetYield', 'Target yield', { suffix: ' %', max: 99.9, decimalScale: 2 })}
        {number('confidence', 'Confidence', { suffix: ' %', min: 50, max: 99.9, decimalScale: 2 })}
        {number('seed', 'Seed', { allowDecimal: false, thousandSeparator: '' })}
      </Group>
      <Group
        legend="NetScore weights"
        note={`20·log₁₀(aᵅ / (parametersᵝ · MACsᵞ)), with the ${metricName(draft.metric)} a in %, parameters in M, MACs in G.`}
      >
        {number('alpha', `α, ${metricName(draft.metric)}`, { step: 0.1, decimalScale: 3 })}
        {number('beta', 'β, parameters', { step: 0.1, decimalScale: 3 })}
        {number('gamma', 'γ, MACs', { step: 0.1, decimalScale: 3 })}
      </Group>
      <Group legend="Name" note="Left empty, the run is named after its parts.">
        <TextInput
          label="Name of the run"
          value={draft.name}
          onChange={(event) => {
            set({ name: event.currentTarget.value });
          }}
          error={errors.name}
          maxLength={200}
        />
      </Group>
    </div>
  );
}

interface GroupProps {
  legend: string;
  note: string;
  /** Its labels or choices are long. */
  wide?: boolean;
  children: ReactNode;
}

function Group({ legend, note, wide = false, children }: GroupProps) {
  return (
    <fieldset className={css.group}>
      <legend>{legend}</legend>
      <p>{note}</p>
      <div className={css.fields} data-wide={wide || undefined}>
        {children}
      </div>
    </fieldset>
  );
}
