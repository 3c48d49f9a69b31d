// Prints `PASSED FAILED` for a vitest report: `node .ci/count.mjs REPORT EXIT_CODE SUITE`. What makes a run less than
// whole (skipped and todo tests, test files of the suite that are missing or did not load) is told on stderr and counts
// as failed.
import { readdirSync, readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';

/** Which test files a run must have run. Every file under test/ belongs to `all` or to `servers`. */
const SUITES = {
  all: (file) => !file.endsWith('.int.test.ts'),
  servers: (file) => file.endsWith('.int.test.ts'),
  // As the project `cluster` of vitest.config.ts has it.
  cluster: (file) => /^test\/e2e\/[^/]+\.e2e\.test\.ts$/.test(file) && !file.endsWith('/data-folder.e2e.test.ts'),
};

const [reportFile = '', exitCode = '1', suite = ''] = process.argv.slice(2);
const belongs = SUITES[suite];
if (!belongs) throw new Error(`no such suite: ${suite}`);
const report = JSON.parse(readFileSync(reportFile, 'utf8'));
const ran = new Map(report.testResults.map((file) => [relative('.', file.name).split(sep).join('/'), file]));

const complaints = [];
for (const file of readdirSync('test', { recursive: true }).map((name) => `test/${name.split(sep).join('/')}`)) {
  if (file.endsWith('.test.ts') && belongs(file) && !ran.has(file)) complaints.push(`${file} did not run`);
}
for (const [name, file] of ran) {
  if (file.assertionResults.length === 0) complaints.push(`${name} did not load or has no tests`);
  for (const each of file.assertionResults) {
    if (each.status !== 'passed' && each.status !== 'failed')
      complaints.push(`${name}: ${each.status}: ${each.fullName}`);
  }
}
let failed = report.numFailedTests + complaints.length;
if (failed === 0 && exitCode !== '0') {
  complaints.push(`vitest ended with ${exitCode} though no test failed`);
  failed = 1;
}
for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
process.stdout.write(`${report.numPassedTests} ${failed}\n`);
