/** Says where a page comes from, so that nobody edits it by hand. */
export const heading = (title: string, source: string): string =>
  `# ${title}\n\n<!-- Written by \`npm run docs\` from the code (${source}). Do not edit. -->`;

/** A row of a table. */
export const row = (...cells: string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
