import { NumberInput, type NumberInputProps } from '@mantine/core';
import { useState } from 'react';

interface NumberFieldProps extends Omit<NumberInputProps, 'value' | 'onChange'> {
  value: number | '';
  onChange: (value: number | '') => void;
}

/** An input for a number or nothing. What is half typed, such as `1.`, stays in the field as it is. */
export function NumberField({ value, onChange, ...props }: NumberFieldProps) {
  const [typed, setTyped] = useState<number | string>(value);
  return (
    <NumberInput
      {...props}
      value={asNumber(typed) === value ? typed : value}
      onChange={(next) => {
        setTyped(next);
        onChange(asNumber(next));
      }}
    />
  );
}

function asNumber(typed: number | string): number | '' {
  const number = typed === '' ? Number.NaN : Number(typed);
  return Number.isFinite(number) ? number : '';
}
