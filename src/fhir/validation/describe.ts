// Diagnostics never say what a value says, only what it is.

export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value === '') return 'an empty string'
  if (typeof value === 'string' && value.charCodeAt(0) === 1) return 'a number in another form'
  if (typeof value === 'string') return `a string of ${value.length} characters in another form`
  return { number: 'a number', boolean: 'true or false', object: 'an object' }[typeof value as string] ?? 'nothing'
}

const MOST_LISTED = 20

export const listed = (names: readonly string[]) =>
  names.length > MOST_LISTED
    ? `${names.slice(0, MOST_LISTED).join(', ')} and ${names.length - MOST_LISTED} more`
    : names.join(', ')

/** Whether a property's name could be an element's: others may hold anything, and are not repeated. */
export const isName = (key: string) => /^\w{1,64}$/.test(key)
