/** A name as it is searched: compatibility forms and case apart. Usernames are stored so already. */
export const foldName = (name: string): string => name.normalize('NFKC').toLowerCase().normalize('NFKC');
