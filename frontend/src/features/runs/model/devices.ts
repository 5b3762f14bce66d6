/** Which devices a limit on latency or energy can name, and what they are called in the form. */
import type { TargetDevice } from '@/shared/api/types';

export type DeviceMetric = 'latency_ms' | 'energy_mj';

export const usable = (metric: DeviceMetric, devices: readonly TargetDevice[]): TargetDevice[] =>
  devices.filter((device) => device[metric] !== 'unavailable');

/** The device chosen, where the metric can be had on it, else the first where it can. */
export function deviceFor(
  metric: DeviceMetric,
  chosen: string,
  devices: readonly TargetDevice[],
): string | undefined {
  const names = usable(metric, devices).map(({ name }) => name);
  return names.includes(chosen) ? chosen : names[0];
}

/** An estimate is never taken for a measurement: the word comes first, where no narrow field cuts it off. */
export function deviceLabel(metric: DeviceMetric, device: TargetDevice): string {
  if (device[metric] === 'estimated') return `Estimate: ${device.title}`;
  return `This machine: ${device.title}`;
}

/** Why energy isn't offered on this machine, if it isn't. */
export function whyNotHere(devices: readonly TargetDevice[]): string {
  return devices.find(({ name }) => name === 'cpu')?.reason ?? '';
}
