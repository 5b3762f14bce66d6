import { screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { RUN_ID } from './mock/runFixture';
import { openPage } from './render';

// jsdom draws nothing; what the charts are given is tested where it is made.
vi.mock('@/shared/charts/lazy', () => ({ LineChart: () => null, ScatterChart: () => null }));

const heading = (name: string | RegExp) => screen.findByRole('heading', { level: 1, name });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('signing in', () => {
  it('stands in place of the page, and leads to it', async () => {
    const { user, sent } = openPage('/datasets', { signedOut: true });
    await heading('Sign in to FermiForge');
    await user.type(screen.getByLabelText('Username'), 'ada');
    await user.type(screen.getByLabelText('Password'), 'secret');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    await heading('Datasets');
    expect(sent.find(({ method }) => method === 'POST')?.body).toEqual({
      username: 'ada',
      password: 'secret',
    });
  });
});

describe('the first visit', () => {
  it('starts a sound run with one press', async () => {
    const { user, sent } = openPage('/', { empty: true });
    await heading(/From one prototype/);
    await user.click(await screen.findByRole('button', { name: 'Start synthesis' }));
    await heading('resnet8 on digits');

    const post = sent.find(({ method }) => method === 'POST');
    expect(post?.body).toMatchObject({
      dataset: 'd-digits',
      prototype: 'p-resnet8',
      requirements: [{ metric: 'accuracy', op: '>=', value: 0.96 }],
      time_budget_s: 120,
    });
    expect(post?.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/);
    expect(post?.headers.get('X-CSRFToken')).toBe('csrf');
    expect(post?.headers.get('X-Workspace')).toBe('w-1');
  });

  it('shows a refusal at its field and keeps the key for the same request', async () => {
    const { user, sent } = openPage('/runs/new', { empty: true });
    const floor = await screen.findByLabelText(/accuracy at least/);
    await user.clear(floor);
    await user.type(floor, '120');
    const start = screen.getByRole('button', { name: 'Start synthesis' });
    await user.click(start);
    expect(await screen.findByText('Accuracy is a share: use a value from 0 to 1.')).toBeInTheDocument();
    expect(floor).toHaveAttribute('aria-invalid', 'true');
    await user.click(start);
    await waitFor(() => {
      expect(sent.filter(({ method }) => method === 'POST')).toHaveLength(2);
    });
    await user.clear(floor);
    await user.type(floor, '95');
    await user.click(start);
    await heading('resnet8 on digits');
    const [first, second, third] = sent
      .filter(({ method }) => method === 'POST')
      .map((s) => s.headers.get('Idempotency-Key'));
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });
});

describe('a run for another task', () => {
  it('offers its prototypes and metrics, and devices for latency and energy', async () => {
    const { user, sent } = openPage('/runs/new');
    await user.click(await screen.findByRole('combobox', { name: 'Dataset' }));
    await user.click(await screen.findByRole('option', { name: 'Blood cells' }));
    expect(screen.getByRole('combobox', { name: 'Prototype' })).toHaveValue('detectnet-small');
    await user.click(screen.getByRole('radio', { name: 'mAP@[.5:.95]' }));
    expect(screen.getByLabelText('Requirement: mAP@[.5:.95] at least')).toHaveValue('40 %');

    await user.click(screen.getByRole('button', { name: /Limits, time/ }));
    await user.type(screen.getByLabelText('Energy at most'), '1.5');
    const where = screen.getByRole('combobox', { name: 'Energy on' });
    expect(where).toHaveValue('Estimate: NVIDIA Jetson TX2, 8 GB');
    expect(screen.getByText(/it has no counter/)).toBeInTheDocument();
    await user.clear(screen.getByLabelText('Confidence'));
    await user.type(screen.getByLabelText('Confidence'), '50');
    await user.click(screen.getByRole('button', { name: 'Start synthesis' }));
    await waitFor(() => {
      expect(sent.find(({ method }) => method === 'POST')?.body).toMatchObject({
        dataset: 'd-blood',
        prototype: 'p-detectnet-small',
        requirements: [
          { metric: 'map', op: '>=', value: 0.4 },
          { metric: 'energy_mj', op: '<=', value: 1.5, device: 'jetson-tx2' },
        ],
        confidence: 0.5,
      });
    });
  });
});

describe('the runs', () => {
  it('lists them with state and gain', async () => {
    openPage('/');
    await heading('Runs');
    const row = (await screen.findByRole('link', { name: 'resnet8 on digits' })).closest('article')!;
    expect(within(row).getByText('Completed')).toBeInTheDocument();
    expect(within(row).getByText(/^\+\d+\.\d\sdB$/)).toBeInTheDocument();
    expect(screen.getByText('Failed')).toBeInTheDocument();
  });
});

describe('a run', () => {
  it('offers what is legal now, and asks before cancelling', async () => {
    const { user, sent } = openPage('/runs/1d0c5f3a-5a55-4a67-8b55-0d4c6f6c2b22');
    await user.click(await screen.findByRole('button', { name: 'Cancel run' }));
    await user.click(await screen.findByRole('button', { name: 'Keep running' }));
    expect(sent.some(({ path }) => path.endsWith('/cancel/'))).toBe(false);
    await user.click(screen.getByRole('button', { name: 'Pause' }));
    await screen.findByText('Pausing');
    expect(screen.queryByRole('button', { name: 'Pause' })).not.toBeInTheDocument();
  });

  it('shows the certificate of a completed one', async () => {
    openPage(`/runs/${RUN_ID}`);
    const panel = (await screen.findByRole('heading', { name: 'Certificate' })).closest('section')!;
    expect(within(panel).getByText(/198 of 200 seeds/)).toBeInTheDocument();
    expect(screen.getByText(/at least 96.4\s% of its seeds give an accepted network/)).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'Pause' })).not.toBeInTheDocument();
  });

  it('says what to do when it can’t be found', async () => {
    openPage('/runs/unknown');
    expect(await screen.findByRole('alert')).toHaveTextContent('couldn’t be loaded');
  });
});

