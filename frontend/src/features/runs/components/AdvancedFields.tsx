import { NumberInput, type NumberInputProps, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';

import type { Draft } from '../model/draft';
import css from './NewRunForm.module.css';

interface AdvancedFieldsProps {
  draft: Draft;
  errors: Partial<Record<keyof Draft, string>>;
  set: (change: Partial<Draft>) => void;
}

type NumberField = { [K in keyof Draft]: Draft[K] extends number | '' ? K : never }[keyof Draft];

export function AdvancedFields({ draft, errors, set }: AdvancedFieldsProps) {
  const number = (field: NumberField, label: string, props: NumberInputProps = {}) => (
    <NumberInput
      label={label}
      value={draft[field]}
      onChange={(value) => {
        set({ [field]: typeof value === 'number' ? value : '' });
      }}
      error={errors[field]}
      min={0}
      clampBehavior="none"
      thousandSeparator=" "
      {...props}
    />
  );
  return (
    <div className={css.advanced}>
      <Group legend="Limits" note="Held by construction: no design may exceed them.">
        {number('maxParams', 'Parameters at most', {
          placeholder: 'no limit',
          allowDecimal: false,
          step: 1000,
        })}
        {number('maxMacs', 'MACs at most', { placeholder: 'no limit', allowDecimal: false, step: 10_000 })}
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
        note="The target yield is the share of seeds whose network must meet the requirements."
      >
        {number('targetYield', 'Target yield', { suffix: ' %', max: 99.9, decimalScale: 2 })}
        {number('seed', 'Seed', { allowDecimal: false, thousandSeparator: '' })}
      </Group>
      <Group
        legend="NetScore weights"
        note="20·log₁₀(accuracyᵅ / (parametersᵝ · MACsᵞ)), accuracy in %, parameters in M, MACs in G."
      >
        {number('alpha', 'α, accuracy', { step: 0.1, decimalScale: 3 })}
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

function Group({ legend, note, children }: { legend: string; note: string; children: ReactNode }) {
  return (
    <fieldset className={css.group}>
      <legend>{legend}</legend>
      <p>{note}</p>
      <div className={css.fields}>{children}</div>
    </fieldset>
  );
}
