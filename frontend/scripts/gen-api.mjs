// Writes src/shared/api/schema.d.ts from the Django application's OpenAPI schema.
// PYTHON names the interpreter when it isn't <root>/.venv/bin/python.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const python = process.env.PYTHON ?? join(root, '.venv/bin/python');
const scratch = mkdtempSync(join(tmpdir(), 'fermiforge-schema-'));
const schema = join(scratch, 'schema.yml');

try {
  execFileSync(python, ['manage.py', 'spectacular', '--file', schema], { cwd: root, stdio: 'inherit' });
  const cli = resolve(import.meta.dirname, '../node_modules/openapi-typescript/bin/cli.js');
  const target = resolve(import.meta.dirname, '../src/shared/api/schema.d.ts');
  execFileSync(process.execPath, [cli, schema, '--output', target], { stdio: 'inherit' });
} finally {
  rmSync(scratch, { recursive: true });
}
