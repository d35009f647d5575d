/** A request's parameters as one text, the same for every order of them: which request of a method it was. */
export function requestText(parameters: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(parameters).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
