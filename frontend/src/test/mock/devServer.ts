/** Answers /api and /ws of the dev server from the fixtures: `npm run dev:mock`. MOCK=empty|signed-out|live. */
import type { IncomingMessage } from 'node:http';

import type { Plugin } from 'vite';
import { WebSocketServer } from 'ws';

import { MockApi } from './api';
import { network } from './networkFixture';
import { runEvents } from './runFixture';

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function mockBackend(): Plugin {
  return {
    name: 'mock-backend',
    configureServer(server) {
      const scenario = process.env.MOCK ?? 'full';
      const began = Date.now();
      const all = runEvents();
      // The live run stands in the middle; with MOCK=live it goes on from its beginning in real time.
      const known = () =>
        scenario === 'live' ? all.filter((event) => (event.t ?? 0) < (Date.now() - began) / 1000).length : 46;
      const api = new MockApi({ empty: scenario === 'empty', signedOut: scenario === 'signed-out', known });

      server.middlewares.use('/api', (request, response) => {
        void readBody(request).then((body) => {
          const url = new URL(request.originalUrl ?? '/', 'http://mock');
          const reply = api.answer(request.method ?? 'GET', url, body);
          response.statusCode = reply.status;
          response.setHeader(
            'Content-Type',
            reply.status < 400 ? 'application/json' : 'application/problem+json',
          );
          response.end(reply.status === 204 ? undefined : JSON.stringify(reply.body));
        });
      });

      const sockets = new WebSocketServer({ noServer: true });
      server.httpServer?.on('upgrade', (request, socket, head) => {
        const url = new URL(request.url ?? '/', 'http://mock');
        if (!url.pathname.startsWith('/ws/')) return;
        const id = url.pathname.split('/')[3] ?? '';
        sockets.handleUpgrade(request, socket, head, (client) => {
          let sent = Number(url.searchParams.get('after') ?? 0);
          client.send(JSON.stringify({ type: 'hello', last_seq: api.events(id).length }));
          const timer = setInterval(() => {
            for (const event of api.events(id).slice(sent))
              client.send(JSON.stringify({ type: 'event', event }));
            sent = Math.max(sent, api.events(id).length);
            for (const waiting of api.networks.filter((n) => n.state === 'drawing')) {
              Object.assign(waiting, network(waiting.seed, waiting.budget ?? 0.3, { id: waiting.id }));
              const event = {
                seq: ++sent,
                type: 'network',
                t: null,
                payload: { network: waiting },
                created_at: waiting.created_at,
              };
              client.send(JSON.stringify({ type: 'event', event }));
            }
          }, 1000);
          client.on('close', () => {
            clearInterval(timer);
          });
        });
      });
    },
  };
}
