/** ContactPoint.system of what is dialled. */
export const SYSTEMS: ReadonlySet<string> = new Set(['phone', 'fax', 'sms', 'pager'])

/** Country calling codes of the ITU: none is the beginning of another. */
const COUNTRY = /^(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})/
const FEWEST_DIGITS = 6
const MOST_DIGITS = 15

/** A number as its country knows it, and the country where it is told. */
interface Phone {
  country?: string
  national: string
}

/**
 * Reads `(555) 010-0199`, `+1 555 010 0199`, `tel:+1-555-010-0199;ext=5`, `0031 20 123 4567`, `1-555-010-0199`.
 * @returns undefined when it is no phone number
 */
function phoneOf(text: string): Phone | undefined {
  const [dialled] = text.replace(/^(?:tel|sms|fax):/i, '').split(/[;,x#]|ext/i, 1) as [string]
  if (!/^[\s+]?[\d\s()./\-\u2010-\u2015]*$/.test(dialled)) return undefined
  const digits = dialled.replace(/\D/g, '')
  if (digits.length < FEWEST_DIGITS || digits.length > MOST_DIGITS + 2) return undefined
  // The plus sign of a URL that was not escaped is a blank.
  const international = /^\s*\+|^ /.test(dialled) ? digits : digits.startsWith('00') ? digits.slice(2) : undefined
  // In North America the country's code is dialled within it, too.
  const full = international ?? (/^1\d{10}$/.test(digits) ? digits : undefined)
  const country = full && COUNTRY.exec(full)?.[0]
  if (!full || !country) return { national: withoutTrunk(digits) }
  return { country, national: withoutTrunk(full.slice(country.length)) }
}

/** The 0 that is dialled before a number only within its country. */
const withoutTrunk = (national: string) => national.replace(/^0+/, '')

/*
 * A number without a country's code may be of any country, so it is found by, and finds, the number of whatever
 * country; two with codes must have the same. Three names tell these apart without a guess of the country.
 */
const inCountry = ({ country, national }: Phone) => `+${country} ${national}`
const nowhere = ({ national }: Phone) => `? ${national}`
const anywhere = ({ national }: Phone) => `* ${national}`

/** Names of what is stored. */
export function indexed(text: string): string[] {
  const phone = phoneOf(text)
  if (!phone) return []
  return [anywhere(phone), phone.country ? inCountry(phone) : nowhere(phone)]
}

/** Names of which one is that of a stored number, when it is the same number. */
export function searched(text: string): string[] {
  const phone = phoneOf(text)
  if (!phone) return []
  return phone.country ? [inCountry(phone), nowhere(phone)] : [anywhere(phone)]
}
