/** Renders the application's real routes over the mock API, as a person would open an address. */
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, createRouter, RouterProvider } from '@tanstack/react-router';
import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { vi } from 'vitest';

import { IdentityProvider } from '@/app/identity';
import { routeTree } from '@/app/router';
import { theme } from '@/app/theme';

import { MockApi, type MockOptions } from './mock/api';

class QuietSocket {
  onmessage = null;
  onclose = null;
  close() {
    // Nothing to close: these tests need no live events.
  }
}

export interface Sent {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}

export function openPage(path: string, options: MockOptions = {}) {
  const backend = new MockApi(options);
  const sent: Sent[] = [];
  vi.stubGlobal('WebSocket', QuietSocket);
  vi.stubGlobal('fetch', async (request: Request) => {
    const url = new URL(request.url);
    const text = await request.text();
    const body: unknown = text ? JSON.parse(text) : null;
    sent.push({ method: request.method, path: url.pathname, headers: request.headers, body });
    const reply = backend.answer(request.method, url, body);
    return new Response(reply.status === 204 ? null : JSON.stringify(reply.body), { status: reply.status });
  });
  const router = createRouter({ routeTree, history: createMemoryHistory({ initialEntries: [path] }) });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={client}>
        <IdentityProvider>
          <RouterProvider router={router as never} />
        </IdentityProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { user: userEvent.setup(), sent, backend, router };
}
