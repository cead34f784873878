/** Man pages from Markdown: one source that reads well on its own, in a repository and in man(1). */
export { type ManPage, manPageText, parseManPage } from "./man-page.ts";
