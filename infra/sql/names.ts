/** A name as it is searched: compatibility forms and case apart, as a query is folded. Usernames are stored so already. */
export const foldName = (name: string): string => name.normalize('NFKC').toLowerCase();