describe('the gallery', () => {
  it('draws at the dialled budget and shows the draw under way', async () => {
    const { user, sent } = openPage(`/runs/${RUN_ID}/gallery`);
    const seed = await screen.findByLabelText('Seed');
    await user.type(seed, '70');
    await user.clear(screen.getByLabelText('Count'));
    await user.type(screen.getByLabelText('Count'), '2');
    await user.click(screen.getByRole('button', { name: 'Draw' }));
    expect(await screen.findByRole('article', { name: /Network of seed 71/ })).toHaveTextContent('Drawing');
    expect(sent.find(({ method }) => method === 'POST')?.body).toEqual({
      budget: 0.26,
      seed: 70,
      count: 2,
      polish_s: 0,
    });
    // The next press goes on with the next seeds.
    expect(seed).toHaveValue('72');
  });

  it('moves the dial with the keyboard within the certified range', async () => {
    const { user } = openPage(`/runs/${RUN_ID}/gallery`);
    const dial = await screen.findByRole('slider', { name: 'Budget' });
    dial.focus();
    await user.keyboard('{ArrowRight}');
    expect(dial).toHaveAttribute('aria-valuenow', '0.27');
    await user.keyboard('{Home}');
    expect(dial).toHaveAttribute('aria-valuemin', '0.26');
    expect(screen.getByText('Predicted:')).toBeInTheDocument();
  });

  it('offers the files of each network and its gain over the prototype', async () => {
    openPage(`/runs/${RUN_ID}/gallery`);
    const card = await screen.findByRole('article', { name: /Network of seed 12/ });
    expect(within(card).getByRole('button', { name: 'Download ONNX' })).toBeInTheDocument();
    expect(within(card).getByRole('button', { name: 'Download safetensors' })).toBeInTheDocument();
    expect(within(card).getByRole('list', { name: 'Requirements' })).toHaveTextContent('Met:');
    expect(within(card).getAllByText(/× fewer/)).toHaveLength(2);
  });
});

