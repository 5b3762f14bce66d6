/** A run that follows its events: the snapshot from the cache, the rest from the log and the socket. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';

import type { Run, RunEvent } from '@/shared/api/types';

import { fetchEvents, openSocket } from '../api/runs';
import { LiveStore, type LiveRunView } from './liveStore';

/** `snapshot` must be of one run for the component's life: give the component a key. */
export function useLiveRun(snapshot: Run, onEvent: (event: RunEvent) => void): LiveRunView {
  const client = useQueryClient();
  const id = snapshot.id;
  const [store] = useState(
    () =>
      new LiveStore({
        snapshot,
        fetchEvents: (after, signal) => fetchEvents(id, after, signal),
        openSocket: (after) => openSocket(id, after),
      }),
  );

  useEffect(() => {
    store.onEvent((event) => {
      // Clocks and legal actions are the server's: a change of state fetches them anew.
      if (event.type === 'state' && event.seq > snapshot.last_seq) {
        void client.invalidateQueries({ queryKey: ['run', id] });
      }
      onEvent(event);
    });
  }, [store, client, id, onEvent, snapshot.last_seq]);

  useEffect(() => {
    store.takeSnapshot(snapshot);
  }, [store, snapshot]);

  useEffect(() => store.follow(), [store]);

  return useSyncExternalStore(store.subscribe, store.getView);
}
