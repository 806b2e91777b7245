// SPDX-License-Identifier: MIT
/**
 * Is a dump what its documented schema says? The compiler tells: the dump is written down as a literal of the type, so
 * that a member that is missing, of another type, or not documented is an error.
 */
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../outside/target.js';

const options: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  types: [],
};
const file = join(root, 'shim/diag/checked.ts');
const host = ts.createCompilerHost(options);
const { getSourceFile } = host;
const kept = new Map<string, ts.SourceFile | undefined>();

/** What is wrong with @values as each a @type of shim/diag/schema.ts; none = they are. */
export function schemaErrors(values: readonly unknown[], type: 'Dump' | 'Backtrace'): string[] {
  const literals = values.map((value) => JSON.stringify(value)).join(',\n');
  const text = `import type { ${type} } from './schema.js';\nexport const values: ${type}[] = [${literals}];\n`;
  host.getSourceFile = (name, ...rest) => {
    if (name === file) return ts.createSourceFile(name, text, ts.ScriptTarget.ES2022);
    if (!kept.has(name)) kept.set(name, getSourceFile.call(host, name, ...rest));
    return kept.get(name);
  };
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}
