import assert from "node:assert/strict";
import { test } from "node:test";
import { pages } from "../src/index.js";

const book: Record<string, { items: number[]; nextPageToken: string }> = {
  "": { items: [1, 2], nextPageToken: "b" },
  b: { items: [], nextPageToken: "c" },
  c: { items: [3], nextPageToken: "" },
};

test("All items of all pages come in order, also after an empty page", async () => {
  const seen: number[] = [];
  for await (const item of pages(async (token) => book[token]!, (page) => page.items)) seen.push(item);
  assert.deepEqual(seen, [1, 2, 3]);
});

test("A page is fetched only when it is needed", async () => {
  const fetched: string[] = [];
  for await (const item of pages(async (token) => (fetched.push(token), book[token]!), (page) => page.items)) if (item === 2) break;
  assert.deepEqual(fetched, [""]);
});
