/** One page of a list; every List response of Mesh has the token. */
export interface Page {
  readonly nextPageToken: string;
}

/**
 * Walks through a list that comes in pages, item by item.
 *
 * @param fetch fetches the page that a token stands for; the empty token stands for the first.
 * @param items picks the items of a page.
 */
export async function* pages<P extends Page, T>(fetch: (pageToken: string) => Promise<P>, items: (page: P) => readonly T[]): AsyncGenerator<T, void, undefined> {
  let token = "";
  do {
    const page = await fetch(token);
    yield* items(page);
    token = page.nextPageToken;
  } while (token !== "");
}