describe('a network', () => {
  const address = `/runs/${RUN_ID}/networks/n-12-280`;
  const images = () => screen.findByRole('list', { name: 'Test images' });

  it('is reached from its card and shows metrics, costs and estimates called estimates', async () => {
    const { user } = openPage(`/runs/${RUN_ID}/gallery`);
    await user.click(await screen.findByRole('link', { name: 'Details of seed 12' }));
    await screen.findByRole('heading', { level: 2, name: /Seed 12/ });
    const metrics = screen.getByRole('group', { name: 'Metrics by split' });
    expect(within(metrics).getByRole('row', { name: /test/ })).toHaveTextContent('%');
    expect(screen.getByText(/it has no counter/)).toBeInTheDocument();
    const estimates = screen.getByRole('group', { name: /Estimated latency and energy/ });
    expect(estimates).toHaveTextContent('jetson-tx2');
    expect(screen.getByText(/published figures, not measured/)).toBeInTheDocument();
  });

  it('tells what it takes each image for, and what the image is', async () => {
    openPage(address);
    const [right, wrong] = within(await images()).getAllByRole('img');
    expect(right).toHaveAccessibleName('Predicted: red cell. Truth: red cell.');
    expect(wrong).toHaveAccessibleName('Predicted: white cell. Truth: platelet.');
  });

  it('shows the boxes that it is sure of, or those that are there', async () => {
    const { user } = openPage(address, { predicted: 'detection' });
    const list = await images();
    expect(within(list).getByRole('img')).toHaveAccessibleName(
      'Predicted: 2 red cells. Truth: 1 platelet, 2 red cells.',
    );
    const dial = screen.getByRole('slider', { name: 'Least score' });
    dial.focus();
    await user.keyboard('{Home}');
    expect(within(list).getByText('1 platelet, 2 red cells')).toBeInTheDocument();
    await user.keyboard('{End}');
    expect(within(list).getByText('nothing')).toBeInTheDocument();
    await user.click(screen.getByRole('radio', { name: 'Truth' }));
    expect(within(list).getByText('1 platelet, 2 red cells')).toBeInTheDocument();
    expect(screen.getByRole('list', { name: 'Colours of the classes' })).toHaveTextContent('white cell');
  });

  it('lays masks over the images as strongly as asked', async () => {
    const { user } = openPage(address, { predicted: 'segmentation' });
    const picture = within(await images()).getByRole('img');
    const mask = picture.querySelectorAll('img')[1]!;
    expect(mask).toHaveStyle({ opacity: '0.6' });
    screen.getByRole('slider', { name: 'Opacity' }).focus();
    await user.keyboard('{End}');
    expect(mask).toHaveStyle({ opacity: '1' });
  });
});

describe('datasets and prototypes', () => {
  it('say what the task and the layout are, and which layouts are read', async () => {
    openPage('/datasets');
    await heading('Datasets');
    const row = (await screen.findByRole('link', { name: 'Blood cells' })).closest('li')!;
    expect(row).toHaveTextContent('364 images · 3 classes · detection · Pascal VOC');
    expect(screen.getByText(/COCO json, Pascal VOC or YOLO/)).toBeInTheDocument();
  });

  it('say what a check found and what to mend', async () => {
    openPage('/datasets/d-broken');
    await heading('broken.zip');
    expect(screen.getByText(/put the images of each class in a folder of its own/)).toBeInTheDocument();
  });

  it('say what can shrink and what can’t', async () => {
    openPage('/prototypes/p-resnet8');
    await heading('resnet8');
    expect(screen.getByText('Its width is the number of classes.')).toBeInTheDocument();
  });
});

describe('the settings', () => {
  it('show a new token once', async () => {
    const { user } = openPage('/settings');
    await user.type(await screen.findByLabelText('Name of the token'), 'laptop');
    await user.click(screen.getByRole('button', { name: 'Create token' }));
    expect(await screen.findByText('ff_9xy2Lw0sT3stT0ken')).toBeInTheDocument();
  });
});
