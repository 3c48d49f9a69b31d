/** One step of the schema's history. Once released it is never changed: the next one mends it. */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}
