import { Button, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';

import { errorSentence, fieldErrors } from '@/shared/api/problem';
import { useTitle } from '@/shared/hooks/useTitle';
import { Callout } from '@/shared/ui/Callout';
import { LogoMark } from '@/shared/ui/Logo';

import { useSignIn } from '../api/session';
import css from './SignIn.module.css';

export function SignIn() {
  useTitle('Sign in');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useSignIn();
  const errors = fieldErrors(signIn.error);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ username, password });
  };

  return (
    <main className={css.page}>
      <form className={css.form} onSubmit={submit} aria-labelledby="sign-in">
        <LogoMark size={34} />
        <div>
          <h1 id="sign-in">Sign in to FermiForge</h1>
          <p>From one prototype, a generator of small networks.</p>
        </div>
        {signIn.isError && Object.keys(errors).length === 0 && (
          <Callout tone="bad" role="alert">
            {errorSentence(signIn.error)}
          </Callout>
        )}
        <TextInput
          label="Username"
          name="username"
          autoComplete="username"
          required
          withAsterisk={false}
          value={username}
          error={errors.username}
          onChange={(event) => {
            setUsername(event.currentTarget.value);
          }}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          error={errors.password}
          onChange={(event) => {
            setPassword(event.currentTarget.value);
          }}
        />
        <Button type="submit" loading={signIn.isPending} fullWidth size="md">
          Sign in
        </Button>
      </form>
    </main>
  );
}
