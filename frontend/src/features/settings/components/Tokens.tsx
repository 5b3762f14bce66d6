import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';

import { errorSentence, fieldErrors } from '@/shared/api/problem';
import type { Token } from '@/shared/api/types';
import { ago, moment } from '@/shared/format/time';
import { Callout } from '@/shared/ui/Callout';
import { CopyButton } from '@/shared/ui/CopyButton';
import { DataTable } from '@/shared/ui/DataTable';
import { DeleteButton } from '@/shared/ui/DeleteButton';
import { Panel } from '@/shared/ui/Panel';
import { Empty, LoadError, Loading } from '@/shared/ui/states';

import { tokensQuery, useCreateToken, useRevokeToken } from '../api/tokens';
import css from './settings.module.css';

export function Tokens() {
  const query = useQuery(tokensQuery);
  return (
    <Panel
      title="API tokens"
      note={
        <>
          A token lets a program use the REST API in your name: <code>Authorization: Bearer …</code>.{' '}
          <a href="/api/v1/docs/">Read the API’s reference</a>.
        </>
      }
    >
      <div className={css.stack}>
        <NewToken />
        {query.isPending && <Loading what="the tokens" />}
        {query.isError && !query.data && (
          <LoadError what="The tokens" error={query.error} retry={() => void query.refetch()} />
        )}
        {query.data?.length === 0 && (
          <Empty title="No tokens yet">Name one after the program that will use it.</Empty>
        )}
        {query.data && query.data.length > 0 && (
          <DataTable
            caption="API tokens"
            rows={query.data}
            rowKey={({ id }) => id}
            columns={[
              { head: 'Name', cell: ({ name }) => name },
              { head: 'Begins with', cell: ({ prefix }) => <code>{prefix}…</code> },
              {
                head: 'Created',
                cell: ({ created_at }) => <span title={moment(created_at)}>{ago(created_at)}</span>,
              },
              { head: 'Last used', cell: ({ last_used_at }) => (last_used_at ? ago(last_used_at) : 'never') },
              { head: 'Revoke', number: true, cell: (token) => <Revoke token={token} /> },
            ]}
          />
        )}
      </div>
    </Panel>
  );
}

function NewToken() {
  const [name, setName] = useState('');
  const create = useCreateToken();
  const errors = fieldErrors(create.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(name.trim(), {
      onSuccess: () => {
        setName('');
      },
    });
  };
  return (
    <>
      <form className={css.inline} onSubmit={submit} aria-label="New token">
        <TextInput
          label="Name of the token"
          placeholder="ci"
          required
          withAsterisk={false}
          maxLength={100}
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value);
          }}
          error={errors.name ?? (create.isError ? errorSentence(create.error) : undefined)}
        />
        <Button type="submit" variant="default" loading={create.isPending} disabled={name.trim() === ''}>
          Create token
        </Button>
      </form>
      {create.data?.token && (
        <Callout tone="good" role="status">
          <b>Copy this token now.</b> It is not shown again.
          <div className={css.secret}>
            <code>{create.data.token}</code>
            <CopyButton label="Copy token" text={create.data.token} />
          </div>
        </Callout>
      )}
    </>
  );
}

function Revoke({ token }: { token: Token }) {
  const revoke = useRevokeToken();
  return (
    <DeleteButton
      label="Revoke"
      verb="revoke"
      what={token.name}
      consequence="Programs that use this token are refused from now on."
      busy={revoke.isPending}
      error={revoke.error}
      onDelete={() => {
        revoke.mutate(token.id);
      }}
    />
  );
}
