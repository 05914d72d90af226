/** A URL in the one way of writing it, to be compared; what is none, as it is. */
export function hrefOf(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url
}
