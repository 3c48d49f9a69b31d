/** One step of the schema's history. Once released it is never changed: the next one mends it. */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
  /**
   * Makes tables of views, and nothing else: every generation has them, so a new one is made with these steps. Whoever adds
   * a second has to take the generations that are there along, which `migrate` does not.
   */
  readonly views?: true;
}
